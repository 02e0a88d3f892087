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
UPDATE forwarding_attempts SET finished_at = @now, http_status = @http_status, reason = @reason, outcome = @outcome
WHERE environment_id = @environment_id AND forwarding_id = @forwarding_id AND attempt = @attempt;

-- name: ForwardingAttempts :many
SELECT * FROM forwarding_attempts WHERE environment_id = @environment_id AND forwarding_id = @forwarding_id ORDER BY attempt;

-- name: ForwardingForwarded :execrows
UPDATE forwardings SET state = 'forwarded', partner_sale_id = @partner_sale_id, forwarded_at = @now, cause = '', problems = '[]', look = '', updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('sending', 'outcome_unknown');

-- A definite answer: nothing was made at the partner, so the kept request and its key are let go.
-- name: ForwardingRelease :execrows
UPDATE forwardings SET state = @state, cause = @cause, problems = @problems, key = '', request_sealed = NULL, sending_since = NULL,
  held_since = CASE @state WHEN 'action_required' THEN coalesce(held_since, @now) WHEN 'withdrawn' THEN NULL ELSE held_since END, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('waiting', 'sending', 'action_required');

-- Something of ours went wrong while it was being sent: its state stays, and it says so. A conflict stays what it is: it is looked up.
-- name: ForwardingHindered :exec
UPDATE forwardings SET cause = @cause, problems = @problems, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND (state IN ('waiting', 'sending') AND cause <> 'partner_conflict' OR state = 'outcome_unknown' AND may_resend);

-- Unknown at a partner that keeps no keys: its sales are looked through after a while. Nothing goes before not_before.
-- name: ForwardingUnknown :execrows
UPDATE forwardings SET state = @state, cause = @cause, candidates = '[]', look = @look, unknown_at = @now, looked_at = NULL, looks_empty = 0, held_since = coalesce(held_since, @now),
  due_at = greatest(due_at, sqlc.narg('not_before')::timestamptz), updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('sending', 'outcome_unknown');

-- The same bytes go again: only after a look that can be trusted, which began after the last attempt.
-- name: ForwardingResend :execrows
UPDATE forwardings SET may_resend = true, look = '', updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state = 'outcome_unknown' AND look = ANY (@looks::text[]) AND looked_at > unknown_at;

-- Unknown outcomes of a link that are settled together. A single candidate is unambiguous where it is of the same product, most of
-- the customer agrees, and it is no candidate of another.
-- name: ForwardingsToSettle :many
SELECT * FROM forwardings f WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state = 'outcome_unknown' AND f.id > @after_id
  AND f.looked_at > f.unknown_at AND NOT f.may_resend AND CASE @kind::text
    WHEN 'resend' THEN f.look = 'not_there'
    WHEN 'adopt' THEN f.look = 'done' AND coalesce((f.candidates -> 0 ->> 'product')::boolean, false)
      AND CASE WHEN (f.candidates -> 0 ->> 'score')::integer >= 3 THEN NOT coalesce(f.candidates -> 1 @> '{"score": 3, "product": true}', false)
        ELSE (f.candidates -> 0 ->> 'score')::integer = 2 AND jsonb_array_length(f.candidates) = 1 END
      AND NOT EXISTS (SELECT FROM forwardings o
        WHERE o.environment_id = f.environment_id AND o.integration_id = f.integration_id AND o.id <> f.id AND o.state = 'outcome_unknown'
          AND o.candidates @> jsonb_build_array(jsonb_build_object('partner_sale_id', f.candidates -> 0 ->> 'partner_sale_id')
            || CASE WHEN (f.candidates -> 0 ->> 'score')::integer >= 3 THEN '{"score": 3, "product": true}'::jsonb ELSE '{}' END))
    ELSE f.look IN ('done', 'not_there') END
ORDER BY f.id LIMIT @page_size;

-- What cannot be sent again yet, or not by itself: still looked for, or with candidates that a person chooses from.
-- name: ForwardingsHeld :many
SELECT (CASE WHEN look = 'done' THEN 'candidates' ELSE 'looking' END)::text AS reason, count(*) AS sales FROM forwardings
WHERE environment_id = @environment_id AND state = 'outcome_unknown' AND look IN ('wanted', 'looking', 'done')
  AND (sqlc.narg('ids')::bigint[] IS NULL OR id = ANY (sqlc.narg('ids')::bigint[]))
  AND (sqlc.narg('integration_id')::bigint IS NULL OR integration_id = sqlc.narg('integration_id'))
