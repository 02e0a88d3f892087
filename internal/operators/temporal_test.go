package operators_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/internal/operators"
)

// What Temporal's SDK measures is told under the names that its own documents use, in seconds, beside the process's own.
func TestTemporalMetricsKeepTheirNames(t *testing.T) {
	t.Parallel()
	registry := operators.NewRegistry()
	handler, err := operators.TemporalMetrics(registry)
	require.NoError(t, err)
	tagged := handler.WithTags(map[string]string{"activity_type": "SendSale"})
	tagged.Counter("temporal_activity_execution_failed").Inc(2)
	tagged.Gauge("temporal_worker_task_slots_available").Update(48)
	tagged.Timer("temporal_activity_execution_latency").Record(250 * time.Millisecond)
	families, err := registry.Gather()
	require.NoError(t, err)
	seen := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if len(m.GetLabel()) == 1 && m.GetLabel()[0].GetName() == "activity_type" && m.GetLabel()[0].GetValue() == "SendSale" {
				seen[family.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
			}
		}
	}
	require.Equal(t, map[string]float64{"temporal_activity_execution_failed": 2, "temporal_worker_task_slots_available": 48, "temporal_activity_execution_latency": .25}, seen)
}
