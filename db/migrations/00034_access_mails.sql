-- Who is given another password, role or address, or a token, is told so by mail. What it says is sealed until it is settled.
-- +goose Up
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind = 'confirmation' AND NOT (sale_id IS NULL) AND user_id IS NULL OR kind IN ('invitation', 'access') AND NOT (user_id IS NULL) AND sale_id IS NULL) NOT VALID;

-- +goose Down
DELETE FROM mails WHERE kind = 'access';
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind = 'confirmation' AND sale_id IS NOT NULL AND user_id IS NULL OR kind = 'invitation' AND user_id IS NOT NULL AND sale_id IS NULL);
