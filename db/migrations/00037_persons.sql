-- A person's data goes when somebody asks for it, or after the days that the environment says; the sale keeps its numbers.
-- +goose Up
ALTER TABLE sales ADD COLUMN erased_at timestamptz;
-- Days that something is kept before its personal data goes; null: it is kept.
ALTER TABLE environments ADD COLUMN keep_concepts_days integer, ADD COLUMN keep_refused_days integer, ADD COLUMN keep_ended_days integer;

-- A telephone number without what differs in writing: signs, and the ways to begin one of the Netherlands.
CREATE FUNCTION koppel_phone(number text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN regexp_replace(regexp_replace(number, '[^0-9+]', '', 'g'), '^((\+|00)310?|\+|00|310?(?=[1-9][0-9]{8}$)|0)', '');

-- Whether fields, or the channels of opt-in data, have a person's address or number.
CREATE FUNCTION koppel_is_person(fields jsonb, mail text, number text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN coalesce(mail <> '' AND lower(fields ->> 'email') = lower(mail), false)
    OR coalesce(koppel_phone(number) <> '' AND koppel_phone(fields ->> 'phone') = koppel_phone(number), false);
CREATE FUNCTION koppel_reaches_person(optin jsonb, mail text, number text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN EXISTS (SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(optin -> 'channels') = 'array' THEN optin -> 'channels' ELSE '[]' END) c
    WHERE koppel_is_person(jsonb_build_object(c ->> 'type', c ->> 'value'), mail, number));

-- The sales of a person, also those that had another address before a correction. Row-level security keeps a query of koppel_app
-- from using an index for this: this function may, and looks in the transaction's own environment only.
-- +goose StatementBegin
CREATE FUNCTION koppel_sales_of_person(mail text, number text) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT id FROM sales WHERE environment_id = koppel_environment() AND mail <> '' AND lower(submission -> 'fields' ->> 'email') = lower(mail)
  UNION SELECT id FROM sales WHERE environment_id = koppel_environment() AND koppel_phone(number) <> '' AND koppel_phone(submission -> 'fields' ->> 'phone') = koppel_phone(number)
  UNION SELECT id FROM sales WHERE environment_id = koppel_environment() AND original IS NOT NULL AND koppel_is_person(original -> 'fields', mail, number)
  UNION SELECT sale_id FROM sale_optins WHERE environment_id = koppel_environment() AND koppel_reaches_person(optin, mail, number)
  UNION SELECT sale_id FROM concept_transactions WHERE environment_id = koppel_environment() AND sale_id IS NOT NULL
    AND (koppel_is_person(prefill, mail, number) OR koppel_reaches_person(optin, mail, number))
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION koppel_sales_of_person(text, text);
DROP FUNCTION koppel_reaches_person(jsonb, text, text);
DROP FUNCTION koppel_is_person(jsonb, text, text);
DROP FUNCTION koppel_phone(text);
ALTER TABLE environments DROP COLUMN keep_concepts_days, DROP COLUMN keep_refused_days, DROP COLUMN keep_ended_days;
ALTER TABLE sales DROP COLUMN erased_at;
