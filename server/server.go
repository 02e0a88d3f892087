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
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"koppel/internal/operators"
	"koppel/internal/tracing"
	"koppel/relay"
	"koppel/retention"
	"koppel/server/admin"
	"koppel/server/api"
	"koppel/server/service/services"
)

// Config of a server.
type Config struct {
	Listen            string
	TrustedProxies    []string
	TemporalUIURL     string
	TemporalNamespace string
	Service           *services.Services
	Relay             *relay.Relay
	Keeper            *retention.Keeper
	Client            client.Client
	Log               *zap.Logger
	StopTimeout       time.Duration // for requests that are under way when ctx ends
	OperatorsListen   string
	Profiles          bool
	Registry          *prometheus.Registry
	MetricsLinks      int // up to so many links, each has series of its own
	Tracing           *tracing.Tracing
	Version           string
}

// Run serves until ctx ends: then it takes no more, finishes what it has, and stops the relay.
func Run(ctx context.Context, cfg Config) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: something else uses that address; end it, or choose another with --listen: %w", cfg.Listen, err)
	}
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	health := newHealth(cfg)
	observed{cfg.Service.Store, cfg.Service.Now, cfg.Relay.Age, cfg.MetricsLinks}.register(background, cfg.Registry)
	handler, environmentAPI, err := newHandler(cfg, health)
	if err != nil {
		return err
	}
	forOperators := &operators.Server{Listen: cfg.OperatorsListen, Health: health, Registry: cfg.Registry, Profiles: cfg.Profiles, Detail: func() map[string]any { return detail(cfg) }}
	if err := forOperators.Start(background, "KOPPEL_OPERATORS_LISTEN"); err != nil {
		return err
	}
	httpServer := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 120 * time.Second, IdleTimeout: 120 * time.Second,
	}
	var group sync.WaitGroup
	group.Go(func() {
		cfg.Service.Store.Watch(background, operators.SayDatabase(cfg.Log))
	})
	group.Go(func() { health.Run(background) })
	group.Go(func() { cfg.Relay.Run(background) })
	group.Go(func() { environmentAPI.Forget(background) })
	group.Go(func() { expire(background, cfg) })
	group.Go(func() { seal(background, cfg) })
	served := make(chan error, 1)
	go func() { served <- httpServer.Serve(listener) }()
	cfg.Log.Info("server.started", zap.String("address", listener.Addr().String()))
	if needed, err := cfg.Service.Access.NeedsSetUp(ctx); err == nil && needed {
		cfg.Log.Info("server.set_up.needed", zap.String("set_up_code", cfg.Service.Access.SetUpCode()), zap.String("page", cfg.Service.PublicURL+"/set-up"))
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	cfg.Log.Info("server.stopping")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.StopTimeout)
	defer cancel()
	err = httpServer.Shutdown(drain)
	stopBackground()
	group.Wait()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

func newHandler(cfg Config, health *operators.Health) (http.Handler, *api.API, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.ContextWithFallback = true
	if err := engine.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, nil, fmt.Errorf("KOPPEL_TRUSTED_PROXIES: %w", err)
	}
	environmentAPI := api.New(cfg.Service, cfg.Log)
	engine.Use(answersAreData(cfg.Service.PublicURL), api.Identify, environmentAPI.Recover, api.Log(cfg.Log), measure(cfg.Registry), environmentAPI.KnownMethods)
	if cfg.Tracing != nil {
		engine.Use(traced(cfg.Tracing))
	}
	environmentAPI.Register(engine)
	engine.GET("/healthz", gin.WrapF(operators.Alive))
	engine.GET("/readyz", gin.WrapF(health.ServeReady))
	pages, err := admin.New(admin.Config{
		Service: cfg.Service, Log: cfg.Log, TemporalUI: cfg.TemporalUIURL, Namespace: cfg.TemporalNamespace,
		StandsStillSince: func() time.Time { return health.WrongSince(partTemporal) },
	})
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

// sealEvery is how long a row of the audit log waits for its seal.
const sealEvery = time.Minute

// seal seals what is settled of the audit log.
func seal(ctx context.Context, cfg Config) {
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		if err := cfg.Keeper.SealAudit(ctx); err != nil && ctx.Err() == nil {
			cfg.Log.Warn("audit.seal.failed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// expire removes what has been kept for long enough, and sessions whose time is over.
func expire(ctx context.Context, cfg Config) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		err := errors.Join(cfg.Keeper.Sweep(ctx), cfg.Service.Access.ExpireSessions(ctx))
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
