-- The keys that something may be sealed with: a start must be able to open the proof of each. A process that seals with one says so
-- again and again, so that nobody takes it away from under it.
-- +goose Up
CREATE TABLE encryption_keys (
  name    text PRIMARY KEY,
  proof   bytea NOT NULL,
  seen_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON encryption_keys TO koppel_system;

-- Who did it on the command line; null: a user, or Koppel by itself.
ALTER TABLE audit_log ADD COLUMN operator text;

-- +goose Down
ALTER TABLE audit_log DROP COLUMN operator;
DROP TABLE encryption_keys;
