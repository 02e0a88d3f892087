-- name: SystemRateTake :one
SELECT granted::integer, used_now::integer, used_before::integer FROM koppel_rate_take(@who::bytea, @minute::bigint, @passed::double precision, @wanted::integer, @allowed::integer);

-- name: SystemRatesForget :execrows
DELETE FROM rate_windows WHERE at < @before::bigint;
