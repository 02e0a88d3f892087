-- name: ConceptInsert :one
INSERT INTO concept_transactions (environment_id, user_id, source, source_id, prefill, optin, created_at)
VALUES (@environment_id, @user_id, @source, @source_id, @prefill, @optin, @now) RETURNING uuid::text AS uuid;

-- name: ConceptByUUID :one
SELECT * FROM concept_transactions WHERE environment_id = @environment_id AND uuid::text = @uuid::text;

-- A concept becomes one sale; of two at once one succeeds.
-- name: ConceptUse :execrows
UPDATE concept_transactions SET sale_id = @sale_id WHERE environment_id = @environment_id AND id = @id AND sale_id IS NULL;

-- A sale that has opt-in data keeps it.
-- name: OptinInsert :execrows
INSERT INTO sale_optins (environment_id, sale_id, optin, origin, valid_till, withdrawn_at, created_at)
VALUES (@environment_id, @sale_id, @optin, @origin, @valid_till, @withdrawn_at, @now)
ON CONFLICT (environment_id, sale_id) DO NOTHING;

-- name: OptinOfSale :one
SELECT * FROM sale_optins WHERE environment_id = @environment_id AND sale_id = @sale_id;

-- name: OptinWithdraw :execrows
UPDATE sale_optins SET optin = @optin, withdrawn_at = @withdrawn_at WHERE environment_id = @environment_id AND sale_id = @sale_id;
