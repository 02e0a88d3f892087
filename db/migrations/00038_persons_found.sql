-- A person is found, and what was kept for long enough is, by an index.
-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS sales_email;
CREATE INDEX CONCURRENTLY sales_email ON sales (environment_id, lower(submission -> 'fields' ->> 'email'));
DROP INDEX CONCURRENTLY IF EXISTS sales_phone;
CREATE INDEX CONCURRENTLY sales_phone ON sales (environment_id, koppel_phone(submission -> 'fields' ->> 'phone'));
DROP INDEX CONCURRENTLY IF EXISTS sales_corrected;
CREATE INDEX CONCURRENTLY sales_corrected ON sales (environment_id, id) WHERE original IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS sales_over;
CREATE INDEX CONCURRENTLY sales_over ON sales (environment_id, status_changed_at) WHERE erased_at IS NULL AND status_type IN ('cancelled', 'closed');

-- +goose Down
DROP INDEX CONCURRENTLY sales_over;
DROP INDEX CONCURRENTLY sales_corrected;
DROP INDEX CONCURRENTLY sales_phone;
DROP INDEX CONCURRENTLY sales_email;
