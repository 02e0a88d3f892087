// Package worker runs workflows and activities.
package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"koppel/activities"
	"koppel/internal/logging"
	"koppel/internal/operators"
	"koppel/partner"
	"koppel/workflows"
)

// Config of a worker.
type Config struct {
	Client      client.Client
	Budget      *partner.Budget
	Partner     *activities.Partner
	Records     *activities.Records
	Mail        *activities.Mail
	Concurrency int
	StopTimeout time.Duration // for what has begun when ctx ends
	Log         *zap.Logger

	// DeploymentName and BuildID version the workers; without a name they are not.
	DeploymentName, BuildID string

	OperatorsListen string
	Profiles        bool
	Registry        *prometheus.Registry
}

// Run polls until ctx ends; then it takes nothing more, and lets what it has begun end: a request that is broken off
// leaves an outcome that nobody knows.
func Run(ctx context.Context, cfg Config) error {
	begun := &begun{}
	// Operators see it, and the budget is kept, until the last request has ended.
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	health := newHealth(cfg)
	register(cfg.Registry, begun)
	forOperators := &operators.Server{Listen: cfg.OperatorsListen, Health: health, Registry: cfg.Registry, Profiles: cfg.Profiles}
	if err := forOperators.Start(background, "KOPPEL_WORKER_LISTEN"); err != nil {
		return err
	}
	go health.Run(background)
	var watching sync.WaitGroup
	watching.Go(func() { cfg.Records.Store.Watch(background, operators.SayDatabase(cfg.Log)) })
	defer func() { stopBackground(); watching.Wait() }()
	if !waitForTemporal(ctx, cfg) {
		return nil
	}
	main, partners := newWorkers(cfg, begun)
	if err := main.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	if err := partners.Start(); err != nil {
		main.Stop()
		return fmt.Errorf("start the partner worker: %w", err)
	}
	cfg.Log.Info("worker.started")
	var budget sync.WaitGroup
	budget.Go(func() { cfg.Budget.Run(background) })
	<-ctx.Done()
	cfg.Log.Info("worker.stopping", zap.Int64("under_way", begun.count.Load()))
	began := time.Now()
	var stopped sync.WaitGroup
	stopped.Go(main.Stop)
	stopped.Go(partners.Stop)
	stopped.Wait()
	begun.wait(writeDown)
	stopBackground()
	budget.Wait()
	cfg.Log.Info("worker.stopped", zap.Duration("after", time.Since(began)), zap.Int64("broken_off", begun.count.Load()))
	return nil
}

// deployment is the version that workers say they are. How long a workflow keeps to its version is said where it is registered.
func (cfg Config) deployment() worker.DeploymentOptions {
	if cfg.DeploymentName == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{UseVersioning: true, Version: worker.WorkerDeploymentVersion{DeploymentName: cfg.DeploymentName, BuildID: cfg.BuildID}}
}

// newWorkers makes the worker of the main queue and that of the partner queue.
func newWorkers(cfg Config, begun *begun) (main, partners worker.Worker) {
	interceptors := []interceptor.WorkerInterceptor{begun, &activities.Sanitiser{Store: cfg.Records.Store, Log: cfg.Log, Now: cfg.Records.Now}}
	main = worker.New(cfg.Client, workflows.TaskQueue, worker.Options{
		MaxConcurrentActivityExecutionSize: cfg.Concurrency,
		Interceptors:                       interceptors,
		DisableRegistrationAliasing:        true,
		WorkerStopTimeout:                  cfg.StopTimeout,
		DeploymentOptions:                  cfg.deployment(),
	})
	workflows.Register(main)
	workflows.RegisterRecords(main, cfg.Records)
	workflows.RegisterMail(main, cfg.Mail)
	partners = worker.New(cfg.Client, workflows.PartnerTaskQueue, worker.Options{
		DisableWorkflowWorker:              true,
		MaxConcurrentActivityExecutionSize: cfg.Concurrency,
		// Eager activities would pass the queue's limit by.
		DisableEagerActivities: true,
		Interceptors:           interceptors,
		WorkerStopTimeout:      cfg.StopTimeout,
		DeploymentOptions:      cfg.deployment(),
	})
	workflows.RegisterPartner(partners, cfg.Partner)
	return main, partners
}

// waitForTemporal waits until Temporal answers: it may start after us. False when ctx ended before.
func waitForTemporal(ctx context.Context, cfg Config) bool {
	seldom := logging.Seldom(cfg.Log)
	for {
		_, err := cfg.Client.CheckHealth(ctx, &client.CheckHealthRequest{})
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			seldom.Warn("worker.waits.for.temporal", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
	}
}
