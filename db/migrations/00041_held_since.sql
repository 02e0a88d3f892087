-- Since when a forwarding waits for a person, however often it was looked at since; null where it does not.
-- +goose Up
ALTER TABLE forwardings ADD COLUMN held_since timestamptz;

-- +goose Down
ALTER TABLE forwardings DROP COLUMN held_since;
