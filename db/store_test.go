package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func environment(t *testing.T, store *db.Store, account string) db.Environment {
	t.Helper()
	var env db.Environment
	require.NoError(t, store.WithSystemTx(t.Context(), func(tx *db.Tx) (err error) {
		env, err = tx.EnvironmentInsert(t.Context(), db.EnvironmentInsertParams{Account: account, Name: account, Language: states.Dutch, Now: now})
		return err
	}))
	return env
}

// Row-level security is the second wall: through the application's role a query without a WHERE sees the
// transaction's environment, and nothing without one.
func TestRowLevelSecurityHidesOtherEnvironments(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	store, err := db.Open(t.Context(), db.Options{URL: address, MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	ours, theirs := environment(t, store, "ours"), environment(t, store, "theirs")
	for _, env := range []db.Environment{ours, theirs} {
		require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
			_, err := tx.OrganisationInsert(t.Context(), db.OrganisationInsertParams{EnvironmentID: env.ID, Name: "of " + env.Account, Now: now})
			return err
		}))
	}
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), "SET ROLE koppel_app")
	require.NoError(t, err)

	var count int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM organisations").Scan(&count))
	require.Zero(t, count, "without an environment nothing is visible")

	_, err = conn.Exec(t.Context(), "SELECT set_config('koppel.environment_id', $1::text, false)", "1")
	require.NoError(t, err)
	var names []string
	rows, err := conn.Query(t.Context(), "SELECT name FROM organisations")
	require.NoError(t, err)
	names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"of ours"}, names)

	_, err = conn.Exec(t.Context(), "INSERT INTO organisations (environment_id, name, created_at, updated_at) VALUES (2, 'planted', now(), now())")
	require.ErrorContains(t, err, "row-level security")
	_, err = conn.Exec(t.Context(), "DELETE FROM audit_log")
	require.ErrorContains(t, err, "permission denied")
}

// Every table with tenant rows has the wall: a table that is added later and forgotten fails here.
func TestEveryTenantTableHasRowLevelSecurity(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), dbtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	rows, err := conn.Query(t.Context(), `SELECT c.table_name::text FROM information_schema.columns c
		JOIN pg_class k ON k.relname = c.table_name AND k.relkind = 'r'
		WHERE c.table_schema = 'public' AND c.column_name = 'environment_id' AND NOT k.relrowsecurity`)
	require.NoError(t, err)
	open, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, open)
}

func TestWithTxRollsBackOnError(t *testing.T) {
	t.Parallel()
	store := dbtest.New(t)
	env := environment(t, store, "acme")
	boom := errors.New("boom")
	err := store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
		_, err := tx.OrganisationInsert(t.Context(), db.OrganisationInsertParams{EnvironmentID: env.ID, Name: "gone", Now: now})
		require.NoError(t, err)
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
		list, err := tx.OrganisationList(t.Context(), env.ID)
		require.Empty(t, list)
		return err
	}))
}

func TestErrorsAreOurs(t *testing.T) {
	t.Parallel()
	store := dbtest.New(t)
	env := environment(t, store, "acme")
	err := store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
		_, err := tx.ProductByID(t.Context(), db.ProductByIDParams{EnvironmentID: env.ID, ID: 404})
		return err
	})
	require.ErrorIs(t, err, db.ErrNotFound)
	err = store.WithSystemTx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.EnvironmentInsert(t.Context(), db.EnvironmentInsertParams{Account: "acme", Name: "again", Language: states.Dutch, Now: now})
		return err
	})
	require.ErrorIs(t, err, db.ErrConflict)
}

// A cursor never passes a transaction that is still running: what commits late is read later, not never.
func TestChangeCursorWaitsForRunningTransactions(t *testing.T) {
	t.Parallel()
	store := dbtest.New(t)
	env := environment(t, store, "acme")
	var org db.Organisation
	require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) (err error) {
		org, err = tx.OrganisationInsert(t.Context(), db.OrganisationInsertParams{EnvironmentID: env.ID, Name: "A", Now: now})
		return err
	}))
	add := func(tx *db.Tx, name string) {
		product, err := tx.ProductInsert(t.Context(), db.ProductInsertParams{EnvironmentID: env.ID, Content: linking.ProductContent{Name: name, Type: "simple"}, Active: true, Now: now})
		require.NoError(t, err)
		_, err = tx.OrganisationProductsGrant(t.Context(), db.OrganisationProductsGrantParams{EnvironmentID: env.ID, OrganisationID: org.ID, ProductIds: []int64{product.ID}})
		require.NoError(t, err)
	}
	read := func(since int64) (names []string, horizon int64) {
		require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) (err error) {
			horizon, err = tx.SystemChangeHorizon(t.Context())
			require.NoError(t, err)
			rows, err := tx.ProductChanges(t.Context(), db.ProductChangesParams{EnvironmentID: env.ID, OrganisationID: org.ID, Since: since, Horizon: horizon, PageSize: 10})
			for _, row := range rows {
				names = append(names, row.Product.Name)
			}
			return err
		}))
		return names, horizon
	}
	started, finish := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
			add(tx, "slow")
			close(started)
			<-finish
			return nil
		})
	}()
	<-started
	require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error { add(tx, "fast"); return nil }))
	first, cursor := read(0)
	close(finish)
	require.NoError(t, <-done)
	// Another database's transaction can hold the horizon back for a moment: read on until both came.
	seen := first
	require.Eventually(t, func() bool {
		var names []string
		names, cursor = read(cursor)
		seen = append(seen, names...)
		return len(seen) >= 2
	}, 30*time.Second, 10*time.Millisecond)
	require.ElementsMatch(t, []string{"slow", "fast"}, seen, "each exactly once, none lost")
}

// The migration writes the validity that was stored in every spelling in its one form; what it does not know stays.
func TestValidityIsWrittenInItsForm(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	env := environment(t, dbtest.Open(t, address), "ours")
	migration, err := os.ReadFile("migrations/00019_set_aside_rows.sql")
	require.NoError(t, err)
	_, step, found := strings.Cut(string(migration), "-- +goose StatementBegin\n")
	require.True(t, found)
	step, _, _ = strings.Cut(step, "-- +goose StatementEnd")
	for spelled, want := range map[string]string{
		"": "none", "0000-00-00": "none", "0000-00-00 00:00:00": "none", "01-02-2027": "2027-02-01", "01-02-2027 10:00": "2027-02-01 10:00", "2027-02-01T10:00:00.000": "2027-02-01 10:00:00",
		"2027-02-01": "2027-02-01", "2027-02-01 10:00:00": "2027-02-01 10:00:00", "2027-02-01T10:00:00+01:00": "2027-02-01T10:00:00+01:00", "ooit": "ooit",
	} {
		dbtest.Exec(t, address, fmt.Sprintf(`INSERT INTO products (environment_id, content, own, created_at, updated_at) VALUES (%d, '{"name": "x", "type": "x", "valid_from": "%s", "valid_till": "%[2]s"}', '{}', now(), now())`, env.ID, spelled))
		dbtest.Exec(t, address, step)
		for _, field := range []string{"valid_from", "valid_till"} {
			require.Equal(t, want, dbtest.One(t, address, `SELECT coalesce(content ->> '`+field+`', 'none') FROM products ORDER BY id DESC LIMIT 1`), spelled)
		}
	}
}
