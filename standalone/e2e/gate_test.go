package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// gate stands between two environments and can be closed: requests then wait until it opens.
type gate struct {
	url     string
	mu      sync.Mutex
	closed  chan struct{}
	holds   string // what is in the paths that are held
	pending atomic.Int64
}

func newGate(t testing.TB, target string) *gate {
	t.Helper()
	address, err := url.Parse(target)
	require.NoError(t, err)
	g := &gate{}
	proxy := httputil.NewSingleHostReverseProxy(address)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		closed, holds := g.closed, g.holds
		g.mu.Unlock()
		if closed != nil && strings.Contains(r.URL.Path, holds) {
			g.pending.Add(1)
			defer g.pending.Add(-1)
			select {
			case <-closed:
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(g.open)
	g.url = server.URL
	return g
}

// hold keeps requests whose path has this in it.
func (g *gate) hold(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.holds = make(chan struct{}), path
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

func (g *gate) waiting() int64 { return g.pending.Load() }

// stranger answers, and is no Salesdock.
func stranger(t testing.TB) string {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Welkom</html>")) })
}

// throttling asks everybody to wait, as a proxy does.
func throttling(t testing.TB) string {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte("<html>error code: 1015</html>"))
	})
}

func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
