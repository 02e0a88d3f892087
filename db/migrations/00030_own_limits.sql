-- A limit that an admin sets binds that link alone: it has a limit group of its own, named after the shared one and the link.
-- +goose Up
UPDATE integrations SET limit_group = limit_group || '.' || id WHERE coalesce((settings ->> 'requests_per_minute')::integer, 0) > 0 AND strpos(limit_group, '.') = 0;

-- What a link was asked for. What everybody asked of a partner is limit_group_use, and is nobody's to see.
CREATE TABLE integration_use (
  environment_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  at             timestamptz NOT NULL,
  kind           text NOT NULL,
  requests       integer NOT NULL,
  throttled      integer NOT NULL,
  PRIMARY KEY (environment_id, integration_id, at, kind),
  FOREIGN KEY (environment_id, integration_id) REFERENCES integrations (environment_id, id)
);
CREATE INDEX integration_use_at ON integration_use (at);
ALTER TABLE integration_use ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON integration_use TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON integration_use TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT ON integration_use TO koppel_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON integration_use TO koppel_system;

-- +goose Down
DROP TABLE integration_use;
UPDATE integrations SET limit_group = split_part(limit_group, '.', 1) WHERE strpos(limit_group, '.') > 0;
