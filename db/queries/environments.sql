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

-- The environment that came first: its owners have the installation.
-- name: SystemEnvironmentFirst :one
SELECT min(id)::bigint FROM environments;

-- name: SystemEnvironmentList :many
SELECT e.account, e.name, e.language, e.created_at, (SELECT count(*) FROM users u WHERE u.environment_id = e.id AND u.active) AS users,
  (SELECT count(*) FROM integrations i WHERE i.environment_id = e.id AND i.state <> 'removed') AS integrations
FROM environments e ORDER BY e.account;

-- name: EnvironmentSet :exec
UPDATE environments SET name = @name, language = @language WHERE id = @id;
