-- name: IntegrationInsert :one
INSERT INTO integrations (environment_id, name, account_name, base_url, token_sealed, partner_kind, capabilities, limit_group, settings, link_key, event_secret_sealed,
  next_sync_at, next_poll_at, created_at, updated_at)
VALUES (@environment_id, @name, @account_name, @base_url, @token_sealed, @partner_kind, @capabilities, @limit_group, @settings, @link_key, @event_secret_sealed,
  @now, @now, @now, @now) RETURNING *;

-- name: IntegrationList :many
SELECT * FROM integrations WHERE environment_id = @environment_id AND state <> 'removed' ORDER BY id;

-- name: IntegrationByID :one
SELECT * FROM integrations WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationLock :one
SELECT * FROM integrations WHERE environment_id = @environment_id AND id = @id FOR UPDATE;

-- name: IntegrationByLinkKey :one
SELECT * FROM integrations WHERE environment_id = @environment_id AND link_key = @link_key AND state <> 'removed';

-- name: IntegrationSetConnection :exec
UPDATE integrations SET account_name = @account_name, base_url = @base_url, token_sealed = @token_sealed, partner_kind = @partner_kind,
  clock_header = 0, clock_zone = 0, clock_margin = 10800, clock_known_at = NULL,
  capabilities = @capabilities, limit_group = @limit_group::text || CASE WHEN (settings ->> 'requests_per_minute')::integer > 0 THEN '.' || id ELSE '' END, linked_at = NULL, product_cursor = '', sale_cursor = '', poll_window = false,
  token_refused_at = NULL, token_probe_at = NULL, token_probes = 0, token_accepted_at = NULL, updated_at = @now WHERE environment_id = @environment_id AND id = @id;

-- A link with a limit of its own has a limit group of its own: it binds nobody else.
-- name: IntegrationSetSettings :exec
UPDATE integrations SET name = @name, settings = @settings,
  limit_group = split_part(limit_group, '.', 1) || CASE WHEN @own_limit::boolean THEN '.' || id ELSE '' END, limit_set_at = CASE WHEN @limit_set::boolean THEN @now ELSE limit_set_at END, next_sync_at = least(next_sync_at, @next_sync_at), next_poll_at = least(next_poll_at, @next_poll_at), updated_at = @now
WHERE environment_id = @environment_id AND id = @id;

-- A person decides on a link: what was in doubt of its token is no longer asked.
-- name: IntegrationSetState :execrows
UPDATE integrations SET state = @state, paused_reason = @paused_reason, token_refused_at = NULL, token_probe_at = NULL, token_probes = 0, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state <> 'removed' AND (state <> @state OR paused_reason <> @paused_reason);

-- The token was refused once: of all that find it so, one plans the second look.
-- name: IntegrationTokenDoubt :execrows
UPDATE integrations SET token_refused_at = @now, token_probe_at = @probe_at, token_probes = @probes
WHERE environment_id = @environment_id AND id = @id AND state = 'active' AND token_probe_at IS NULL;

-- name: IntegrationTokenRefused :exec
UPDATE integrations SET state = 'paused', paused_reason = 'token_refused', token_probe_at = @probe_at, token_probes = token_probes + 1, updated_at = @now
WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationTokenLater :exec
UPDATE integrations SET token_probe_at = @probe_at WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationTokenAccepted :exec
UPDATE integrations SET state = 'active', paused_reason = '', token_refused_at = NULL, token_probe_at = NULL, token_accepted_at = @now, updated_at = @now
WHERE environment_id = @environment_id AND id = @id;

-- A hint asks for a look only once: one that was set already has been signalled.
-- name: IntegrationHint :execrows
UPDATE integrations SET products_hint = products_hint OR @products::boolean, sales_hint = sales_hint OR @sales::boolean, event_seq = greatest(event_seq, @event_seq)
WHERE environment_id = @environment_id AND id = @id AND state <> 'removed' AND NOT ((products_hint OR NOT @products::boolean) AND (sales_hint OR NOT @sales::boolean));

-- name: IntegrationTakeProductsHint :exec
UPDATE integrations SET products_hint = false WHERE environment_id = @environment_id AND id = @id AND products_hint;