GROUP BY 1 ORDER BY 1 DESC;

-- name: ForwardingsNotThere :many
SELECT integration_id, count(*) AS sales FROM forwardings WHERE environment_id = @environment_id AND state = 'outcome_unknown' AND look = 'not_there'
  AND (sqlc.narg('integration_id')::bigint IS NULL OR integration_id = sqlc.narg('integration_id'))
GROUP BY integration_id ORDER BY integration_id;

-- name: ForwardingsResendByIDs :many
UPDATE forwardings SET may_resend = true, look = '', updated_at = @now
WHERE environment_id = @environment_id AND id = ANY (@ids::bigint[]) AND state = 'outcome_unknown' AND look = 'not_there' AND looked_at > unknown_at RETURNING id;

-- name: ForwardingAbandon :execrows
UPDATE forwardings SET state = 'abandoned', abandon_reason = @abandon_reason, look = '', may_resend = false, updated_at = @now
WHERE environment_id = @environment_id AND id = @id AND state IN ('waiting', 'action_required', 'outcome_unknown');

-- name: ForwardingsOfIntegrationEnd :many
UPDATE forwardings SET state = @state, cause = @cause, updated_at = @now
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state IN ('waiting', 'action_required') RETURNING id;

-- name: ForwardingsToRetry :many
SELECT id FROM forwardings WHERE environment_id = @environment_id AND (state IN ('waiting', 'action_required', 'sending') OR state = 'outcome_unknown' AND may_resend)
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
UPDATE forwardings SET partner_status = @partner_status, partner_status_at = @partner_status_at, partner_status_read_at = @read_at, updated_at = @now WHERE environment_id = @environment_id AND id = @id;

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
SELECT id FROM forwardings WHERE state IN ('waiting', 'sending', 'action_required', 'outcome_unknown') AND updated_at < @before AND id > @after_id
ORDER BY id LIMIT @page_size;

-- A status whose mapping changed is looked at as if it were new.
-- name: ForwardingsForgetStatuses :execrows
UPDATE forwardings SET partner_status = '', partner_status_at = NULL, partner_status_read_at = NULL
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

-- Everything that waits for a person, by cause. An unknown outcome is a person's turn after a look that can be trusted;
-- before that it is "looking", and what goes again is "resending".
-- name: ForwardingGroups :many
SELECT f.integration_id, f.state, f.cause, coalesce(f.problems -> 0 ->> 'code', '')::text AS code, coalesce(f.problems -> 0 ->> 'subject', '')::text AS subject,
  min(coalesce(f.problems -> 0 ->> 'detail', ''))::text AS detail, coalesce(min(f.problems -> 0 ->> 'field'), '')::text AS field,
  (CASE WHEN f.may_resend THEN 'resending' WHEN i.state <> 'removed' AND f.look IN ('wanted', 'looking') THEN 'looking' ELSE f.look END)::text AS look,
  count(*) AS sales, min(coalesce(f.held_since, f.updated_at))::timestamptz AS since, min(f.sale_id)::bigint AS first_sale_id, coalesce(min(f.looked_at), min(f.updated_at))::timestamptz AS looked_at,
  (count(*) FILTER (WHERE f.look = 'done' AND (f.candidates -> 0 @> '{"score": 3, "product": true}' OR jsonb_array_length(f.candidates) = 1)))::bigint AS single
FROM forwardings f JOIN integrations i ON i.environment_id = f.environment_id AND i.id = f.integration_id
WHERE f.environment_id = @environment_id AND f.state IN ('action_required', 'outcome_unknown')
GROUP BY 1, 2, 3, 4, 5, 8 ORDER BY count(*) DESC LIMIT 200;

-- name: ForwardingStates :many
SELECT state, count(*) AS sales FROM forwardings WHERE environment_id = @environment_id AND integration_id = @integration_id GROUP BY state;

