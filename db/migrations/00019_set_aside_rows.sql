-- +goose Up

-- Rows of a partner's lists that could not be read: the others of the list were taken. One goes when it is read well again,
-- or is no longer listed. Values are shortened, and never a customer's.
CREATE TABLE set_aside_rows (
  environment_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('product', 'question', 'flow', 'agreement', 'status', 'sale')),
  detail         boolean NOT NULL DEFAULT false,  -- the row's own page; the list could be read
  partner_id     text NOT NULL,                   -- '': it does not say which row it is
  name           text NOT NULL,
  field          text NOT NULL,                   -- '': it is no row at all
  value          text NOT NULL,
  reason         text NOT NULL,
  kept           boolean NOT NULL,                -- what was read before is used meanwhile
  run_id         bigint,                          -- the run that saw it last
  since          timestamptz NOT NULL,
  last_seen_at   timestamptz NOT NULL,
  PRIMARY KEY (environment_id, integration_id, kind, detail, partner_id),
  FOREIGN KEY (environment_id, integration_id) REFERENCES integrations (environment_id, id)
);
-- What each run set aside, for its page.
CREATE TABLE sync_run_set_aside (
  environment_id bigint NOT NULL,
  run_id         bigint NOT NULL,
  kind           text NOT NULL,
  detail         boolean NOT NULL,
  partner_id     text NOT NULL,
  name           text NOT NULL,
  field          text NOT NULL,
  value          text NOT NULL,
  reason         text NOT NULL,
  PRIMARY KEY (environment_id, run_id, kind, detail, partner_id),
  FOREIGN KEY (environment_id, run_id) REFERENCES sync_runs (environment_id, id)
);
ALTER TABLE set_aside_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON set_aside_rows TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON set_aside_rows TO koppel_system USING (true) WITH CHECK (true);
ALTER TABLE sync_run_set_aside ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sync_run_set_aside TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON sync_run_set_aside TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON set_aside_rows, sync_run_set_aside TO koppel_app, koppel_system;

-- A product's validity has one form now: a date, with a time where the partner gave one. What is left (a time with a zone)
-- is read as it stands, and counts as the same when the partner tells it again.
-- +goose StatementBegin
DO $$
DECLARE
  place text;
  field text;
BEGIN
  FOREACH place IN ARRAY ARRAY['products', 'integration_products'] LOOP
    FOREACH field IN ARRAY ARRAY['valid_from', 'valid_till'] LOOP
      EXECUTE format('UPDATE %I SET content = content - %L WHERE content ->> %L ~ %L', place, field, field, '^\s*(0000-00-00|-0001-11-30|$)');
      EXECUTE format('UPDATE %I SET content = jsonb_set(content, ARRAY[%L], to_jsonb(regexp_replace(content ->> %L, %L, %L))) WHERE content ->> %L ~ %L', place, field, field,
        '^(\d\d)-(\d\d)-(\d{4})(.*)$', '\3-\2-\1\4', field, '^\d\d-\d\d-\d{4}');
      EXECUTE format('UPDATE %I SET content = jsonb_set(content, ARRAY[%L], to_jsonb(regexp_replace(content ->> %L, %L, %L))) WHERE content ->> %L ~ %L', place, field, field,
        'T(\d\d:\d\d:\d\d)(\.\d+)?$', ' \1', field, '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$');
    END LOOP;
  END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP TABLE sync_run_set_aside;
DROP TABLE set_aside_rows;
