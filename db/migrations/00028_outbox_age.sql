-- How long a commit has waited for Temporal is told to operators; available_at moves with every try.
-- +goose Up
ALTER TABLE outbox ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();

-- +goose Down
ALTER TABLE outbox DROP COLUMN created_at;
