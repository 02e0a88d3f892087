// Package dbtest gives every test a database of its own on a real PostgreSQL.
package dbtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/internal/pgcluster"
)

var (
	once     sync.Once
	cluster  *pgcluster.Cluster
	errStart error
	folder   string
	number   atomic.Int64
	making   sync.Mutex
)

const template = "koppel_template"

// Main runs a package's tests and ends the PostgreSQL that they shared. Use it as TestMain.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if cluster != nil {
		_ = cluster.Stop(context.Background())
	}
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
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
	once.Do(func() { errStart = start() })
	require.NoError(t, errStart)
	name := fmt.Sprintf("test_%d", number.Add(1))
	making.Lock() // a template can be copied by one at a time
	defer making.Unlock()
	require.NoError(t, exec(cluster.URL(), "CREATE DATABASE "+name+" TEMPLATE "+template))
	return within(cluster.URL(), name)
}

func start() error {
	var err error
	if folder, err = os.MkdirTemp("", "koppel-pg-"); err != nil {
		return err
	}
	if err := os.Chmod(folder, 0o711); err != nil { //nolint:gosec // PostgreSQL's user must be able to enter
		return err
	}
	cluster, err = pgcluster.Start(context.Background(), pgcluster.Options{Dir: folder + "/pg", Disposable: true})
	if err != nil {
		return err
	}
	if err := exec(cluster.URL(), "CREATE DATABASE "+template); err != nil {
		return err
	}
	return db.Migrate(context.Background(), within(cluster.URL(), template))
}

// Exec runs a statement as the database's owner: for what no code does, such as rows of an earlier version.
func Exec(t testing.TB, address, sql string) {
	t.Helper()
	require.NoError(t, exec(address, sql))
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

// Open opens a database that URL made. It goes with the test.
func Open(t testing.TB, address string) *db.Store {
	t.Helper()
	store, err := db.Open(t.Context(), address, 8)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	return store
}

func exec(address, sql string) error {
	conn, err := pgx.Connect(context.Background(), address)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background()) //nolint:errcheck // a test's connection
	_, err = conn.Exec(context.Background(), sql)
	return err
}

func within(address, database string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	parsed.Path = "/" + database
	return parsed.String()
}
