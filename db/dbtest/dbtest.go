// Package dbtest gives every test a database of its own on a real PostgreSQL.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/db"
)

var (
	once     sync.Once
	errStart error
	number   atomic.Int64
	making   sync.Mutex
)

const template = "koppel_template"

// Main runs a package's tests and ends the PostgreSQL that they shared. Use it as TestMain.
func Main(m interface{ Run() int }) {
	code := m.Run()
	stopServers()
	os.Exit(code)
}

// New makes a migrated database and opens it. It goes with the test.
func New(t testing.TB) *db.Store {
	t.Helper()
	return Open(t, URL(t))
}

// URL makes a migrated database and gives its address, as its owner.
func URL(t testing.TB) string {
	t.Helper()
	server := Server(t, Installed)
	once.Do(func() { errStart = migrateTemplate(server) })
	require.NoError(t, errStart)
	name := fmt.Sprintf("test_%d", number.Add(1))
	making.Lock() // a template can be copied by one at a time
	defer making.Unlock()
	require.NoError(t, execute(server, "CREATE DATABASE "+name+" TEMPLATE "+template))
	return Within(server, name)
}

func migrateTemplate(server string) error {
	if err := execute(server, "CREATE DATABASE "+template); err != nil {
		return err
	}
	return db.Migrate(context.Background(), db.Options{URL: Within(server, template)})
}

// Exec runs a statement as the database's owner: for what no code does, such as rows of an earlier version.
func Exec(t testing.TB, address, sql string) {
	t.Helper()
	require.NoError(t, execute(address, sql))
}

// One reads one value, as text, as the database's owner.
func One(t testing.TB, address, sql string) (value string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer conn.Close(context.Background()) //nolint:errcheck // a test's connection
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&value))
	return value
}

// UntilReadable waits until a change cursor tells of all that was committed. Any transaction of the same server, another
// test's too, holds back what a cursor may read.
func UntilReadable(t testing.TB, address string) {
	t.Helper()
	committed := One(t, address, "SELECT koppel_change_next()::text")
	require.Eventually(t, func() bool {
		return One(t, address, "SELECT (koppel_change_horizon() >= "+committed+")::text") == "true"
	}, time.Minute, 10*time.Millisecond, "what was committed can be read by a change cursor")
}

// Open opens a database that URL made. It goes with the test.
func Open(t testing.TB, address string) *db.Store {
	t.Helper()
	store, err := db.Open(t.Context(), db.Options{URL: address, MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

func execute(address, sql string) error {
	conn, err := pgx.Connect(context.Background(), address)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background()) //nolint:errcheck // a test's connection
	_, err = conn.Exec(context.Background(), sql)
	return err
}

// Within is the address of another database of the same server.
func Within(address, database string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	parsed.Path = "/" + database
	return parsed.String()
}

// Shut ends a database's connections and lets nobody in, as when its server stops; Reopen lets them in again.
func Shut(t testing.TB, address string) {
	t.Helper()
	name := nameOf(address)
	require.NoError(t, execute(Within(address, "postgres"), "ALTER DATABASE "+name+" WITH ALLOW_CONNECTIONS false"))
	require.NoError(t, execute(Within(address, "postgres"), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+name+"'"))
	t.Cleanup(func() { Reopen(t, address) })
}

// Reopen ends what Shut began.
func Reopen(t testing.TB, address string) {
	t.Helper()
	require.NoError(t, execute(Within(address, "postgres"), "ALTER DATABASE "+nameOf(address)+" WITH ALLOW_CONNECTIONS true"))
}

func nameOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return strings.TrimPrefix(parsed.Path, "/")
}
