-- Nothing removes a row of the audit log before its age, and rows were written with what persons said. New rows are masked when
-- they are written; those of before, and of a previous version that still runs, are masked in batches (retention).
-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE audit_log ADD COLUMN IF NOT EXISTS masked boolean NOT NULL DEFAULT false;
DROP INDEX CONCURRENTLY IF EXISTS audit_log_unmasked;
CREATE INDEX CONCURRENTLY audit_log_unmasked ON audit_log (id) WHERE NOT masked AND (old IS NOT NULL OR new IS NOT NULL)
  AND entity IN ('sale', 'user', 'organisation', 'token', 'webhook', 'forwarding', 'cancellation_request') AND action NOT IN ('grant', 'grant_flows');

-- The fields that differ, with the values of those that are shown.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION koppel_audit_masked(value jsonb, other jsonb, shown text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT AS $$
DECLARE others jsonb := CASE WHEN jsonb_typeof(other) = 'object' THEN other ELSE '{}' END;
BEGIN
  IF value IS NULL OR value IN ('null', '""') THEN RETURN value; END IF;
  IF jsonb_typeof(value) <> 'object' THEN RETURN '"•••"'; END IF;
  RETURN (SELECT coalesce(jsonb_object_agg(CASE WHEN f.key ~ '^[A-Za-z0-9_.-]{1,64}$' THEN f.key ELSE '•••' END,
      CASE WHEN f.key = ANY (shown) THEN f.value ELSE koppel_audit_masked(f.value, others -> f.key, shown) END), '{}')
    FROM jsonb_each(value) f WHERE others -> f.key IS DISTINCT FROM f.value);
END $$;
-- +goose StatementEnd

-- The audit log only grows for whoever works here: its rows are changed by this function alone, once each, and to less.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION koppel_audit_mask(at_most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  changed_rows bigint;
  shown text[] := ARRAY['role', 'organisation_id', 'active', 'integration', 'user_id', 'prefix', 'fingerprint', 'event', 'transaction_type', 'product_id', 'business',
    'count', 'cause', 'ids', 'partner_sale_id', 'known', 'sale_id', 'Name', 'Identifier', 'SalesChannel', 'contractor'];
BEGIN
  UPDATE audit_log a SET masked = true, old = koppel_audit_masked(a.old, a.new, shown), new = koppel_audit_masked(a.new, a.old, shown)
  WHERE a.id = ANY (ARRAY(SELECT u.id FROM audit_log u WHERE NOT u.masked AND (u.old IS NOT NULL OR u.new IS NOT NULL)
    AND u.entity IN ('sale', 'user', 'organisation', 'token', 'webhook', 'forwarding', 'cancellation_request') AND u.action NOT IN ('grant', 'grant_flows')
    ORDER BY u.id LIMIT at_most));
  GET DIAGNOSTICS changed_rows = ROW_COUNT;
  RETURN changed_rows;
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION koppel_audit_mask(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION koppel_audit_mask(integer) TO koppel_system;

-- +goose Down
DROP FUNCTION koppel_audit_mask(integer);
DROP FUNCTION koppel_audit_masked(jsonb, jsonb, text[]);
DROP INDEX CONCURRENTLY audit_log_unmasked;
ALTER TABLE audit_log DROP COLUMN masked;
