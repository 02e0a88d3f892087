package db_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
)

// A batch of what is too old is found by time: the large tables are not read from end to end every hour.
func TestWhatIsTooOldIsFoundByAnIndex(t *testing.T) {
	t.Parallel()
	o := dbtest.Rented(t, dbtest.PostgreSQL17, dbtest.MakesRoles)
	require.NoError(t, db.Migrate(t.Context(), o))
	conn := dbtest.As(t, o)
	_, err := conn.Exec(t.Context(), "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
	require.NoError(t, err)
	texts := generated(t)
	for query, index := range map[string]string{
		"SystemRunsForget": "sync_runs_created", "SystemAttemptsForget": "forwarding_attempts_started", "SystemMailsForget": "mails_created", "SystemWebhookEventsForget": "webhook_events_created",
		"SystemConceptsForget": "concept_transactions_unused", "SystemIdempotencyKeysForget": "idempotency_keys_created",
	} {
		results, err := conn.PgConn().Exec(t.Context(), "EXPLAIN (GENERIC_PLAN) "+queries(t, texts)[query]).ReadAll()
		require.NoError(t, err, query)
		require.Contains(t, string(bytes.Join(slices.Concat(results[0].Rows...), []byte("\n"))), index, query)
	}
	var plan string
	require.NoError(t, conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) SELECT id FROM audit_log WHERE at < now() ORDER BY at LIMIT 10").Scan(&plan)) // as the function asks
	require.Contains(t, plan, "audit_log_at")
}
