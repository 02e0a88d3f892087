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

-- name: SessionsOfUserDelete :execrows
DELETE FROM sessions WHERE environment_id = @environment_id AND user_id = @user_id;

-- name: SystemSessionsExpire :execrows
DELETE FROM sessions WHERE seen_at < @seen_before OR created_at < @created_before;

-- name: SystemSignInKnown :one
SELECT EXISTS (SELECT FROM sign_in_addresses WHERE subject = @subject);

-- name: SystemSignInRemember :exec
INSERT INTO sign_in_addresses (subject, seen_at) VALUES (@subject, @now) ON CONFLICT (subject) DO UPDATE SET seen_at = EXCLUDED.seen_at;

-- name: SystemSignInBegin :exec
INSERT INTO sign_in_failures (subject, failures, first_at, next_at) SELECT s, 0, @now, @now FROM unnest(@subjects::bytea[]) AS s ORDER BY s
ON CONFLICT (subject) DO NOTHING;

-- Whoever tries at the same time waits here, so that each of them is counted.
-- name: SystemSignInLock :many
SELECT * FROM sign_in_failures WHERE subject = ANY (@subjects::bytea[]) ORDER BY subject FOR UPDATE;

-- As much work as writing down that somebody was not let in, where no environment has a log to write it in.
-- name: SystemSignInTouch :exec
UPDATE sign_in_failures SET failures = failures WHERE subject = @subject;

-- name: SystemSignInCount :exec
UPDATE sign_in_failures SET failures = @failures, first_at = @first_at, next_at = @next_at WHERE subject = @subject;

-- A try that succeeded was none of the failures it was counted with beforehand.
-- name: SystemSignInSucceeded :exec
UPDATE sign_in_failures SET failures = greatest(failures - 1, 0), next_at = @now WHERE subject = ANY (@subjects::bytea[]);

-- name: SystemSignInForget :exec
DELETE FROM sign_in_failures WHERE subject = @subject;

-- name: SystemSignInFailuresExpire :exec
DELETE FROM sign_in_failures WHERE greatest(first_at, next_at) < @before;

-- name: SystemSignInAddressesExpire :exec
DELETE FROM sign_in_addresses WHERE seen_at < @before;
