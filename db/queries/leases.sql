-- The database's clock decides: those of several machines differ. What was done a moment ago is not due.
-- name: SystemLeaseTake :execrows
INSERT INTO leases AS l (name, holder, until) VALUES (@name, @holder, now() + make_interval(secs => @seconds::float8))
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE (l.until < now() OR l.holder = excluded.holder) AND (l.done_at IS NULL OR l.done_at <= now() - make_interval(secs => @due_after::float8));

-- Whoever lost it meanwhile changes nothing.
-- name: SystemLeaseKeep :execrows
UPDATE leases SET until = now() + make_interval(secs => @seconds::float8) WHERE name = @name AND holder = @holder AND until >= now();

-- name: SystemLeaseEnd :exec
UPDATE leases SET until = now(), done_at = CASE WHEN @done::boolean THEN now() ELSE done_at END WHERE name = @name AND holder = @holder;

-- How long ago it was done last; a day where it never was.
-- name: SystemLeaseDoneAge :one
SELECT coalesce((SELECT extract(epoch FROM now() - l.done_at) FROM leases l WHERE l.name = @name), 86400)::float8 AS seconds;

-- How many runs there should be of what lives long: a link as long as it exists, a sale until it has arrived. What changed
-- since has its outbox row still.
-- name: SystemLongRuns :one
SELECT ((SELECT count(*) FROM integrations i WHERE i.state <> 'removed')
     + (SELECT count(*) FROM forwardings f WHERE f.state IN ('waiting', 'sending', 'action_required', 'outcome_unknown') AND f.updated_at < @before))::bigint AS count;
