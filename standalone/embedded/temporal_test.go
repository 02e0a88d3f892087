package embedded

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	_ "modernc.org/sqlite"
)

// Each of our settings is one that SQLite has, and takes.
func TestPragmasAreInForce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	inForce := map[string]string{"wal": "wal", "normal": "1", "10000": "10000"}
	for name, value := range pragmas {
		require.Equal(t, inForce[value], pragma(t, fmt.Sprintf("file:%s?_pragma=%s=%s", file, name, value), name), name)
	}
}

// A data folder of before the write-ahead log goes on, with it, and nobody else reads it.
func TestTemporalsFileHasAWriteAheadLog(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "temporal.db")
	require.NoError(t, prepareStore(&config.SQL{PluginName: sqliteplugin.PluginName, DatabaseName: file, ConnectAttributes: map[string]string{"mode": "rwc"}},
		TemporalConfig{File: file, Namespace: "default"}))
	require.Equal(t, "delete", pragma(t, "file:"+file, "journal_mode"))
	require.NoError(t, os.Chmod(file, 0o644)) // as an earlier version left it
	port, err := FreePort("127.0.0.1")
	require.NoError(t, err)
	server, err := StartTemporal(t.Context(), TemporalConfig{File: file, Listen: fmt.Sprint("127.0.0.1:", port), Namespace: "default", Log: log.NewNoopLogger()})
	require.NoError(t, err)
	require.Equal(t, "wal", pragma(t, "file:"+file, "journal_mode"))
	for _, name := range []string{file, file + "-wal", file + "-shm"} { // also what was readable before
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode(), name)
	}
	require.NoError(t, server.Stop())
}

func pragma(t *testing.T, name, text string) (value string) {
	t.Helper()
	store, err := sql.Open("sqlite", name)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	require.NoError(t, store.QueryRowContext(t.Context(), "PRAGMA "+text).Scan(&value))
	return value
}
