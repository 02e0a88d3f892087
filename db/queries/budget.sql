-- Every limit group as its integrations have it. The lowest limit counts that a partner told: who shares a budget shares it
-- with all. What an admin set is in a group of its own.
-- name: SystemLimitGroupsRefresh :exec
INSERT INTO limit_groups (name, requests_per_minute, integrations)
SELECT i.limit_group, min(coalesce(nullif((i.settings ->> 'requests_per_minute')::integer, 0),
    CASE WHEN i.partner_kind = 'stock' THEN @stock_limit::integer ELSE nullif((i.capabilities ->> 'requests_per_minute')::integer, 0) END)), count(*)::integer
FROM integrations i WHERE i.state <> 'removed' GROUP BY i.limit_group
ON CONFLICT (name) DO UPDATE SET requests_per_minute = EXCLUDED.requests_per_minute, integrations = EXCLUDED.integrations
WHERE (limit_groups.requests_per_minute, limit_groups.integrations) IS DISTINCT FROM (EXCLUDED.requests_per_minute, EXCLUDED.integrations);

-- A limit that was learned is tried a little higher when the partner has not throttled for a while.
-- name: SystemLimitGroupsRelearn :exec
UPDATE limit_groups SET learned_at = @now,
  learned = CASE WHEN learned * 11 / 10 + 1 >= requests_per_minute THEN NULL ELSE learned * 11 / 10 + 1 END
WHERE learned IS NOT NULL AND learned_at < @before;

-- What an admin sets is believed again: what was learned before says nothing of it.
-- name: SystemLimitGroupsBelieve :exec
UPDATE limit_groups g SET learned = NULL, learned_at = NULL
FROM (SELECT limit_group, max(limit_set_at) AS at FROM integrations
  WHERE state <> 'removed' AND (settings ->> 'requests_per_minute')::integer > 0 GROUP BY limit_group) i
WHERE i.limit_group = g.name AND g.learned IS NOT NULL AND g.learned_at < i.at;

-- name: SystemLimitGroups :many
SELECT * FROM limit_groups WHERE integrations > 0;

-- One lesson for one burst of refusals: the limit is what the partner took in the last minute, but at most a little
-- lower than before, and at least seven tenths of it: what went past us may have been counted too.
-- name: SystemLimitGroupThrottled :execrows
UPDATE limit_groups g SET throttled_at = @now,
  learned = CASE WHEN g.learned_at > @before THEN g.learned ELSE greatest(@least::integer, least(
    coalesce(g.learned, g.requests_per_minute, @unknown::integer) * 95 / 100, greatest(coalesce(g.learned, g.requests_per_minute, @unknown) * 7 / 10,
    (SELECT coalesce(sum(u.requests - u.throttled), 0)::integer FROM limit_group_use u WHERE u.name = g.name AND u.at > @since)))) END,
  learned_at = CASE WHEN g.learned_at > @before THEN g.learned_at ELSE @now END
WHERE g.name = @name;

-- name: SystemCircuitOpen :execrows
UPDATE limit_groups SET circuit_since = @now, probe_at = @probe_at WHERE name = @name AND circuit_since IS NULL;

-- name: SystemCircuitClose :execrows
UPDATE limit_groups SET circuit_since = NULL, probe_at = NULL WHERE name = @name AND circuit_since IS NOT NULL;

-- Of all that would like to try, one may.
-- name: SystemCircuitProbe :execrows
UPDATE limit_groups SET probe_at = @next WHERE name = @name AND circuit_since IS NOT NULL AND probe_at <= @now;

-- name: SystemCircuits :many
SELECT name, probe_at FROM limit_groups WHERE circuit_since IS NOT NULL;

-- name: SystemLimitGroupUsed :exec
INSERT INTO limit_group_use (name, at, kind, requests, throttled) VALUES (@name, @at, @kind, @requests, @throttled)
ON CONFLICT (name, at, kind) DO UPDATE SET requests = limit_group_use.requests + EXCLUDED.requests, throttled = limit_group_use.throttled + EXCLUDED.throttled;

-- name: SystemLimitGroupUseForget :exec
DELETE FROM limit_group_use WHERE at < @before;

-- What an integration's limit group allows, and how many of its own environment share it.
-- name: IntegrationBudget :one
SELECT g.requests_per_minute, g.learned, g.throttled_at, g.circuit_since, g.probe_at,
  (SELECT count(*) FROM integrations o WHERE o.environment_id = i.environment_id AND o.limit_group = i.limit_group AND o.id <> i.id AND o.state <> 'removed')::bigint AS shared_with,
  (SELECT count(*) FROM forwardings f WHERE f.environment_id = i.environment_id AND f.integration_id = i.id AND f.state IN ('waiting', 'sending') AND f.due_at <= @now)::bigint AS forwardings,
  (SELECT count(*) FROM integration_products p WHERE p.environment_id = i.environment_id AND p.integration_id = i.id AND p.selected AND p.offered AND NOT p.detailed)::bigint AS details
FROM integrations i LEFT JOIN limit_groups g ON g.name = i.limit_group WHERE i.environment_id = @environment_id AND i.id = @id;

-- name: IntegrationBudgetUse :many
SELECT kind, sum(requests)::bigint AS requests, sum(throttled)::bigint AS throttled FROM integration_use
WHERE environment_id = @environment_id AND integration_id = @integration_id AND at > @since GROUP BY kind ORDER BY kind;

-- name: SystemIntegrationUsed :exec
INSERT INTO integration_use (environment_id, integration_id, at, kind, requests, throttled)
SELECT i.environment_id, i.id, @at, @kind, @requests, @throttled FROM integrations i WHERE i.environment_id = @environment_id AND i.id = @integration_id
ON CONFLICT (environment_id, integration_id, at, kind) DO UPDATE SET requests = integration_use.requests + EXCLUDED.requests, throttled = integration_use.throttled + EXCLUDED.throttled;

-- name: SystemIntegrationUseForget :exec
DELETE FROM integration_use WHERE at < @before;

-- name: SystemLimitGroup :one
SELECT * FROM limit_groups WHERE name = @name;

-- The turns of a kind at a group, one after the other: next_at is when the one after this is.
-- name: SystemFloorTurn :one
INSERT INTO limit_group_floors (name, kind, next_at) VALUES (@name, @kind, sqlc.arg(after_now)::timestamptz)
ON CONFLICT (name, kind) DO UPDATE SET next_at = greatest(limit_group_floors.next_at, sqlc.arg(now)::timestamptz) + (sqlc.arg(after_now)::timestamptz - sqlc.arg(now))
RETURNING next_at;
