-- The function looks in the transaction's environment.
-- name: EnvironmentSalesOfPerson :many
SELECT koppel_sales_of_person(@email::text, @phone::text)::bigint AS id ORDER BY 1;

-- What a dialer prefilled for a person, and nothing came of.
-- name: ConceptsOfPerson :many
SELECT * FROM concept_transactions WHERE environment_id = @environment_id AND sale_id IS NULL
  AND (koppel_is_person(prefill, @email::text, @phone::text) OR koppel_reaches_person(optin, @email, @phone)) ORDER BY id;

-- name: MailsOfSale :many
SELECT * FROM mails WHERE environment_id = @environment_id AND sale_id = @sale_id::bigint ORDER BY id;

-- name: CancellationsOfSale :many
SELECT * FROM cancellation_requests WHERE environment_id = @environment_id AND sale_id = @sale_id ORDER BY id;

-- Every row that has something of a person, as it is kept: what hangs on sales, and what does not. A secret is no row's to tell; a
-- request is opened by who has the key.
-- name: PersonRows :many
SELECT s.tableoid::regclass::text AS kept_in, to_jsonb(s) AS kept, NULL::bytea AS sealed FROM sales s WHERE s.environment_id = @environment_id AND s.id = ANY (@sale_ids::bigint[])
UNION ALL SELECT l.tableoid::regclass::text, to_jsonb(l), NULL FROM sale_lines l WHERE l.environment_id = @environment_id AND l.sale_id = ANY (@sale_ids)
UNION ALL SELECT h.tableoid::regclass::text, to_jsonb(h), NULL FROM sale_history h WHERE h.environment_id = @environment_id AND h.sale_id = ANY (@sale_ids)
UNION ALL SELECT o.tableoid::regclass::text, to_jsonb(o), NULL FROM sale_optins o WHERE o.environment_id = @environment_id AND o.sale_id = ANY (@sale_ids)
UNION ALL SELECT c.tableoid::regclass::text, to_jsonb(c), NULL FROM concept_transactions c WHERE c.environment_id = @environment_id AND (c.sale_id = ANY (@sale_ids) OR c.id = ANY (@concept_ids::bigint[]))
UNION ALL SELECT f.tableoid::regclass::text, to_jsonb(f) - '{request_sealed}'::text[], f.request_sealed FROM forwardings f WHERE f.environment_id = @environment_id AND f.sale_id = ANY (@sale_ids)
UNION ALL SELECT a.tableoid::regclass::text, to_jsonb(a), NULL FROM forwarding_attempts a JOIN forwardings f ON f.environment_id = a.environment_id AND f.id = a.forwarding_id
  WHERE a.environment_id = @environment_id AND f.sale_id = ANY (@sale_ids)
UNION ALL SELECT r.tableoid::regclass::text, to_jsonb(r), NULL FROM set_aside_rows r JOIN forwardings f ON f.environment_id = r.environment_id AND f.integration_id = r.integration_id
  AND f.partner_sale_id = r.partner_id WHERE r.environment_id = @environment_id AND r.kind = 'sale' AND f.sale_id = ANY (@sale_ids)
UNION ALL SELECT c.tableoid::regclass::text, to_jsonb(c), NULL FROM cancellation_requests c WHERE c.environment_id = @environment_id AND c.sale_id = ANY (@sale_ids)
UNION ALL SELECT m.tableoid::regclass::text, to_jsonb(m) - '{secret_sealed}'::text[], NULL FROM mails m WHERE m.environment_id = @environment_id AND m.sale_id = ANY (@sale_ids)
UNION ALL SELECT e.tableoid::regclass::text, to_jsonb(e), NULL FROM webhook_events e JOIN webhooks w ON w.environment_id = e.environment_id AND w.id = e.webhook_id
  WHERE e.environment_id = @environment_id AND e.subject_id = ANY (@sale_ids) AND w.event = ANY (@events::text[])
UNION ALL SELECT u.tableoid::regclass::text, to_jsonb(u) - '{password_hash,partner_key}'::text[], NULL FROM users u WHERE u.environment_id = @environment_id AND u.id = ANY (@user_ids::bigint[])
UNION ALL SELECT a.tableoid::regclass::text, to_jsonb(a), NULL FROM audit_log a WHERE a.environment_id = @environment_id AND (
  a.entity = 'sale' AND a.entity_id = ANY (SELECT unnest(@sale_ids)::text)
  OR a.entity = 'forwarding' AND a.entity_id IN (SELECT f.id::text FROM forwardings f WHERE f.environment_id = @environment_id AND f.sale_id = ANY (@sale_ids))
  OR a.entity = 'cancellation_request' AND a.entity_id IN (SELECT c.id::text FROM cancellation_requests c WHERE c.environment_id = @environment_id AND c.sale_id = ANY (@sale_ids))
  OR a.entity = 'user' AND a.entity_id = ANY (SELECT unnest(@user_ids)::text))
