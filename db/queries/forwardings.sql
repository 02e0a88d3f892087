-- One forwarding per sale and integration, ever: a second one finds the first, and only what was withdrawn wakes up again.
-- name: ForwardingStart :many
INSERT INTO forwardings (environment_id, integration_id, sale_id, state, by_hand, due_at, created_at, updated_at)
VALUES (@environment_id, @integration_id, @sale_id, 'waiting', @by_hand, @due_at, @now, @now)
ON CONFLICT (environment_id, integration_id, sale_id) DO UPDATE SET state = 'waiting', by_hand = EXCLUDED.by_hand, due_at = EXCLUDED.due_at,
  cause = '', problems = '[]', updated_at = EXCLUDED.updated_at
WHERE forwardings.state = 'withdrawn' RETURNING *;

-- name: ForwardingHurry :many
UPDATE forwardings SET by_hand = true, due_at = @now, updated_at = @now
WHERE environment_id = @environment_id AND integration_id = @integration_id AND sale_id = @sale_id AND state = 'waiting' RETURNING *;

-- name: ForwardingByID :one
SELECT * FROM forwardings WHERE environment_id = @environment_id AND id = @id;

-- name: ForwardingOfSale :one
SELECT * FROM forwardings WHERE environment_id = @environment_id AND integration_id = @integration_id AND sale_id = @sale_id;

-- name: ForwardingsOfSale :many
SELECT * FROM forwardings WHERE environment_id = @environment_id AND sale_id = @sale_id ORDER BY id;

-- name: ForwardingList :many
SELECT * FROM forwardings WHERE environment_id = @environment_id
  AND (sqlc.narg('state')::text IS NULL OR state = sqlc.narg('state'))
  AND (sqlc.narg('cause')::text IS NULL OR cause = sqlc.narg('cause'))
  AND (sqlc.narg('integration_id')::bigint IS NULL OR integration_id = sqlc.narg('integration_id'))
ORDER BY id DESC LIMIT @page_size OFFSET @skip;

-- name: ForwardingCount :one
SELECT count(*) FROM forwardings WHERE environment_id = @environment_id
  AND (sqlc.narg('state')::text IS NULL OR state = sqlc.narg('state'))
  AND (sqlc.narg('cause')::text IS NULL OR cause = sqlc.narg('cause'))
  AND (sqlc.narg('integration_id')::bigint IS NULL OR integration_id = sqlc.narg('integration_id'));

-- The claim: of two attempts at once, one gets a row.
-- name: ForwardingClaim :one
UPDATE forwardings SET state = 'sending', attempts = attempts + 1, key = @key, request_sealed = @request_sealed, optin = @optin, sending_since = coalesce(sending_since, @now),
  may_resend = false, cause = '', problems = '[]', updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('waiting', 'action_required') RETURNING *;

-- An attempt whose outcome is not known goes again with the same bytes under the same key.
-- name: ForwardingClaimAgain :one
UPDATE forwardings SET state = 'sending', attempts = attempts + 1, may_resend = false, look = '', updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('sending', 'outcome_unknown') RETURNING *;

-- name: ForwardingAttemptInsert :exec
INSERT INTO forwarding_attempts (environment_id, forwarding_id, attempt, started_at) VALUES (@environment_id, @forwarding_id, @attempt, @now);

-- name: ForwardingAttemptFinish :exec
UPDATE forwarding_attempts SET finished_at = @now, http_status = @http_status, reason = @reason
WHERE environment_id = @environment_id AND forwarding_id = @forwarding_id AND attempt = @attempt;

-- name: ForwardingAttempts :many
SELECT * FROM forwarding_attempts WHERE environment_id = @environment_id AND forwarding_id = @forwarding_id ORDER BY attempt;

-- name: ForwardingForwarded :execrows
UPDATE forwardings SET state = 'forwarded', partner_sale_id = @partner_sale_id, forwarded_at = @now, cause = '', problems = '[]', look = '', updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('sending', 'outcome_unknown');

-- A definite answer: nothing was made at the partner, so the kept request and its key are let go.
-- name: ForwardingRelease :execrows
UPDATE forwardings SET state = @state, cause = @cause, problems = @problems, key = '', request_sealed = NULL, sending_since = NULL, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('waiting', 'sending', 'action_required');

-- Unknown at a partner that keeps no keys: its sales are looked through after a while.
-- name: ForwardingUnknown :execrows
UPDATE forwardings SET state = @state, cause = @cause, candidates = '[]', look = @look, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('sending', 'outcome_unknown');

