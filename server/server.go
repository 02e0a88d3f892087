// Package server is HTTP in, rows and signals out: API, interface, and the relay that moves the outbox.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/config"
	"koppel/internal/relay"
	"koppel/server/admin"
	"koppel/server/api"
	"koppel/server/service"
)

// Config of a server.
type Config struct {
	Listen            string
	TrustedProxies    []string
	TemporalUIURL     string
	TemporalNamespace string
	DatabaseURL       string
	Service           *service.Service
	Relay             *relay.Relay
	Client            client.Client
	Log               *zap.Logger
}

// Run serves until ctx ends: then it takes no more, finishes what it has, and stops the relay.
func Run(ctx context.Context, cfg Config) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: something else uses that address; end it, or choose another with --listen: %w", cfg.Listen, err)
	}
	stopping, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	handler, environmentAPI, err := newHandler(ctx, stopping, cfg)
	if err != nil {
		return err
	}
	httpServer := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 120 * time.Second, IdleTimeout: 120 * time.Second,
	}
	httpServer.RegisterOnShutdown(stop) // pages that listen would keep it from ending
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	var group sync.WaitGroup
	group.Go(func() { cfg.Relay.Run(background) })
	group.Go(func() { environmentAPI.Forget(background) })
	group.Go(func() { expire(background, cfg) })
	served := make(chan error, 1)
	go func() { served <- httpServer.Serve(listener) }()
	cfg.Log.Info("server.started", zap.String("address", listener.Addr().String()))
	if needed, err := cfg.Service.NeedsSetUp(ctx); err == nil && needed {
		cfg.Log.Info("server.set_up.needed", zap.String("set_up_code", cfg.Service.SetUpCode()), zap.String("page", cfg.Service.PublicURL+"/set-up"))
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	cfg.Log.Info("server.stopping")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), config.ShutdownTimeout)
	defer cancel()
	err = httpServer.Shutdown(drain)
	stopBackground()
	group.Wait()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

func newHandler(ctx, stopping context.Context, cfg Config) (http.Handler, *api.API, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.ContextWithFallback = true
	if err := engine.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, nil, fmt.Errorf("KOPPEL_TRUSTED_PROXIES: %w", err)
	}
	environmentAPI := api.New(cfg.Service, cfg.Log)
	registry := metrics(ctx, cfg.Service.Store)
	requests := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "koppel_http_request_duration_seconds", Help: "Time to answer, by route and status.", Buckets: prometheus.DefBuckets,
	}, []string{"method", "route", "status"})
	registry.MustRegister(requests)
	engine.Use(environmentAPI.Recover, api.Log(cfg.Log), measure(requests))
	environmentAPI.Register(engine)
	engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "alive\n") })
	engine.GET("/readyz", func(c *gin.Context) { ready(c, cfg) })
	engine.GET("/metrics", gin.WrapH(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
	pages, err := admin.New(admin.Config{Service: cfg.Service, Log: cfg.Log, TemporalUI: cfg.TemporalUIURL, Namespace: cfg.TemporalNamespace, Stopping: stopping})
	if err != nil {
		return nil, nil, err
	}
	pages.Register(engine)
	elsewhere := func(c *gin.Context) {
		if admin.Owns(c.Request.URL.Path) {
			pages.NotFound(c)
			return
		}
		environmentAPI.NotFound(c)
	}
	engine.NoRoute(elsewhere)
	engine.NoMethod(elsewhere)
	return engine, environmentAPI, nil
}

func measure(requests *prometheus.HistogramVec) gin.HandlerFunc {
	return func(c *gin.Context) {
		began := time.Now()
		c.Next()
		requests.WithLabelValues(c.Request.Method, c.FullPath(), fmt.Sprint(c.Writer.Status())).Observe(time.Since(began).Seconds())
	}
}

func metrics(ctx context.Context, store *db.Store) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "koppel_outbox_rows", Help: "Commits that Temporal has not heard of yet; -1 when the database does not answer.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		rows := int64(-1)
		err := store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
			rows, err = tx.SystemOutboxSize(ctx)
			return err
		})
		if err != nil {
			return -1
		}
		return float64(rows)
	}))
	return registry
}

// ready says whether everything that a request or a run needs answers.
func ready(c *gin.Context, cfg Config) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 5*time.Second)
	defer cancel()
	state := gin.H{"database": "ok", "migrations": "ok", "temporal": "ok"}
	status := http.StatusOK
	fail := func(part, why string) { state[part], status = why, http.StatusServiceUnavailable }
	if err := cfg.Service.Store.Ping(ctx); err != nil {
		fail("database", "does not answer")
	} else if pending, err := db.Pending(ctx, cfg.DatabaseURL); err != nil || pending > 0 {
		fail("migrations", "not applied: run koppel migrate")
	}
	if _, err := cfg.Client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		fail("temporal", "does not answer")
	}
	c.JSON(status, state)
}

// expire forgets idempotency keys and sessions when their promised time is over.
func expire(ctx context.Context, cfg Config) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		err := cfg.Service.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
			_, err := tx.SystemIdempotencyKeysExpire(ctx, time.Now().Add(-config.IdempotencyKept))
			return err
		})
		err = errors.Join(err, cfg.Service.ExpireSessions(ctx))
		if err != nil && ctx.Err() == nil {
			cfg.Log.Warn("expire.failed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
