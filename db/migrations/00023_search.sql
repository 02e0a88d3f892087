-- +goose Up

-- Whether a text has what somebody looks for in it, in capitals or not. The characters % and _ are what they are: a search with
-- LIKE found "Nep stroom" for "n_p".
CREATE FUNCTION koppel_contains(haystack text, needle text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN strpos(lower(haystack), lower(needle)) > 0;

-- +goose Down
DROP FUNCTION koppel_contains(text, text);
