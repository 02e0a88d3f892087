-- name: SupplierList :many
SELECT * FROM suppliers WHERE environment_id = @environment_id ORDER BY name, id;

-- name: SupplierByID :one
SELECT * FROM suppliers WHERE environment_id = @environment_id AND id = @id;

-- name: SupplierInsert :one
INSERT INTO suppliers (environment_id, name, identifier, description, text, active)
VALUES (@environment_id, @name, @identifier, @description, @text, @active) RETURNING *;

-- name: SupplierUpdate :one
UPDATE suppliers SET name = @name, identifier = @identifier, description = @description, text = @text, active = @active
WHERE environment_id = @environment_id AND id = @id RETURNING *;

-- Products that were deleted keep nobody.
-- name: SupplierForget :exec
UPDATE products SET supplier_id = NULL WHERE environment_id = @environment_id AND supplier_id = @supplier_id AND deleted_at IS NOT NULL;

-- name: SupplierDelete :execrows
DELETE FROM suppliers s WHERE s.environment_id = @environment_id AND s.id = @id
  AND NOT EXISTS (SELECT FROM products p WHERE p.environment_id = s.environment_id AND p.supplier_id = s.id);

-- name: SupplierImport :exec
INSERT INTO suppliers (environment_id, name, identifier)
SELECT DISTINCT ON (ip.content ->> 'supplier_identifier') ip.environment_id,
  coalesce(nullif(ip.content ->> 'supplier_name', ''), ip.content ->> 'supplier_identifier'), ip.content ->> 'supplier_identifier'
FROM integration_products ip
WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id
  AND ip.partner_product_id = ANY (@partner_product_ids::bigint[]) AND ip.content ->> 'supplier_identifier' <> ''
ON CONFLICT (environment_id, identifier) WHERE identifier <> '' DO NOTHING;

-- A null organisation sees the whole account; an organisation sees what is granted to it.
-- name: ProductList :many
SELECT p.* FROM products p
WHERE p.environment_id = @environment_id AND p.deleted_at IS NULL
  AND (sqlc.narg('organisation_id')::bigint IS NULL OR EXISTS (
    SELECT FROM organisation_products g WHERE g.environment_id = p.environment_id AND g.organisation_id = sqlc.narg('organisation_id')
      AND g.product_id = p.id AND g.granted))
  AND (sqlc.narg('active')::boolean IS NULL OR p.active = sqlc.narg('active'))
  AND (sqlc.narg('q')::text IS NULL OR koppel_contains(p.name, sqlc.narg('q')) OR koppel_contains(p.identifier, sqlc.narg('q')))
  AND (sqlc.narg('types')::text[] IS NULL OR p.type = ANY (sqlc.narg('types')::text[]))
  AND (sqlc.narg('business')::text IS NULL OR p.business IN (sqlc.narg('business'), '2', ''))
  AND (sqlc.narg('supplier_id')::bigint IS NULL OR p.supplier_id = sqlc.narg('supplier_id'))
  AND (sqlc.narg('created_from')::timestamptz IS NULL OR p.created_at >= sqlc.narg('created_from'))
  AND (sqlc.narg('created_till')::timestamptz IS NULL OR p.created_at < sqlc.narg('created_till'))
  AND (sqlc.narg('updated_from')::timestamptz IS NULL OR p.updated_at >= sqlc.narg('updated_from'))
  AND (sqlc.narg('updated_till')::timestamptz IS NULL OR p.updated_at < sqlc.narg('updated_till'))
ORDER BY p.id;

-- name: ProductByID :one
SELECT p.* FROM products p
WHERE p.environment_id = @environment_id AND p.id = @id AND p.deleted_at IS NULL
  AND (sqlc.narg('organisation_id')::bigint IS NULL OR EXISTS (
    SELECT FROM organisation_products g WHERE g.environment_id = p.environment_id AND g.organisation_id = sqlc.narg('organisation_id')
      AND g.product_id = p.id AND g.granted));

-- name: ProductsByIDs :many
SELECT * FROM products WHERE environment_id = @environment_id AND id = ANY (@ids::bigint[]);

