-- +goose Up

-- What became of an attempt, by what is certain: '' is not known yet (it runs, or what ran it was killed).
ALTER TABLE forwarding_attempts ADD COLUMN outcome text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'made', 'not_made', 'turned_away', 'unknown'));
CREATE INDEX forwarding_attempts_made ON forwarding_attempts (environment_id, finished_at) WHERE outcome = 'made';

-- A look that can be trusted says whether a stock partner has what an attempt may have made.
ALTER TABLE forwardings
  ADD COLUMN unknown_at  timestamptz,                  -- since when the last attempt's outcome is unknown
  ADD COLUMN looked_at   timestamptz,                  -- when the last look that can be trusted began
  ADD COLUMN looks_empty integer NOT NULL DEFAULT 0,   -- how many of those found nothing, since the last attempt
  DROP CONSTRAINT forwardings_look_check,
  ADD CONSTRAINT forwardings_look_check CHECK (look IN ('', 'wanted', 'looking', 'done', 'not_there')),
  ADD CONSTRAINT forwardings_look_trusted CHECK (look NOT IN ('done', 'not_there') OR looked_at IS NOT NULL) NOT VALID;
ALTER TABLE integrations
  ADD COLUMN look_failures integer NOT NULL DEFAULT 0, -- looks in a row that could not be trusted
  ADD COLUMN look_problem  text NOT NULL DEFAULT '';   -- why the last one could not

-- What was looked for before is looked for again: that look was not one to trust.
UPDATE forwardings SET unknown_at = updated_at, look = CASE WHEN may_resend THEN '' ELSE 'wanted' END WHERE state = 'outcome_unknown';
UPDATE forwardings SET look = '' WHERE state <> 'outcome_unknown' AND look <> '';
UPDATE integrations i SET look_cursor = '', look_at = least(coalesce(look_at, now()), now()) WHERE i.state <> 'removed'
  AND EXISTS (SELECT FROM forwardings f WHERE f.environment_id = i.environment_id AND f.integration_id = i.id AND f.look = 'wanted');
ALTER TABLE forwardings VALIDATE CONSTRAINT forwardings_look_trusted;

-- Unknown outcomes are settled together.
ALTER TABLE operations DROP CONSTRAINT operations_kind_check,
  ADD CONSTRAINT operations_kind_check CHECK (kind IN ('forward_existing', 'resume', 'resend', 'adopt', 'abandon'));

-- +goose Down
DELETE FROM operations WHERE kind IN ('resend', 'adopt', 'abandon');
ALTER TABLE operations DROP CONSTRAINT operations_kind_check, ADD CONSTRAINT operations_kind_check CHECK (kind IN ('forward_existing', 'resume'));
UPDATE integrations SET look_cursor = '';
ALTER TABLE integrations DROP COLUMN look_failures, DROP COLUMN look_problem;
ALTER TABLE forwardings DROP CONSTRAINT forwardings_look_trusted, DROP CONSTRAINT forwardings_look_check;
UPDATE forwardings SET look = 'done' WHERE look = 'not_there';
ALTER TABLE forwardings ADD CONSTRAINT forwardings_look_check CHECK (look IN ('', 'wanted', 'looking', 'done')),
  DROP COLUMN unknown_at, DROP COLUMN looked_at, DROP COLUMN looks_empty;
DROP INDEX forwarding_attempts_made;
ALTER TABLE forwarding_attempts DROP COLUMN outcome;
