-- A subject's rows go to Temporal in order: the relay asks whether an earlier one still waits.
-- +goose Up
CREATE INDEX outbox_subject ON outbox (kind, subject_id, id);

-- +goose Down
DROP INDEX outbox_subject;
