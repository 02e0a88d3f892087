-- name: OperationInsert :one
INSERT INTO operations (environment_id, integration_id, kind, selection, total, user_id, created_at)
VALUES (@environment_id, @integration_id, @kind, @selection, @total, @user_id, @now) RETURNING *;

-- name: OperationByID :one
SELECT * FROM operations WHERE environment_id = @environment_id AND id = @id;

-- name: OperationLock :one
SELECT * FROM operations WHERE environment_id = @environment_id AND id = @id FOR UPDATE;

-- name: OperationsUnderWay :many
SELECT * FROM operations WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'running' ORDER BY id;

-- name: OperationAdvance :exec
UPDATE operations SET after_id = @after_id, done = done + @done, started = started + @started WHERE environment_id = @environment_id AND id = @id;

-- name: OperationEnd :execrows
UPDATE operations SET state = @state, finished_at = @now WHERE environment_id = @environment_id AND id = @id AND state = 'running';

-- name: SystemOperationsToRun :many
SELECT id FROM operations WHERE state = 'running' AND id > @after_id ORDER BY id LIMIT @page_size;

-- name: SystemOperationAddress :one
SELECT environment_id, integration_id, id, state FROM operations WHERE id = @id;

-- Sales with a product of the partner that were never on their way to it, or were withdrawn.
-- name: SalesToForward :many
SELECT s.* FROM sales s WHERE s.environment_id = @environment_id AND s.id > @after_id
  AND EXISTS (SELECT FROM sale_lines l WHERE l.environment_id = s.environment_id AND l.sale_id = s.id AND l.integration_id = @integration_id::bigint)
  AND (sqlc.narg('since')::timestamptz IS NULL OR s.created_at >= sqlc.narg('since'))
  AND (sqlc.narg('statuses')::text[] IS NULL OR s.status = ANY (sqlc.narg('statuses')::text[]))
  AND NOT EXISTS (SELECT FROM forwardings f WHERE f.environment_id = s.environment_id AND f.integration_id = @integration_id::bigint AND f.sale_id = s.id AND f.state <> 'withdrawn')
ORDER BY s.id LIMIT @page_size;

-- name: ForwardingsToResume :many
SELECT * FROM forwardings WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'action_required' AND id > @after_id
  AND (sqlc.narg('cause')::text IS NULL OR cause = sqlc.narg('cause')) ORDER BY id LIMIT @page_size;

-- name: ForwardingsToResumeCount :one
SELECT count(*) FROM forwardings WHERE environment_id = @environment_id AND integration_id = @integration_id AND state = 'action_required'
  AND (sqlc.narg('cause')::text IS NULL OR cause = sqlc.narg('cause'));

-- How many of a link's sales are on their way now, counted up to so many.
-- name: ForwardingsUnderWay :one
SELECT count(*) FROM (SELECT FROM forwardings f WHERE f.environment_id = @environment_id AND f.integration_id = @integration_id
  AND (f.state IN ('waiting', 'sending') AND f.due_at <= @now OR f.state = 'outcome_unknown' AND f.may_resend) LIMIT @up_to) few;

-- One operation resumes what waits; what came to wait behind it is begun with again.
-- name: OperationRestart :many
UPDATE operations SET after_id = 0, total = done + @total WHERE environment_id = @environment_id AND integration_id = @integration_id
  AND kind = 'resume' AND state = 'running' AND selection = @selection RETURNING *;
