-- +goose Up

-- How often a user, or an address, called in this minute and the one before: shared by all servers. No tenant's data
-- (a subject is a hash), and nothing that a crash may not lose.
CREATE UNLOGGED TABLE rate_windows (
  subject  bytea PRIMARY KEY,
  at       bigint NOT NULL,     -- the minute, counted from 1970
  used     integer NOT NULL,
  previous integer NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_windows TO koppel_system;

-- Takes up to so many calls out of a sliding minute: the part of the last minute that still counts, and this one.
-- +goose StatementBegin
CREATE FUNCTION koppel_rate_take(who bytea, minute bigint, passed double precision, wanted integer, allowed integer, OUT granted integer, OUT used_now integer, OUT used_before integer)
LANGUAGE plpgsql AS $$
DECLARE row rate_windows;
BEGIN
  INSERT INTO rate_windows (subject, at, used, previous) VALUES (who, minute, 0, 0) ON CONFLICT (subject) DO NOTHING;
  SELECT * INTO row FROM rate_windows WHERE subject = who FOR UPDATE;
  IF row.at < minute THEN
    row.previous := CASE WHEN row.at = minute - 1 THEN row.used ELSE 0 END;
    row.used := 0;
    row.at := minute;
  END IF;
  granted := greatest(0, least(wanted, floor(allowed - row.previous * (1 - passed) - row.used)::integer));
  used_now := row.used + granted;
  used_before := row.previous;
  UPDATE rate_windows SET at = row.at, used = used_now, previous = row.previous WHERE subject = who;
END $$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION koppel_rate_take(bytea, bigint, double precision, integer, integer) TO koppel_system;

-- +goose Down
DROP FUNCTION koppel_rate_take(bytea, bigint, double precision, integer, integer);
DROP TABLE rate_windows;
