// Package cli is the command line: it describes the commands, wires the parts, and calls one Run.
package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"koppel/activities"
	"koppel/db"
	"koppel/internal/budget"
	"koppel/internal/config"
	"koppel/internal/identity"
	"koppel/internal/mailer"
	"koppel/internal/relay"
	"koppel/internal/vault"
	"koppel/salesdock"
	"koppel/server"
	"koppel/server/service"
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
}

// Open validates the configuration and connects to the database. The encryption keys must be those that the
// data was written with.
func Open(ctx context.Context, cfg config.Config, log *zap.Logger) (*Parts, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	keys, err := vault.New(string(cfg.EncryptionKeys))
	if err != nil {
		return nil, fmt.Errorf("KOPPEL_ENCRYPTION_KEYS: %w", err)
	}
	store, err := db.Open(ctx, string(cfg.DatabaseURL), cfg.DatabaseConns)
	if err != nil {
		return nil, err
	}
	p := &Parts{Config: cfg, Store: store, Vault: keys, Log: log}
	if err := p.checkKeys(ctx); err != nil {
		store.Close()
		return nil, err
	}
	return p, nil
}

const keyCheckRow = "key_checks/1"

func (p *Parts) checkKeys(ctx context.Context) error {
	err := p.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		sealed, err := tx.SystemKeyCheck(ctx)
		if errors.Is(err, db.ErrNotFound) {
			return tx.SystemKeyCheckInsert(ctx, p.Vault.Seal(keyCheckRow, []byte("koppel")))
		}
		if err != nil {
			return err
		}
		_, err = p.Vault.Open(keyCheckRow, sealed)
		return err
	})
	switch {
	case errors.Is(err, vault.ErrWrongKey):
		return errors.New("KOPPEL_ENCRYPTION_KEYS are not the keys that this database was written with: put the old key back (new keys go in front of it)")
	case err != nil:
		return fmt.Errorf("the database cannot be used (is it migrated? koppel migrate): %w", err)
	}
	return nil
}

// Temporal connects to Temporal, lazily: it may be down while we start.
func (p *Parts) Temporal() (client.Client, error) {
	if p.client != nil {
		return p.client, nil
	}
	c, err := client.NewLazyClient(client.Options{
		HostPort: p.Config.TemporalAddress, Namespace: p.Config.TemporalNamespace,
		Logger: sdklog.NewStructuredLogger(slog.New(zapslog.NewHandler(p.Log.Core()))),
	})
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal: %w", err)
	}
	p.client = c
	return c, nil
}

// Close ends the connections.
func (p *Parts) Close() {
	if p.client != nil {
		p.client.Close()
	}
	p.Store.Close()
}

// Service is what people and clients can do.
func (p *Parts) Service() *service.Service {
	return &service.Service{
		Store: p.Store, Vault: p.Vault, Transport: salesdock.NewTransport(p.partnerHosts()), PublicURL: p.Config.PublicURL,
		RequestsPerMinute: p.Config.RequestsPerMinute, Version: Version, MailConfigured: p.Config.SMTPURL != "", Now: time.Now,
	}
}

// partnerHosts are the private hosts that may be called: those configured, and this deployment itself.
func (p *Parts) partnerHosts() []string {
	hosts := append([]string{}, p.Config.PartnerHosts...)
	if parsed, err := url.Parse(p.Config.PublicURL); err == nil {
		hosts = append(hosts, parsed.Host)
	}
	return hosts
}

// Server is the configuration of the server.
func (p *Parts) Server() (server.Config, error) {
	c, err := p.Temporal()
	if err != nil {
		return server.Config{}, err
	}
	return server.Config{
		Listen: p.Config.Listen, TrustedProxies: p.Config.TrustedProxies, TemporalUIURL: p.Config.TemporalUIURL, TemporalNamespace: p.Config.TemporalNamespace, DatabaseURL: string(p.Config.DatabaseURL),
		Service: p.Service(), Client: c, Log: p.Log,
		Relay: &relay.Relay{Store: p.Store, Client: c, Namespace: p.Config.TemporalNamespace, Log: p.Log, Pace: &budget.Pace{
			Store: p.Store, Client: c, Namespace: p.Config.TemporalNamespace, TaskQueue: workflows.PartnerTaskQueue, Rate: p.Config.PartnerRate, Log: p.Log, Now: time.Now,
		}},
	}, nil
}

// Worker is the configuration of the worker.
func (p *Parts) Worker() (worker.Config, error) {
	c, err := p.Temporal()
	if err != nil {
		return worker.Config{}, err
	}
	requests := budget.New(p.Store, p.Log, time.Now)
	mails, err := mailer.New(string(p.Config.SMTPURL), p.Config.MailFrom)
	if err != nil {
		return worker.Config{}, err
	}
	return worker.Config{
		Budget: requests, Client: c, Concurrency: p.Config.WorkerConcurrency, Log: p.Log,
		Partner: &activities.Partner{
			Store: p.Store, Vault: p.Vault, Transport: salesdock.NewTransport(p.partnerHosts()), PublicURL: p.Config.PublicURL,
			Budget: requests, Known: &identity.Known{}, Log: p.Log, Now: time.Now,
		},
		Records: &activities.Records{Store: p.Store, Now: time.Now},
		Mail:    &activities.Mail{Store: p.Store, Vault: p.Vault, Mailer: mails, PublicURL: p.Config.PublicURL, Log: p.Log, Now: time.Now},
	}, nil
}
