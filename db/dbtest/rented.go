package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/db"
)

// Owner is whom a database is rented as.
type Owner string

// The owners that there are, by what they may do.
const (
	Superuser  Owner = "superuser"
	MakesRoles Owner = "owner with CREATEROLE"
	Prepared   Owner = "owner with roles that were made for it"
	Plain      Owner = "owner without any right"
)

// Rented makes an empty database of such an owner, with roles of its own. It is not migrated.
func Rented(t testing.TB, version Version, owner Owner) db.Options {
	t.Helper()
	admin := Server(t, version)
	name := fmt.Sprintf("rented_%d", number.Add(1))
	o := db.Options{Password: "a/b@c:d%e f", AppRole: name + "_app", SystemRole: name + "_system", MaxConns: 8} //nolint:gosec // a password for a database of the test's own
	rights := map[Owner]string{Superuser: "SUPERUSER", MakesRoles: "CREATEROLE"}[owner]
	Exec(t, admin, "CREATE ROLE "+name+" LOGIN "+rights+" PASSWORD '"+o.Password+"'")
	Exec(t, admin, "CREATE DATABASE "+name+" OWNER "+name)
	if owner == Prepared {
		with := " WITH SET TRUE, INHERIT FALSE"
		if version == Installed && One(t, admin, "SELECT (current_setting('server_version_num')::int < 160000)::text") == "true" {
			with = ""
		}
		Exec(t, admin, fmt.Sprintf("CREATE ROLE %s NOLOGIN; CREATE ROLE %s NOLOGIN; GRANT %[1]s, %[2]s TO %s%s", o.AppRole, o.SystemRole, name, with))
	}
	parsed, err := url.Parse(Within(admin, name))
	require.NoError(t, err)
	parsed.User = url.User(name)
	o.URL = parsed.String()
	return o
}

// As connects as the owner of such a database.
func As(t testing.TB, o db.Options) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(o.URL)
	require.NoError(t, err)
	cfg.Password = o.Password
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
