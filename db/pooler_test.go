package db_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/states"
)

// pooled is a database behind a pooler that has one connection for everybody.
func pooled(t *testing.T, version dbtest.Version) (direct, through db.Options) {
	t.Helper()
	direct = dbtest.Rented(t, version, dbtest.MakesRoles)
	require.NoError(t, db.Migrate(t.Context(), direct))
	through = direct
	through.URL = dbtest.Pooler(t, direct)
	return direct, through
}

// With one connection for everybody, tenants and the system take turns on it. A table is laid out so that whoever comes as
// another than the application's role is found out: the system's policy raises, and the owner sees nothing.
func TestNoTenantIsEverTheSystem(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			direct, through := pooled(t, version)
			store, err := db.Open(t.Context(), through)
			require.NoError(t, err)
			t.Cleanup(store.Close)
			ours, theirs := tenants(t, store)
			owner := dbtest.As(t, direct)
			for _, statement := range []string{
				`CREATE FUNCTION found_out() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a tenant came as %', current_user; END $$`,
				"ALTER POLICY system ON organisations USING (found_out()) WITH CHECK (found_out())",
				"ALTER TABLE organisations FORCE ROW LEVEL SECURITY",
			} {
				_, err := owner.Exec(t.Context(), statement)
				require.NoError(t, err)
			}
			require.ErrorContains(t, store.WithSystemTx(t.Context(), func(tx *db.Tx) error {
				_, err := tx.OrganisationList(t.Context(), ours.ID)
				return err
			}), "a tenant came as", "the trap works")
			var group sync.WaitGroup
			failures := make(chan error, 1000)
			for worker := range 16 {
				group.Go(func() {
					for range 25 {
						if err := turn(t.Context(), store, worker, ours, theirs); err != nil {
							failures <- err
						}
					}
				})
			}
			group.Wait()
			close(failures)
			for err := range failures {
				require.NoError(t, err)
			}
		})
	}
}

// turn is one transaction of a tenant, or of the system.
func turn(ctx context.Context, store *db.Store, worker int, ours, theirs db.Environment) error {
	if worker%4 == 0 {
		return store.WithSystemTx(ctx, func(tx *db.Tx) error {
			_, err := tx.SystemOutboxSize(ctx)
			return err
		})
	}
	env, other := ours, theirs
	if worker%2 == 0 {
		env, other = theirs, ours
	}
	work := store.WithTx
	if worker%3 == 0 {
		work = store.WithReadTx
	}
	return work(ctx, env.ID, func(tx *db.Tx) error {
		list, err := tx.OrganisationList(ctx, env.ID)
		if err != nil || len(list) != 1 || list[0].Name != "of "+env.Account {
			return fmt.Errorf("%s saw %d of its own: %w", env.Account, len(list), err)
		}
		if list, err = tx.OrganisationList(ctx, other.ID); err != nil || len(list) != 0 {
			return fmt.Errorf("%s saw %d of %s: %w", env.Account, len(list), other.Account, err)
		}
		return nil
	})
}

// Nothing can listen behind a pooler: without a direct address the outbox is looked at, with one a commit is told.
func TestTheOutboxIsHeardBehindAPooler(t *testing.T) {
	t.Parallel()
	direct, through := pooled(t, dbtest.Installed)
	for what, address := range map[string]string{"looked at": "", "told": direct.URL} {
		o := through
		o.DirectURL = address
		store, err := db.Open(t.Context(), o)
		require.NoError(t, err, what)
		t.Cleanup(store.Close)
		found, err := db.Inspect(t.Context(), o)
		require.NoError(t, err)
		require.True(t, found.Pooled)
		require.Equal(t, address != "", found.Notices, what)
		require.NoError(t, found.Direct)
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		woken := make(chan struct{}, 100)
		ended := make(chan error, 1)
		go func() { ended <- store.ListenOutbox(ctx, func() { woken <- struct{}{} }) }()
		<-woken // it begins with one
		require.NoError(t, store.WithSystemTx(t.Context(), func(tx *db.Tx) error {
			return tx.OutboxInsert(t.Context(), db.OutboxInsertParams{EnvironmentID: 1, Kind: states.OutboxNotify, SubjectID: 1, Now: now})
		}))
		select {
		case <-woken:
		case err := <-ended:
			require.NoError(t, err, what)
		}
		stop()
		<-ended
	}
	through.DirectURL = through.URL
	found, err := db.Inspect(t.Context(), through)
	require.NoError(t, err)
	require.Error(t, found.Direct, "a direct address that is a pooler's")
}

// Migrations take a lock for as long as they run: through a pooler they would take it on a connection that is somebody else's next.
func TestMigrateIsNotDoneThroughAPooler(t *testing.T) {
	t.Parallel()
	direct, through := pooled(t, dbtest.Installed)
	require.ErrorIs(t, db.Migrate(t.Context(), through), db.ErrPooled)
	through.DirectURL = direct.URL
	require.NoError(t, db.Migrate(t.Context(), through))
}
