-- +goose Up

-- What a linked environment said that it took over. A table of its own: a link is read at every call, this by a person.
CREATE TABLE link_imports (
  environment_id bigint NOT NULL,
  link_id        bigint NOT NULL,
  product_ids    bigint[] NOT NULL,
  reported_at    timestamptz NOT NULL,
  PRIMARY KEY (environment_id, link_id),
  FOREIGN KEY (environment_id, link_id) REFERENCES incoming_links (environment_id, id)
);
ALTER TABLE link_imports ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON link_imports TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON link_imports TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON link_imports TO koppel_app, koppel_system;
-- A link's page counts what came in over it.
CREATE INDEX sales_link ON sales (environment_id, link_id, created_at) WHERE link_id IS NOT NULL;

-- The partner's ids of what is imported, as a digest: what it is, what the partner was told of, and when it was last told.
ALTER TABLE integrations
  ADD imports text NOT NULL DEFAULT '',
  ADD imports_told text NOT NULL DEFAULT '',
  ADD told_at timestamptz;

-- +goose Down
ALTER TABLE integrations DROP imports, DROP imports_told, DROP told_at;
DROP INDEX sales_link;
DROP TABLE link_imports;
