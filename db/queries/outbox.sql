-- name: OutboxInsert :exec
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at) VALUES (@environment_id, @kind, @subject_id, @signal, @now);

-- name: OutboxInsertMany :exec
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at)
SELECT @environment_id, @kind, unnest(@subject_ids::bigint[]), @signal, @now;

-- name: SystemOutboxTake :many
SELECT o.* FROM outbox o WHERE o.available_at <= @now ORDER BY o.id LIMIT @page_size FOR UPDATE SKIP LOCKED;

-- name: SystemOutboxDone :exec
DELETE FROM outbox WHERE id = ANY (@ids::bigint[]);

-- name: SystemOutboxLater :exec
UPDATE outbox SET attempts = attempts + 1, available_at = @available_at WHERE id = ANY (@ids::bigint[]);

-- name: SystemOutboxSize :one
SELECT count(*) FROM outbox;

-- Where a forwarding's workflow is found: ids only, for the relay. Ahead is how many of the same link are before
-- it, counted up to a few.
-- name: SystemForwardingAddress :one
SELECT f.environment_id, f.integration_id, f.sale_id, i.limit_group, f.state,
  (SELECT count(*) FROM (SELECT FROM forwardings o WHERE o.environment_id = f.environment_id AND o.integration_id = f.integration_id
    AND o.state IN ('waiting', 'sending') AND o.id < f.id LIMIT 20) few) AS ahead
FROM forwardings f
JOIN integrations i ON i.environment_id = f.environment_id AND i.id = f.integration_id WHERE f.id = @id;

-- name: SystemIntegrationAddress :one
SELECT environment_id, id, limit_group, state FROM integrations WHERE id = @id;

-- name: SystemLinkAddress :one
SELECT environment_id, id, partner_base_url, state FROM incoming_links WHERE id = @id;
