package operators

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	temporalotel "go.temporal.io/sdk/contrib/opentelemetry"
)

// What Temporal's SDK measures is between milliseconds (a call, a task of a workflow) and minutes (a long look).
var temporalBuckets = []float64{.005, .02, .1, .5, 1, 5, 15, 60, 300}

// failures are told from the start, as 0: the first one is a rise then, which an alert sees.
var failures = []string{"temporal_workflow_task_execution_failed", "temporal_activity_execution_failed", "temporal_request_failure"}

// TemporalMetrics lets Temporal's SDK tell what it does in a process's metrics: temporal_…
func TemporalMetrics(registry prometheus.Registerer) (client.MetricsHandler, error) {
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo(), exporter.WithoutUnits(), exporter.WithoutCounterSuffixes())
	if err != nil {
		return nil, fmt.Errorf("metrics of Temporal's SDK: %w", err)
	}
	buckets := metric.NewView(metric.Instrument{Kind: metric.InstrumentKindHistogram}, metric.Stream{Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: temporalBuckets}})
	meters := metric.NewMeterProvider(metric.WithReader(reader), metric.WithView(buckets))
	handler := temporalotel.NewMetricsHandler(temporalotel.MetricsHandlerOptions{Meter: meters.Meter("temporal"), OnError: func(error) {}, UseMonotonicCounters: true})
	for _, name := range failures {
		handler.Counter(name).Inc(0)
	}
	return handler, nil
}
