package server

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"koppel/internal/operators"
	"koppel/relay"
)

// What a server works with. A request needs the database with its schema; without Temporal sales are accepted, and wait.
const (
	partDatabase   = "database"
	partMigrations = "migrations"
	partTemporal   = "temporal"
)

// migrationsEvery is how often a schema that was seen to be current is looked at again.
const migrationsEvery = time.Minute

func newHealth(cfg Config) *operators.Health {
	var currentAt time.Time
	return &operators.Health{Now: cfg.Service.Now, Parts: []operators.Part{
		{Name: partDatabase, Needed: true, Look: func(ctx context.Context) string {
			if cfg.Service.Store.Away() || cfg.Service.Store.Ping(ctx) != nil {
				return "does not answer"
			}
			return ""
		}},
		{Name: partMigrations, Needed: true, Look: func(ctx context.Context) string {
			if cfg.Service.Now().Sub(currentAt) < migrationsEvery || cfg.Service.Store.Away() && !currentAt.IsZero() {
				return ""
			}
			if pending, err := cfg.Service.Store.Pending(ctx); err != nil || pending > 0 {
				return "not applied: run koppel migrate"
			}
			currentAt = cfg.Service.Now()
			return ""
		}},
		{Name: partTemporal, Look: func(ctx context.Context) string {
			if _, err := cfg.Client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
				return "does not answer: sales are accepted, and wait"
			}
			return ""
		}},
	}}
}

// detail is what /health tells operators besides.
func detail(cfg Config) map[string]any {
	ages := map[string]float64{}
	for _, job := range relay.Jobs {
		ages[job] = cfg.Relay.Age(job).Seconds()
	}
	return map[string]any{"version": cfg.Version, "temporal_namespace": cfg.TemporalNamespace, "relay_last_success_age_seconds": ages}
}
