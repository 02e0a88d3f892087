-- +goose Up

-- How everything that runs by itself fares: one row for each kind of job and what it is about. What is well has no
-- failing_since; its last error stays, as the last one.
CREATE TABLE background_jobs (
  environment_id  bigint NOT NULL REFERENCES environments,
  subject         text NOT NULL CHECK (subject IN ('environment', 'integration', 'link', 'webhook')),
  subject_id      bigint NOT NULL,  -- 0 for the environment itself
  kind            text NOT NULL,
  last_success_at timestamptz,
  last_error      text NOT NULL DEFAULT '',  -- a reason
  last_error_ref  text NOT NULL DEFAULT '',  -- of the log line that says more of an internal error
  last_error_at   timestamptz,
  failing_since   timestamptz,
  failures        integer NOT NULL DEFAULT 0,  -- in a row
  next_try_at     timestamptz,                 -- of what fails; what is well goes by its own row's times
  PRIMARY KEY (environment_id, subject, subject_id, kind)
);
CREATE INDEX background_jobs_failing ON background_jobs (environment_id) WHERE failing_since IS NOT NULL;
ALTER TABLE background_jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON background_jobs TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON background_jobs TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON background_jobs TO koppel_app, koppel_system;
ALTER TABLE integrations DROP COLUMN last_error;

-- When an admin last set a partner's limit: what was learned before that is forgotten.
ALTER TABLE integrations ADD COLUMN limit_set_at timestamptz;

-- When the next request of a kind may go before the sales that wait for the same partner. No tenant's data.
CREATE TABLE limit_group_floors (
  name    text NOT NULL,
  kind    text NOT NULL,
  next_at timestamptz NOT NULL,
  PRIMARY KEY (name, kind)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON limit_group_floors TO koppel_system;

-- +goose Down
DROP TABLE limit_group_floors;
ALTER TABLE integrations DROP COLUMN limit_set_at;
ALTER TABLE integrations ADD COLUMN last_error text NOT NULL DEFAULT '';
DROP TABLE background_jobs;
