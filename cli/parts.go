// Package cli is the command line: it describes the commands, wires the parts, and calls one Run.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"koppel/activities"
	"koppel/db"
	"koppel/internal/config"
	"koppel/internal/logging"
	"koppel/internal/mailer"
	"koppel/internal/operators"
	"koppel/internal/tracing"
	"koppel/internal/vault"
	"koppel/partner"
	"koppel/relay"
	"koppel/retention"
	"koppel/salesdock"
	"koppel/sealing"
	"koppel/server"
	"koppel/server/service"
	"koppel/server/service/services"
	"koppel/worker"
	"koppel/workflows"
)

// Version is set when a release is built.
var Version = "dev"

// Parts are what every long-running command is made of.
type Parts struct {
	Config config.Config
	Store  *db.Store
	Vault  *vault.Vault
	Log    *zap.Logger
	client client.Client
	// registry is of the whole process: a server and a worker in one tell their metrics together.
	registry *prometheus.Registry
	tracing  *tracing.Tracing

	saying     sync.WaitGroup
	stopSaying context.CancelFunc
}

// Open validates the configuration and connects to the database. The encryption keys must be those that the
// data was written with.
func Open(ctx context.Context, cfg config.Config, log *zap.Logger) (*Parts, error) {
	return open(ctx, cfg, log, true)
}

// open marks an empty database with the keys that it is written with from now on, where it may write.
func open(ctx context.Context, cfg config.Config, log *zap.Logger, write bool) (*Parts, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.StopTimeout <= salesdock.RequestTimeout {
		return nil, fmt.Errorf("KOPPEL_STOP_TIMEOUT is %s: it must be longer than %s, which a request to a partner may take, or stopping leaves sales whose outcome nobody knows", cfg.StopTimeout, salesdock.RequestTimeout)
	}
	keys, err := vault.New(string(cfg.EncryptionKeys))
	if err != nil {
		return nil, fmt.Errorf("KOPPEL_ENCRYPTION_KEYS: %w", err)
	}
	store, err := db.Open(ctx, Database(cfg))
	if err != nil {
		return nil, err
	}
	p := &Parts{Config: cfg, Store: store, Vault: keys, Log: log, registry: operators.NewRegistry()}
	p.registry.MustRegister(operators.Pools(p.pools))
	if err := p.checkKeys(ctx, write); err != nil {
		store.Close()
		return nil, err
	}
	if write {
		p.sayKeys()
	}
	return p, nil
}

// Keeper removes what has been kept for long enough.
func (p *Parts) Keeper() *retention.Keeper {
	c := p.Config.Retention
	return &retention.Keeper{Store: p.Store, Log: p.Log, Now: time.Now, Days: retention.Days{
		Runs: c.KeepRuns, Attempts: c.KeepAttempts, Mails: c.KeepMails, WebhookEvents: c.KeepWebhookEvents, Audit: c.KeepAudit,
		Tokens: c.KeepTokens, Operations: c.KeepOperations, Concepts: c.KeepConcepts, Jobs: c.KeepJobs,
	}}
}

// Database says where the database is, and as whom it is worked in.
func Database(cfg config.Config) db.Options {
	return db.Options{
		URL: string(cfg.DatabaseURL), DirectURL: string(cfg.DatabaseDirectURL), Password: string(cfg.DatabasePassword), MaxConns: cfg.DatabaseConns,
		AppRole: cfg.DatabaseAppRole, SystemRole: cfg.DatabaseSystemRole,
	}
}

func (p *Parts) pools() (pools []operators.Pool) {
	for _, use := range p.Store.Pools() {
		pools = append(pools, operators.Pool{Name: use.Name, Used: use.Used, Idle: use.Idle, Limit: use.Limit, Waits: use.Waits, WaitedSeconds: use.Waited.Seconds()})
	}
	return pools
}

// keys are our encryption keys over the database.
func (p *Parts) keys() *sealing.Keys {
	return &sealing.Keys{Store: p.Store, Vault: p.Vault, Log: p.Log}
}

func (p *Parts) checkKeys(ctx context.Context, write bool) error {
	err := p.keys().Check(ctx, write)
	if missing, is := errors.AsType[*sealing.MissingError](err); is {
		return fmt.Errorf("KOPPEL_ENCRYPTION_KEYS: %w: put what is missing back, each key with the name and the secret that it had, behind the one that seals from now on", missing)
	}
	if err != nil {
		return fmt.Errorf("the database cannot be used (is it migrated? koppel migrate): %w", err)
	}
	return nil
}

// sayKeys says which key this process seals with, for as long as it lives.
func (p *Parts) sayKeys() {
	ctx, stop := context.WithCancel(context.Background())
	p.stopSaying = stop
	p.saying.Go(func() { p.keys().Say(ctx) })
}

