package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// The metrics count by kind what cannot be read, of all tenants together; a removed link counts no more.
func TestSetAsideMetrics(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	dbtest.Exec(t, address, `INSERT INTO environments (id, account, name, created_at) VALUES (1, 'aa', 'A', now()), (2, 'bb', 'B', now())`)
	dbtest.Exec(t, address, `SET session_replication_role = replica;
		INSERT INTO integrations (id, environment_id, name, base_url, account_name, token_sealed, partner_kind, limit_group, state, next_sync_at, next_poll_at, created_at, settings, link_key, event_secret_sealed, updated_at)
		SELECT n, 1 + n % 2, 'x', 'http://x', 'x' || n, '', 'stock', 'x', CASE n WHEN 3 THEN 'removed' ELSE 'active' END, now(), now(), now(), '{}', 'k' || n, '', now() FROM generate_series(1, 3) n;
		INSERT INTO set_aside_rows (environment_id, integration_id, kind, partner_id, name, field, value, reason, kept, since, last_seen_at)
		SELECT i.environment_id, i.id, 'product', '7', '', 'name', '', 'required', true, now(), now() FROM integrations i`)
	values := gathered(t, observed{dbtest.Open(t, address), time.Now, noAge, 0}, "koppel_set_aside_rows")
	require.Equal(t, map[string]float64{
		"koppel_set_aside_rows kind=product": 2, "koppel_set_aside_rows kind=question": 0, "koppel_set_aside_rows kind=flow": 0,
		"koppel_set_aside_rows kind=agreement": 0, "koppel_set_aside_rows kind=status": 0, "koppel_set_aside_rows kind=sale": 0,
	}, values)
}