-- Taken before the partner is asked: a hint that comes during the request is about something newer.
-- name: IntegrationTakeSalesHint :exec
UPDATE integrations SET sales_hint = false, next_poll_at = least(next_poll_at, @now) WHERE environment_id = @environment_id AND id = @id AND sales_hint;

-- name: IntegrationChecked :exec
UPDATE integrations SET product_cursor = @product_cursor, last_checked_at = @now, next_sync_at = @next_sync_at,
  last_synchronised_at = CASE WHEN @changed::boolean THEN @now ELSE last_synchronised_at END
WHERE environment_id = @environment_id AND id = @id;

-- A hint that was not followed up is not forgotten: without a set-up the next check looks at everything.
-- name: IntegrationCheckFailed :exec
UPDATE integrations SET next_sync_at = @next_sync_at, products_hint = false,
  setup_read_at = CASE WHEN products_hint THEN NULL ELSE setup_read_at END
WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationPolled :exec
UPDATE integrations SET sale_cursor = @sale_cursor, poll_window = @poll_window, last_polled_at = @now, next_poll_at = @next_poll_at WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationPollAgain :exec
UPDATE integrations SET sale_cursor = '', poll_window = false, sales_hint = true WHERE environment_id = @environment_id AND id = @id;

-- name: SystemIntegrationsToRun :many
SELECT id FROM integrations WHERE state <> 'removed' AND id > @after_id ORDER BY id LIMIT @page_size;

-- name: IntegrationProductStage :execrows
INSERT INTO integration_products (environment_id, integration_id, partner_product_id, content, own, hash, partner_updated_at, seen_run_id, first_seen_at, detailed_at)
SELECT @environment_id, @integration_id, unnest(@ids::bigint[]), unnest(@contents::jsonb[]), unnest(@owns::jsonb[]), unnest(@hashes::bytea[]), unnest(@updated::text[]), @run_id, @now, @now
ON CONFLICT (environment_id, integration_id, partner_product_id) DO UPDATE
SET content = EXCLUDED.content, own = EXCLUDED.own, hash = EXCLUDED.hash, offered = true, detailed = true, detailed_at = EXCLUDED.detailed_at, partner_updated_at = EXCLUDED.partner_updated_at, seen_run_id = EXCLUDED.seen_run_id
WHERE integration_products.hash <> EXCLUDED.hash OR NOT integration_products.offered OR NOT integration_products.detailed OR integration_products.seen_run_id <> EXCLUDED.seen_run_id OR integration_products.own <> EXCLUDED.own;

-- What a list tells of products at a partner whose tariffs are only in the detail.
-- name: IntegrationProductList :execrows
INSERT INTO integration_products (environment_id, integration_id, partner_product_id, content, hash, partner_updated_at, detailed, seen_run_id, first_seen_at)
SELECT @environment_id, @integration_id, unnest(@ids::bigint[]), unnest(@contents::jsonb[]), unnest(@hashes::bytea[]), unnest(@updated::text[]), false, @run_id, @now
ON CONFLICT (environment_id, integration_id, partner_product_id) DO UPDATE
SET offered = true, seen_run_id = EXCLUDED.seen_run_id, partner_updated_at = EXCLUDED.partner_updated_at,
  detailed = integration_products.detailed AND integration_products.partner_updated_at = EXCLUDED.partner_updated_at;

-- name: IntegrationProductsToDetail :many
SELECT partner_product_id, partner_updated_at FROM integration_products
WHERE environment_id = @environment_id AND integration_id = @integration_id AND selected AND offered AND NOT detailed AND partner_product_id > @after_id
ORDER BY partner_product_id LIMIT @page_size;

-- name: IntegrationProductsGone :execrows
UPDATE integration_products SET offered = false, seen_run_id = @run_id
WHERE environment_id = @environment_id AND integration_id = @integration_id AND offered AND partner_product_id = ANY (@ids::bigint[]);

-- name: IntegrationProductsUnseen :execrows
UPDATE integration_products SET offered = false
WHERE environment_id = @environment_id AND integration_id = @integration_id AND offered AND seen_run_id <> @run_id;

