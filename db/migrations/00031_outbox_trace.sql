-- The trace that a commit belongs to goes on in the workflow that it starts; empty while traces are off.
-- +goose Up
ALTER TABLE outbox ADD COLUMN traceparent text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE outbox DROP COLUMN traceparent;
