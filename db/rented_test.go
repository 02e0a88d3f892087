package db_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
)

var versions = []dbtest.Version{dbtest.Installed, dbtest.PostgreSQL17}

// tenants works in two environments, and shows that each sees its own.
func tenants(t *testing.T, store *db.Store) (ours, theirs db.Environment) {
	t.Helper()
	ours, theirs = environment(t, store, "ours"), environment(t, store, "theirs")
	for _, env := range []db.Environment{ours, theirs} {
		require.NoError(t, store.WithTx(t.Context(), env.ID, func(tx *db.Tx) error {
			_, err := tx.OrganisationInsert(t.Context(), db.OrganisationInsertParams{EnvironmentID: env.ID, Name: "of " + env.Account, Now: now})
			return err
		}))
	}
	for asked, sees := range map[int64]int{ours.ID: 1, theirs.ID: 0} {
		require.NoError(t, store.WithReadTx(t.Context(), ours.ID, func(tx *db.Tx) error {
			list, err := tx.OrganisationList(t.Context(), asked)
			require.Len(t, list, sees)
			return err
		}))
	}
	return ours, theirs
}

// On every version, and whoever owns the database, it is migrated, used, and migrated again.
func TestRentedDatabases(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		for _, owner := range []dbtest.Owner{dbtest.Superuser, dbtest.MakesRoles, dbtest.Prepared} {
			t.Run(string(version)+", "+string(owner), func(t *testing.T) {
				t.Parallel()
				o := dbtest.Rented(t, version, owner)
				require.NoError(t, db.Migrate(t.Context(), o))
				require.NoError(t, db.Migrate(t.Context(), o))
				store, err := db.Open(t.Context(), o)
				require.NoError(t, err)
				t.Cleanup(store.Close)
				tenants(t, store)
				found, err := db.Inspect(t.Context(), o)
				require.NoError(t, err)
				require.NoError(t, found.Roles)
				require.Zero(t, found.Pending)
				require.True(t, found.Notices)
				require.False(t, found.Pooled)
			})
		}
	}
}

// An owner who may not make roles is told what an administrator can run; when that was run, it works.
func TestMigrateSaysWhatAnAdministratorCanRun(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			o := dbtest.Rented(t, version, dbtest.Plain)
			err := db.Migrate(t.Context(), o)
			require.ErrorIs(t, err, db.ErrRoles)
			require.ErrorContains(t, err, "koppel migrate again")
			found, err2 := db.Inspect(t.Context(), o)
			require.NoError(t, err2)
			require.ErrorIs(t, found.Roles, db.ErrRoles)
			require.Positive(t, found.Pending)
			var tables int
			require.NoError(t, dbtest.As(t, o).QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables))
			require.Zero(t, tables, "neither a look nor what was refused writes anything")
			statements := regexp.MustCompile(`(?m)^  (.*;)$`).FindAllStringSubmatch(err.Error(), -1)
			require.Len(t, statements, 3)
			for _, statement := range statements {
				dbtest.Exec(t, dbtest.Server(t, version), statement[1])
			}
			require.NoError(t, db.Migrate(t.Context(), o))
			store, err := db.Open(t.Context(), o)
			require.NoError(t, err)
			t.Cleanup(store.Close)
			tenants(t, store)
		})
	}
}

// Being a member of a role is not enough since PostgreSQL 16: that was found out by the first request, after a migrate
// that ended well.
func TestMigrateRefusesRolesThatItMayNotBecome(t *testing.T) {
	t.Parallel()
	o := dbtest.Rented(t, dbtest.PostgreSQL17, dbtest.Plain)
	name := strings.TrimSuffix(o.AppRole, "_app")
	dbtest.Exec(t, dbtest.Server(t, dbtest.PostgreSQL17), fmt.Sprintf("CREATE ROLE %s; CREATE ROLE %s; GRANT %[1]s, %[2]s TO %s WITH SET FALSE, INHERIT TRUE", o.AppRole, o.SystemRole, name))
	require.ErrorIs(t, db.Migrate(t.Context(), o), db.ErrRoles)
}

// The application's role is refused where row-level security would not hold it.
func TestMigrateRefusesAMightyRole(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		for what, make := range map[string]string{"BYPASSRLS": "ALTER ROLE %[1]s BYPASSRLS", "a member of the system's": "GRANT %[2]s TO %[1]s", "a member of the owner": "GRANT %[3]s TO %[1]s"} {
			t.Run(string(version)+", "+what, func(t *testing.T) {
				t.Parallel()
				owner := dbtest.Prepared
				if what == "a member of the owner" {
					owner = dbtest.Plain // or it would go round
				}
				o := dbtest.Rented(t, version, owner)
				name := strings.TrimSuffix(o.AppRole, "_app")
				if owner == dbtest.Plain {
					dbtest.Exec(t, dbtest.Server(t, version), "ALTER ROLE "+name+" SUPERUSER")
					dbtest.Exec(t, dbtest.Server(t, version), "CREATE ROLE "+o.AppRole)
				}
				dbtest.Exec(t, dbtest.Server(t, version), strings.NewReplacer("%[1]s", o.AppRole, "%[2]s", o.SystemRole, "%[3]s", name).Replace(make))
				require.ErrorContains(t, db.Migrate(t.Context(), o), "row-level security")
			})
		}
	}
}

// Two deployments on one server: with the same names the second is refused before it can see what the first keeps; with names of
// its own it works.
func TestTwoDeploymentsOnOneServer(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			first, second := dbtest.Rented(t, version, dbtest.MakesRoles), dbtest.Rented(t, version, dbtest.MakesRoles)
			require.NoError(t, db.Migrate(t.Context(), first))
			own := second
			second.AppRole, second.SystemRole = first.AppRole, first.SystemRole
			err := db.Migrate(t.Context(), second)
			require.ErrorIs(t, err, db.ErrRoles)
			require.ErrorContains(t, err, "KOPPEL_DATABASE_APP_ROLE")
			require.NoError(t, db.Migrate(t.Context(), own))
			// Once made, a schema keeps its roles.
			own.AppRole += "_other"
			require.ErrorContains(t, db.Migrate(t.Context(), own), "was made for the role")
		})
	}
}

// Three migrations at once go one after the other.
func TestThreeMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			o := dbtest.Rented(t, version, dbtest.MakesRoles)
			var group sync.WaitGroup
			errs := make([]error, 3)
			for i := range errs {
				group.Go(func() { errs[i] = db.Migrate(context.WithoutCancel(t.Context()), o) })
			}
			group.Wait()
			for _, err := range errs {
				require.NoError(t, err)
			}
		})
	}
}

// An address that cannot be read is not quoted: what was pasted into it may be a password.
func TestABrokenAddressIsNotQuoted(t *testing.T) {
	t.Parallel()
	_, err := db.Open(t.Context(), db.Options{URL: "postgres://koppel:se/cr@et%@localhost:5432/koppel"})
	require.ErrorIs(t, err, db.ErrAddress)
	require.NotContains(t, err.Error(), "cr@et")
}
