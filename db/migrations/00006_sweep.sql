-- +goose Up

-- Once a day every outstanding sale is asked for by its number: a poll by time can miss what was written late.
ALTER TABLE integrations ADD COLUMN sweep_at timestamptz NOT NULL DEFAULT now() + interval '1 day', ADD COLUMN sweep_after bigint NOT NULL DEFAULT 0;

-- A poll reads pages of one window: what is announced meanwhile is for the next one.
ALTER TABLE integrations ADD COLUMN poll_window boolean NOT NULL DEFAULT false;

-- When a product's detail was read last: the oldest are read again, whatever the list says of them.
ALTER TABLE integration_products ADD COLUMN detailed_at timestamptz NOT NULL DEFAULT now();

-- +goose Down
ALTER TABLE integration_products DROP COLUMN detailed_at;
ALTER TABLE integrations DROP COLUMN sweep_at, DROP COLUMN sweep_after, DROP COLUMN poll_window;