-- name: OwnProductByIdentifier :one
SELECT id FROM products
WHERE environment_id = @environment_id AND identifier = @identifier::text AND integration_id IS NULL AND deleted_at IS NULL AND id <> @other_than
LIMIT 1;

-- name: ProductInsert :one
INSERT INTO products (environment_id, supplier_id, content, own, active, deactivated_by, created_at, updated_at)
VALUES (@environment_id, @supplier_id, @content, @own, @active, CASE WHEN @active THEN '' ELSE 'person' END, @now, @now) RETURNING *;

-- name: ProductUpdate :one
UPDATE products SET supplier_id = @supplier_id, content = @content, own = @own, active = @active,
  deactivated_by = CASE WHEN @active THEN '' WHEN active THEN 'person' ELSE deactivated_by END, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL RETURNING *;

-- name: ProductDelete :execrows
UPDATE products SET deleted_at = @now, updated_at = @now WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- The whole list as an organisation sees it, page by page: reading to the last page proves it complete.
-- name: ProductPage :many
SELECT p.* FROM organisation_products g JOIN products p ON p.environment_id = g.environment_id AND p.id = g.product_id
WHERE g.environment_id = @environment_id AND g.organisation_id = @organisation_id AND g.granted AND g.product_id > @after_id
  AND p.active AND p.deleted_at IS NULL
ORDER BY g.product_id LIMIT @page_size;

-- What changed for an organisation between two cursors, withdrawn products included.
-- name: ProductChanges :many
WITH touched AS (
  SELECT p.id FROM products p
  WHERE p.environment_id = @environment_id AND p.changed >= @since::bigint AND p.changed < @horizon::bigint
  UNION
  SELECT g.product_id FROM organisation_products g
  WHERE g.environment_id = @environment_id AND g.organisation_id = @organisation_id AND g.changed >= @since AND g.changed < @horizon
)
SELECT sqlc.embed(p), (g.granted AND p.active AND p.deleted_at IS NULL)::boolean AS offered
FROM touched t
JOIN products p ON p.environment_id = @environment_id AND p.id = t.id
JOIN organisation_products g ON g.environment_id = @environment_id AND g.organisation_id = @organisation_id AND g.product_id = t.id
WHERE p.id > @after_id ORDER BY p.id LIMIT @page_size;

-- name: SystemChangeHorizon :one
SELECT koppel_change_horizon()::bigint;

-- name: FlowList :many
SELECT f.* FROM flows f WHERE f.environment_id = @environment_id AND f.deleted_at IS NULL
  AND (sqlc.narg('organisation_id')::bigint IS NULL OR EXISTS (
    SELECT FROM organisation_flows g WHERE g.environment_id = f.environment_id AND g.organisation_id = sqlc.narg('organisation_id') AND g.flow_id = f.id))
ORDER BY f.id;

-- name: FlowByID :one
SELECT f.* FROM flows f WHERE f.environment_id = @environment_id AND f.id = @id AND f.deleted_at IS NULL
  AND (sqlc.narg('organisation_id')::bigint IS NULL OR EXISTS (
    SELECT FROM organisation_flows g WHERE g.environment_id = f.environment_id AND g.organisation_id = sqlc.narg('organisation_id') AND g.flow_id = f.id));

-- name: FlowByIdentifier :one
SELECT f.* FROM flows f WHERE f.environment_id = @environment_id AND f.type = @type AND f.identifier = @identifier AND f.deleted_at IS NULL
  AND (sqlc.narg('organisation_id')::bigint IS NULL OR EXISTS (
    SELECT FROM organisation_flows g WHERE g.environment_id = f.environment_id AND g.organisation_id = sqlc.narg('organisation_id') AND g.flow_id = f.id));

-- name: FlowInsert :one
INSERT INTO flows (environment_id, title, type, identifier, config, created_at, updated_at)
VALUES (@environment_id, @title, @type, @identifier, @config, @now, @now) RETURNING *;

-- name: FlowUpdate :one
UPDATE flows SET title = @title, type = @type, identifier = @identifier, config = @config, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL RETURNING *;

