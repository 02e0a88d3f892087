package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// linked is a database with two links of two environments, and one that was removed, each with its sales.
func linked(t *testing.T) (address string) {
	t.Helper()
	address = dbtest.URL(t)
	dbtest.Exec(t, address, `INSERT INTO environments (id, account, name, created_at) VALUES (1, 'aa', 'A', now()), (2, 'bb', 'B', now())`)
	dbtest.Exec(t, address, `SET session_replication_role = replica;
		INSERT INTO limit_groups (name, requests_per_minute, integrations, circuit_since) VALUES ('g1', 120, 1, NULL), ('g2', 60, 1, now());
		INSERT INTO limit_group_use (name, at, kind, requests, throttled) VALUES ('g1', now() - interval '20 seconds', 'forward', 24, 0), ('g1', now() - interval '10 seconds', 'status', 6, 0), ('g1', now() - interval '2 minutes', 'status', 99, 0);
		INSERT INTO integrations (id, environment_id, name, base_url, account_name, token_sealed, partner_kind, limit_group, state, next_sync_at, next_poll_at, created_at, settings, link_key, event_secret_sealed, updated_at, last_checked_at, last_polled_at)
		SELECT n, 1 + n % 2, 'x', 'http://x', 'x' || n, '', 'stock', 'g' || n, CASE n WHEN 3 THEN 'removed' ELSE 'active' END, now(), now(), now() - interval '1 day', jsonb_build_object('status_updates', n = 1), 'k' || n, '', now(),
		  now() - n * interval '1 hour', now() - interval '10 minutes' FROM generate_series(1, 3) n;
		INSERT INTO forwardings (id, environment_id, integration_id, sale_id, state, due_at, cause, look, looked_at, request_sealed, partner_sale_id, created_at, updated_at)
		SELECT n, 1 + i % 2, i, n, state, now() + due::interval, cause, look, now(), '', n::text, now(), now() FROM (VALUES
		  (1, 1, 'waiting', '-30 minutes', 'partner_down', ''), (2, 1, 'waiting', '1 hour', '', ''), (3, 1, 'sending', '-1 minute', '', ''),
		  (4, 1, 'action_required', '-1 day', 'question_unmapped', ''), (5, 1, 'action_required', '-1 day', 'question_unmapped', ''), (6, 1, 'outcome_unknown', '-1 day', 'outcome_unknown', 'looking'),
		  (7, 1, 'outcome_unknown', '-1 day', 'outcome_unknown', 'done'), (8, 1, 'forwarded', '-1 day', '', ''), (9, 2, 'withdrawn', '-1 day', '', ''), (10, 3, 'action_required', '-1 day', 'integration_removed', '')
		) AS f (n, i, state, due, cause, look);
		INSERT INTO outbox (environment_id, kind, subject_id, available_at, created_at) VALUES (1, 'integration', 1, now(), now() - interval '5 minutes'), (1, 'integration', 2, now(), now());`)
	return address
}

