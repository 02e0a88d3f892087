-- name: SaleInsert :one
INSERT INTO sales (environment_id, user_id, organisation_id, type, status, status_type, status_changed_at, flow_id, product_id, business, channel,
  external_reference, incoming_id, link_id, submission, sold, finalized_at, created_at, updated_at)
VALUES (@environment_id, @user_id, @organisation_id, @type, @status, @status_type, @now, @flow_id, @product_id, @business, @channel,
  @external_reference, sqlc.narg('external_reference'), @link_id, @submission, @sold, @finalized_at, @now, @now) RETURNING *;

-- name: SaleLineInsert :exec
INSERT INTO sale_lines (environment_id, sale_id, line, product_id, quantity, section_identifier, content, integration_id, partner_product_id)
VALUES (@environment_id, @sale_id, @line, @product_id, @quantity, @section_identifier, @content, @integration_id, @partner_product_id);

-- name: SaleLines :many
SELECT * FROM sale_lines WHERE environment_id = @environment_id AND sale_id = @sale_id ORDER BY line;

-- name: SaleLinesOf :many
SELECT * FROM sale_lines WHERE environment_id = @environment_id AND sale_id = ANY (@sale_ids::bigint[]) ORDER BY sale_id, line;

-- name: SaleByID :one
SELECT * FROM sales WHERE environment_id = @environment_id AND id = @id;

-- Two of them say that the number does not tell which sale it is.
-- name: SalesByIncomingID :many
SELECT id FROM sales WHERE environment_id = @environment_id AND incoming_id = @incoming_id ORDER BY id LIMIT 2;

-- name: SaleLock :one
SELECT * FROM sales WHERE environment_id = @environment_id AND id = @id FOR UPDATE;

-- name: SaleByExternalReference :one
SELECT * FROM sales WHERE environment_id = @environment_id AND user_id = @user_id AND external_reference = @external_reference::text;

-- name: SaleCount :one
SELECT count(*) FROM sales s WHERE s.environment_id = @environment_id
  AND (sqlc.narg('user_id')::bigint IS NULL OR s.user_id = sqlc.narg('user_id'))
  AND (sqlc.narg('type')::text IS NULL OR s.type = sqlc.narg('type'))
  AND (sqlc.narg('flow_id')::bigint IS NULL OR s.flow_id = sqlc.narg('flow_id'))
  AND (sqlc.narg('statuses')::text[] IS NULL OR s.status = ANY (sqlc.narg('statuses')::text[]))
  AND (sqlc.narg('offer_statuses')::text[] IS NULL OR coalesce(s.offer_accepted, 'open') = ANY (sqlc.narg('offer_statuses')::text[]))
  AND (sqlc.narg('sale_ids')::bigint[] IS NULL OR s.id = ANY (sqlc.narg('sale_ids')::bigint[]))
  AND (sqlc.narg('organisations')::bigint[] IS NULL OR s.organisation_id = ANY (sqlc.narg('organisations')::bigint[]))
  AND (sqlc.narg('external_reference')::text IS NULL OR s.external_reference = sqlc.narg('external_reference'))
  AND (sqlc.narg('supplier_id')::bigint IS NULL OR EXISTS (SELECT FROM products p WHERE p.environment_id = s.environment_id AND p.id = s.product_id AND p.supplier_id = sqlc.narg('supplier_id')))
  AND (sqlc.narg('product_types')::text[] IS NULL OR EXISTS (SELECT FROM products p WHERE p.environment_id = s.environment_id AND p.id = s.product_id AND p.type = ANY (sqlc.narg('product_types')::text[])))
  AND (sqlc.narg('period_from')::timestamptz IS NULL OR CASE @period_column::text WHEN 'updated_date' THEN s.updated_at WHEN 'finalized_at' THEN s.finalized_at WHEN 'cancelled_date' THEN s.cancelled_at WHEN 'sent_date' THEN s.outgoing_at ELSE s.created_at END >= sqlc.narg('period_from'))
  AND (sqlc.narg('period_till')::timestamptz IS NULL OR CASE @period_column WHEN 'updated_date' THEN s.updated_at WHEN 'finalized_at' THEN s.finalized_at WHEN 'cancelled_date' THEN s.cancelled_at WHEN 'sent_date' THEN s.outgoing_at ELSE s.created_at END < sqlc.narg('period_till'));

