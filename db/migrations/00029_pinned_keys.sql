-- +goose Up
-- The key that first signed a call with a token of this user; once there is a link, the link keeps it.
ALTER TABLE users ADD COLUMN partner_key bytea;
-- Signed calls that change something and carry no Idempotency-Key: none is taken twice.
CREATE TABLE signature_nonces (
  environment_id bigint NOT NULL REFERENCES environments,
  nonce          bytea NOT NULL, -- its hash
  seen_at        timestamptz NOT NULL,
  PRIMARY KEY (environment_id, nonce)
);
ALTER TABLE signature_nonces ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON signature_nonces TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON signature_nonces TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON signature_nonces TO koppel_app;
GRANT SELECT, INSERT, DELETE ON signature_nonces TO koppel_system;

-- +goose Down
DROP TABLE signature_nonces;
ALTER TABLE users DROP COLUMN partner_key;
