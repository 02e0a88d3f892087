-- +goose Up

-- The key that an environment signs its requests to partners with (ed25519), made when it is first needed.
CREATE TABLE environment_keys (
  environment_id bigint PRIMARY KEY REFERENCES environments,
  seed_sealed    bytea NOT NULL,
  created_at     timestamptz NOT NULL
);
ALTER TABLE environment_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON environment_keys TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON environment_keys TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON environment_keys TO koppel_app, koppel_system;

-- The key that a linked environment signs with. Links from before it was asked for pin the first one they see; until
-- then their requests need no signature.
ALTER TABLE incoming_links ADD COLUMN partner_key bytea, ADD COLUMN key_required boolean NOT NULL DEFAULT false;
ALTER TABLE incoming_links ALTER COLUMN key_required SET DEFAULT true;

-- +goose Down
ALTER TABLE incoming_links DROP COLUMN partner_key, DROP COLUMN key_required;
DROP TABLE environment_keys;