-- name: FlowDelete :execrows
UPDATE flows SET deleted_at = @now WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- name: QuestionList :many
SELECT * FROM product_questions WHERE environment_id = @environment_id AND deleted_at IS NULL ORDER BY sort, id;

-- name: QuestionByID :one
SELECT * FROM product_questions WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- name: QuestionInsert :one
INSERT INTO product_questions (environment_id, identifier, definition, sort, created_at, updated_at)
VALUES (@environment_id, @identifier, @definition, @sort, @now, @now) RETURNING *;

-- name: QuestionUpdate :one
UPDATE product_questions SET identifier = @identifier, definition = @definition, sort = @sort, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL RETURNING *;

-- name: QuestionDelete :execrows
UPDATE product_questions SET deleted_at = @now WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- name: AgreementList :many
SELECT * FROM agreements WHERE environment_id = @environment_id AND deleted_at IS NULL ORDER BY sort, id;

-- name: AgreementByID :one
SELECT * FROM agreements WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- name: AgreementInsert :one
INSERT INTO agreements (environment_id, identifier, definition, sort, created_at, updated_at)
VALUES (@environment_id, @identifier, @definition, @sort, @now, @now) RETURNING *;

-- name: AgreementUpdate :one
UPDATE agreements SET identifier = @identifier, definition = @definition, sort = @sort, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL RETURNING *;

-- name: AgreementDelete :execrows
UPDATE agreements SET deleted_at = @now WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- name: StatusList :many
SELECT * FROM statuses WHERE environment_id = @environment_id AND deleted_at IS NULL ORDER BY name, id;

-- name: StatusByID :one
SELECT * FROM statuses WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- A status that was deleted comes back under its identifier, and under another name only where no sale has it: that sale would be
-- renamed.
-- name: StatusInsert :execrows
INSERT INTO statuses (environment_id, id, name, text, type) VALUES (@environment_id, @id, @name, @text, @type)
ON CONFLICT (environment_id, id) DO UPDATE SET name = EXCLUDED.name, text = EXCLUDED.text, type = EXCLUDED.type, deleted_at = NULL
WHERE statuses.deleted_at IS NOT NULL AND (statuses.name = EXCLUDED.name AND statuses.type = EXCLUDED.type
  OR NOT EXISTS (SELECT FROM sales s WHERE s.environment_id = statuses.environment_id AND s.status = statuses.id));

-- name: StatusUpdate :execrows
UPDATE statuses SET name = @name, text = @text, type = @type WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- name: StatusDelete :execrows
UPDATE statuses SET deleted_at = @now WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- A page of products for people, by name.
-- name: ProductSearch :many
SELECT p.* FROM products p
WHERE p.environment_id = @environment_id AND p.deleted_at IS NULL AND (p.name, p.id) > (@after_name::text, @after_id::bigint)
  AND (sqlc.narg('organisation_id')::bigint IS NULL OR EXISTS (
    SELECT FROM organisation_products g WHERE g.environment_id = p.environment_id AND g.organisation_id = sqlc.narg('organisation_id')
      AND g.product_id = p.id AND g.granted))
  AND (sqlc.narg('active')::boolean IS NULL OR p.active = sqlc.narg('active'))
  AND (sqlc.narg('imported')::boolean IS NULL OR (p.integration_id IS NOT NULL) = sqlc.narg('imported'))
  AND (sqlc.narg('type')::text IS NULL OR p.type = sqlc.narg('type'))
  AND (sqlc.narg('q')::text IS NULL OR koppel_contains(p.name, sqlc.narg('q')) OR koppel_contains(p.identifier, sqlc.narg('q')))
ORDER BY p.name, p.id LIMIT @page_size;

-- name: ProductTypes :many
SELECT DISTINCT type FROM products WHERE environment_id = @environment_id AND deleted_at IS NULL ORDER BY type;

-- The last change that an organisation's products can have had; the index knows it.
-- name: ProductsVersion :one
SELECT greatest(
  coalesce((SELECT max(p.changed) FROM products p WHERE p.environment_id = @environment_id), 0),
  coalesce((SELECT max(g.changed) FROM organisation_products g WHERE g.environment_id = @environment_id AND g.organisation_id = sqlc.narg('organisation_id')), 0))::bigint;
