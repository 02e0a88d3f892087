package dbtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/internal/pgcluster"
)

// Pooler puts a PgBouncer in transaction mode before a database, with one connection for everybody, and gives its
// address. It goes with the test.
func Pooler(t testing.TB, o db.Options) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
		_, err = os.Stat(program)
	}
	Needs(t, err == nil, "pgbouncer is not installed: run scripts/ensure-database-tests")
	server, err := url.Parse(o.URL)
	require.NoError(t, err)
	password := o.Password
	if password == "" {
		password, _ = server.User.Password()
	}
	port := freePort(t)
	startPooler(t, program, server, password, port)
	server.Host = net.JoinHostPort("127.0.0.1", port)
	require.Eventually(t, func() bool {
		cfg, err := pgx.ParseConfig(server.String())
		require.NoError(t, err)
		cfg.Password = password
		conn, err := pgx.ConnectConfig(context.Background(), cfg)
		if err == nil {
			_ = conn.Close(context.Background())
		}
		return err == nil
	}, 20*time.Second, 50*time.Millisecond, "PgBouncer answers")
	return server.String()
}

const poolerSettings = `[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = 1
max_client_conn = 500
`

// startPooler starts the program with a folder of its own, and has both removed with the test.
func startPooler(t testing.TB, program string, server *url.URL, password, port string) {
	t.Helper()
	account, err := pgcluster.Account()
	require.NoError(t, err)
	folder, err := os.MkdirTemp("", "koppel-pooler-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	write := func(name, text string) string {
		file := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	users := write("users.txt", fmt.Sprintf("%q %q\n", server.User.Username(), password))
	settings := write("pgbouncer.ini", fmt.Sprintf(poolerSettings, server.Hostname(), server.Port(), port, users))
	cmd := exec.CommandContext(t.Context(), program, settings)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account, Setpgid: true}
	if account != nil {
		for _, file := range []string{folder, users, settings} {
			require.NoError(t, os.Chown(file, int(account.Uid), int(account.Gid)))
		}
	}
	output, err := os.Create(filepath.Join(folder, "log"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = output, output
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Wait() // the test's end killed it
		_ = output.Close()
	})
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close() //nolint:errcheck // the port was only asked for
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}
