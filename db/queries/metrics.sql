-- What metrics tell: each kind by one query over what is open, never over what has ended.

-- What Temporal has not heard of yet.
-- name: SystemOutboxSize :one
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds FROM outbox;

-- How every link stands: how old what it read is, and what its partner allows and was asked in the last minute.
-- name: SystemLinkStates :many
SELECT i.id, i.state, i.partner_kind, coalesce(i.last_checked_at, i.created_at)::timestamptz AS products_at,
  coalesce((i.settings ->> 'status_updates')::boolean, false)::boolean AS follows_statuses, coalesce(i.last_polled_at, i.created_at)::timestamptz AS statuses_at,
  g.requests_per_minute, g.learned, (g.circuit_since IS NOT NULL)::boolean AS circuit_open, coalesce(u.requests, 0)::bigint AS used
FROM integrations i LEFT JOIN limit_groups g ON g.name = i.limit_group
LEFT JOIN (SELECT name, sum(requests) AS requests FROM limit_group_use WHERE at > @since GROUP BY name) u ON u.name = i.limit_group
WHERE i.state <> 'removed' ORDER BY i.id;

-- Sales that have not arrived, by link and reason. An unknown outcome is a person's turn after a look that can be trusted;
-- before that it is looked for, and "looking". What waits by its link's own delay is not due.
-- name: SystemForwardingsOpen :many
SELECT f.integration_id,
  (CASE WHEN f.state IN ('waiting', 'sending') THEN 'waiting' WHEN f.state = 'action_required' THEN 'person'
    WHEN f.may_resend OR i.state <> 'removed' AND f.look IN ('wanted', 'looking') THEN 'looking' ELSE 'unknown' END)::text AS standing,
  (CASE WHEN f.state = 'waiting' AND f.due_at > @now::timestamptz THEN 'not_due' ELSE f.cause END)::text AS reason,
  count(*) AS sales, min(CASE WHEN f.state IN ('waiting', 'sending') THEN f.due_at ELSE f.updated_at END)::timestamptz AS since
FROM forwardings f JOIN integrations i ON i.environment_id = f.environment_id AND i.id = f.integration_id
WHERE f.state NOT IN ('forwarded', 'withdrawn', 'abandoned') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