-- name: IntegrationProductCounts :one
SELECT count(*) FILTER (WHERE offered) AS offered,
  count(*) FILTER (WHERE local_product_id IS NOT NULL AND vanished = '') AS imported,
  count(*) FILTER (WHERE local_product_id IS NOT NULL AND selected AND NOT offered AND vanished = '') AS vanishing
FROM integration_products WHERE environment_id = @environment_id AND integration_id = @integration_id;

-- name: IntegrationProductsPending :many
SELECT * FROM integration_products
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_product_id > @after_id AND detailed
  AND ((selected AND offered AND (applied_hash IS DISTINCT FROM hash OR vanished <> ''))
    OR (local_product_id IS NOT NULL AND NOT (selected AND offered) AND vanished = ''))
ORDER BY partner_product_id LIMIT @page_size;

-- name: IntegrationProductsOf :many
SELECT sqlc.embed(ip), p.active AS local_active, p.deleted_at AS local_deleted_at
FROM integration_products ip LEFT JOIN products p ON p.environment_id = ip.environment_id AND p.id = ip.local_product_id
WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id AND (ip.offered OR ip.local_product_id IS NOT NULL OR ip.selected)
ORDER BY ip.partner_product_id;

-- name: IntegrationProductsSelect :execrows
UPDATE integration_products SET selected = partner_product_id = ANY (@ids::bigint[]),
  vanished = CASE WHEN partner_product_id = ANY (@ids::bigint[]) THEN vanished ELSE '' END
WHERE environment_id = @environment_id AND integration_id = @integration_id AND selected <> (partner_product_id = ANY (@ids::bigint[]));

-- Those of the products that the partner no longer offers, though nobody said to go on with them.
-- name: IntegrationProductsAway :many
SELECT partner_product_id FROM integration_products
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_product_id = ANY (@ids::bigint[]) AND NOT offered AND vanished <> 'dismissed';

-- What a partner offers in the place of a product: of the same type, and sold here.
-- name: IntegrationProductsLike :many
SELECT p.* FROM integration_products ip JOIN products p ON p.environment_id = ip.environment_id AND p.id = ip.local_product_id
WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id AND ip.offered AND p.active AND p.deleted_at IS NULL AND p.type = @type::text
ORDER BY p.name, p.id LIMIT 500;

-- What stops being imported when these are: products here, and sales of them that still wait.
-- name: IntegrationDeselectEffect :one
WITH leaving AS (
  SELECT ip.partner_product_id, ip.local_product_id FROM integration_products ip JOIN products p ON p.environment_id = ip.environment_id AND p.id = ip.local_product_id
  WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id AND ip.selected AND p.deleted_at IS NULL AND ip.partner_product_id = ANY (@ids::bigint[])
)
SELECT (SELECT count(*) FROM leaving)::bigint AS products,
  (SELECT count(DISTINCT f.sale_id) FROM forwardings f JOIN sale_lines l ON l.environment_id = f.environment_id AND l.sale_id = f.sale_id AND l.integration_id = f.integration_id
    WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state IN ('waiting', 'action_required')
      AND l.partner_product_id IN (SELECT partner_product_id FROM leaving))::bigint AS sales;

-- name: IntegrationProductsKnown :many
SELECT partner_product_id FROM integration_products
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_product_id = ANY (@ids::bigint[]);

-- name: ImportedProductTypes :many
SELECT DISTINCT p.type FROM products p WHERE p.environment_id = @environment_id AND p.integration_id = @integration_id::bigint AND p.deleted_at IS NULL;

-- The new ids are handed out where they are kept, so that nothing has to be joined back: on a table that was
-- filled a moment ago the planner knows no better than to compare everything with everything.
-- name: ProductImport :exec
WITH claimed AS (
  UPDATE integration_products ip SET local_product_id = nextval(pg_get_serial_sequence('products', 'id')), applied_hash = ip.hash, vanished = ''
  WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id AND ip.partner_product_id = ANY (@ids::bigint[])
  RETURNING ip.environment_id, ip.integration_id, ip.partner_product_id, ip.local_product_id, ip.content, ip.own
), fresh AS (
  INSERT INTO products (id, environment_id, supplier_id, content, own, integration_id, partner_product_id, created_at, updated_at)
  SELECT c.local_product_id, c.environment_id, s.id, c.content, c.own, c.integration_id, c.partner_product_id, @now, @now
  FROM claimed c LEFT JOIN suppliers s ON s.environment_id = c.environment_id AND s.identifier <> '' AND s.identifier = c.content ->> 'supplier_identifier'
)
INSERT INTO sync_run_changes (environment_id, run_id, partner_product_id, product_id, kind)
SELECT c.environment_id, @run_id, c.partner_product_id, c.local_product_id, 'added' FROM claimed c;

