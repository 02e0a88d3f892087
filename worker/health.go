package worker

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"

	"koppel/internal/operators"
)

// newHealth: a worker needs both; without either nothing is moved by it.
func newHealth(cfg Config) *operators.Health {
	return &operators.Health{Now: cfg.Records.Now, Parts: []operators.Part{
		{Name: "database", Needed: true, Look: func(ctx context.Context) string {
			if cfg.Records.Store.Ping(ctx) != nil {
				return "does not answer"
			}
			return ""
		}},
		{Name: "temporal", Needed: true, Look: func(ctx context.Context) string {
			if _, err := cfg.Client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
				return "does not answer"
			}
			return ""
		}},
	}}
}

// register adds what a worker tells to a registry.
func register(registry *prometheus.Registry, begun *begun) {
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "koppel_worker_activities", Help: "Activities that run in this worker.",
	}, func() float64 { return float64(begun.count.Load()) }))
}
