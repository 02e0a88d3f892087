-- name: OrganisationList :many
SELECT * FROM organisations WHERE environment_id = @environment_id AND deleted_at IS NULL ORDER BY name, id;

-- name: OrganisationByID :one
SELECT * FROM organisations WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL;

-- name: OrganisationInsert :one
INSERT INTO organisations (environment_id, name, identifier, description, sales_channel, details, created_at, updated_at)
VALUES (@environment_id, @name, @identifier, @description, @sales_channel, @details, @now, @now) RETURNING *;

-- name: OrganisationUpdate :one
UPDATE organisations SET name = @name, identifier = @identifier, description = @description, sales_channel = @sales_channel, details = @details, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND deleted_at IS NULL RETURNING *;

-- name: OrganisationDelete :execrows
UPDATE organisations SET deleted_at = @now WHERE organisations.environment_id = @environment_id AND organisations.id = @id AND deleted_at IS NULL
  AND NOT EXISTS (SELECT FROM users u WHERE u.environment_id = organisations.environment_id AND u.organisation_id = organisations.id);

-- name: OrganisationProductIDs :many
SELECT product_id FROM organisation_products WHERE environment_id = @environment_id AND organisation_id = @organisation_id AND granted ORDER BY product_id;

-- name: OrganisationProductsWithdraw :execrows
UPDATE organisation_products SET granted = false
WHERE environment_id = @environment_id AND organisation_id = @organisation_id AND granted AND NOT product_id = ANY (@product_ids::bigint[]);

-- name: OrganisationProductsGrant :execrows
INSERT INTO organisation_products (environment_id, organisation_id, product_id)
SELECT p.environment_id, @organisation_id, p.id FROM products p
WHERE p.environment_id = @environment_id AND p.deleted_at IS NULL AND p.id = ANY (@product_ids::bigint[])
ON CONFLICT (environment_id, organisation_id, product_id) DO UPDATE SET granted = true WHERE NOT organisation_products.granted;

-- name: ProductOrganisationIDs :many
SELECT organisation_id FROM organisation_products WHERE environment_id = @environment_id AND product_id = @product_id AND granted ORDER BY organisation_id;

-- name: ProductOrganisationsWithdraw :execrows
UPDATE organisation_products SET granted = false
WHERE environment_id = @environment_id AND product_id = @product_id AND granted AND NOT organisation_id = ANY (@organisation_ids::bigint[]);

-- name: ProductOrganisationsGrant :execrows
INSERT INTO organisation_products (environment_id, organisation_id, product_id)
SELECT o.environment_id, o.id, @product_id FROM organisations o
WHERE o.environment_id = @environment_id AND o.deleted_at IS NULL AND o.id = ANY (@organisation_ids::bigint[])
ON CONFLICT (environment_id, organisation_id, product_id) DO UPDATE SET granted = true WHERE NOT organisation_products.granted;

-- name: OrganisationFlowIDs :many
SELECT flow_id FROM organisation_flows WHERE environment_id = @environment_id AND organisation_id = @organisation_id ORDER BY flow_id;

-- name: OrganisationFlowsWithdraw :exec
DELETE FROM organisation_flows WHERE environment_id = @environment_id AND organisation_id = @organisation_id AND NOT flow_id = ANY (@flow_ids::bigint[]);

-- name: OrganisationFlowsGrant :exec
INSERT INTO organisation_flows (environment_id, organisation_id, flow_id)
SELECT f.environment_id, @organisation_id, f.id FROM flows f
WHERE f.environment_id = @environment_id AND f.deleted_at IS NULL AND f.id = ANY (@flow_ids::bigint[])
ON CONFLICT DO NOTHING;

-- name: UserList :many
SELECT * FROM users WHERE environment_id = @environment_id ORDER BY id;

-- name: UserByID :one
SELECT * FROM users WHERE environment_id = @environment_id AND id = @id;

-- name: UserInsert :one
INSERT INTO users (environment_id, organisation_id, email, firstname, lastname, role, password_hash, created_at)
VALUES (@environment_id, @organisation_id, @email, @firstname, @lastname, @role, @password_hash, @now) RETURNING *;

-- name: TokenByPrefix :one
SELECT sqlc.embed(t), sqlc.embed(u) FROM tokens t JOIN users u ON u.environment_id = t.environment_id AND u.id = t.user_id
WHERE t.environment_id = @environment_id AND t.prefix = @prefix AND t.revoked_at IS NULL AND u.active;

-- Tokens of any environment: for who gives one at an account that does not have it.
-- name: SystemTokensByPrefix :many
SELECT t.* FROM tokens t JOIN users u ON u.environment_id = t.environment_id AND u.id = t.user_id WHERE t.prefix = @prefix AND t.revoked_at IS NULL AND u.active LIMIT 10;