-- Takes the partner's content over, and brings back what the sync itself had switched off or deleted. What a
-- person switched off stays off.
-- name: ProductFollow :exec
UPDATE products p SET content = ip.content, supplier_id = coalesce(s.id, p.supplier_id), updated_at = @now, deleted_at = NULL,
  active = p.active OR p.deactivated_by = 'sync', deactivated_by = CASE WHEN p.deactivated_by = 'sync' THEN '' ELSE p.deactivated_by END
FROM integration_products ip
LEFT JOIN suppliers s ON s.environment_id = ip.environment_id AND s.identifier <> '' AND s.identifier = ip.content ->> 'supplier_identifier'
WHERE p.environment_id = @environment_id AND ip.environment_id = p.environment_id AND ip.integration_id = @integration_id
  AND ip.local_product_id = p.id AND ip.partner_product_id = ANY (@ids::bigint[]);

-- name: IntegrationProductsFollowed :exec
UPDATE integration_products SET applied_hash = hash, vanished = ''
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_product_id = ANY (@ids::bigint[]);

-- name: ProductsDeactivateBySync :exec
UPDATE products SET active = false, deactivated_by = 'sync', updated_at = @now
WHERE environment_id = @environment_id AND id = ANY (@ids::bigint[]) AND active;

-- name: ProductsDeleteBySync :exec
UPDATE products SET deleted_at = @now, updated_at = @now WHERE environment_id = @environment_id AND id = ANY (@ids::bigint[]) AND deleted_at IS NULL;

-- name: IntegrationProductsVanished :exec
UPDATE integration_products SET vanished = @vanished
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_product_id = ANY (@ids::bigint[]);

-- name: IntegrationProductsDismiss :execrows
UPDATE integration_products SET vanished = 'dismissed'
WHERE environment_id = @environment_id AND integration_id = @integration_id AND local_product_id IS NOT NULL AND NOT (selected AND offered) AND vanished = '';

-- name: SyncRunInsert :one
INSERT INTO sync_runs (environment_id, integration_id, trigger, state, user_id, created_at)
VALUES (@environment_id, @integration_id, @trigger, 'queued', @user_id, @now)
ON CONFLICT (environment_id, integration_id) WHERE state = 'queued' DO UPDATE SET trigger = sync_runs.trigger RETURNING *;

-- name: SyncRunQueued :one
SELECT * FROM sync_runs WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'queued';

-- name: SyncRunRunning :one
SELECT * FROM sync_runs WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'running';

-- name: SyncRunStart :execrows
UPDATE sync_runs SET state = 'running', started_at = coalesce(started_at, @now), full_fetch = @full_fetch
WHERE environment_id = @environment_id AND id = @id AND state = 'queued';

-- name: SyncRunByID :one
SELECT * FROM sync_runs WHERE environment_id = @environment_id AND integration_id = @integration_id AND id = @id;

-- name: SyncRunList :many
SELECT * FROM sync_runs WHERE environment_id = @environment_id AND integration_id = @integration_id ORDER BY id DESC LIMIT @page_size OFFSET @skip;

-- name: SyncRunCount :one
SELECT count(*) FROM sync_runs WHERE environment_id = @environment_id AND integration_id = @integration_id;

-- name: SyncRunProgress :exec
UPDATE sync_runs SET added = added + @added, changed = changed + @changed, deactivated = deactivated + @deactivated, deleted = deleted + @deleted,
  failed = failed + @failed, requests = requests + @requests WHERE environment_id = @environment_id AND id = @id;

-- name: SyncRunFinish :execrows
UPDATE sync_runs SET state = @state, reason = @reason, unchanged = @unchanged, finished_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('queued', 'running');

-- name: SyncRunResolve :execrows
UPDATE sync_runs SET state = @state, confirmed = @confirmed, finished_at = CASE WHEN @state = 'queued' THEN NULL ELSE @now::timestamptz END
WHERE environment_id = @environment_id AND integration_id = @integration_id AND id = @id AND state = ANY (@from_states::text[]);

