-- name: SessionInsert :exec
INSERT INTO sessions (environment_id, hash, user_id, created_at, seen_at) VALUES (@environment_id, @hash, @user_id, @now, @now);

-- name: EnvironmentSessionByHash :one
SELECT sqlc.embed(e), sqlc.embed(u), s.created_at, s.seen_at
FROM sessions s JOIN environments e ON e.id = s.environment_id JOIN users u ON u.environment_id = s.environment_id AND u.id = s.user_id
WHERE s.hash = @hash AND e.account = @account AND u.active;

-- name: SessionSeen :exec
UPDATE sessions SET seen_at = @now WHERE environment_id = @environment_id AND hash = @hash;

-- name: SessionDelete :exec
DELETE FROM sessions WHERE environment_id = @environment_id AND hash = @hash;

-- name: SessionsOfUserDelete :exec
DELETE FROM sessions WHERE environment_id = @environment_id AND user_id = @user_id;

-- name: SystemSessionsExpire :execrows
DELETE FROM sessions WHERE seen_at < @seen_before OR created_at < @created_before;

-- name: SystemSignInFailures :many
SELECT failures FROM sign_in_failures WHERE subject = ANY (@subjects::bytea[]) AND first_at > @since;

-- name: SystemSignInFailed :exec
INSERT INTO sign_in_failures (subject, failures, first_at) SELECT unnest(@subjects::bytea[]), 1, @now
ON CONFLICT (subject) DO UPDATE SET
  failures = CASE WHEN sign_in_failures.first_at > @since THEN sign_in_failures.failures + 1 ELSE 1 END,
  first_at = CASE WHEN sign_in_failures.first_at > @since THEN sign_in_failures.first_at ELSE EXCLUDED.first_at END;

-- name: SystemSignInForget :exec
DELETE FROM sign_in_failures WHERE subject = @subject;

-- name: SystemSignInFailuresExpire :exec
DELETE FROM sign_in_failures WHERE first_at < @before;
