-- Work that one process at a time does. A row with an end, and not a session's lock: behind a pooler there is no session.
-- +goose Up
CREATE TABLE leases (
  name    text PRIMARY KEY,
  holder  text NOT NULL,
  until   timestamptz NOT NULL,
  done_at timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON leases TO koppel_system;

-- +goose Down
DROP TABLE leases;
