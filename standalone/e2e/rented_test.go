package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
)

// The main job on PostgreSQL as it is rented: each version, each owner, directly and through a pooler that has one connection
// for everybody, with and without a direct address beside it. docs/operations.md has a row for each. Every run takes six, in
// which each version meets each owner and each way; `make matrix` takes all eighteen.
func TestMainJobOnRentedPostgreSQL(t *testing.T) {
	t.Parallel()
	documented, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	all := os.Getenv("KOPPEL_MATRIX") != ""
	for i, version := range []dbtest.Version{dbtest.Installed, dbtest.PostgreSQL17} {
		for j, owner := range []dbtest.Owner{dbtest.Superuser, dbtest.MakesRoles, dbtest.Prepared} {
			for k, way := range []string{"direct", "pooler", "pooler and direct"} {
				if !all && (i+j+k)%3 != 1 {
					continue
				}
				t.Run(fmt.Sprintf("%s, %s, %s", version, owner, way), func(t *testing.T) { // one after the other: each is a deployment
					label := strings.Replace(string(version), string(dbtest.Installed), "15", 1)
					require.Contains(t, string(documented), fmt.Sprintf("| %s | %s | %s |", label, owner, way))
					o := dbtest.Rented(t, version, owner)
					require.NoError(t, db.Migrate(t.Context(), o))
					env := []string{"KOPPEL_DATABASE_PASSWORD=" + o.Password, "KOPPEL_DATABASE_APP_ROLE=" + o.AppRole, "KOPPEL_DATABASE_SYSTEM_ROLE=" + o.SystemRole}
					address := o.URL
					if way != "direct" {
						address = dbtest.Pooler(t, o)
					}
					if way == "pooler and direct" {
						env = append(env, "KOPPEL_DATABASE_DIRECT_URL="+o.URL)
					}
					l := ready(t, 3, append(env, "DATABASE_URL="+address)...)
					mainJob(t, l)
					l.doctorSays(way)
				})
			}
		}
	}
}

// doctorSays asks doctor how the database is reached.
func (l *link) doctorSays(way string) {
	l.t.Helper()
	cmd := exec.Command(binary, "doctor")
	cmd.Env = append(append(os.Environ(), "KOPPEL_ENCRYPTION_KEYS="+l.keys, "TEMPORAL_ADDRESS="+l.temporalAddress, "KOPPEL_PUBLIC_URL="+l.base), l.env...)
	output, err := cmd.CombinedOutput()
	require.NoError(l.t, err, string(output))
	for part, says := range map[string]bool{
		", directly": way == "direct", "through a pooler": way != "direct", "looked for once a second": way == "pooler", "direct address": way == "pooler and direct",
		"ok     the database's roles": true, "ok     the database's clock": true, "ok     migrations": true,
	} {
		require.Equal(l.t, says, strings.Contains(string(output), part), "%s: %s", part, output)
	}
}
