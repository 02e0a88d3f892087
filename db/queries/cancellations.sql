-- name: CancellationInsert :one
INSERT INTO cancellation_requests (environment_id, direction, sale_id, integration_id, link_id, reference, reason, state, answer, user_id, expires_at, next_at, created_at)
VALUES (@environment_id, @direction, @sale_id, @integration_id, @link_id, @reference, @reason, @state, @answer, @user_id, @expires_at, @now, @now) RETURNING *;

-- name: CancellationByID :one
SELECT * FROM cancellation_requests WHERE environment_id = @environment_id AND id = @id;

-- name: CancellationLock :one
SELECT * FROM cancellation_requests WHERE environment_id = @environment_id AND id = @id FOR UPDATE;

-- name: CancellationByReference :one
SELECT * FROM cancellation_requests WHERE environment_id = @environment_id AND direction = @direction AND sale_id = @sale_id AND reference = @reference FOR UPDATE;

-- An incoming request whose time has passed counts as expired, also before anybody writes that down.
-- name: CancellationList :many
SELECT sqlc.embed(c), coalesce(i.name, l.partner_account, '')::text AS partner, s.status, (s.submission -> 'fields' ->> 'firstname')::text AS firstname,
  (s.submission -> 'fields' ->> 'lastname')::text AS lastname, coalesce(s.submission -> 'fields' ->> 'company_name', '')::text AS company_name
FROM cancellation_requests c JOIN sales s ON s.environment_id = c.environment_id AND s.id = c.sale_id
LEFT JOIN integrations i ON i.environment_id = c.environment_id AND i.id = c.integration_id
LEFT JOIN incoming_links l ON l.environment_id = c.environment_id AND l.id = c.link_id
WHERE c.environment_id = @environment_id AND (sqlc.narg('direction')::text IS NULL OR c.direction = sqlc.narg('direction'))
  AND (sqlc.narg('states')::text[] IS NULL OR CASE WHEN c.direction = 'incoming' AND c.state = 'open' AND c.expires_at <= @now THEN 'expired' ELSE c.state END = ANY (sqlc.narg('states')::text[]))
  AND (sqlc.narg('sale_id')::bigint IS NULL OR c.sale_id = sqlc.narg('sale_id'))
ORDER BY c.id DESC LIMIT @page_size OFFSET @skip;

-- name: CancellationCount :one
SELECT count(*) FROM cancellation_requests WHERE environment_id = @environment_id AND (sqlc.narg('direction')::text IS NULL OR direction = sqlc.narg('direction'))
  AND (sqlc.narg('states')::text[] IS NULL OR CASE WHEN direction = 'incoming' AND state = 'open' AND expires_at <= @now THEN 'expired' ELSE state END = ANY (sqlc.narg('states')::text[]))
  AND (sqlc.narg('sale_id')::bigint IS NULL OR sale_id = sqlc.narg('sale_id'));

-- Settles a request, once: an answer that is there stays.
-- name: CancellationAnswer :execrows
UPDATE cancellation_requests SET state = @state, answer = @answer, cause = '', answered_at = @now, user_id = coalesce(sqlc.narg('user_id'), user_id)
WHERE environment_id = @environment_id AND id = @id AND state IN ('asking', 'open', 'withdrawing');

-- name: CancellationWithdraw :execrows
UPDATE cancellation_requests SET state = 'withdrawing', next_at = @now, attempts = 0, cause = ''
WHERE environment_id = @environment_id AND id = @id AND direction = 'outgoing' AND state IN ('asking', 'open');

-- B has it, and the next look is at @next_at.
-- name: CancellationOpened :execrows
UPDATE cancellation_requests SET state = CASE WHEN state = 'asking' THEN 'open' ELSE state END, next_at = @next_at, attempts = 0, cause = ''
WHERE environment_id = @environment_id AND id = @id AND state IN ('asking', 'open');

-- name: CancellationLater :exec
UPDATE cancellation_requests SET next_at = @next_at, attempts = attempts + 1, cause = @cause WHERE environment_id = @environment_id AND id = @id;

-- name: CancellationsExpire :execrows
UPDATE cancellation_requests SET state = 'expired', answered_at = expires_at
WHERE environment_id = @environment_id AND direction = 'incoming' AND state = 'open' AND expires_at <= @now;

-- The outgoing request of a sale that is to be told or asked about first.
-- name: CancellationNext :one
SELECT c.*, i.limit_group, i.state AS integration_state FROM cancellation_requests c JOIN integrations i ON i.environment_id = c.environment_id AND i.id = c.integration_id
WHERE c.environment_id = @environment_id AND c.sale_id = @sale_id AND c.direction = 'outgoing' AND c.state IN ('asking', 'open', 'withdrawing')
ORDER BY c.next_at, c.id LIMIT 1;

-- The last request that somebody made for each of these sales.
-- name: CancellationsOfSales :many
SELECT DISTINCT ON (sale_id) * FROM cancellation_requests WHERE environment_id = @environment_id AND direction = 'incoming' AND sale_id = ANY (@sale_ids::bigint[])
ORDER BY sale_id, id DESC;

-- Partners that have the sale and did not agree to cancel it.
-- name: CancellationStillHeld :one
SELECT count(*) FROM forwardings f WHERE f.environment_id = @environment_id AND f.sale_id = @sale_id AND f.state = 'forwarded' AND NOT EXISTS (
  SELECT FROM cancellation_requests c WHERE c.environment_id = f.environment_id AND c.sale_id = f.sale_id AND c.integration_id = f.integration_id AND c.state = 'accepted');

-- name: SaleTouch :exec
UPDATE sales SET updated_at = @now WHERE environment_id = @environment_id AND id = @id;

-- name: SystemCancellationAddress :one
SELECT environment_id, sale_id, id, state FROM cancellation_requests WHERE id = @id;

-- name: SystemCancellationsToRun :many
SELECT id FROM cancellation_requests WHERE direction = 'outgoing' AND state IN ('asking', 'open', 'withdrawing') AND id > @after_id ORDER BY id LIMIT @page_size;
