-- name: MailInsert :one
INSERT INTO mails (environment_id, sale_id, user_id, secret_sealed, kind, state, next_at, created_at)
VALUES (@environment_id, sqlc.narg(sale_id), sqlc.narg(user_id), sqlc.narg(secret_sealed), @kind, @state, @now, @now) RETURNING *;

-- name: MailOfSale :one
SELECT * FROM mails WHERE environment_id = @environment_id AND sale_id = @sale_id::bigint ORDER BY id LIMIT 1;

-- name: MailByID :one
SELECT * FROM mails WHERE environment_id = @environment_id AND id = @id FOR UPDATE;

-- A mail that is settled keeps no secret.
-- name: MailSet :exec
UPDATE mails SET state = @state, attempts = @attempts, next_at = @next_at, finished_at = sqlc.narg(finished_at),
  secret_sealed = CASE WHEN sqlc.narg(finished_at)::timestamptz IS NULL THEN secret_sealed END
WHERE environment_id = @environment_id AND id = @id;

-- name: SystemMailAddress :one
SELECT environment_id, id, sale_id, state FROM mails WHERE id = @id;

-- name: SystemMailsToRun :many
SELECT id FROM mails WHERE state IN ('waiting', 'sending') AND id > @after_id ORDER BY id LIMIT @page_size;
