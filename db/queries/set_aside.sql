-- name: SetAsideInsert :exec
INSERT INTO set_aside_rows (environment_id, integration_id, kind, detail, run_id, since, last_seen_at, partner_id, name, field, value, reason, kept)
SELECT @environment_id, @integration_id, @kind, @detail, sqlc.narg('run_id')::bigint, @now, @now,
  unnest(@partner_ids::text[]), unnest(@names::text[]), unnest(@fields::text[]), unnest(@row_values::text[]), unnest(@reasons::text[]), unnest(@kept::boolean[])
ON CONFLICT (environment_id, integration_id, kind, detail, partner_id) DO UPDATE
SET name = EXCLUDED.name, field = EXCLUDED.field, value = EXCLUDED.value, reason = EXCLUDED.reason, kept = EXCLUDED.kept, run_id = EXCLUDED.run_id, last_seen_at = EXCLUDED.last_seen_at;

-- name: SyncRunSetAsideInsert :exec
INSERT INTO sync_run_set_aside (environment_id, run_id, kind, detail, partner_id, name, field, value, reason)
SELECT @environment_id, @run_id, @kind, @detail, unnest(@partner_ids::text[]), unnest(@names::text[]), unnest(@fields::text[]), unnest(@row_values::text[]), unnest(@reasons::text[])
ON CONFLICT DO NOTHING;

-- What was read well. The list and the row's own page are read apart: well read pages settle both.
-- name: SetAsideRead :exec
DELETE FROM set_aside_rows
WHERE environment_id = @environment_id AND integration_id = @integration_id AND kind = @kind AND partner_id = ANY (@partner_ids::text[]);

-- What a whole list did not set aside again, was read or is no longer listed.
-- name: SetAsideListed :exec
DELETE FROM set_aside_rows
WHERE environment_id = @environment_id AND integration_id = @integration_id AND kind = @kind AND NOT detail AND run_id IS DISTINCT FROM @run_id::bigint;

-- Product pages that nobody reads any more: not offered, or not selected.
-- name: SetAsidePagesUnread :exec
DELETE FROM set_aside_rows r
WHERE r.environment_id = @environment_id AND r.integration_id = @integration_id AND r.kind = 'product' AND r.detail AND NOT EXISTS (
  SELECT FROM integration_products ip WHERE ip.environment_id = r.environment_id AND ip.integration_id = r.integration_id
    AND ip.partner_product_id::text = r.partner_id AND ip.selected AND ip.offered);

-- Whether a run met a product that does not say which it is: then nothing vanished for certain.
-- name: SyncRunNamelessProducts :one
SELECT EXISTS (SELECT FROM sync_run_set_aside WHERE environment_id = @environment_id AND run_id = @run_id AND kind = 'product' AND partner_id = '')::boolean;

-- name: SyncRunSetAside :many
SELECT * FROM sync_run_set_aside WHERE environment_id = @environment_id AND run_id = @run_id ORDER BY kind, name, partner_id, detail LIMIT @page_size;

-- With our sale, where a row is about one.
-- name: SetAsideList :many
SELECT sqlc.embed(r), f.sale_id FROM set_aside_rows r
JOIN integrations i ON i.environment_id = r.environment_id AND i.id = r.integration_id AND i.state <> 'removed'
LEFT JOIN forwardings f ON r.kind = 'sale' AND f.environment_id = r.environment_id AND f.integration_id = r.integration_id AND f.partner_sale_id = r.partner_id
WHERE r.environment_id = @environment_id AND (sqlc.narg('integration_id')::bigint IS NULL OR r.integration_id = sqlc.narg('integration_id'))
ORDER BY r.integration_id, r.since, r.kind, r.partner_id, r.detail LIMIT @page_size;

-- name: SetAsideCounts :many
SELECT r.integration_id, r.kind, count(*) AS rows, min(r.since)::timestamptz AS since FROM set_aside_rows r
JOIN integrations i ON i.environment_id = r.environment_id AND i.id = r.integration_id AND i.state <> 'removed'
WHERE r.environment_id = @environment_id AND (sqlc.narg('integration_id')::bigint IS NULL OR r.integration_id = sqlc.narg('integration_id'))
GROUP BY r.integration_id, r.kind ORDER BY r.integration_id, r.kind;

-- name: SystemSetAsideCounts :many
SELECT r.kind, count(*) AS rows FROM set_aside_rows r
JOIN integrations i ON i.environment_id = r.environment_id AND i.id = r.integration_id AND i.state <> 'removed' GROUP BY r.kind;

-- Listed, and unreadable: still offered.
-- name: IntegrationProductsStillOffered :exec
UPDATE integration_products SET seen_run_id = @run_id
WHERE environment_id = @environment_id AND integration_id = @integration_id AND offered AND partner_product_id = ANY (@ids::bigint[]);

-- name: IntegrationProductNames :many
SELECT partner_product_id, (content ->> 'name')::text AS name FROM integration_products
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_product_id = ANY (@ids::bigint[]);

-- name: SetAsideOf :one
SELECT EXISTS (SELECT FROM set_aside_rows WHERE environment_id = @environment_id AND integration_id = @integration_id AND kind = @kind)::boolean;
