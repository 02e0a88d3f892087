-- name: SystemSafekeeping :many
SELECT * FROM safekeeping ORDER BY kind;

-- name: SystemSafekeepingSucceeded :exec
INSERT INTO safekeeping (kind, succeeded_at, file, bytes, sales) VALUES (@kind, @now, @file, @bytes, @sales)
ON CONFLICT (kind) DO UPDATE SET succeeded_at = excluded.succeeded_at, file = excluded.file, bytes = excluded.bytes, sales = excluded.sales, problem = '', failed_at = NULL;

-- name: SystemSafekeepingFailed :exec
INSERT INTO safekeeping (kind, failed_at, problem) VALUES (@kind, @now, @problem)
ON CONFLICT (kind) DO UPDATE SET failed_at = excluded.failed_at, problem = excluded.problem;

-- What is in the database, to compare with what a backup says of itself.
-- name: SystemCounts :one
SELECT (SELECT count(*) FROM environments) AS environments, (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM sales) AS sales,
  (SELECT count(*) FROM forwardings) AS forwardings;

-- name: SystemRestorationInsert :exec
INSERT INTO restorations (backup_at, restored_at, sales_to, change_from, change_to) VALUES (@backup_at, @restored_at, @sales_to, @change_from, @change_to);

-- name: SystemChangeLost :one
SELECT EXISTS (SELECT FROM restorations r WHERE @cursor::bigint > r.change_from AND @cursor::bigint <= r.change_to)::boolean;

-- The time lost in restores that found this sale, if it has not been looked at its partner yet whether it went in it.
-- name: ForwardingRestored :one
SELECT min(r.backup_at)::timestamptz AS since, max(r.restored_at)::timestamptz AS until FROM restorations r
WHERE r.sales_to >= @sale_id AND NOT EXISTS (SELECT FROM forwarding_attempts a
  WHERE a.environment_id = @environment_id AND a.forwarding_id = @forwarding_id AND a.reason = 'restored' AND a.finished_at >= r.restored_at)
HAVING count(*) > 0;

-- What may have gone in lost time is taken to have gone: it has the request that would be sent now, and is looked for.
-- name: ForwardingPresumeSent :one
UPDATE forwardings SET state = 'outcome_unknown', cause = 'outcome_unknown', look = 'wanted', candidates = '[]', problems = '[]', unknown_at = @until, looked_at = NULL, looks_empty = 0,
  may_resend = false, attempts = attempts + 1, request_sealed = @request_sealed, optin = @optin, sending_since = coalesce(sending_since, @since), updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('waiting', 'action_required') RETURNING *;

-- After a restore everything that was on its way to a partner that keeps no keys is looked for, whatever was known of it: in the lost time it
-- may have gone again.
-- name: SystemForwardingsPresumeSent :execrows
WITH open AS (
  UPDATE forwardings f SET state = 'outcome_unknown', cause = 'outcome_unknown', look = 'wanted', candidates = '[]', unknown_at = @restored_at, looked_at = NULL, looks_empty = 0,
    may_resend = false, attempts = f.attempts + 1, updated_at = @restored_at
  FROM integrations i WHERE i.environment_id = f.environment_id AND i.id = f.integration_id AND i.partner_kind = 'stock' AND f.state IN ('sending', 'outcome_unknown')
  RETURNING f.environment_id, f.id, f.integration_id, f.attempts
), looked AS (
  UPDATE integrations i SET look_at = @restored_at, look_cursor = '', look_failures = 0, look_problem = '' FROM (SELECT DISTINCT environment_id, integration_id FROM open) o
  WHERE i.environment_id = o.environment_id AND i.id = o.integration_id
)
INSERT INTO forwarding_attempts (environment_id, forwarding_id, attempt, started_at, finished_at, reason, outcome)
SELECT environment_id, id, attempts, @backup_at, @restored_at, 'restored', 'unknown' FROM open;

-- What the mail server may have taken in lost time is not sent again.
-- name: SystemMailsPresumeSent :execrows
UPDATE mails SET state = 'unknown', finished_at = @restored_at, secret_sealed = NULL WHERE state IN ('waiting', 'sending');

-- Whoever was told of a number in lost time takes no other change under it.
-- name: SystemWebhooksSkip :exec
UPDATE webhooks SET sequence = sequence + n.skipped, delivered = sequence + n.skipped - 1, changed = koppel_change() FROM (SELECT @numbers::bigint AS skipped) n WHERE scope = 'user';

-- name: SystemSessionsEnd :execrows
DELETE FROM sessions;

-- name: SystemLeasesEnd :exec
DELETE FROM leases;
