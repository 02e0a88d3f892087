-- A job that failed, whatever the reason.
-- name: BackgroundFailed :exec
INSERT INTO background_jobs (environment_id, subject, subject_id, kind, last_error, last_error_ref, last_error_at, failing_since, failures, next_try_at)
VALUES (@environment_id, @subject, @subject_id, @kind, @reason, @ref, @now::timestamptz, @now::timestamptz, 1, @next_try_at)
ON CONFLICT (environment_id, subject, subject_id, kind) DO UPDATE SET last_error = EXCLUDED.last_error, last_error_ref = EXCLUDED.last_error_ref, last_error_at = EXCLUDED.last_error_at,
  failing_since = coalesce(background_jobs.failing_since, EXCLUDED.failing_since), failures = background_jobs.failures + 1, next_try_at = EXCLUDED.next_try_at;

-- A job that went well. Nothing is written where nothing changed for a while: most of the time that is so. A step
-- that is not the last of its job ends its failing only.
-- name: BackgroundSucceeded :exec
WITH there AS (
  UPDATE background_jobs SET last_success_at = CASE WHEN @finished::boolean THEN @now::timestamptz ELSE last_success_at END, failing_since = NULL, failures = 0, next_try_at = NULL
  WHERE subject = @subject AND subject_id = @subject_id AND kind = @kind
    AND (failing_since IS NOT NULL OR @finished AND (last_success_at IS NULL OR last_success_at < @before::timestamptz)) AND environment_id = @environment_id
)
INSERT INTO background_jobs (environment_id, subject, subject_id, kind, last_success_at)
SELECT @environment_id, @subject, @subject_id, @kind, @now
WHERE @finished AND NOT EXISTS (SELECT FROM background_jobs b WHERE b.environment_id = @environment_id AND b.subject = @subject AND b.subject_id = @subject_id AND b.kind = @kind)
ON CONFLICT (environment_id, subject, subject_id, kind) DO NOTHING;

-- name: BackgroundJobs :many
SELECT * FROM background_jobs WHERE environment_id = @environment_id ORDER BY failing_since NULLS LAST, subject, subject_id, kind;

-- How every kind of job fares, for the metrics. What is paused, ended or removed does not run.
-- name: SystemBackgroundKinds :many
SELECT b.kind, count(b.failing_since)::bigint AS failing,
  coalesce(min(b.failing_since), now())::timestamptz AS failing_since, coalesce(min(b.last_success_at), now())::timestamptz AS oldest_success
FROM background_jobs b
WHERE CASE b.subject
  WHEN 'integration' THEN EXISTS (SELECT FROM integrations i WHERE i.environment_id = b.environment_id AND i.id = b.subject_id AND i.state = 'active')
  WHEN 'link' THEN EXISTS (SELECT FROM incoming_links l WHERE l.environment_id = b.environment_id AND l.id = b.subject_id AND l.state = 'active')
  WHEN 'webhook' THEN EXISTS (SELECT FROM webhooks w WHERE w.environment_id = b.environment_id AND w.id = b.subject_id AND w.state = 'active')
  ELSE true END
GROUP BY b.kind ORDER BY b.kind;

-- When the mail that waits longest should have gone.
-- name: BackgroundMailDue :many
SELECT next_at FROM mails WHERE environment_id = @environment_id AND state = 'waiting' ORDER BY next_at LIMIT 1;

-- Runs that have not ended: while one is under way, nothing else checks.
-- name: BackgroundRuns :many
SELECT integration_id, state, created_at FROM sync_runs WHERE environment_id = @environment_id AND state IN ('queued', 'running');

-- name: BackgroundLinks :many
SELECT id, partner_account, state FROM incoming_links WHERE environment_id = @environment_id;

-- name: BackgroundWebhooks :many
SELECT w.id, w.target_url, w.state, w.next_at, (w.sequence > w.delivered OR EXISTS (SELECT FROM webhook_events e WHERE e.environment_id = w.environment_id AND e.webhook_id = w.id))::boolean AS waiting
FROM webhooks w WHERE w.environment_id = @environment_id AND w.state <> 'removed';

-- How many jobs fail and do not pass by themselves.
-- name: BackgroundForPersonCount :one
SELECT count(*) FROM background_jobs b
WHERE b.environment_id = @environment_id AND b.failing_since IS NOT NULL AND NOT b.last_error = ANY (@passing::text[])
  AND CASE b.subject
    WHEN 'integration' THEN EXISTS (SELECT FROM integrations i WHERE i.environment_id = b.environment_id AND i.id = b.subject_id AND i.state = 'active')
    WHEN 'link' THEN EXISTS (SELECT FROM incoming_links l WHERE l.environment_id = b.environment_id AND l.id = b.subject_id AND l.state = 'active')
    WHEN 'webhook' THEN EXISTS (SELECT FROM webhooks w WHERE w.environment_id = b.environment_id AND w.id = b.subject_id AND w.state = 'active')
    ELSE true END;

-- What should have run long ago, by the links' own times. A check waits while a run is under way.
-- name: SystemBackgroundMissed :many
SELECT due.kind::text AS kind, count(*) FILTER (WHERE due.at < @before::timestamptz
  AND NOT EXISTS (SELECT FROM background_jobs b WHERE b.environment_id = i.environment_id AND b.subject = 'integration' AND b.subject_id = i.id AND b.kind = due.kind AND b.last_error_at >= @before))::bigint AS missed
FROM integrations i CROSS JOIN LATERAL (VALUES
  ('check', CASE WHEN NOT EXISTS (SELECT FROM sync_runs r WHERE r.environment_id = i.environment_id AND r.integration_id = i.id AND r.state IN ('queued', 'running')) THEN i.next_sync_at END),
  ('poll', CASE WHEN (i.settings ->> 'status_updates')::boolean THEN i.next_poll_at END),
  ('sweep', CASE WHEN (i.settings ->> 'status_updates')::boolean AND i.partner_kind = 'stock' THEN i.sweep_at END),
  ('look', i.look_at)) AS due (kind, at)
WHERE i.state = 'active' GROUP BY due.kind ORDER BY due.kind;
