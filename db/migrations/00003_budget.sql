-- +goose Up

-- What a limit group may ask of its partner, and how it fares. No tenant's data: a group is a hash of a host or
-- of a token, and several environments may share one.
CREATE TABLE limit_groups (
  name                text PRIMARY KEY,
  requests_per_minute integer,           -- what is known of the partner's limit; NULL: nothing
  integrations        integer NOT NULL,  -- that share it
  learned             integer,           -- what it seems to be since it throttled us; NULL: as known
  learned_at          timestamptz,
  throttled_at        timestamptz,
  circuit_since       timestamptz,       -- nothing but a probe is sent since; NULL: it answers
  probe_at            timestamptz
);

-- How often a group asked, in steps of ten seconds, for the last hour.
CREATE TABLE limit_group_use (
  name      text NOT NULL,
  at        timestamptz NOT NULL,
  kind      text NOT NULL CHECK (kind IN ('forward', 'announce', 'status', 'catalogue', 'other')),
  requests  integer NOT NULL,
  throttled integer NOT NULL,
  PRIMARY KEY (name, at, kind)
);
CREATE INDEX limit_group_use_at ON limit_group_use (at);
GRANT SELECT, INSERT, UPDATE, DELETE ON limit_groups, limit_group_use TO koppel_system;
GRANT SELECT ON limit_groups, limit_group_use TO koppel_app;

-- A part of a stock partner's set-up while it is being read: the list first, then one detail a request.
CREATE TABLE setup_readings (
  environment_id bigint NOT NULL,
  integration_id bigint NOT NULL,
  kind           text NOT NULL,
  run_id         bigint NOT NULL,
  reading        jsonb NOT NULL,
  PRIMARY KEY (environment_id, integration_id, kind),
  FOREIGN KEY (environment_id, integration_id) REFERENCES integrations (environment_id, id)
);
ALTER TABLE setup_readings ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON setup_readings TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON setup_readings TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON setup_readings TO koppel_app, koppel_system;

-- Unknown outcomes at a stock partner are looked for together: one walk through the partner's new sales.
ALTER TABLE integrations ADD COLUMN look_at timestamptz, ADD COLUMN look_cursor text NOT NULL DEFAULT '';
ALTER TABLE forwardings ADD COLUMN look text NOT NULL DEFAULT '' CHECK (look IN ('', 'wanted', 'looking', 'done'));
CREATE INDEX forwardings_look ON forwardings (environment_id, integration_id) WHERE look IN ('wanted', 'looking');

-- +goose Down
DROP INDEX forwardings_look;
ALTER TABLE forwardings DROP COLUMN look;
ALTER TABLE integrations DROP COLUMN look_at, DROP COLUMN look_cursor;
DROP TABLE setup_readings;
DROP TABLE limit_group_use;
DROP TABLE limit_groups;