-- name: SyncRunBrake :exec
UPDATE sync_runs SET reason = 'braked' WHERE environment_id = @environment_id AND id = @id;

-- Whether a person is being asked about what vanished: a run waits, or is about to.
-- name: SyncRunBraked :one
SELECT EXISTS (SELECT FROM sync_runs WHERE environment_id = @environment_id AND integration_id = @integration_id
  AND (state = 'needs_confirmation' OR state = 'running' AND reason = 'braked'))::boolean;

-- name: SyncRunsSupersede :exec
UPDATE sync_runs SET state = 'dismissed', reason = 'superseded', finished_at = @now
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'needs_confirmation' AND id <> @id;

-- name: SyncRunChangesInsert :exec
INSERT INTO sync_run_changes (environment_id, run_id, partner_product_id, product_id, kind, fields)
SELECT @environment_id, @run_id, unnest(@partner_product_ids::bigint[]), unnest(@product_ids::bigint[]), unnest(@kinds::text[]), unnest(@fields::jsonb[])
ON CONFLICT (environment_id, run_id, partner_product_id) DO NOTHING;

-- name: SyncRunChanges :many
SELECT c.*, coalesce((SELECT ip.content ->> 'name' FROM integration_products ip
  WHERE ip.environment_id = c.environment_id AND ip.integration_id = @integration_id AND ip.partner_product_id = c.partner_product_id), '')::text AS name
FROM sync_run_changes c
WHERE c.environment_id = @environment_id AND c.run_id = @run_id AND c.partner_product_id > @after_id
ORDER BY c.partner_product_id LIMIT @page_size;

-- name: ProductRestore :exec
UPDATE products SET content = @content, active = @active, deactivated_by = @deactivated_by, deleted_at = @deleted_at, updated_at = @now
WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationProductDeselect :exec
UPDATE integration_products SET selected = false
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_product_id = @partner_product_id;

-- The partner knows who we are and what we imported, and told what it can.
-- name: IntegrationLinked :exec
UPDATE integrations SET linked_at = coalesce(linked_at, @now), told_at = @now, imports_told = @imports_told, capabilities = coalesce(sqlc.narg('capabilities')::jsonb, capabilities)
WHERE environment_id = @environment_id AND id = @id;

-- What is imported and for sale, by the partner's ids.
-- name: IntegrationImports :many
SELECT partner_product_id::bigint FROM products
WHERE environment_id = @environment_id AND integration_id = @integration_id::bigint AND active AND deleted_at IS NULL
ORDER BY partner_product_id;

-- name: IntegrationSetImports :exec
UPDATE integrations SET imports = @imports WHERE environment_id = @environment_id AND id = @id AND imports <> @imports;

-- name: IntegrationSetupRead :exec
UPDATE integrations SET setup_read_at = @now WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationProductsSelected :many
SELECT partner_product_id FROM integration_products WHERE environment_id = @environment_id AND integration_id = @integration_id AND selected ORDER BY partner_product_id;

-- A page of what a partner offers, for people: with what became of it here.
-- name: IntegrationProductPage :many
WITH offer AS (
  SELECT ip.partner_product_id, coalesce(ip.content ->> 'name', '')::text AS name, coalesce(ip.content ->> 'identifier', '')::text AS identifier,
    coalesce(ip.content ->> 'type', '')::text AS type, coalesce(ip.content ->> 'supplier_name', '')::text AS supplier, ip.selected, ip.offered,
    ip.local_product_id, ip.first_seen_at, p.active AS local_active, p.deactivated_by, p.deleted_at,
    (CASE WHEN NOT ip.offered THEN 'vanished' WHEN ip.local_product_id IS NULL OR p.deleted_at IS NOT NULL AND NOT ip.selected THEN 'new'
      WHEN ip.hash IS DISTINCT FROM ip.applied_hash THEN 'changed' ELSE 'imported' END)::text AS state
  FROM integration_products ip LEFT JOIN products p ON p.environment_id = ip.environment_id AND p.id = ip.local_product_id
  WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id AND (ip.offered OR ip.local_product_id IS NOT NULL OR ip.selected)
)
SELECT offer.* FROM offer
WHERE offer.partner_product_id > @after_id::bigint
  AND (sqlc.narg('state')::text IS NULL OR offer.state = sqlc.narg('state'))
  AND (sqlc.narg('q')::text IS NULL OR koppel_contains(offer.name, sqlc.narg('q')) OR koppel_contains(offer.identifier, sqlc.narg('q')))
