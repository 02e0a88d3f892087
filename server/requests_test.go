package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// series counts what a registry would hand out.
func series(t *testing.T, registry *prometheus.Registry) (n int) {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		n += len(family.GetMetric())
	}
	return n
}

// heap is what is still used after everything that is not has gone.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Whatever a caller invents, there are as many series as before, and nothing of it stays in memory.
func TestACallerMakesNoSeries(t *testing.T) { //nolint:paralleltest // it looks at the memory of the process
	public, registry := measured(t)
	server := httptest.NewServer(public)
	t.Cleanup(server.Close)
	ask := func(method, path, host string) (status int) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		require.NoError(t, err)
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	long := strings.Repeat("Z", 100_000)
	odd := func(n int) {
		require.Equal(t, http.StatusNotImplemented, ask(fmt.Sprint("ZZ", n, long), "/healthz", ""))
		require.Equal(t, http.StatusNotImplemented, ask(fmt.Sprint("ZZ", n), fmt.Sprint("/nowhere/", n), ""))
		require.Equal(t, http.StatusNotFound, ask(http.MethodGet, fmt.Sprint("/nowhere/", n, "/", long), fmt.Sprint("host-", n)))
		require.Equal(t, http.StatusNotFound, ask(http.MethodGet, fmt.Sprint("/o/", n, "/nowhere"), ""))
		require.Equal(t, http.StatusUnauthorized, ask(http.MethodGet, fmt.Sprint("/api/account-", n, "/v1/user/products"), fmt.Sprint("host-", n)))
		require.Equal(t, http.StatusMethodNotAllowed, ask(http.MethodPut, "/healthz", ""))
	}
	odd(0)
	before, used := series(t, registry), heap()
	for n := range 400 {
		odd(n + 1)
	}
	require.Equal(t, before, series(t, registry))
	grown := int64(heap()) - int64(used)
	require.Less(t, grown, int64(8<<20), "400 methods of 100 kB are 40 MB")
}

// An invented method is refused in the contract's envelope.
func TestAnInventedMethodIsRefusedInWords(t *testing.T) {
	t.Parallel()
	public, _ := measured(t)
	for _, method := range []string{"ZZ1234", "PROPFIND", "TRACE", strings.Repeat("Z", 900_000)} {
		w := httptest.NewRecorder()
		public.ServeHTTP(w, httptest.NewRequest(method, "/healthz", nil))
		require.Equal(t, http.StatusNotImplemented, w.Code)
		require.JSONEq(t, fmt.Sprintf(`{"success": false, "code": 501, "message": "Deze methode bestaat hier nergens. Zie /openapi.json.", "request_id": %q}`, w.Header().Get("X-Request-Id")), w.Body.String())
	}
	w := httptest.NewRecorder()
	public.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/healthz", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code, "one that there is, at an address without it")
}
