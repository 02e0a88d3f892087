-- +goose Up

-- What a list shows beside its own rows, such as the name of a status, is changed by audited actions: with the transaction
-- of each, a list has a version that the indexes know.
ALTER TABLE audit_log ADD changed bigint NOT NULL DEFAULT koppel_change();
CREATE INDEX audit_log_changed ON audit_log (environment_id, entity, changed);
CREATE INDEX sales_account_changed ON sales (environment_id, changed);

-- +goose Down
DROP INDEX sales_account_changed;
DROP INDEX audit_log_changed;
ALTER TABLE audit_log DROP changed;