ORDER BY 1;

-- A sale without the person whose it is. Who counts it finds it as it was.
-- name: SaleErase :exec
UPDATE sales SET submission = @submission, original = NULL, status_remark = '', erased_at = @now, updated_at = @now WHERE environment_id = @environment_id AND id = @id;

-- name: SaleForwardingsLock :many
SELECT id FROM forwardings WHERE environment_id = @environment_id AND sale_id = @sale_id ORDER BY id FOR UPDATE;

-- name: SaleHistoryErase :exec
UPDATE sale_history SET remark = '' WHERE environment_id = @environment_id AND sale_id = @sale_id AND remark <> '';

-- name: SaleForwardingsErase :exec
UPDATE forwardings SET request_sealed = NULL, problems = '[]', candidates = '[]', abandon_reason = '' WHERE environment_id = @environment_id AND sale_id = @sale_id;

-- name: SaleOptinErase :exec
DELETE FROM sale_optins WHERE environment_id = @environment_id AND sale_id = @sale_id;

-- name: SaleConceptsErase :exec
UPDATE concept_transactions SET prefill = '{}', optin = NULL, source_id = '' WHERE environment_id = @environment_id AND sale_id = @sale_id::bigint;

-- name: SaleCancellationsErase :exec
UPDATE cancellation_requests SET reason = '', answer = '' WHERE environment_id = @environment_id AND sale_id = @sale_id;

-- name: SaleMailsErase :exec
UPDATE mails SET state = 'withdrawn', finished_at = @now, secret_sealed = NULL WHERE environment_id = @environment_id AND sale_id = @sale_id::bigint AND state = 'waiting';

-- name: SaleSetAsideErase :exec
DELETE FROM set_aside_rows r USING forwardings f WHERE r.environment_id = @environment_id AND r.kind = 'sale'
  AND f.environment_id = r.environment_id AND f.integration_id = r.integration_id AND f.partner_sale_id = r.partner_id AND f.sale_id = @sale_id;

-- name: ConceptsErase :execrows
DELETE FROM concept_transactions WHERE environment_id = @environment_id AND id = ANY (@ids::bigint[]) AND sale_id IS NULL;

-- name: EnvironmentSetKept :exec
UPDATE environments SET keep_concepts_days = sqlc.narg('concepts'), keep_refused_days = sqlc.narg('refused'), keep_ended_days = sqlc.narg('ended') WHERE id = @id;

-- What was kept for as many days as its environment says: sales that are cancelled or closed, offers that were refused or expired, and
-- nothing of which something is under way.
-- name: SystemSalesOver :many
SELECT s.environment_id, s.id FROM sales s JOIN environments e ON e.id = s.environment_id
WHERE s.erased_at IS NULL AND (s.status_type IN ('cancelled', 'closed') OR s.status IN ('offer_rejected', 'offer_rejected_alternative', 'offer_expired')) AND (e.keep_refused_days > 0 OR e.keep_ended_days > 0) AND s.id > @after_id AND (
    (s.status_type = 'cancelled' OR s.status IN ('offer_rejected', 'offer_rejected_alternative', 'offer_expired')) AND s.status_changed_at + e.keep_refused_days * interval '1 day' < @now::timestamptz
    OR s.status_type = 'closed' AND s.status_changed_at + e.keep_ended_days * interval '1 day' < @now::timestamptz)
  AND NOT EXISTS (SELECT FROM forwardings f WHERE f.environment_id = s.environment_id AND f.sale_id = s.id AND f.state IN ('waiting', 'sending', 'action_required', 'outcome_unknown'))
  AND NOT EXISTS (SELECT FROM cancellation_requests c WHERE c.environment_id = s.environment_id AND c.sale_id = s.id AND c.state IN ('asking', 'open', 'withdrawing'))
ORDER BY s.id LIMIT @page_size;

-- name: SystemConceptsOver :execrows
DELETE FROM concept_transactions WHERE id = ANY (ARRAY(SELECT c.id FROM concept_transactions c JOIN environments e ON e.id = c.environment_id
  WHERE c.sale_id IS NULL AND c.created_at + e.keep_concepts_days * interval '1 day' < @now::timestamptz ORDER BY c.created_at LIMIT @page_size));
