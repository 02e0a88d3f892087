-- name: MailInsert :one
INSERT INTO mails (environment_id, sale_id, kind, state, next_at, created_at) VALUES (@environment_id, @sale_id, @kind, @state, @now, @now) RETURNING *;

-- name: MailOfSale :one
SELECT * FROM mails WHERE environment_id = @environment_id AND sale_id = @sale_id ORDER BY id LIMIT 1;

-- name: MailByID :one
SELECT * FROM mails WHERE environment_id = @environment_id AND id = @id FOR UPDATE;

-- name: MailSet :exec
UPDATE mails SET state = @state, attempts = @attempts, next_at = @next_at, finished_at = @finished_at WHERE environment_id = @environment_id AND id = @id;

-- name: SystemMailAddress :one
SELECT environment_id, id, sale_id, state FROM mails WHERE id = @id;

-- name: SystemMailsToRun :many
SELECT environment_id, id FROM mails WHERE state IN ('waiting', 'sending') ORDER BY id;
