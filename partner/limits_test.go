package partner_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/partner"
)

// limit is what is known of the limit of an environment's link (they have one number), and what the environment sees of its use.
func (f *fixture) limit(n int64) (limit int32, used, sharedWith int64) {
	f.t.Helper()
	require.NoError(f.t, f.store.WithSystemTx(f.t.Context(), func(tx *db.Tx) error { return tx.SystemLimitGroupsRefresh(f.t.Context(), partner.StockLimit) }))
	require.NoError(f.t, f.store.WithTx(f.t.Context(), n, func(tx *db.Tx) error {
		row, err := tx.IntegrationBudget(f.t.Context(), db.IntegrationBudgetParams{EnvironmentID: n, ID: n, Now: f.clock.Now()})
		require.NoError(f.t, err)
		limit, sharedWith = *row.RequestsPerMinute, row.SharedWith
		rows, err := tx.IntegrationBudgetUse(f.t.Context(), db.IntegrationBudgetUseParams{EnvironmentID: n, IntegrationID: n, Since: f.clock.Now().Add(-time.Minute)})
		for _, row := range rows {
			used += row.Requests
		}
		return err
	}))
	return limit, used, sharedWith
}

func (f *fixture) group(n int64) (group string) {
	f.t.Helper()
	require.NoError(f.t, f.store.WithTx(f.t.Context(), n, func(tx *db.Tx) error {
		row, err := tx.IntegrationByID(f.t.Context(), n, n)
		group = row.LimitGroup
		return err
	}))
	return group
}

func (f *fixture) set(n int64, perMinute int) {
	f.t.Helper()
	settings := linking.DefaultSettings()
	settings.RequestsPerMinute = perMinute
	require.NoError(f.t, f.store.WithTx(f.t.Context(), n, func(tx *db.Tx) error {
		return tx.IntegrationSetSettings(f.t.Context(), db.IntegrationSetSettingsParams{EnvironmentID: n, ID: n, Name: "B", Settings: settings, OwnLimit: perMinute > 0, LimitSet: true,
			Now: f.clock.Now(), NextSyncAt: f.clock.Now(), NextPollAt: f.clock.Now()})
	}))
}

// What an environment sets for its link binds that link alone; what it uses is seen by nobody else. What the partner itself
// teaches is shared by who shares its host.
func TestAnOwnLimitBindsNobodyElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for n := range 3 {
		dbtest.Exec(t, f.url, fmt.Sprintf(`INSERT INTO environments (id, account, name, created_at) VALUES (%[1]d, 'omgeving%[1]d', 'A', now());
			INSERT INTO integrations (id, environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at)
			VALUES (%[1]d, %[1]d, 'B', 'b', 'http://b.example', '', 'stock', 'host', '{}', 'k%[1]d', '', now(), now(), now(), now())`, n+1))
	}
	f.set(1, 1)
	limits := func() (list []int32) {
		for n := range int64(3) {
			limit, _, shared := f.limit(n + 1)
			require.Zero(t, shared, "other environments are nobody's to count")
			list = append(list, limit)
		}
		return list
	}
	require.Equal(t, []int32{1, 120, 120}, limits())
	require.NotEqual(t, f.group(1), f.group(2), "its requests wait in a line of their own")
	require.Equal(t, f.group(2), f.group(3))

	b := f.budget()
	for n := range int64(3) {
		for range n + 1 {
			require.NoError(t, f.askAs(b, partner.Asker{Group: f.group(n + 1), EnvironmentID: n + 1, IntegrationID: n + 1}))
		}
	}
	require.NoError(t, b.Sync(context.WithoutCancel(t.Context())))
	for n := range int64(3) {
		_, used, _ := f.limit(n + 1)
		require.Equal(t, n+1, used, "its own use")
	}

	f.status = 429
	require.NoError(t, f.askAs(b, partner.Asker{Group: f.group(2), EnvironmentID: 2, IntegrationID: 2}))
	learned := func(group string) string {
		return dbtest.One(t, f.url, fmt.Sprintf(`SELECT (learned IS NOT NULL)::text FROM limit_groups WHERE name = '%s'`, group))
	}
	require.Equal(t, []string{"false", "true"}, []string{learned(f.group(1)), learned(f.group(3))})
	f.set(1, 0)
	require.Equal(t, f.group(2), f.group(1), "without a limit of its own it shares again")
	require.Equal(t, "true", learned(f.group(1)), "and what was taught stays")
}
