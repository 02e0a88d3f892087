-- +goose Up

-- Which version of a partner's set-up somebody has seen and mapped: what differs from it now has drifted.
CREATE TABLE mapping_baselines (
  environment_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  kind           text NOT NULL,
  version        integer NOT NULL,
  PRIMARY KEY (environment_id, integration_id, kind),
  FOREIGN KEY (environment_id, integration_id, kind, version) REFERENCES partner_snapshots (environment_id, integration_id, kind, version)
);
INSERT INTO mapping_baselines SELECT environment_id, integration_id, kind, max(version) FROM partner_snapshots GROUP BY 1, 2, 3;
ALTER TABLE mapping_baselines ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON mapping_baselines TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON mapping_baselines TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON mapping_baselines TO koppel_app, koppel_system;

-- +goose Down
DROP TABLE mapping_baselines;
