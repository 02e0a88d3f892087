package pgcluster

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A port that is taken between being found and being listened on is another one's; the next is tried.
func TestAPortThatIsTakenMeanwhile(t *testing.T) { //nolint:paralleltest // it changes how ports are found
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	find, asked := freePort, 0
	defer func() { freePort = find }()
	freePort = func(ctx context.Context) (string, error) {
		if asked++; asked < 3 {
			_, port, err := net.SplitHostPort(taken.Addr().String())
			return port, err
		}
		return find(ctx)
	}
	folder, err := os.MkdirTemp("", "koppel-pg-")
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(folder)) }()
	require.NoError(t, os.Chmod(folder, 0o711)) // PostgreSQL's user must be able to enter
	cluster, err := Start(t.Context(), Options{Dir: folder + "/pg", Disposable: true})
	require.NoError(t, err)
	require.Equal(t, 3, asked)
	require.NoError(t, cluster.Stop(t.Context()))
}
