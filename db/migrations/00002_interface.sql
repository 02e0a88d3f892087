-- +goose Up

-- Signed-in people. The cookie holds the session's text, this table its hash.
CREATE TABLE sessions (
  hash           bytea PRIMARY KEY,
  environment_id bigint NOT NULL REFERENCES environments,
  user_id        bigint NOT NULL,
  created_at     timestamptz NOT NULL,
  seen_at        timestamptz NOT NULL,
  FOREIGN KEY (environment_id, user_id) REFERENCES users (environment_id, id)
);
CREATE INDEX sessions_user ON sessions (environment_id, user_id);

-- Failed attempts to sign in, by a hash of who was tried and of where it came from. No tenant's data: an
-- attempt may name an environment that does not exist.
CREATE TABLE sign_in_failures (
  subject  bytea PRIMARY KEY,
  failures integer NOT NULL,
  first_at timestamptz NOT NULL
);

-- What a sale is found by: numbers, names, e-mail, company, address. Everything of ASCII that is no letter or
-- digit separates words; who asks splits in the same way.
-- +goose StatementBegin
CREATE FUNCTION koppel_sale_words(id bigint, external_reference text, outgoing_id text, incoming_id text, fields jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE RETURN to_tsvector('simple', regexp_replace(
  id::text || ' ' || coalesce(external_reference, '') || ' ' || coalesce(outgoing_id, '') || ' ' || coalesce(incoming_id, '') || ' ' ||
  coalesce(fields ->> 'firstname', '') || ' ' || coalesce(fields ->> 'lastname', '') || ' ' || coalesce(fields ->> 'company_name', '') || ' ' ||
  coalesce(fields ->> 'email', '') || ' ' || coalesce(fields ->> 'phone', '') || ' ' || coalesce(fields ->> 'postcode', '') || ' ' || coalesce(fields ->> 'city', ''),
  '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'));
-- +goose StatementEnd
CREATE INDEX sales_words ON sales USING gin (koppel_sale_words(id, external_reference, outgoing_id, incoming_id, submission -> 'fields'));

-- Row-level security keeps a query of koppel_app from using the index: the match might leak. This function may,
-- and looks in the transaction's own environment only.
-- +goose StatementBegin
CREATE FUNCTION koppel_sales_matching(words tsquery) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT id FROM sales WHERE environment_id = koppel_environment()
    AND koppel_sale_words(id, external_reference, outgoing_id, incoming_id, submission -> 'fields') @@ words ORDER BY id DESC LIMIT 1000
$$;
-- +goose StatementEnd

CREATE INDEX forwardings_state ON forwardings (environment_id, state, id DESC);

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sessions TO koppel_app USING (environment_id = (SELECT koppel_environment())) WITH CHECK (environment_id = (SELECT koppel_environment()));
CREATE POLICY system ON sessions TO koppel_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO koppel_app, koppel_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_failures TO koppel_system;

-- +goose Down
DROP INDEX forwardings_state;
DROP FUNCTION koppel_sales_matching(tsquery);
DROP INDEX sales_words;
DROP FUNCTION koppel_sale_words(bigint, text, text, text, jsonb);
DROP TABLE sign_in_failures;
DROP TABLE sessions;
