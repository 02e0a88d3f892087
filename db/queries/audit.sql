-- What is settled and has no seal yet, in the order of transactions: none that still runs can put a row before these. A row of a
-- transaction that is yet to come is of before a restore, and settled too.
-- name: SystemAuditUnsealed :many
SELECT sqlc.embed(a), koppel_audit_to_mask(a.masked, a.entity, a.action, a.old IS NULL AND a.new IS NULL)::boolean AS to_mask
FROM audit_log a
WHERE (a.changed >= coalesce((SELECT max(s.changed) FROM audit_seals s WHERE s.changed < koppel_change_next()), 0) AND a.changed < koppel_change_horizon()
    OR a.changed >= koppel_change_next())
  AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id)
ORDER BY a.changed, a.id LIMIT @page_size;

-- name: SystemAuditHead :one
SELECT position, hash FROM audit_seals WHERE environment_id = @environment_id ORDER BY position DESC LIMIT 1;

-- name: SystemAuditSeal :exec
INSERT INTO audit_seals (environment_id, position, audit_id, at, changed, digest, hash)
VALUES (@environment_id, @position, @audit_id, @at, @changed, @digest, @hash);

-- name: SystemAuditSeals :many
SELECT * FROM audit_seals WHERE environment_id = @environment_id AND position > @after_position ORDER BY position LIMIT @page_size;

-- name: SystemAuditRows :many
SELECT * FROM audit_log WHERE environment_id = @environment_id AND id = ANY (@ids::bigint[]);

-- name: SystemAuditOldest :one
SELECT a.at FROM audit_log a WHERE a.environment_id = @environment_id ORDER BY a.at LIMIT 1;

-- name: SystemAuditChains :many
SELECT e.id, e.account FROM environments e ORDER BY e.account;

-- Rows that the chain has passed by: put in afterwards.
-- name: SystemAuditPassedBy :many
SELECT a.id FROM audit_log a WHERE a.environment_id = @environment_id AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id)
  AND a.changed < (SELECT max(s.changed) FROM audit_seals s WHERE s.changed < koppel_change_next()) ORDER BY a.id LIMIT 10;
