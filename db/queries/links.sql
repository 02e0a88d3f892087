-- name: LinkUpsert :one
INSERT INTO incoming_links (environment_id, user_id, partner_account, partner_base_url, partner_link_key, event_secret_sealed, settings, partner_key, linked_at, last_contact_at)
VALUES (@environment_id, @user_id, @partner_account, @partner_base_url, @partner_link_key, @event_secret_sealed, @settings,
  coalesce((SELECT u.partner_key FROM users u WHERE u.environment_id = @environment_id AND u.id = @user_id), @partner_key), @now, @now)
ON CONFLICT (environment_id, user_id) DO UPDATE SET partner_account = EXCLUDED.partner_account, partner_base_url = EXCLUDED.partner_base_url,
  partner_link_key = EXCLUDED.partner_link_key, event_secret_sealed = EXCLUDED.event_secret_sealed, state = 'active', last_contact_at = EXCLUDED.last_contact_at,
  partner_key = coalesce(incoming_links.partner_key, EXCLUDED.partner_key),
  key_required = incoming_links.key_required OR EXCLUDED.partner_key IS NOT NULL
RETURNING *;

-- name: LinkEnd :execrows
UPDATE incoming_links SET state = 'ended' WHERE environment_id = @environment_id AND user_id = @user_id AND state = 'active';

-- name: LinkByUser :one
SELECT * FROM incoming_links WHERE environment_id = @environment_id AND user_id = @user_id AND state = 'active';

-- The link of a user, also one that ended: it keeps the key.
-- name: LinkOfUser :one
SELECT * FROM incoming_links WHERE environment_id = @environment_id AND user_id = @user_id;

-- name: LinkByID :one
SELECT * FROM incoming_links WHERE environment_id = @environment_id AND id = @id;

-- name: LinkList :many
SELECT l.*, u.email, u.organisation_id, (SELECT count(*) FROM sales s WHERE s.environment_id = l.environment_id AND s.user_id = l.user_id)::bigint AS sales
FROM incoming_links l JOIN users u ON u.environment_id = l.environment_id AND u.id = l.user_id
WHERE l.environment_id = @environment_id ORDER BY l.id;

-- What a linked environment took over, as it says itself.
-- name: LinkReportImports :exec
INSERT INTO link_imports (environment_id, link_id, product_ids, reported_at) VALUES (@environment_id, @link_id, @product_ids::bigint[], @now)
ON CONFLICT (environment_id, link_id) DO UPDATE SET product_ids = EXCLUDED.product_ids, reported_at = EXCLUDED.reported_at;

-- name: LinkImports :one
SELECT * FROM link_imports WHERE environment_id = @environment_id AND link_id = @link_id;

-- What is on offer to an organisation.
-- name: ProductsOffered :many
SELECT p.id, p.identifier, p.name, p.type FROM organisation_products g JOIN products p ON p.environment_id = g.environment_id AND p.id = g.product_id
WHERE g.environment_id = @environment_id AND g.organisation_id = @organisation_id AND g.granted AND p.active AND p.deleted_at IS NULL
ORDER BY p.id;

-- What came in over a link.
-- name: LinkSent :one
SELECT count(*)::bigint AS sales, count(*) FILTER (WHERE s.created_at >= @since)::bigint AS recent, coalesce(max(s.created_at), @since)::timestamptz AS last_at,
  (SELECT count(*) FROM cancellation_requests c WHERE c.environment_id = @environment_id AND c.link_id = @link_id AND c.state = 'open')::bigint AS cancellation_requests
FROM sales s WHERE s.environment_id = @environment_id AND s.link_id = @link_id;

-- name: LinkSetSettings :one
UPDATE incoming_links SET settings = @settings WHERE environment_id = @environment_id AND id = @id RETURNING *;

-- Every linked environment is told; the outbox row is what makes it happen.
-- name: LinksProductsChanged :exec
WITH told AS (
  UPDATE incoming_links l SET products_seq = l.products_seq + 1, changed = koppel_change()
  WHERE l.environment_id = @environment_id AND l.state = 'active' RETURNING l.environment_id, l.id
)
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at) SELECT told.environment_id, 'notify', told.id, 'look-again', @now FROM told;

-- name: LinkSalesChanged :exec
WITH told AS (
  UPDATE incoming_links l SET sales_seq = l.sales_seq + 1, changed = koppel_change()
  WHERE l.environment_id = @environment_id AND l.id = @id AND l.state = 'active' RETURNING l.environment_id, l.id
)
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at) SELECT told.environment_id, 'notify', told.id, 'look-again', @now FROM told;

-- name: LinkAnnounced :exec
UPDATE incoming_links SET products_announced = greatest(products_announced, @products_seq::bigint), sales_announced = greatest(sales_announced, @sales_seq::bigint)
WHERE environment_id = @environment_id AND id = @id;

-- name: SystemLinksToTell :many
SELECT id FROM incoming_links WHERE state = 'active' AND (products_announced < products_seq OR sales_announced < sales_seq) AND id > @after_id ORDER BY id LIMIT @page_size;

-- name: EnvironmentKey :one
SELECT * FROM environment_keys WHERE environment_id = @environment_id;

-- name: EnvironmentKeyInsert :exec
INSERT INTO environment_keys (environment_id, seed_sealed, created_at) VALUES (@environment_id, @seed_sealed, @now) ON CONFLICT (environment_id) DO NOTHING;

-- The first key that a link is called with is its key.
-- name: LinkPin :execrows
UPDATE incoming_links SET partner_key = @partner_key, key_required = true WHERE environment_id = @environment_id AND id = @id AND partner_key IS NULL;

-- The next key that the link is called with will be its key; unsigned calls stay refused.
-- name: LinkResetKey :one
UPDATE incoming_links SET partner_key = NULL, key_required = true WHERE environment_id = @environment_id AND id = @id RETURNING *;

-- name: LinkContact :exec
UPDATE incoming_links SET last_contact_at = @now WHERE environment_id = @environment_id AND id = @id;

-- Whether a partner is linked to us, too.
-- name: LinksOfPartner :one
SELECT count(*) FROM incoming_links WHERE environment_id = @environment_id AND partner_base_url = @partner_base_url AND partner_account = @partner_account AND state = 'active';

-- name: SignatureNonceInsert :execrows
INSERT INTO signature_nonces (environment_id, nonce, seen_at) VALUES (@environment_id, @nonce, @now) ON CONFLICT DO NOTHING;

-- name: SystemSignatureNoncesExpire :exec
DELETE FROM signature_nonces WHERE seen_at < @before;