-- name: TokenInsert :one
INSERT INTO tokens (environment_id, user_id, name, prefix, hash, integration, ip_allowlist, created_at, expires_at)
VALUES (@environment_id, @user_id, @name, @prefix, @hash, @integration, @ip_allowlist, @now, @expires_at) RETURNING *;

-- name: TokenList :many
SELECT * FROM tokens WHERE environment_id = @environment_id AND user_id = @user_id ORDER BY id;

-- name: TokenRevoke :execrows
UPDATE tokens SET revoked_at = @now WHERE environment_id = @environment_id AND user_id = @user_id AND id = @id AND revoked_at IS NULL;

-- name: AuditInsert :exec
INSERT INTO audit_log (environment_id, user_id, operator, action, entity, entity_id, old, new, masked, address, request, at)
VALUES (@environment_id, @user_id, @operator, @action, @entity, @entity_id, @old, @new, true, @address, @request, @now);

-- name: AuditList :many
SELECT * FROM audit_log WHERE environment_id = @environment_id
  AND (sqlc.narg('entity')::text IS NULL OR entity = sqlc.narg('entity')) ORDER BY id DESC LIMIT 200;

-- name: AuditOf :many
SELECT a.*, coalesce(u.firstname || ' ' || u.lastname, '')::text AS user_name, coalesce(u.email, '')::text AS user_email
FROM audit_log a LEFT JOIN users u ON u.environment_id = a.environment_id AND u.id = a.user_id
WHERE a.environment_id = @environment_id AND a.entity = @entity AND a.entity_id = @entity_id ORDER BY a.id DESC LIMIT 50;

-- name: UserByEmail :one
SELECT * FROM users WHERE environment_id = @environment_id AND lower(email) = lower(@email::text);

-- name: UserUpdate :one
UPDATE users SET email = @email, firstname = @firstname, lastname = @lastname, role = @role, organisation_id = @organisation_id, active = @active
WHERE environment_id = @environment_id AND id = @id RETURNING *;

-- name: UserSetPassword :execrows
UPDATE users SET password_hash = @password_hash WHERE environment_id = @environment_id AND id = @id;

-- name: UserOwners :one
SELECT count(*) FROM users WHERE environment_id = @environment_id AND role = 'owner' AND active;

-- name: OrganisationProductPage :many
SELECT p.id, p.name, coalesce(p.identifier, '')::text AS identifier, p.type, p.active, coalesce(g.granted, false)::boolean AS granted
FROM products p LEFT JOIN organisation_products g ON g.environment_id = p.environment_id AND g.product_id = p.id AND g.organisation_id = @organisation_id
WHERE p.environment_id = @environment_id AND p.deleted_at IS NULL AND p.id > @after_id
  AND (sqlc.narg('granted')::boolean IS NULL OR coalesce(g.granted, false) = sqlc.narg('granted'))
  AND (sqlc.narg('q')::text IS NULL OR koppel_contains(p.name, sqlc.narg('q')) OR koppel_contains(p.identifier, sqlc.narg('q')))
ORDER BY p.id LIMIT @page_size;

-- name: OrganisationCounts :many
SELECT o.id, (SELECT count(*) FROM organisation_products g JOIN products p ON p.environment_id = g.environment_id AND p.id = g.product_id
    WHERE g.environment_id = o.environment_id AND g.organisation_id = o.id AND g.granted AND p.deleted_at IS NULL) AS products,
  (SELECT count(*) FROM organisation_flows g JOIN flows f ON f.environment_id = g.environment_id AND f.id = g.flow_id
    WHERE g.environment_id = o.environment_id AND g.organisation_id = o.id AND f.deleted_at IS NULL) AS flows,
  (SELECT count(*) FROM users u WHERE u.environment_id = o.environment_id AND u.organisation_id = o.id) AS users
FROM organisations o WHERE o.environment_id = @environment_id AND o.deleted_at IS NULL ORDER BY o.id;

-- name: InvitationInsert :exec
INSERT INTO invitations (environment_id, user_id, hash, expires_at) VALUES (@environment_id, @user_id, @hash, @expires_at);

-- name: InvitationUser :one
SELECT sqlc.embed(u), i.expires_at FROM invitations i JOIN users u ON u.environment_id = i.environment_id AND u.id = i.user_id
WHERE i.environment_id = @environment_id AND i.hash = @hash AND i.expires_at > @now AND u.active;

-- Who is invited again has one link that works.
-- name: InvitationsOfUserDelete :exec
DELETE FROM invitations WHERE environment_id = @environment_id AND user_id = @user_id;

-- An invitation is good for one password.
-- name: InvitationUse :execrows
DELETE FROM invitations WHERE environment_id = @environment_id AND hash = @hash AND expires_at > @now;

-- The first key that signs a call of this user, before there is a link.
-- name: UserPin :execrows
UPDATE users SET partner_key = @partner_key WHERE environment_id = @environment_id AND id = @id AND partner_key IS NULL;

-- name: UserUnpin :exec
UPDATE users SET partner_key = NULL WHERE environment_id = @environment_id AND id = @id;