ORDER BY offer.partner_product_id LIMIT @page_size;

-- name: IntegrationProductStates :many
SELECT (CASE WHEN NOT ip.offered THEN 'vanished' WHEN ip.local_product_id IS NULL OR p.deleted_at IS NOT NULL AND NOT ip.selected THEN 'new'
    WHEN ip.hash IS DISTINCT FROM ip.applied_hash THEN 'changed' ELSE 'imported' END)::text AS state, count(*) AS products
FROM integration_products ip LEFT JOIN products p ON p.environment_id = ip.environment_id AND p.id = ip.local_product_id
WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id AND (ip.offered OR ip.local_product_id IS NOT NULL OR ip.selected)
GROUP BY 1;

-- name: SyncRunsToConfirm :many
SELECT * FROM sync_runs WHERE environment_id = @environment_id AND state = 'needs_confirmation' ORDER BY id;

-- name: SyncRunLast :one
SELECT * FROM sync_runs WHERE environment_id = @environment_id AND integration_id = @integration_id AND state NOT IN ('queued', 'running') ORDER BY id DESC LIMIT 1;

-- What the braked run would remove, and how much of it is in open sales.
-- name: IntegrationProductsVanishing :one
SELECT count(*) AS products, count(*) FILTER (WHERE EXISTS (
  SELECT FROM sale_lines l JOIN sales s ON s.environment_id = l.environment_id AND s.id = l.sale_id
  WHERE l.environment_id = ip.environment_id AND l.product_id = ip.local_product_id AND s.type = 'offer' AND s.offer_accepted IS NULL AND s.status_type <> 'cancelled')) AS in_offers
FROM integration_products ip
WHERE ip.environment_id = @environment_id AND ip.integration_id = @integration_id AND ip.local_product_id IS NOT NULL AND ip.selected AND NOT ip.offered AND ip.vanished = '';

-- name: IntegrationHead :one
SELECT (SELECT count(*) FROM forwardings f WHERE f.environment_id = @environment_id AND f.integration_id = @id AND f.state IN ('action_required', 'outcome_unknown')
    AND NOT f.may_resend AND f.look NOT IN ('wanted', 'looking'))::bigint AS attention,
  (SELECT count(*) FROM integration_products ip WHERE ip.environment_id = @environment_id AND ip.integration_id = @id AND ip.local_product_id IS NOT NULL AND ip.vanished = '')::bigint AS imported;

-- name: IntegrationLook :exec
UPDATE integrations SET look_at = @look_at, look_cursor = @look_cursor, look_failures = @look_failures, look_problem = @look_problem WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationLookSoon :exec
UPDATE integrations SET look_at = least(look_at, @look_at) WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationSwept :exec
UPDATE integrations SET sweep_at = @sweep_at, sweep_after = @sweep_after, sweep_page = @sweep_page WHERE environment_id = @environment_id AND id = @id;

-- What updated_at misses: details that were read longest ago are read again, a few a run.
-- name: IntegrationProductsReread :execrows
UPDATE integration_products p SET detailed = false
WHERE p.environment_id = @environment_id AND p.integration_id = @integration_id AND p.partner_product_id IN (
  SELECT o.partner_product_id FROM integration_products o
  WHERE o.environment_id = @environment_id AND o.integration_id = @integration_id AND o.selected AND o.offered AND o.detailed AND o.detailed_at < @before
  ORDER BY o.detailed_at LIMIT @page_size);

-- name: IntegrationHeardClock :exec
UPDATE integrations SET clock_header = @clock_header WHERE environment_id = @environment_id AND id = @id;

-- name: IntegrationSawClock :exec
UPDATE integrations SET clock_zone = @clock_zone, clock_margin = @clock_margin, clock_known_at = @clock_known_at WHERE environment_id = @environment_id AND id = @id;
