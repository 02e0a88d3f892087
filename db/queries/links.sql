-- name: LinkUpsert :one
INSERT INTO incoming_links (environment_id, user_id, partner_account, partner_base_url, partner_link_key, event_secret_sealed, settings, linked_at, last_contact_at)
VALUES (@environment_id, @user_id, @partner_account, @partner_base_url, @partner_link_key, @event_secret_sealed, @settings, @now, @now)
ON CONFLICT (environment_id, user_id) DO UPDATE SET partner_account = EXCLUDED.partner_account, partner_base_url = EXCLUDED.partner_base_url,
  partner_link_key = EXCLUDED.partner_link_key, event_secret_sealed = EXCLUDED.event_secret_sealed, state = 'active', last_contact_at = EXCLUDED.last_contact_at
RETURNING *;

-- name: LinkEnd :execrows
UPDATE incoming_links SET state = 'ended' WHERE environment_id = @environment_id AND user_id = @user_id AND state = 'active';

-- name: LinkByUser :one
SELECT * FROM incoming_links WHERE environment_id = @environment_id AND user_id = @user_id AND state = 'active';

-- name: LinkByID :one
SELECT * FROM incoming_links WHERE environment_id = @environment_id AND id = @id;

-- name: LinkList :many
SELECT l.*, u.email, u.organisation_id, (SELECT count(*) FROM sales s WHERE s.environment_id = l.environment_id AND s.user_id = l.user_id)::bigint AS sales
FROM incoming_links l JOIN users u ON u.environment_id = l.environment_id AND u.id = l.user_id
WHERE l.environment_id = @environment_id ORDER BY l.id;

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
SELECT environment_id, id FROM incoming_links WHERE state = 'active' AND (products_announced < products_seq OR sales_announced < sales_seq) ORDER BY id;
