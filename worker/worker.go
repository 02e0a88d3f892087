// Package worker runs workflows and activities.
package worker

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"koppel/activities"
	"koppel/internal/budget"
	"koppel/workflows"
)

// Config of a worker.
type Config struct {
	Client      client.Client
	Budget      *budget.Budget
	Partner     *activities.Partner
	Records     *activities.Records
	Mail        *activities.Mail
	Concurrency int
	Log         *zap.Logger
}

// Run polls until ctx ends, and then finishes what it has begun.
func Run(ctx context.Context, cfg Config) error {
	if !waitForTemporal(ctx, cfg) {
		return nil
	}
	sanitise := []interceptor.WorkerInterceptor{&activities.Sanitiser{Log: cfg.Log}}
	main := worker.New(cfg.Client, workflows.TaskQueue, worker.Options{
		MaxConcurrentActivityExecutionSize: cfg.Concurrency,
		Interceptors:                       sanitise,
		DisableRegistrationAliasing:        true,
	})
	workflows.Register(main)
	workflows.RegisterRecords(main, cfg.Records)
	workflows.RegisterMail(main, cfg.Mail)
	partner := worker.New(cfg.Client, workflows.PartnerTaskQueue, worker.Options{
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityExecutionSize: cfg.Concurrency,
		// Eager activities would pass the queue's limit by.
		DisableEagerActivities: true,
		Interceptors:           sanitise,
	})
	workflows.RegisterPartner(partner, cfg.Partner)
	if err := main.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	defer main.Stop()
	if err := partner.Start(); err != nil {
		return fmt.Errorf("start the partner worker: %w", err)
	}
	defer partner.Stop()
	cfg.Log.Info("worker.started")
	cfg.Budget.Run(ctx)
	cfg.Log.Info("worker.stopping")
	return nil
}

// waitForTemporal waits until Temporal answers: it may start after us. False when ctx ended before.
func waitForTemporal(ctx context.Context, cfg Config) bool {
	for {
		_, err := cfg.Client.CheckHealth(ctx, &client.CheckHealthRequest{})
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			cfg.Log.Warn("worker.waits.for.temporal", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
	}
}
