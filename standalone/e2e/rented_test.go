package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
)

// The main job on PostgreSQL as it is rented: each version, each owner, directly and through a pooler that has one connection
// for everybody, with and without a direct address beside it; with Temporal as it is, and where it lets in nobody without a
// certificate. docs/operations.md has a row for each. Every run takes six, in which each version meets each owner and each
// way, and each of those both Temporals; `make matrix` takes all thirty-six.
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
				label := strings.Replace(string(version), string(dbtest.Installed), "15", 1)
				require.Contains(t, string(documented), fmt.Sprintf("| %s | %s | %s | plain, mTLS |", label, owner, way))
				for _, mutualTLS := range []bool{false, true} {
					if !all && mutualTLS != ((i+j)%2 == 1) {
						continue
					}
					name := fmt.Sprintf("%s, %s, %s, mTLS %t", version, owner, way, mutualTLS)
					t.Run(name, func(t *testing.T) { mainJobOnRented(t, version, owner, way, mutualTLS) }) // one after the other: each is a deployment
				}
			}
		}
	}
}

func mainJobOnRented(t *testing.T, version dbtest.Version, owner dbtest.Owner, way string, mutualTLS bool) {
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
	var temporalArgs []string
	if mutualTLS {
		c := newCertificates(t)
		temporalArgs = c.serverArgs()
		env = append(env, "TEMPORAL_TLS=true", "TEMPORAL_TLS_SERVER_NAME=localhost", "TEMPORAL_TLS_SERVER_CA_CERT_PATH="+c.ca, "TEMPORAL_TLS_CLIENT_CERT_PATH="+c.cert, "TEMPORAL_TLS_CLIENT_KEY_PATH="+c.key)
	}
	l := readyOn(deployBeside(t, temporalArgs, append(env, "DATABASE_URL="+address)...), 3)
	mainJob(t, l)
	l.doctorSays(way)
}

// doctorSays asks doctor how the database is reached.
func (l *link) doctorSays(way string) {
	l.t.Helper()
	output := l.inOrder()
	for part, says := range map[string]bool{
		", directly": way == "direct", "through a pooler": way != "direct", "looked for once a second": way == "pooler", "direct address": way == "pooler and direct",
		"ok     the database's roles": true, "ok     the database's clock": true, "ok     migrations": true,
	} {
		require.Equal(l.t, says, strings.Contains(output, part), "%s: %s", part, output)
	}
}
