-- name: EnvironmentByAccount :one
SELECT * FROM environments WHERE account = @account;

-- name: EnvironmentByID :one
SELECT * FROM environments WHERE id = @id;

-- name: EnvironmentInsert :one
INSERT INTO environments (account, name, language, created_at) VALUES (@account, @name, @language, @now) RETURNING *;

-- name: SystemKeyCheck :one
SELECT sealed FROM key_checks;

-- name: SystemKeyCheckInsert :exec
INSERT INTO key_checks (sealed) VALUES (@sealed) ON CONFLICT DO NOTHING;

-- name: SystemEnvironmentCount :one
SELECT count(*) FROM environments;

-- name: EnvironmentSet :exec
UPDATE environments SET name = @name, language = @language WHERE id = @id;
