package retention_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// An environment has the persons of what was cancelled, refused or closed long ago erased, and of nothing else: what is newer, goes on, is under
// way or is of an environment that keeps all stays as it is. A sale that was erased stays a sale.
func TestPersonsGoByAge(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	fill(t, address)
	dbtest.Exec(t, address, `
		SELECT setval('audit_log_id_seq', 100);
		UPDATE environments SET keep_refused_days = 50, keep_ended_days = 200, keep_concepts_days = 5 WHERE id = 1;
		INSERT INTO environments (id, account, name, created_at) VALUES (2, 'elders', 'elders', now());
		INSERT INTO users (environment_id, id, email, role, created_at) VALUES (2, 2, 'b@voorbeeld.example', 'owner', now());
		INSERT INTO products (environment_id, id, content, created_at, updated_at) VALUES (2, 2, '{"name": "x", "type": "x"}', now(), now());
		INSERT INTO flows (environment_id, id, title, type, identifier, created_at, updated_at) VALUES (2, 2, 'x', 'x', 'x', now(), now());
		INSERT INTO sales (environment_id, id, user_id, type, status, status_type, status_changed_at, flow_id, product_id, business, submission, sold, created_at, updated_at)
			SELECT e, id, e, CASE WHEN kind LIKE 'offer%' THEN 'offer' ELSE 'order' END, kind, CASE WHEN kind LIKE 'offer%' THEN 'default' ELSE kind END, at::timestamptz, e, e, false, '{"product_id": 7, "fields": {"lastname": "Jansen"}}', '{}', now(), now() FROM (VALUES
			(1, 101, 'cancelled', '2026-01-01'), (1, 102, 'cancelled', '2026-04-20'), (1, 103, 'closed', '2025-01-01'), (1, 104, 'closed', '2026-01-01'),
			(1, 105, 'netto', '2020-01-01'), (1, 106, 'cancelled', '2026-01-01'), (1, 107, 'cancelled', '2026-01-01'), (2, 108, 'cancelled', '2020-01-01'),
			(1, 109, 'offer_expired', '2026-01-01'), (1, 110, 'offer_accepted', '2020-01-01')) x (e, id, kind, at);
		INSERT INTO forwardings (environment_id, id, integration_id, sale_id, state, due_at, created_at, updated_at) VALUES (1, 106, 1, 106, 'action_required', now(), now(), now());
		INSERT INTO cancellation_requests (environment_id, direction, sale_id, integration_id, reference, reason, state, expires_at, next_at, created_at) VALUES (1, 'outgoing', 107, 1, 'r', 'x', 'open', now(), now(), now())`)
	require.NoError(t, keeper(t, address).Sweep(t.Context()))
	require.Equal(t, "101 103 109", dbtest.One(t, address, `SELECT string_agg(id::text, ' ' ORDER BY id) FROM sales WHERE erased_at IS NOT NULL`))
	require.Equal(t, "102 104 105 106 107 108 110", dbtest.One(t, address, `SELECT string_agg(id::text, ' ' ORDER BY id) FROM sales WHERE submission::text LIKE '%Jansen%'`))
	require.Equal(t, "7", dbtest.One(t, address, `SELECT submission ->> 'product_id' FROM sales WHERE id = 101`))
	require.Equal(t, "101 103 109", dbtest.One(t, address, `SELECT string_agg(entity_id, ' ' ORDER BY entity_id) FROM audit_log WHERE action = 'erase' AND entity = 'sale'`))
	require.Equal(t, "2", dbtest.One(t, address, `SELECT string_agg(id::text, ' ') FROM concept_transactions`), "what came of one stays")
	require.NoError(t, keeper(t, address).Sweep(t.Context()))
	require.Equal(t, "3", dbtest.One(t, address, `SELECT count(*)::text FROM audit_log WHERE action = 'erase'`), "once")
}