-- name: ForwardingsWaiting :many
SELECT integration_id, (CASE WHEN may_resend OR look IN ('wanted', 'looking') THEN 'looking' ELSE state END)::text AS state, count(*) AS sales FROM forwardings
WHERE environment_id = @environment_id AND state IN ('waiting', 'sending', 'action_required', 'outcome_unknown') GROUP BY 1, 2;

-- What waits for a person: sales, runs that the brake stopped, links that stand still.
-- name: WaitingForPersonCount :one
SELECT ((SELECT count(*) FROM forwardings f WHERE f.environment_id = @environment_id AND f.state IN ('action_required', 'outcome_unknown')
    AND NOT f.may_resend AND (f.look NOT IN ('wanted', 'looking')
      OR EXISTS (SELECT FROM integrations r WHERE r.environment_id = f.environment_id AND r.id = f.integration_id AND r.state = 'removed')))
  + (SELECT count(*) FROM sync_runs r WHERE r.environment_id = @environment_id AND r.state = 'needs_confirmation')
  + (SELECT count(*) FROM cancellation_requests c WHERE c.environment_id = @environment_id AND c.direction = 'incoming' AND c.state = 'open' AND c.expires_at > @now)
  + (SELECT count(*) FROM webhooks w WHERE w.environment_id = @environment_id AND w.state = 'paused')
  + (SELECT count(DISTINCT r.integration_id) FROM set_aside_rows r JOIN integrations i ON i.environment_id = r.environment_id AND i.id = r.integration_id
    WHERE r.environment_id = @environment_id AND i.state <> 'removed')
  + (SELECT count(*) FROM integrations i WHERE i.environment_id = @environment_id AND (i.state = 'paused' AND i.paused_reason <> 'person'
    OR i.state = 'active' AND i.token_probe_at IS NOT NULL AND i.token_probes > 1)))::bigint;

-- What is looked for in one walk through a partner's sales: unknown since long enough to be shown there. What waits for a person
-- with a candidate that could not be read whole is looked at again, lest a list that is mended leaves it with what was read before.
-- name: ForwardingsLookBegin :execrows
UPDATE forwardings SET look = 'looking', candidates = '[]'
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'outcome_unknown' AND unknown_at <= @before
  AND (look IN ('wanted', 'looking') OR look = 'done' AND candidates @> '[{"odd": true}]' AND looked_at <= @odd_before::timestamptz AND unknown_at > @odd_since::timestamptz);

-- Whatever may have made a sale of which no number is known: those that are looked for, and those that a sale may belong to as well.
-- tried_at is when the first attempt began that may have made it. turned_away: each of those was answered with "not now".
-- name: ForwardingsOpen :many
SELECT sqlc.embed(f), s.submission, coalesce((SELECT l.partner_product_id FROM sale_lines l
    WHERE l.environment_id = f.environment_id AND l.sale_id = f.sale_id AND l.integration_id = f.integration_id ORDER BY l.line LIMIT 1), 0)::bigint AS partner_product_id,
  coalesce((SELECT min(a.started_at) FROM forwarding_attempts a
    WHERE a.environment_id = f.environment_id AND a.forwarding_id = f.id AND a.outcome NOT IN ('made', 'not_made')), f.sending_since, f.created_at)::timestamptz AS tried_at,
  (NOT EXISTS (SELECT FROM forwarding_attempts a
    WHERE a.environment_id = f.environment_id AND a.forwarding_id = f.id AND a.outcome NOT IN ('turned_away', 'not_made')))::boolean AS turned_away
FROM forwardings f JOIN sales s ON s.environment_id = f.environment_id AND s.id = f.sale_id
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state IN ('sending', 'outcome_unknown') ORDER BY f.id;

-- name: ForwardingCandidates :exec
UPDATE forwardings SET candidates = @candidates WHERE environment_id = @environment_id AND id = @id AND state = 'outcome_unknown' AND look = 'looking';

-- What a walk ends with for a sale: looked_at is set where the look can be trusted.
-- name: ForwardingLooked :exec
UPDATE forwardings SET candidates = @candidates, look = @look, looked_at = coalesce(sqlc.narg('looked_at')::timestamptz, looked_at), looks_empty = @looks_empty
WHERE environment_id = @environment_id AND id = @id AND state = 'outcome_unknown' AND look = 'looking';