-- name: ForwardingResend :execrows
UPDATE forwardings SET may_resend = true, look = '', updated_at = @now WHERE environment_id = @environment_id AND id = @id AND state = 'outcome_unknown';

-- name: ForwardingAbandon :execrows
UPDATE forwardings SET state = 'abandoned', abandon_reason = @abandon_reason, look = '', updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('waiting', 'action_required', 'outcome_unknown');

-- name: ForwardingsOfIntegrationEnd :many
UPDATE forwardings SET state = @state, cause = @cause, updated_at = @now
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state IN ('waiting', 'action_required') RETURNING id;

-- name: ForwardingsToRetry :many
SELECT id FROM forwardings WHERE environment_id = @environment_id AND state IN ('waiting', 'action_required', 'sending')
  AND (sqlc.narg('ids')::bigint[] IS NULL OR id = ANY (sqlc.narg('ids')::bigint[]))
  AND (sqlc.narg('cause')::text IS NULL OR cause = sqlc.narg('cause'))
  AND (sqlc.narg('integration_id')::bigint IS NULL OR integration_id = sqlc.narg('integration_id'))
ORDER BY id;

-- name: ForwardingsByPartnerSales :many
SELECT sqlc.embed(f), s.status AS sale_status, s.status_type AS sale_status_type, s.status_by_person
FROM forwardings f JOIN sales s ON s.environment_id = f.environment_id AND s.id = f.sale_id
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.partner_sale_id = ANY (@partner_sale_ids::text[])
ORDER BY f.id FOR UPDATE OF f;

-- name: ForwardingPartnerStatus :exec
UPDATE forwardings SET partner_status = @partner_status, partner_status_at = @partner_status_at, updated_at = @now WHERE environment_id = @environment_id AND id = @id;

-- name: ForwardingUnmappedStatuses :many
SELECT f.partner_status, count(*) AS sales FROM forwardings f
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state = 'forwarded' AND f.partner_status <> ''
  AND NOT EXISTS (SELECT FROM status_mappings m WHERE m.environment_id = f.environment_id AND m.integration_id = f.integration_id AND m.partner_status = f.partner_status)
GROUP BY f.partner_status ORDER BY f.partner_status;

-- name: ForwardingCounts :many
SELECT state, cause, count(*) AS sales FROM forwardings
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state NOT IN ('forwarded', 'withdrawn', 'abandoned')
GROUP BY state, cause ORDER BY state, cause;

-- name: ForwardingsAdopted :many
SELECT partner_sale_id FROM forwardings
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_sale_id = ANY (@partner_sale_ids::text[]);

-- name: SystemForwardingsToRun :many
SELECT environment_id, id FROM forwardings WHERE state IN ('waiting', 'sending', 'action_required', 'outcome_unknown') AND updated_at < @before AND id > @after_id
ORDER BY id LIMIT @page_size;

-- A status whose mapping changed is looked at as if it were new.
-- name: ForwardingsForgetStatuses :execrows
UPDATE forwardings SET partner_status = '', partner_status_at = NULL
WHERE environment_id = @environment_id AND integration_id = @integration_id AND partner_status = ANY (@partner_statuses::text[]);

-- name: ForwardingsOfSales :many
SELECT f.id, f.sale_id, f.integration_id, f.state FROM forwardings f
WHERE f.environment_id = @environment_id AND f.sale_id = ANY (@sale_ids::bigint[]) ORDER BY f.id;

-- A page of forwardings for people, with whose sale it is.
-- name: ForwardingPage :many
SELECT sqlc.embed(f), coalesce(s.submission -> 'fields' ->> 'firstname', '')::text AS firstname, coalesce(s.submission -> 'fields' ->> 'lastname', '')::text AS lastname,
  coalesce(s.submission -> 'fields' ->> 'company_name', '')::text AS company_name, coalesce(s.sold -> 'product' ->> 'name', '')::text AS product
FROM forwardings f JOIN sales s ON s.environment_id = f.environment_id AND s.id = f.sale_id
WHERE f.environment_id = @environment_id AND f.id < @before_id
  AND (sqlc.narg('integration_id')::bigint IS NULL OR f.integration_id = sqlc.narg('integration_id'))
  AND (sqlc.narg('states')::text[] IS NULL OR f.state = ANY (sqlc.narg('states')::text[]))
  AND (sqlc.narg('cause')::text IS NULL OR f.cause = sqlc.narg('cause'))
  AND (sqlc.narg('code')::text IS NULL OR f.problems -> 0 ->> 'code' = sqlc.narg('code'))
  AND (sqlc.narg('subject')::text IS NULL OR coalesce(f.problems -> 0 ->> 'subject', '') = sqlc.narg('subject'))
