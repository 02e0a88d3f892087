package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"koppel/db/dbtest"
	"koppel/internal/operators"
	"koppel/internal/vault"
	"koppel/relay"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/services"
)

// withoutTemporal is a server whose Temporal is nowhere: its public handler, that for operators, and its database.
func withoutTemporal(t *testing.T) (public, forOperators http.Handler, database string) {
	t.Helper()
	public, operate, database := handlers(t, zap.NewNop())
	return public, operate.Handler(), database
}

// measured is such a server's public handler, and its metrics.
func measured(t *testing.T) (public http.Handler, registry *prometheus.Registry) {
	t.Helper()
	public, operate, _ := handlers(t, zap.NewNop())
	return public, operate.Registry
}

func handlers(t *testing.T, log *zap.Logger) (public http.Handler, operate *operators.Server, database string) {
	t.Helper()
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	nowhere, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"})
	require.NoError(t, err)
	t.Cleanup(nowhere.Close)
	database = dbtest.URL(t)
	store := dbtest.Open(t, database)
	cfg := Config{
		Client: nowhere, Log: log, Registry: operators.NewRegistry(), Relay: &relay.Relay{Store: store, Client: nowhere, Log: zap.NewNop(), Now: time.Now},
		Service: services.New(service.Kernel{Store: store, Vault: keys, Transport: salesdock.NewTransport(nil, nil), Now: time.Now}),
	}
	health := newHealth(cfg)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); health.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	observed{store, time.Now, cfg.Relay.Age, 200}.register(ctx, cfg.Registry)
	public, _, err = newHandler(cfg, health)
	require.NoError(t, err)
	return public, &operators.Server{Health: health, Registry: cfg.Registry, Detail: func() map[string]any { return detail(cfg) }}, database
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// readyWhen waits until /readyz says a status.
func readyWhen(t *testing.T, h http.Handler, status string) (code int, parts map[string]string, header http.Header) {
	t.Helper()
	var report operators.Report
	require.Eventually(t, func() bool {
		w := get(h, "/readyz")
		code, header = w.Code, w.Header()
		report = operators.Report{}
		return json.Unmarshal(w.Body.Bytes(), &report) == nil && report.Status == status
	}, time.Minute, 20*time.Millisecond)
	return code, report.Parts, header
}

// Ready is what a request needs: without Temporal sales are accepted, without a database nothing is.
func TestReadyIsWhatARequestNeeds(t *testing.T) {
	t.Parallel()
	public, forOperators, database := withoutTemporal(t)
	code, parts, _ := readyWhen(t, public, operators.Degraded)
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ok", parts["database"])
	require.Equal(t, "ok", parts["migrations"])
	require.Contains(t, parts["temporal"], "does not answer")
	scraped := get(forOperators, "/metrics").Body.String()
	require.Contains(t, scraped, `koppel_up{part="temporal"} 0`)
	require.Contains(t, scraped, `koppel_up{part="database"} 1`)

	dbtest.Shut(t, database)
	code, parts, header := readyWhen(t, public, operators.Unavailable)
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, operators.RetryAfter, header.Get("Retry-After"))
	require.Equal(t, "does not answer", parts["database"])
	require.Equal(t, http.StatusOK, get(public, "/healthz").Code, "the process lives")
	dbtest.Reopen(t, database)
	readyWhen(t, public, operators.Degraded)
}

// What operators look at is on their own address, and profiles are there only where they are asked for.
func TestOperatorsHaveAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	public, forOperators, _ := withoutTemporal(t)
	for _, path := range []string{"/metrics", "/health", "/debug/pprof/"} {
		require.Equal(t, http.StatusNotFound, get(public, path).Code, path)
	}
	readyWhen(t, forOperators, operators.Degraded)
	require.Contains(t, get(forOperators, "/health").Body.String(), `"relay_last_success_age_seconds"`)
	require.Equal(t, http.StatusOK, get(forOperators, "/metrics").Code)
	require.Equal(t, http.StatusNotFound, get(forOperators, "/debug/pprof/").Code)
	profiled := (&operators.Server{Health: &operators.Health{Now: time.Now}, Registry: operators.NewRegistry(), Profiles: true}).Handler()
	require.Equal(t, http.StatusOK, get(profiled, "/debug/pprof/").Code)
}
