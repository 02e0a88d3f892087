-- Everything that is sealed, wherever it is. A column that is forgotten here fails a test of package sealing.

-- A page of a kind's values that another key sealed than the one whose mark is given. Of the parts of the union only the kind's own is
-- looked at, by its primary key: a page costs what is in it.
-- name: SystemSealedOtherwise :many
(SELECT environment_id, id, link_key AS name, 0::bigint AS user_id, token_sealed AS sealed FROM integrations
  WHERE @kind::text = 'integrations.token_sealed' AND id > @after_id::bigint AND substring(token_sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea ORDER BY id LIMIT @page_size::integer)
UNION ALL
(SELECT environment_id, id, link_key, 0, event_secret_sealed FROM integrations
  WHERE @kind::text = 'integrations.event_secret_sealed' AND id > @after_id::bigint AND substring(event_secret_sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea ORDER BY id LIMIT @page_size::integer)
UNION ALL
(SELECT environment_id, id, '', user_id, event_secret_sealed FROM incoming_links
  WHERE @kind::text = 'incoming_links.event_secret_sealed' AND id > @after_id::bigint AND substring(event_secret_sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea ORDER BY id LIMIT @page_size::integer)
UNION ALL
(SELECT environment_id, id, '', 0, request_sealed FROM forwardings
  WHERE @kind::text = 'forwardings.request_sealed' AND id > @after_id::bigint AND substring(request_sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea ORDER BY id LIMIT @page_size::integer)
UNION ALL
(SELECT environment_id, environment_id, '', 0, seed_sealed FROM environment_keys
  WHERE @kind::text = 'environment_keys.seed_sealed' AND environment_id > @after_id::bigint AND substring(seed_sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea ORDER BY environment_id LIMIT @page_size::integer)
UNION ALL
(SELECT environment_id, id, uuid::text, 0, secret_sealed FROM webhooks
  WHERE @kind::text = 'webhooks.secret_sealed' AND id > @after_id::bigint AND substring(secret_sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea ORDER BY id LIMIT @page_size::integer)
UNION ALL
(SELECT environment_id, id, kind, coalesce(user_id, 0), secret_sealed FROM mails
  WHERE @kind::text = 'mails.secret_sealed' AND id > @after_id::bigint AND substring(secret_sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea ORDER BY id LIMIT @page_size::integer)
UNION ALL
(SELECT 0, 1, '', 0, sealed FROM key_checks
  WHERE @kind::text = 'key_checks.sealed' AND 1 > @after_id::bigint AND substring(sealed FROM 1 FOR octet_length(@mark::bytea)) <> @mark::bytea)
ORDER BY 2;

-- How much of each kind is sealed with which key, by the mark of the key that a value begins with.
-- name: SystemSealedCounts :many
WITH s AS (
  SELECT 'integrations.token_sealed'::text AS kind, token_sealed AS sealed FROM integrations
  UNION ALL SELECT 'integrations.event_secret_sealed', event_secret_sealed FROM integrations
  UNION ALL SELECT 'incoming_links.event_secret_sealed', event_secret_sealed FROM incoming_links
  UNION ALL SELECT 'forwardings.request_sealed', request_sealed FROM forwardings
  UNION ALL SELECT 'environment_keys.seed_sealed', seed_sealed FROM environment_keys
  UNION ALL SELECT 'webhooks.secret_sealed', secret_sealed FROM webhooks
  UNION ALL SELECT 'mails.secret_sealed', secret_sealed FROM mails
  UNION ALL SELECT 'key_checks.sealed', sealed FROM key_checks
) SELECT s.kind, (CASE WHEN octet_length(s.sealed) = 0 THEN s.sealed ELSE substring(s.sealed FROM 1 FOR 1 + get_byte(s.sealed, 0)) END)::bytea AS mark, count(*) AS values
FROM s WHERE s.sealed IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2;

-- Each of these takes a value's place where it is still the one that was read. Nobody is waited for: a row that somebody writes to at the
-- moment is left, and looked at again.

-- name: SystemIntegrationTokensSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE integrations t SET token_sealed = n.fresh FROM n WHERE t.id = ANY (@ids::bigint[]) AND t.id = n.id AND t.token_sealed = n.was
  AND t.id IN (SELECT i.id FROM integrations i WHERE i.id = ANY (@ids::bigint[]) FOR NO KEY UPDATE SKIP LOCKED);

-- name: SystemIntegrationSecretsSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE integrations t SET event_secret_sealed = n.fresh FROM n WHERE t.id = ANY (@ids::bigint[]) AND t.id = n.id AND t.event_secret_sealed = n.was
  AND t.id IN (SELECT i.id FROM integrations i WHERE i.id = ANY (@ids::bigint[]) FOR NO KEY UPDATE SKIP LOCKED);

-- name: SystemLinkSecretsSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE incoming_links t SET event_secret_sealed = n.fresh FROM n WHERE t.id = ANY (@ids::bigint[]) AND t.id = n.id AND t.event_secret_sealed = n.was
  AND t.id IN (SELECT l.id FROM incoming_links l WHERE l.id = ANY (@ids::bigint[]) FOR NO KEY UPDATE SKIP LOCKED);

-- name: SystemRequestsSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE forwardings t SET request_sealed = n.fresh FROM n WHERE t.id = ANY (@ids::bigint[]) AND t.id = n.id AND t.request_sealed = n.was
  AND t.id IN (SELECT f.id FROM forwardings f WHERE f.id = ANY (@ids::bigint[]) FOR NO KEY UPDATE SKIP LOCKED);

-- name: SystemSeedsSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE environment_keys t SET seed_sealed = n.fresh FROM n WHERE t.environment_id = ANY (@ids::bigint[]) AND t.environment_id = n.id AND t.seed_sealed = n.was
  AND t.environment_id IN (SELECT k.environment_id FROM environment_keys k WHERE k.environment_id = ANY (@ids::bigint[]) FOR NO KEY UPDATE SKIP LOCKED);

-- name: SystemWebhookSecretsSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE webhooks t SET secret_sealed = n.fresh FROM n WHERE t.id = ANY (@ids::bigint[]) AND t.id = n.id AND t.secret_sealed = n.was
  AND t.id IN (SELECT w.id FROM webhooks w WHERE w.id = ANY (@ids::bigint[]) FOR NO KEY UPDATE SKIP LOCKED);

-- name: SystemMailSecretsSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE mails t SET secret_sealed = n.fresh FROM n WHERE t.id = ANY (@ids::bigint[]) AND t.id = n.id AND t.secret_sealed = n.was
  AND t.id IN (SELECT m.id FROM mails m WHERE m.id = ANY (@ids::bigint[]) FOR NO KEY UPDATE SKIP LOCKED);

-- name: SystemKeyCheckSeal :execrows
WITH n AS MATERIALIZED (SELECT unnest(@ids::bigint[]) AS id, unnest(@was::bytea[]) AS was, unnest(@fresh::bytea[]) AS fresh)
UPDATE key_checks t SET sealed = n.fresh FROM n WHERE n.id = 1 AND t.sealed = n.was;

-- A process seals with this key: by the database's clock, as those of several machines differ.
-- name: SystemEncryptionKeySeen :exec
INSERT INTO encryption_keys (name, proof, seen_at) VALUES (@name, @proof, now()) ON CONFLICT (name) DO UPDATE SET seen_at = EXCLUDED.seen_at;

-- name: SystemEncryptionKeys :many
SELECT *, extract(epoch FROM now() - seen_at)::float8 AS seconds FROM encryption_keys ORDER BY name;

-- A key that nobody sealed with lately.
-- name: SystemEncryptionKeysForget :execrows
DELETE FROM encryption_keys WHERE name <> @sealing AND seen_at < now() - make_interval(secs => @quiet_seconds::float8);
