-- What is removed by age is found by an index, where the table is large.
-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS sync_runs_created;
CREATE INDEX CONCURRENTLY sync_runs_created ON sync_runs (created_at);
DROP INDEX CONCURRENTLY IF EXISTS forwarding_attempts_started;
CREATE INDEX CONCURRENTLY forwarding_attempts_started ON forwarding_attempts (started_at);
DROP INDEX CONCURRENTLY IF EXISTS mails_created;
CREATE INDEX CONCURRENTLY mails_created ON mails (created_at);
DROP INDEX CONCURRENTLY IF EXISTS webhook_events_created;
CREATE INDEX CONCURRENTLY webhook_events_created ON webhook_events (created_at);
DROP INDEX CONCURRENTLY IF EXISTS concept_transactions_unused;
CREATE INDEX CONCURRENTLY concept_transactions_unused ON concept_transactions (created_at) WHERE sale_id IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS audit_log_at;
CREATE INDEX CONCURRENTLY audit_log_at ON audit_log (at);

-- The audit log only grows for whoever works here. What is old goes by this function alone, and nothing of the last month does.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION koppel_audit_forget(before timestamptz, at_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE gone bigint;
BEGIN
  IF before > now() - interval '30 days' THEN RAISE EXCEPTION 'the audit log keeps its last 30 days'; END IF;
  DELETE FROM audit_log WHERE id = ANY (ARRAY(SELECT id FROM audit_log WHERE at < before ORDER BY at LIMIT at_most));
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION koppel_audit_forget(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION koppel_audit_forget(timestamptz, integer) TO koppel_system;

-- +goose Down
DROP FUNCTION koppel_audit_forget(timestamptz, integer);
DROP INDEX CONCURRENTLY sync_runs_created;
DROP INDEX CONCURRENTLY forwarding_attempts_started;
DROP INDEX CONCURRENTLY mails_created;
DROP INDEX CONCURRENTLY webhook_events_created;
DROP INDEX CONCURRENTLY concept_transactions_unused;
DROP INDEX CONCURRENTLY audit_log_at;
