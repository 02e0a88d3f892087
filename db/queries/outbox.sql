-- name: OutboxInsert :exec
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at, traceparent) VALUES (@environment_id, @kind, @subject_id, @signal, @now, @traceparent);

-- name: OutboxInsertMany :exec
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at)
SELECT @environment_id, @kind, unnest(@subject_ids::bigint[]), @signal, @now;

-- Rows are taken for as long as a lease lasts: nobody else takes one before it has run out. A subject's rows go in
-- order: one that is on its way or waits for its next try holds back those behind it.
-- name: SystemOutboxTake :many
UPDATE outbox SET available_at = @lease_until WHERE id = ANY (ARRAY(
  SELECT o.id FROM outbox o WHERE o.available_at <= @now
    AND NOT EXISTS (SELECT FROM outbox e WHERE e.kind = o.kind AND e.subject_id = o.subject_id AND e.id < o.id AND e.available_at > @now)
  ORDER BY o.id LIMIT @page_size FOR UPDATE SKIP LOCKED)) RETURNING *;

-- What was taken again since, after its lease had run out, is its new taker's.
-- name: SystemOutboxDone :exec
DELETE FROM outbox WHERE id = ANY (@ids::bigint[]) AND available_at = @lease_until;

-- name: SystemOutboxLater :exec
UPDATE outbox SET attempts = attempts + 1, available_at = @available_at WHERE id = ANY (@ids::bigint[]) AND available_at = @lease_until;

-- Where a forwarding's workflow is found: ids only, for the relay. Ahead is how many of the same link are before
-- it, counted up to a crowd.
-- name: SystemForwardingAddress :one
SELECT f.environment_id, f.integration_id, f.sale_id, i.limit_group, f.state,
  (SELECT count(*) FROM (SELECT FROM forwardings o WHERE o.environment_id = f.environment_id AND o.integration_id = f.integration_id
    AND o.state IN ('waiting', 'sending') AND o.id < f.id LIMIT @crowd) few) AS ahead
FROM forwardings f
JOIN integrations i ON i.environment_id = f.environment_id AND i.id = f.integration_id WHERE f.id = @id;

-- name: SystemIntegrationAddress :one
SELECT environment_id, id, limit_group, state FROM integrations WHERE id = @id;

-- name: SystemLinkAddress :one
SELECT environment_id, id, partner_base_url, state FROM incoming_links WHERE id = @id;
