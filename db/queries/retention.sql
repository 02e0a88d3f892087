-- Held until the transaction ends, so it works behind a pooler too.
-- name: SystemTryLock :one
SELECT pg_try_advisory_xact_lock(hashtextextended(@name::text, 0))::boolean AS locked;

-- What is too old, so many rows at a time. A link's newest run stays whatever its age.
-- name: SystemRunsForget :execrows
WITH gone AS MATERIALIZED (
  SELECT r.environment_id, r.id FROM sync_runs r WHERE r.created_at < @before AND r.state NOT IN ('queued', 'running', 'needs_confirmation')
    AND EXISTS (SELECT FROM sync_runs n WHERE n.environment_id = r.environment_id AND n.integration_id = r.integration_id AND n.id > r.id)
  ORDER BY r.created_at LIMIT @page_size),
changes AS (DELETE FROM sync_run_changes c USING gone g WHERE c.environment_id = g.environment_id AND c.run_id = g.id),
set_aside AS (DELETE FROM sync_run_set_aside s USING gone g WHERE s.environment_id = g.environment_id AND s.run_id = g.id)
DELETE FROM sync_runs r USING gone g WHERE r.environment_id = g.environment_id AND r.id = g.id;

-- An open forwarding keeps its attempts: what they prove is still asked for.
-- name: SystemAttemptsForget :execrows
DELETE FROM forwarding_attempts a USING (
  SELECT o.environment_id, o.forwarding_id, o.attempt FROM forwarding_attempts o JOIN forwardings f ON f.environment_id = o.environment_id AND f.id = o.forwarding_id
  WHERE o.started_at < @before AND f.state IN ('forwarded', 'withdrawn', 'abandoned') ORDER BY o.started_at LIMIT @page_size) gone
WHERE a.environment_id = gone.environment_id AND a.forwarding_id = gone.forwarding_id AND a.attempt = gone.attempt;

-- name: SystemMailsForget :execrows
DELETE FROM mails WHERE id = ANY (ARRAY(SELECT m.id FROM mails m WHERE m.created_at < @before AND m.state NOT IN ('waiting', 'sending') ORDER BY m.created_at LIMIT @page_size));

-- name: SystemWebhookEventsForget :execrows
DELETE FROM webhook_events WHERE id = ANY (ARRAY(SELECT e.id FROM webhook_events e WHERE e.created_at < @before ORDER BY e.created_at LIMIT @page_size));

-- name: SystemAuditForget :one
SELECT koppel_audit_forget(@before::timestamptz, @page_size::integer)::bigint AS gone;

-- name: SystemAuditMask :one
SELECT koppel_audit_mask(@page_size::integer)::bigint AS masked;

-- name: SystemTokensForget :execrows
DELETE FROM tokens WHERE id = ANY (ARRAY(SELECT t.id FROM tokens t WHERE t.revoked_at < @before::timestamptz OR t.expires_at < @before::timestamptz LIMIT @page_size));

-- name: SystemInvitationsForget :execrows
DELETE FROM invitations WHERE hash = ANY (ARRAY(SELECT i.hash FROM invitations i WHERE i.expires_at < @before LIMIT @page_size));

-- name: SystemOperationsForget :execrows
DELETE FROM operations WHERE id = ANY (ARRAY(SELECT o.id FROM operations o WHERE o.finished_at < @before::timestamptz AND o.state <> 'running' LIMIT @page_size));

-- name: SystemConceptsForget :execrows
DELETE FROM concept_transactions WHERE id = ANY (ARRAY(SELECT c.id FROM concept_transactions c WHERE c.sale_id IS NULL AND c.created_at < @before ORDER BY c.created_at LIMIT @page_size));

-- What ended, or was removed, is not told of any more.
-- name: SystemJobsForget :execrows
DELETE FROM background_jobs WHERE (environment_id, subject, subject_id, kind) IN (
  SELECT b.environment_id, b.subject, b.subject_id, b.kind FROM background_jobs b WHERE greatest(b.last_success_at, b.last_error_at) < @before::timestamptz LIMIT @page_size);

-- name: SystemIdempotencyKeysForget :execrows
DELETE FROM idempotency_keys WHERE (environment_id, user_id, key) IN (
  SELECT k.environment_id, k.user_id, k.key FROM idempotency_keys k WHERE k.created_at < @before ORDER BY k.created_at LIMIT @page_size);
