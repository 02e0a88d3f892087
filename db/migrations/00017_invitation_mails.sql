-- +goose Up

-- Invitations are mailed too. The text of the link is sealed until the mail is settled: only its hash is kept otherwise.
ALTER TABLE mails
  ALTER COLUMN sale_id DROP NOT NULL,
  ADD COLUMN user_id bigint,
  ADD COLUMN secret_sealed bytea,
  ADD FOREIGN KEY (environment_id, user_id) REFERENCES users (environment_id, id),
  DROP CONSTRAINT mails_kind_check,
  ADD CONSTRAINT mails_kind_check CHECK (kind = 'confirmation' AND sale_id IS NOT NULL AND user_id IS NULL OR kind = 'invitation' AND user_id IS NOT NULL AND sale_id IS NULL),
  DROP CONSTRAINT mails_state_check,
  ADD CONSTRAINT mails_state_check CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'unknown', 'not_configured', 'withdrawn'));
CREATE INDEX invitations_user ON invitations (environment_id, user_id);

-- +goose Down
DROP INDEX invitations_user;
DELETE FROM mails WHERE kind = 'invitation';
ALTER TABLE mails
  DROP CONSTRAINT mails_state_check,
  ADD CONSTRAINT mails_state_check CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'unknown', 'not_configured')),
  DROP CONSTRAINT mails_kind_check,
  ADD CONSTRAINT mails_kind_check CHECK (kind IN ('confirmation')),
  DROP COLUMN secret_sealed,
  DROP COLUMN user_id,
  ALTER COLUMN sale_id SET NOT NULL;
