-- +goose Up

-- Somebody who was invited chooses a password with a link; this table holds its hash.
CREATE TABLE invitations (
  hash           bytea PRIMARY KEY,
  environment_id bigint NOT NULL,
  user_id        bigint NOT NULL,
  expires_at     timestamptz NOT NULL,
  FOREIGN KEY (environment_id, user_id) REFERENCES users (environment_id, id)
);
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invitations TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON invitations TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO koppel_app, koppel_system;

-- +goose Down
DROP TABLE invitations;