ORDER BY f.id DESC LIMIT @page_size;

-- Everything that waits for a person, by cause.
-- name: ForwardingGroups :many
SELECT f.integration_id, f.state, f.cause, coalesce(f.problems -> 0 ->> 'code', '')::text AS code, coalesce(f.problems -> 0 ->> 'subject', '')::text AS subject,
  min(coalesce(f.problems -> 0 ->> 'detail', ''))::text AS detail, coalesce(min(f.problems -> 0 ->> 'field'), '')::text AS field,
  count(*) AS sales, min(f.updated_at)::timestamptz AS since, min(f.sale_id)::bigint AS first_sale_id
FROM forwardings f WHERE f.environment_id = @environment_id AND f.state IN ('action_required', 'outcome_unknown')
GROUP BY 1, 2, 3, 4, 5 ORDER BY count(*) DESC LIMIT 200;

-- name: ForwardingStates :many
SELECT state, count(*) AS sales FROM forwardings WHERE environment_id = @environment_id AND integration_id = @integration_id GROUP BY state;

-- name: ForwardingsWaiting :many
SELECT integration_id, state, count(*) AS sales FROM forwardings
WHERE environment_id = @environment_id AND state IN ('waiting', 'sending', 'action_required', 'outcome_unknown') GROUP BY integration_id, state;

-- What waits for a person: sales, runs that the brake stopped, links that stand still.
-- name: WaitingForPersonCount :one
SELECT ((SELECT count(*) FROM forwardings f WHERE f.environment_id = @environment_id AND f.state IN ('action_required', 'outcome_unknown'))
  + (SELECT count(*) FROM sync_runs r WHERE r.environment_id = @environment_id AND r.state = 'needs_confirmation')
  + (SELECT count(*) FROM cancellation_requests c WHERE c.environment_id = @environment_id AND c.direction = 'incoming' AND c.state = 'open' AND c.expires_at > @now)
  + (SELECT count(*) FROM webhooks w WHERE w.environment_id = @environment_id AND w.state = 'paused')
  + (SELECT count(*) FROM integrations i WHERE i.environment_id = @environment_id AND i.state = 'paused' AND i.paused_reason <> 'person'))::bigint;

-- What is looked for in one walk through a partner's sales: unknown since long enough to be shown there.
-- name: ForwardingsLookBegin :many
UPDATE forwardings SET look = 'looking', candidates = '[]'
WHERE environment_id = @environment_id AND integration_id = @integration_id AND look IN ('wanted', 'looking') AND state = 'outcome_unknown' AND updated_at <= @before
RETURNING *;

-- name: ForwardingsLooking :many
SELECT sqlc.embed(f), s.submission, coalesce((SELECT l.partner_product_id FROM sale_lines l
    WHERE l.environment_id = f.environment_id AND l.sale_id = f.sale_id AND l.integration_id = f.integration_id ORDER BY l.line LIMIT 1), 0)::bigint AS partner_product_id
FROM forwardings f JOIN sales s ON s.environment_id = f.environment_id AND s.id = f.sale_id
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.look = 'looking' AND f.state = 'outcome_unknown' ORDER BY f.id;

-- name: ForwardingCandidates :exec
UPDATE forwardings SET candidates = @candidates, look = @look WHERE environment_id = @environment_id AND id = @id AND state = 'outcome_unknown';

-- The oldest of those that are still to be looked for; none when nothing is.
-- name: ForwardingsLookNext :many
SELECT updated_at FROM forwardings
WHERE environment_id = @environment_id AND integration_id = @integration_id AND look IN ('wanted', 'looking') AND state = 'outcome_unknown' ORDER BY updated_at LIMIT 1;

-- What one sale of ours has adopted is no candidate of another.
-- name: ForwardingsForgetCandidate :exec
UPDATE forwardings SET candidates = (SELECT coalesce(jsonb_agg(c), '[]') FROM jsonb_array_elements(candidates) c WHERE c ->> 'partner_sale_id' <> @partner_sale_id::text)
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'outcome_unknown'
  AND candidates @> jsonb_build_array(jsonb_build_object('partner_sale_id', @partner_sale_id::text));

-- Sales at a partner that may still change there.
-- name: ForwardingsOutstanding :many
SELECT f.id, f.partner_sale_id FROM forwardings f JOIN sales s ON s.environment_id = f.environment_id AND s.id = f.sale_id
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state = 'forwarded' AND f.id > @after_id
  AND s.status_type NOT IN ('cancelled', 'closed') ORDER BY f.id LIMIT @page_size;