-- Those that are still to be looked for, and those that are looked at again.
-- name: ForwardingsLookNext :many
SELECT unknown_at::timestamptz AS unknown_at, looked_at, looks_empty, due_at, (look = 'done')::boolean AS again FROM forwardings
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'outcome_unknown'
  AND (look IN ('wanted', 'looking') OR look = 'done' AND candidates @> '[{"odd": true}]' AND unknown_at > @odd_since::timestamptz) ORDER BY unknown_at;

-- Sales of ours that the partner certainly made, the newest first: a list that has none of them is not all of it.
-- name: ForwardingsMadeLately :many
SELECT f.partner_sale_id::text AS partner_sale_id, a.finished_at::timestamptz AS made_at
FROM forwarding_attempts a JOIN forwardings f ON f.environment_id = a.environment_id AND f.id = a.forwarding_id
WHERE a.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state = 'forwarded' AND a.outcome = 'made' AND a.finished_at BETWEEN @since AND @till
ORDER BY a.finished_at DESC LIMIT @up_to;

-- What one sale of ours has adopted is no candidate of another. Where it was the last one, that other is looked for again;
-- in the answer is how many those are.
-- name: ForwardingsForgetCandidate :one
WITH forgotten AS (
UPDATE forwardings SET candidates = (SELECT coalesce(jsonb_agg(c), '[]') FROM jsonb_array_elements(candidates) c WHERE c ->> 'partner_sale_id' <> @partner_sale_id::text),
  look = CASE WHEN look = 'done' AND jsonb_array_length(candidates) = 1 THEN 'wanted' ELSE look END
WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'outcome_unknown'
  AND candidates @> jsonb_build_array(jsonb_build_object('partner_sale_id', @partner_sale_id::text))
  RETURNING look
)
SELECT count(*) FROM forgotten WHERE look = 'wanted';

-- Sales at a partner that may still change there.
-- name: ForwardingsOutstanding :many
SELECT f.id, f.partner_sale_id FROM forwardings f JOIN sales s ON s.environment_id = f.environment_id AND s.id = f.sale_id
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.state = 'forwarded' AND f.id > @after_id
  AND s.status_type NOT IN ('cancelled', 'closed') ORDER BY f.id LIMIT @page_size;

-- Sales whose making we saw: when it was asked for and answered, by our own clock.
-- name: ForwardingsMade :many
SELECT f.partner_sale_id, a.started_at, a.finished_at FROM forwardings f
JOIN forwarding_attempts a ON a.environment_id = f.environment_id AND a.forwarding_id = f.id AND a.http_status = 201 AND a.finished_at IS NOT NULL
WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id AND f.partner_sale_id = ANY (@partner_sale_ids::text[]) AND a.started_at > @since
ORDER BY a.started_at;

-- Sales that have not arrived, by link and reason, with the oldest of each. An unknown outcome is a person's turn after a look that can
-- be trusted; before that it is "looking". What waits by its link's own delay is not stuck.
-- name: ForwardingsStuck :many
SELECT f.integration_id, i.name AS integration,
  (CASE WHEN f.state IN ('waiting', 'sending') THEN 'waiting'
    WHEN f.state = 'outcome_unknown' AND (f.may_resend OR i.state <> 'removed' AND f.look IN ('wanted', 'looking')) THEN 'looking' ELSE 'person' END)::text AS standing,
  (CASE WHEN f.cause = '' THEN f.state ELSE f.cause END)::text AS reason,
  count(*) AS sales, min(CASE WHEN f.state IN ('waiting', 'sending') THEN f.due_at ELSE f.updated_at END)::timestamptz AS since, min(f.sale_id)::bigint AS first_sale_id
FROM forwardings f JOIN integrations i ON i.environment_id = f.environment_id AND i.id = f.integration_id
WHERE f.environment_id = @environment_id AND f.state IN ('waiting', 'sending', 'action_required', 'outcome_unknown') AND NOT (f.state = 'waiting' AND f.cause = '' AND f.due_at > @now)
GROUP BY 1, 2, 3, 4 ORDER BY 3, 5 DESC, 1, 4;
