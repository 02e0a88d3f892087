package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"koppel/cli"
	"koppel/db"
	"koppel/internal/config"
	"koppel/internal/operators"
	"koppel/server"
	"koppel/standalone/demo"
	"koppel/standalone/embedded"
	"koppel/worker"
	"koppel/workflows"
)

const usualNamespace = "default"

type runCmd struct {
	dataFolder     `embed:""`
	TemporalListen string   `help:"Address of the embedded Temporal server." default:"127.0.0.1:7233"`
	TemporalUI     string   `name:"temporal-ui" help:"Address of Temporal's Web UI." default:"127.0.0.1:8233"`
	Demo           demoMode `help:"Seed a demo: a provider and a reseller, linked. --demo=static does not move by itself."`
	ReadyFile      string   `help:"Write addresses and demo logins here once everything answers." type:"path"`
}

// demoMode is --demo, or --demo=static.
type demoMode string

const (
	demoLive   demoMode = "live"
	demoStatic demoMode = "static"
)

// Decode implements kong.MapperValue.
func (m *demoMode) Decode(ctx *kong.DecodeContext) error {
	*m = demoLive
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	switch value := ctx.Scan.Pop().String(); value {
	case "true", string(demoLive):
	case string(demoStatic):
		*m = demoStatic
	default:
		return fmt.Errorf("--demo is --demo or --demo=static, not %q", value)
	}
	return nil
}

// IsBool lets the flag stand without a value.
func (*demoMode) IsBool() bool { return true }

// Run starts everything, in order, and stops it in the opposite one.
func (c *runCmd) Run(r *cli.Run) error {
	cfg := r.Config
	for _, address := range []*string{&cfg.Listen, &cfg.OperatorsListen, &c.TemporalListen, &c.TemporalUI} {
		if *address == operators.Off {
			continue
		}
		resolved, err := embedded.ResolvePort(*address)
		if err != nil {
			return err
		}
		*address = resolved
	}
	for what, address := range map[string]string{"The API": cfg.Listen, "Temporal": c.TemporalListen, "Temporal's Web UI": c.TemporalUI} {
		if _, _, err := embedded.CheckFree(what, address); err != nil {
			return err
		}
	}
	unlock, err := c.take(cfg.DatabaseURL == "")
	if err != nil {
		return err
	}
	defer unlock()
	cfg.EmbeddedTemporal, cfg.TemporalAddress, cfg.TemporalUIURL = true, c.TemporalListen, "http://"+c.TemporalUI
	cfg.TemporalNamespace = cmp.Or(cfg.TemporalNamespace, usualNamespace)
	if cfg.EncryptionKeys == "" {
		if cfg.EncryptionKeys, err = keptKeys(c.keys()); err != nil {
			return err
		}
	}
	stopDatabase, err := c.database(r.Ctx, &cfg)
	if err != nil {
		return err
	}
	defer stopDatabase()
	return c.serve(r, cfg)
}

