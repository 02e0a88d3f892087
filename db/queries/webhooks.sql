-- name: WebhookInsert :one
INSERT INTO webhooks (environment_id, user_id, scope, event, target_url, secret_sealed, uuid, created_at)
VALUES (@environment_id, @user_id, @scope, @event, @target_url, @secret_sealed, (@uuid::text)::uuid, @now) RETURNING *;

-- name: WebhookList :many
SELECT sqlc.embed(w), (CASE WHEN w.scope = 'user' THEN w.sequence - w.delivered ELSE (SELECT count(*) FROM webhook_events e WHERE e.environment_id = w.environment_id AND e.webhook_id = w.id) END)::bigint AS waiting
FROM webhooks w WHERE w.environment_id = @environment_id AND w.state <> 'removed'
  AND (sqlc.narg('scope')::text IS NULL OR w.scope = sqlc.narg('scope')) AND (sqlc.narg('user_id')::bigint IS NULL OR w.user_id = sqlc.narg('user_id')) ORDER BY w.id;

-- name: WebhookByID :one
SELECT * FROM webhooks WHERE environment_id = @environment_id AND id = @id;

-- name: WebhookByUUID :one
SELECT * FROM webhooks WHERE environment_id = @environment_id AND uuid::text = @uuid::text AND state <> 'removed' FOR UPDATE;

-- name: WebhookSetState :execrows
UPDATE webhooks SET state = @state, attempts = 0, next_at = NULL, failing_since = NULL WHERE environment_id = @environment_id AND id = @id AND state <> 'removed';

-- name: WebhookEventNext :one
SELECT * FROM webhook_events WHERE environment_id = @environment_id AND webhook_id = @webhook_id ORDER BY id LIMIT 1;

-- name: WebhookEventDone :exec
DELETE FROM webhook_events WHERE environment_id = @environment_id AND id = @id;

-- name: WebhookEventsForget :exec
DELETE FROM webhook_events WHERE environment_id = @environment_id AND webhook_id = @webhook_id;

-- name: WebhookDelivered :exec
UPDATE webhooks SET delivered = greatest(delivered, @delivered), attempts = 0, next_at = NULL, failing_since = NULL, last_status = @last_status, last_at = @now
WHERE environment_id = @environment_id AND id = @id;

-- name: WebhookFailed :exec
UPDATE webhooks SET attempts = attempts + 1, next_at = @next_at, failing_since = coalesce(failing_since, @now), last_status = @last_status, last_at = @now, state = @state
WHERE environment_id = @environment_id AND id = @id AND state = 'active';

-- An event for everybody in the account who wants to hear of it, and what moves it.
-- name: WebhookEventsInsert :exec
WITH events AS (
  INSERT INTO webhook_events (environment_id, webhook_id, subject_id, created_at)
  SELECT w.environment_id, w.id, about.id, @now FROM webhooks w, unnest(@subject_ids::bigint[]) AS about (id)
  WHERE w.environment_id = @environment_id AND w.event = @event AND w.scope = 'account' AND w.state <> 'removed' RETURNING environment_id, webhook_id
)
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at) SELECT DISTINCT e.environment_id, 'webhook', e.webhook_id, 'look-again', @now::timestamptz FROM events e;

-- A hint for users: everybody's, or one user's.
-- name: WebhookHint :exec
WITH told AS (
  UPDATE webhooks w SET sequence = w.sequence + 1, changed = koppel_change()
  WHERE w.environment_id = @environment_id AND w.event = @event AND w.scope = 'user' AND w.state <> 'removed' AND (sqlc.narg('user_id')::bigint IS NULL OR w.user_id = sqlc.narg('user_id'))
  RETURNING w.environment_id, w.id
)
INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at) SELECT told.environment_id, 'webhook', told.id, 'look-again', @now FROM told;

-- name: SystemWebhookAddress :one
SELECT environment_id, id, state, target_url FROM webhooks WHERE id = @id;

-- name: SystemWebhooksToRun :many
SELECT w.id FROM webhooks w WHERE w.state = 'active' AND w.id > @after_id
  AND (w.sequence > w.delivered OR EXISTS (SELECT FROM webhook_events e WHERE e.environment_id = w.environment_id AND e.webhook_id = w.id)) ORDER BY w.id LIMIT @page_size;
