package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/relay"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func noAge(string) time.Duration { return 0 }

// gathered gives the values of metrics by name and labels, of those whose name begins with one of the prefixes.
func gathered(t *testing.T, o observed, prefixes ...string) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	o.register(t.Context(), registry)
	families, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range families {
		if !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(family.GetName(), prefix) }) {
			continue
		}
		for _, m := range family.GetMetric() {
			key := family.GetName()
			for _, label := range m.GetLabel() {
				key += " " + label.GetName() + "=" + label.GetValue()
			}
			values[key] = m.GetGauge().GetValue()
		}
	}
	return values
}

// The metrics tell of every kind how many fail and since when, of all tenants together, and of nothing that has ended.
func TestBackgroundMetrics(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	dbtest.Exec(t, address, `INSERT INTO environments (id, account, name, created_at) VALUES (1, 'aa', 'A', now()), (2, 'bb', 'B', now())`)
	for n, kind := range states.JobKinds {
		dbtest.Exec(t, address, fmt.Sprintf(`INSERT INTO background_jobs (environment_id, subject, subject_id, kind, last_success_at, failing_since)
			VALUES (1, 'environment', 0, '%[1]s', now() - interval '2 hours', CASE WHEN %[2]d %% 2 = 1 THEN now() - interval '1 hour' END),
			  (2, 'environment', 0, '%[1]s', now(), NULL), (2, 'webhook', 7, '%[1]s', now() - interval '9 days', now())`, kind, n))
	}
	values := gathered(t, observed{dbtest.Open(t, address), time.Now, func(string) time.Duration { return 90 * time.Second }, 0}, "koppel_background_", "koppel_relay_")
	for _, job := range relay.Jobs {
		require.InDelta(t, 90, values["koppel_relay_last_success_age_seconds job="+job], 0)
	}
	require.Len(t, values, len(relay.Jobs)+3*len(states.JobKinds), "by kind, and by nothing else")
	for n, kind := range states.JobKinds {
		failing := float64(n % 2)
		require.InDelta(t, failing, values["koppel_background_failing kind="+string(kind)], 0, kind)
		require.InDelta(t, failing*time.Hour.Seconds(), values["koppel_background_failing_seconds kind="+string(kind)], 60, kind)
		require.InDelta(t, 2*time.Hour.Seconds(), values["koppel_background_last_success_age_seconds kind="+string(kind)], 60, kind)
	}
}