// database finds a PostgreSQL: an existing one, the system's as a private cluster, or a downloaded one.
func (c *runCmd) database(ctx context.Context, cfg *config.Config) (stop func(), err error) {
	stop = func() {}
	if cfg.DatabaseURL == "" {
		address, stopPostgres, err := c.startPostgres(ctx)
		if err != nil {
			return nil, err
		}
		cfg.DatabaseURL, stop = config.Secret(address), stopPostgres
		// For commands beside this process, as DATABASE_URL_FILE.
		if err := os.WriteFile(c.address(), []byte(address+"\n"), 0o600); err != nil {
			stop()
			return nil, fmt.Errorf("keep the database's address: %w", err)
		}
		cfg.DatabaseDirectURL, cfg.DatabasePassword = "", "" // of another one, if they are set
	}
	if err := db.Migrate(ctx, cli.Database(*cfg)); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func (c *runCmd) serve(r *cli.Run, cfg config.Config) error {
	temporal, err := embedded.StartTemporal(r.Ctx, embedded.TemporalConfig{
		File: filepath.Join(c.Data, "temporal.db"), Listen: c.TemporalListen, Namespace: cfg.TemporalNamespace, Log: embedded.TemporalLog(r.Log), SearchAttributes: workflows.SearchAttributes(),
	})
	if err != nil {
		return err
	}
	defer func() { _ = temporal.Stop() }()
	ui, err := embedded.StartTemporalUI(r.Ctx, c.TemporalUI, c.TemporalListen, cfg.TemporalNamespace)
	if err != nil {
		return err
	}
	defer ui.Stop()
	parts, err := cli.Open(r.Ctx, cfg, r.Log)
	if err != nil {
		return err
	}
	defer parts.Close()
	serverConfig, err := parts.Server()
	if err != nil {
		return err
	}
	workerConfig, err := parts.Worker()
	if err != nil {
		return err
	}
	workerConfig.OperatorsListen = operators.Off // the server's tells of this process
	ctx, cancel := context.WithCancelCause(r.Ctx)
	defer cancel(nil)
	workerCtx, stopWorker := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorker()
	var workers, servers sync.WaitGroup
	workers.Go(func() { cancelOn(cancel, worker.Run(workerCtx, workerConfig)) })
	servers.Go(func() { cancelOn(cancel, server.Run(ctx, serverConfig)) })
	servers.Go(func() { cancelOn(cancel, c.whenReady(ctx, r, parts)) })
	<-ctx.Done()
	servers.Wait() // first no more comes in,
	stopWorker()   // then what was begun is finished
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

func cancelOn(cancel context.CancelCauseFunc, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		cancel(err)
	}
}

// whenReady says where everything is, and seeds the demo behind it.
func (c *runCmd) whenReady(ctx context.Context, r *cli.Run, parts *cli.Parts) error {
	if err := waitReady(ctx, parts.Config.PublicURL+"/readyz"); err != nil {
		return err
	}
	var environments []demo.Environment
	var err error
	if c.Demo != "" {
		if environments, err = demo.Environments(ctx, parts.Service(), filepath.Join(c.Data, "demo.json")); err != nil {
			return err
		}
	}
	c.announce(r, parts.Config, environments)
	if c.ReadyFile != "" {
		if err := c.writeReady(parts.Config, environments); err != nil {
			return err
		}
	}
	if c.Demo == "" {
		return nil
	}
	d := demo.Demo{BaseURL: parts.Config.PublicURL, Environments: environments, Out: r.Out, Marker: filepath.Join(c.Data, "demo-seeded")}
	if err := d.Seed(ctx); err != nil {
		if ctx.Err() == nil {
			r.Log.Error("demo.seed.failed", zap.Error(err))
		}
		return nil
	}
	if c.Demo == demoLive {
		d.Live(ctx)
	}
	return nil
}

func (c *runCmd) announce(r *cli.Run, cfg config.Config, environments []demo.Environment) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nKoppel is ready.\n\n  Interface, API  %s   (document: %s/openapi.json)\n  Temporal UI     %s\n  Operators       http://%s   (/health, /metrics)\n  Data            %s\n", cfg.PublicURL, cfg.PublicURL, cfg.TemporalUIURL, cfg.OperatorsListen, c.Data)
	for _, e := range environments {
		fmt.Fprintf(&b, "\n  Environment     %s (%s)\n  Owner           %s  password %s\n  Token           %s\n", e.Account, e.Name, e.OwnerEmail, e.OwnerPassword, e.OwnerToken)
	}
	b.WriteString("\nCtrl-C stops everything.\n\n")
	fmt.Fprint(r.Out, b.String()) //nolint:errcheck // the terminal
}

func (c *runCmd) writeReady(cfg config.Config, environments []demo.Environment) error {
	data, err := json.MarshalIndent(map[string]any{
		"api": cfg.PublicURL, "temporal": cfg.TemporalAddress, "temporal_ui": cfg.TemporalUIURL, "operators": "http://" + cfg.OperatorsListen, "environments": append([]demo.Environment{}, environments...),
	}, "", "  ")
	if err != nil {
		return err
	}
	part := c.ReadyFile + ".part"
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return fmt.Errorf("write the ready file: %w", err)
	}
	return os.Rename(part, c.ReadyFile)
}

func waitReady(ctx context.Context, url string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

type temporalCmd struct {
	Data           string `help:"Folder for Temporal's file." default:".koppel" type:"path"`
	TemporalListen string `help:"Address of the Temporal server." default:"127.0.0.1:7233"`
	TLSCert        string `name:"tls-cert" help:"Certificate of the server, for localhost; clients need one of the same authority." type:"existingfile" and:"tls"`
	TLSKey         string `name:"tls-key" help:"Its key." type:"existingfile" and:"tls"`
	TLSClientCA    string `name:"tls-client-ca" help:"The authority." type:"existingfile" and:"tls"`
}

// Run serves Temporal until it is told to stop.
func (c *temporalCmd) Run(r *cli.Run) error {
	temporalConfig := embedded.TemporalConfig{
		File: filepath.Join(c.Data, "temporal.db"), Listen: c.TemporalListen, Namespace: cmp.Or(r.Config.TemporalNamespace, usualNamespace), Log: embedded.TemporalLog(r.Log), SearchAttributes: workflows.SearchAttributes(),
	}
	if c.TLSCert != "" {
		temporalConfig.TLS = &embedded.TLS{Cert: c.TLSCert, Key: c.TLSKey, ClientCA: c.TLSClientCA}
	}
	temporal, err := embedded.StartTemporal(r.Ctx, temporalConfig)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Temporal listens on %s.\n", c.TemporalListen) //nolint:errcheck // the terminal
	<-r.Ctx.Done()
	return temporal.Stop()
}