// traces begins to send traces where that is switched on; nil where it is not.
func (p *Parts) traces() (*tracing.Tracing, error) {
	if p.Config.TracesEndpoint == "" || p.tracing != nil {
		return p.tracing, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { p.Log.Warn("traces.failed", zap.Error(err)) }))
	started, err := tracing.Start(context.Background(), p.Config.TracesEndpoint, Version)
	p.tracing = started
	return started, err
}

// Close ends the connections.
func (p *Parts) Close() {
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := p.tracing.Stop(stopping); err != nil {
		p.Log.Warn("traces.failed", zap.Error(err))
	}
	if p.client != nil {
		p.client.Close()
	}
	if p.stopSaying != nil {
		p.stopSaying()
	}
	p.saying.Wait()
	p.Store.Close()
}

// Service is what people and clients can do.
func (p *Parts) Service() *services.Services {
	return services.New(service.Kernel{
		Store: p.Store, Vault: p.Vault, Transport: salesdock.NewTransport(p.partnerHosts(), p.Config.EgressProxy), PublicURL: p.Config.PublicURL,
		RequestsPerMinute: p.Config.RequestsPerMinute, Version: Version, MailConfigured: p.Config.SMTPURL != "", Standalone: p.Config.EmbeddedTemporal, Now: time.Now,
	})
}

// partnerHosts are the hosts that may be called although they are private: those configured, and this deployment itself, at
// its own port.
func (p *Parts) partnerHosts() []string {
	hosts := append([]string{}, p.Config.PartnerHosts...)
	if parsed, err := url.Parse(p.Config.PublicURL); err == nil {
		hosts = append(hosts, salesdock.HostPort(parsed))
	}
	return hosts
}

// relay moves the outbox.
func (p *Parts) relay() (*relay.Relay, error) {
	c, err := p.Temporal()
	if err != nil {
		return nil, err
	}
	namespace, often := p.Config.TemporalNamespace, logging.Seldom(p.Log)
	return &relay.Relay{Store: p.Store, Client: c, Namespace: namespace, Log: often, Now: time.Now, Pace: &relay.Pace{
		Store: p.Store, Client: c, Namespace: namespace, TaskQueue: workflows.PartnerTaskQueue, Rate: p.Config.PartnerRate, Log: often, Now: time.Now,
	}}, nil
}

// Server is the configuration of the server.
func (p *Parts) Server() (server.Config, error) {
	moving, err := p.relay()
	if err != nil {
		return server.Config{}, err
	}
	return server.Config{
		Listen: p.Config.Listen, TrustedProxies: p.Config.TrustedProxies, TemporalUIURL: p.Config.TemporalUIURL, TemporalNamespace: p.Config.TemporalNamespace,
		Service: p.Service(), Keeper: p.Keeper(), Client: moving.Client, Log: p.Log, StopTimeout: p.Config.StopTimeout,
		OperatorsListen: p.Config.OperatorsListen, Profiles: p.Config.Profiles, Registry: p.registry, MetricsLinks: p.Config.MetricsLinks, Tracing: p.tracing, Version: Version,
		Relay: moving,
	}, nil
}

// Worker is the configuration of the worker.
func (p *Parts) Worker() (worker.Config, error) {
	c, err := p.Temporal()
	if err != nil {
		return worker.Config{}, err
	}
	requests := partner.NewBudget(p.Store, p.Log, time.Now)
	requests.Rate = p.Config.PartnerRate
	mails, err := mailer.New(string(p.Config.SMTPURL), p.Config.MailFrom)
	if err != nil {
		return worker.Config{}, err
	}
	return worker.Config{
		Budget: requests, Client: c, Concurrency: p.Config.WorkerConcurrency, StopTimeout: p.Config.StopTimeout, Log: p.Log,
		DeploymentName: p.Config.DeploymentName, BuildID: cmp.Or(p.Config.WorkerBuildID, BuildID()),
		OperatorsListen: p.Config.WorkerListen, Profiles: p.Config.Profiles, Registry: p.registry,
		Partner: &activities.Partner{
			Store: p.Store, Vault: p.Vault, Transport: salesdock.NewTransport(p.partnerHosts(), p.Config.EgressProxy), PublicURL: p.Config.PublicURL,
			Budget: requests, Known: &partner.Signers{}, Looks: activities.LookWaitsFor(p.Config.LookAfter), Log: p.Log, Now: time.Now,
		},
		Records: &activities.Records{Store: p.Store, Budget: requests, Now: time.Now},
		Mail:    &activities.Mail{Store: p.Store, Vault: p.Vault, Mailer: mails, PublicURL: p.Config.PublicURL, Log: p.Log, Now: time.Now},
	}, nil
}