// Each link tells how old what it read is, what its partner allows, and which of its sales have not arrived; totals are of all.
func TestLinkMetrics(t *testing.T) {
	t.Parallel()
	values := gathered(t, observed{dbtest.Open(t, linked(t)), time.Now, noAge, 2}, "koppel_link", "koppel_sales", "koppel_outbox")
	for name, want := range map[string]float64{
		"koppel_outbox_rows": 2, "koppel_outbox_oldest_seconds": 300,
		"koppel_links partner=stock state=active": 2, "koppel_links partner=koppel state=paused": 0, "koppel_links partner=koppel state=active": 0, "koppel_links partner=stock state=paused": 0,
		"koppel_links_products_age_seconds": 7200, "koppel_links_statuses_age_seconds": 600, "koppel_links_circuit_open": 1, "koppel_links_budget_used_ratio": 0.25, "koppel_links_with_series": 2,
		"koppel_link_active integration=1": 1, "koppel_link_active integration=2": 1,
		"koppel_link_products_age_seconds integration=1": 3600, "koppel_link_products_age_seconds integration=2": 7200, "koppel_link_statuses_age_seconds integration=1": 600,
		"koppel_link_circuit_open integration=1": 0, "koppel_link_circuit_open integration=2": 1,
		"koppel_link_budget_used_ratio integration=1": 0.25, "koppel_link_budget_used_ratio integration=2": 0,
		"koppel_sales_waiting reason=partner_down": 1, "koppel_sales_waiting reason=not_due": 1, "koppel_sales_waiting reason=none": 1,
		"koppel_sales_need_person reason=question_unmapped": 2, "koppel_sales_need_person reason=outcome_unknown": 1, "koppel_sales_need_person reason=integration_removed": 1,
		"koppel_sales_outcome_unknown": 2, "koppel_sales_oldest_waiting_seconds": 1800,
		"koppel_link_sales_waiting integration=1 reason=partner_down": 1, "koppel_link_sales_waiting integration=1 reason=not_due": 1, "koppel_link_sales_waiting integration=1 reason=none": 1,
		"koppel_link_sales_need_person integration=1 reason=question_unmapped": 2, "koppel_link_sales_need_person integration=1 reason=outcome_unknown": 1,
		"koppel_link_sales_outcome_unknown integration=1": 2, "koppel_link_sales_outcome_unknown integration=2": 0,
		"koppel_link_oldest_waiting_seconds integration=1": 1800, "koppel_link_oldest_waiting_seconds integration=2": 0,
	} {
		value, there := values[name]
		require.True(t, there, name)
		require.InDelta(t, want, value, 60*min(1, want/100), name)
		delete(values, name)
	}
	require.Empty(t, values, "and nothing else, nor of a link that was removed")
}

// With more links than the setting says there are totals only.
func TestManyLinksHaveTotalsOnly(t *testing.T) {
	t.Parallel()
	store := dbtest.Open(t, linked(t))
	total := gathered(t, observed{store, time.Now, noAge, 1}, "koppel_links", "koppel_sales")
	require.Zero(t, total["koppel_links_with_series"])
	require.InDelta(t, 2, total["koppel_links partner=stock state=active"], 0)
	require.InDelta(t, 2, total["koppel_sales_outcome_unknown"], 0)
	require.Empty(t, gathered(t, observed{store, time.Now, noAge, 1}, "koppel_link_"))
}

// However often somebody scrapes, the database is asked once in ten seconds, in one transaction.
func TestTheDatabaseIsAskedOnceForManyScrapes(t *testing.T) {
	t.Parallel()
	store := dbtest.Open(t, linked(t))
	clock := time.Now()
	registry := prometheus.NewRegistry()
	observed{store, func() time.Time { return clock }, noAge, 2}.register(t.Context(), registry)
	before := store.Transactions()
	for range 20 {
		_, err := registry.Gather()
		require.NoError(t, err)
	}
	require.Equal(t, int64(1), store.Transactions()-before)
	clock = clock.Add(factsEvery)
	_, err := registry.Gather()
	require.NoError(t, err)
	require.Equal(t, int64(2), store.Transactions()-before)
}

// While the database is away, a scrape is answered within the time of one question, and says so.
func TestAScrapeDoesNotWaitForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	_, forOperators, database := withoutTemporal(t)
	dbtest.Shut(t, database)
	began := time.Now()
	body := get(forOperators, "/metrics").Body.String()
	require.Less(t, time.Since(began), 2*factsTimeout)
	require.Contains(t, body, "koppel_outbox_rows -1")
	for _, name := range []string{"koppel_links", "koppel_sales_waiting", "koppel_background_failing"} {
		require.False(t, strings.Contains(body, fmt.Sprintf("\n%s{", name)), "%s: nothing is told that is not known", name)
	}
	require.Contains(t, body, "go_goroutines")
}
