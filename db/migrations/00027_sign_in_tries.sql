-- +goose Up
-- When somebody may try to sign in again, and from where a person has signed in: hashes, no address and no name.
ALTER TABLE sign_in_failures ADD COLUMN next_at timestamptz;
CREATE TABLE sign_in_addresses (
  subject bytea PRIMARY KEY,
  seen_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_addresses TO koppel_system;

-- +goose Down
DROP TABLE sign_in_addresses;
ALTER TABLE sign_in_failures DROP COLUMN next_at;