-- name: SaleList :many
SELECT s.* FROM sales s WHERE s.environment_id = @environment_id
  AND (sqlc.narg('user_id')::bigint IS NULL OR s.user_id = sqlc.narg('user_id'))
  AND (sqlc.narg('type')::text IS NULL OR s.type = sqlc.narg('type'))
  AND (sqlc.narg('flow_id')::bigint IS NULL OR s.flow_id = sqlc.narg('flow_id'))
  AND (sqlc.narg('statuses')::text[] IS NULL OR s.status = ANY (sqlc.narg('statuses')::text[]))
  AND (sqlc.narg('offer_statuses')::text[] IS NULL OR coalesce(s.offer_accepted, 'open') = ANY (sqlc.narg('offer_statuses')::text[]))
  AND (sqlc.narg('sale_ids')::bigint[] IS NULL OR s.id = ANY (sqlc.narg('sale_ids')::bigint[]))
  AND (sqlc.narg('organisations')::bigint[] IS NULL OR s.organisation_id = ANY (sqlc.narg('organisations')::bigint[]))
  AND (sqlc.narg('external_reference')::text IS NULL OR s.external_reference = sqlc.narg('external_reference'))
  AND (sqlc.narg('supplier_id')::bigint IS NULL OR EXISTS (SELECT FROM products p WHERE p.environment_id = s.environment_id AND p.id = s.product_id AND p.supplier_id = sqlc.narg('supplier_id')))
  AND (sqlc.narg('product_types')::text[] IS NULL OR EXISTS (SELECT FROM products p WHERE p.environment_id = s.environment_id AND p.id = s.product_id AND p.type = ANY (sqlc.narg('product_types')::text[])))
  AND (sqlc.narg('period_from')::timestamptz IS NULL OR CASE @period_column::text WHEN 'updated_date' THEN s.updated_at WHEN 'finalized_at' THEN s.finalized_at WHEN 'cancelled_date' THEN s.cancelled_at WHEN 'sent_date' THEN s.outgoing_at ELSE s.created_at END >= sqlc.narg('period_from'))
  AND (sqlc.narg('period_till')::timestamptz IS NULL OR CASE @period_column WHEN 'updated_date' THEN s.updated_at WHEN 'finalized_at' THEN s.finalized_at WHEN 'cancelled_date' THEN s.cancelled_at WHEN 'sent_date' THEN s.outgoing_at ELSE s.created_at END < sqlc.narg('period_till'))
ORDER BY s.id DESC LIMIT @page_size OFFSET @skip;

-- name: SaleChanges :many
SELECT * FROM sales WHERE environment_id = @environment_id AND user_id = @user_id
  AND changed >= @since::bigint AND changed < @horizon::bigint AND id > @after_id
ORDER BY id LIMIT @page_size;

-- name: SaleSetStatus :one
UPDATE sales SET status = @status, status_type = @status_type, status_remark = @remark, status_changed_at = @now, status_by_person = @by_person,
  cancelled_at = CASE WHEN @status_type = 'cancelled' THEN coalesce(cancelled_at, @now) END,
  cancelled_by = CASE WHEN @status_type = 'cancelled' THEN @cancelled_by ELSE '' END,
  offer_accepted = CASE @status WHEN 'offer_accepted' THEN '1' WHEN 'offer_rejected' THEN '0' WHEN 'offer_rejected_alternative' THEN '0' WHEN 'offer_expired' THEN '2'
    WHEN 'offer_pending' THEN NULL ELSE offer_accepted END,
  processed_at = CASE WHEN @mark_processed::boolean THEN coalesce(processed_at, @now) ELSE processed_at END,
  updated_at = @now
WHERE environment_id = @environment_id AND id = @id RETURNING *;

-- name: SaleSetForwarded :exec
UPDATE sales SET outgoing_id = @outgoing_id, outgoing_app = @outgoing_app, outgoing_at = @now, processed_at = coalesce(processed_at, @now), updated_at = @now
WHERE environment_id = @environment_id AND id = @id;

-- name: SaleCorrect :one
UPDATE sales SET original = coalesce(original, to_jsonb(submission)), submission = @submission, business = @business, updated_at = @now
WHERE environment_id = @environment_id AND id = @id RETURNING *;

-- name: SaleSetProduct :exec
UPDATE sales SET product_id = @product_id, sold = @sold, updated_at = @now WHERE environment_id = @environment_id AND id = @id;

