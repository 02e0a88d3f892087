-- +goose Up

-- How far a partner's clock is from ours. clock_header is what the Date of its answers is ahead; clock_zone is what the
-- times that it writes without a zone are ahead of that, read as Amsterdam's. In seconds. Until clock_known_at, the moment
-- that the latest evidence is of, the margin is wide: it may write in UTC.
ALTER TABLE integrations
  ADD COLUMN clock_header integer NOT NULL DEFAULT 0,
  ADD COLUMN clock_zone integer NOT NULL DEFAULT 0,
  ADD COLUMN clock_margin integer NOT NULL DEFAULT 10800,
  ADD COLUMN clock_known_at timestamptz,
  -- How many numbers a stock account is asked for at once in this sweep; with 1 a sale is asked for by itself.
  ADD COLUMN sweep_page integer NOT NULL DEFAULT 20;

-- When the partner was asked for the status that is known, by our own clock: what it changed later is not older.
ALTER TABLE forwardings ADD COLUMN partner_status_read_at timestamptz;

-- +goose Down
ALTER TABLE forwardings DROP COLUMN partner_status_read_at;
ALTER TABLE integrations
  DROP COLUMN clock_header, DROP COLUMN clock_zone, DROP COLUMN clock_margin, DROP COLUMN clock_known_at, DROP COLUMN sweep_page;
