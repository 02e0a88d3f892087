-- Each row of the audit log says from where it came, and is sealed once it is settled: a chain for each environment, in which
-- each hash covers a row and the hash before it. A row that went by its age leaves its digest, as long as one before it stays.
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE audit_log ADD COLUMN IF NOT EXISTS address text NOT NULL DEFAULT '', ADD COLUMN IF NOT EXISTS request text NOT NULL DEFAULT '';
CREATE TABLE IF NOT EXISTS audit_seals (
  environment_id bigint NOT NULL REFERENCES environments,
  position       bigint NOT NULL,
  audit_id       bigint NOT NULL UNIQUE,
  at             timestamptz NOT NULL, -- the row's
  changed        bigint NOT NULL,      -- the row's
  digest         bytea NOT NULL,
  hash           bytea NOT NULL,
  PRIMARY KEY (environment_id, position)
);
DROP INDEX IF EXISTS audit_seals_changed;
CREATE INDEX audit_seals_changed ON audit_seals (changed);
ALTER TABLE audit_seals ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tenant ON audit_seals;
CREATE POLICY tenant ON audit_seals TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
DROP POLICY IF EXISTS system ON audit_seals;
CREATE POLICY system ON audit_seals TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON audit_seals TO koppel_system;
DROP INDEX CONCURRENTLY IF EXISTS audit_log_settled;
CREATE INDEX CONCURRENTLY audit_log_settled ON audit_log (changed, id);

-- What koppel_audit_mask has still to mask.
CREATE OR REPLACE FUNCTION koppel_audit_to_mask(row_masked boolean, row_entity text, row_action text, empty boolean) RETURNS boolean LANGUAGE sql IMMUTABLE
  RETURN NOT row_masked AND NOT empty AND row_entity IN ('sale', 'user', 'organisation', 'token', 'webhook', 'forwarding', 'cancellation_request') AND row_action NOT IN ('grant', 'grant_flows');

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION koppel_audit_forget(before timestamptz, at_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE gone bigint; touched bigint[];
BEGIN
  IF before > now() - interval '30 days' THEN RAISE EXCEPTION 'the audit log keeps its last 30 days'; END IF;
  WITH old AS (DELETE FROM audit_log WHERE id = ANY (ARRAY(SELECT id FROM audit_log WHERE at < before ORDER BY at LIMIT at_most)) RETURNING environment_id)
    SELECT count(*), array_agg(DISTINCT environment_id) INTO gone, touched FROM old;
  -- The last seal before the first row that stays is where the chain begins from now on; where none stays, the last of all.
  DELETE FROM audit_seals s USING (SELECT e AS environment_id, coalesce(
      (SELECT k.position - 1 FROM audit_seals k WHERE k.environment_id = e AND EXISTS (SELECT FROM audit_log a WHERE a.id = k.audit_id) ORDER BY k.position LIMIT 1),
      (SELECT max(k.position) FROM audit_seals k WHERE k.environment_id = e)) AS first FROM unnest(touched) e) kept
    WHERE s.environment_id = kept.environment_id AND s.position < kept.first;
  RETURN gone;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION koppel_audit_forget(before timestamptz, at_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE gone bigint; BEGIN IF before > now() - interval '30 days' THEN RAISE EXCEPTION 'the audit log keeps its last 30 days'; END IF; DELETE FROM audit_log WHERE id = ANY (ARRAY(SELECT id FROM audit_log WHERE at < before ORDER BY at LIMIT at_most)); GET DIAGNOSTICS gone = ROW_COUNT; RETURN gone; END $$;
-- +goose StatementEnd
DROP INDEX CONCURRENTLY audit_log_settled;
DROP FUNCTION koppel_audit_to_mask(boolean, text, text, boolean);
DROP TABLE audit_seals;
ALTER TABLE audit_log DROP COLUMN address, DROP COLUMN request;