-- name: SaleLineSetProduct :exec
UPDATE sale_lines SET product_id = @product_id, content = @content, partner_product_id = @partner_product_id
WHERE environment_id = @environment_id AND sale_id = @sale_id AND line = @line;

-- name: SaleHistoryInsert :exec
INSERT INTO sale_history (environment_id, sale_id, type, previous_status, new_status, remark, data, user_id, modified_at)
VALUES (@environment_id, @sale_id, @type, @previous_status, @new_status, @remark, @data, @user_id, @now);

-- name: SaleHistory :many
SELECT * FROM sale_history WHERE environment_id = @environment_id AND sale_id = @sale_id ORDER BY id;

-- The first of several identical creates goes on, the others wait for it here.
-- name: SystemIdempotencyLock :exec
SELECT pg_advisory_xact_lock(hashtextextended(@name::text, 0));

-- name: IdempotencyKey :one
SELECT * FROM idempotency_keys WHERE environment_id = @environment_id AND user_id = @user_id AND key = @key;

-- name: IdempotencyKeyInsert :exec
INSERT INTO idempotency_keys (environment_id, user_id, key, request_hash, sale_id, created_at)
VALUES (@environment_id, @user_id, @key, @request_hash, @sale_id, @now);

-- The function looks in the transaction's environment: the newest 1000 sales with these words.
-- name: EnvironmentSaleIDsMatching :many
SELECT koppel_sales_matching(to_tsquery('simple', @words::text))::bigint AS id;

-- A page of sales for people, newest first.
-- name: SalePage :many
SELECT s.id, s.type, s.status, s.business, s.created_at, s.outgoing_id,
  coalesce(s.submission -> 'fields' ->> 'firstname', '')::text AS firstname, coalesce(s.submission -> 'fields' ->> 'lastname', '')::text AS lastname,
  coalesce(s.submission -> 'fields' ->> 'company_name', '')::text AS company_name, coalesce(s.submission -> 'fields' ->> 'city', '')::text AS city,
  coalesce(s.sold -> 'product' ->> 'name', '')::text AS product, coalesce(o.name, '')::text AS organisation
FROM sales s LEFT JOIN organisations o ON o.environment_id = s.environment_id AND o.id = s.organisation_id
WHERE s.environment_id = @environment_id AND s.id < @before_id
  AND (sqlc.narg('user_id')::bigint IS NULL OR s.user_id = sqlc.narg('user_id'))
  AND (sqlc.narg('type')::text IS NULL OR s.type = sqlc.narg('type'))
  AND (sqlc.narg('status')::text IS NULL OR s.status = sqlc.narg('status'))
  AND (sqlc.narg('sale_ids')::bigint[] IS NULL OR s.id = ANY (sqlc.narg('sale_ids')::bigint[]))
  AND (sqlc.narg('organisation_id')::bigint IS NULL OR s.organisation_id = sqlc.narg('organisation_id'))
  AND (sqlc.narg('forwarding')::text IS NULL OR s.id IN (SELECT f.sale_id FROM forwardings f WHERE f.environment_id = @environment_id AND f.state = sqlc.narg('forwarding')))
ORDER BY s.id DESC LIMIT @page_size;

-- The newest sales that have a product of a partner.
-- name: SalesOfIntegration :many
SELECT s.* FROM sales s WHERE s.environment_id = @environment_id
  AND EXISTS (SELECT FROM sale_lines l WHERE l.environment_id = s.environment_id AND l.sale_id = s.id AND l.integration_id = @integration_id::bigint)
ORDER BY s.id DESC LIMIT @page_size;

-- The last change that a user's sales, or without one the account's, can have had, or the names that are shown with them;
-- the indexes know it.
-- name: SalesVersion :one
SELECT greatest(
  CASE WHEN sqlc.narg('user_id')::bigint IS NULL THEN (SELECT max(s.changed) FROM sales s WHERE s.environment_id = @environment_id)
    ELSE (SELECT max(s.changed) FROM sales s WHERE s.environment_id = @environment_id AND s.user_id = sqlc.narg('user_id')) END,
  (SELECT max(named.changed) FROM unnest(ARRAY['status', 'user', 'organisation']) AS e(entity)
    CROSS JOIN LATERAL (SELECT max(l.changed) AS changed FROM audit_log l WHERE l.environment_id = @environment_id AND l.entity = e.entity) named),
  0)::bigint;
