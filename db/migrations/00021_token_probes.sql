-- +goose Up

-- A token that a partner refuses is looked at a second time before its link pauses, and gently again while it is paused.
ALTER TABLE integrations
  ADD COLUMN token_refused_at  timestamptz,                -- since when; NULL: it is not doubted
  ADD COLUMN token_probe_at    timestamptz,                -- when it is looked at next
  ADD COLUMN token_probes      integer NOT NULL DEFAULT 0, -- looks that were planned since it was first doubted
  ADD COLUMN token_accepted_at timestamptz;                -- the last time that a look found it accepted
-- Links that are paused for their token already are looked at too.
UPDATE integrations SET token_refused_at = updated_at, token_probe_at = now(), token_probes = 1 WHERE state = 'paused' AND paused_reason = 'token_refused';

-- +goose Down
ALTER TABLE integrations DROP COLUMN token_refused_at, DROP COLUMN token_probe_at, DROP COLUMN token_probes, DROP COLUMN token_accepted_at;
