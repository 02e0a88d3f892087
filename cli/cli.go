package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/alecthomas/kong"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/config"
	"koppel/internal/logging"
	"koppel/server"
	"koppel/worker"
)

// Commands are what both programs can do; koppel-standalone adds its own.
type Commands struct {
	config.Config `embed:""`

	Server      ServerCmd      `cmd:"" help:"Serve the API and the interface, and move the outbox."`
	Worker      WorkerCmd      `cmd:"" help:"Run workflows and requests to partners."`
	Migrate     MigrateCmd     `cmd:"" help:"Bring the database's schema up to date."`
	Environment EnvironmentCmd `cmd:"" help:"Make and list environments."`
	User        UserCmd        `cmd:"" help:"Look after an environment's users."`
	Sales       SalesCmd       `cmd:"" help:"Find sales that are stuck, and try them again."`
	Token       TokenCmd       `cmd:"" help:"Make tokens."`
	Keys        KeysCmd        `cmd:"" help:"Look after the encryption keys."`
	Temporal    TemporalCmd    `cmd:"" help:"Prepare Temporal's namespace."`
	Reconcile   ReconcileCmd   `cmd:"" help:"Start what should be running in Temporal and is not; servers do it every two minutes."`
	Restored    RestoredCmd    `cmd:"" help:"Tell a database that was restored to an earlier moment that it was, before anything works on it: what may have gone since does not go twice."`
	DeployCheck DeployCheckCmd `cmd:"" help:"Replay the open workflows of a running deployment with this program, and say which would break."`
	Doctor      DoctorCmd      `cmd:"" help:"Check configuration, database, Temporal and keys."`
	Health      HealthCmd      `cmd:"" help:"Ask a server or worker on this machine how it is, for a container's health check."`
	Practice    PracticeCmd    `cmd:"" name:"practice-partner" help:"Serve a stock Salesdock account to practise a link against. Nothing it is told goes anywhere."`
	Audit       AuditCmd       `cmd:"" help:"Look after the audit log."`
	Version     VersionCmd     `cmd:"" help:"Print the version."`
}

// Run is what a command's Run gets.
type Run struct {
	Ctx    context.Context //nolint:containedctx // handed from main to the one command that runs
	Config config.Config
	Log    *zap.Logger
	Out    io.Writer
}

// Program is one of the two programs.
type Program struct {
	Name, Description string
	Commands          any // a pointer to a struct that embeds Commands
	Config            func() *config.Config
	Out, Err          io.Writer // nil: the process's own
	// Defaults of the throttles: a cluster's, or those of one machine.
	RequestsPerMinute int
	PartnerRate       float64
}

// Main parses args and runs the chosen command. The result is the exit code.
func Main(p Program, args []string) int {
	out, errs := cmp.Or[io.Writer](p.Out, os.Stdout), cmp.Or[io.Writer](p.Err, os.Stderr)
	parser, err := p.Parser(kong.Writers(out, errs))
	if err != nil {
		fmt.Fprintln(errs, err) //nolint:errcheck // the terminal
		return 2
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		parser.FatalIfErrorf(err)
	}
	cfg := p.Config()
	log, err := logging.New(cfg.LogLevel)
	if err != nil {
		fmt.Fprintln(errs, err) //nolint:errcheck // the terminal
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // told a second time, it ends at once
	if err := chosen.Run(&Run{Ctx: ctx, Config: *cfg, Log: log, Out: out}); err != nil {
		fmt.Fprintf(errs, "%s: %v\n", p.Name, err) //nolint:errcheck // the terminal
		return 1
	}
	return 0
}

// Parser reads a command line of the program.
func (p Program) Parser(options ...kong.Option) (*kong.Kong, error) {
	return kong.New(p.Commands, append([]kong.Option{kong.Name(p.Name), kong.Description(p.Description), kong.Resolvers(kong.ResolverFunc(secretFromFile)), kong.Vars{
		"requests_per_minute": strconv.Itoa(p.RequestsPerMinute), "partner_rate": strconv.FormatFloat(p.PartnerRate, 'f', -1, 64),
	}}, options...)...)
}

// ServerCmd is koppel server.
type ServerCmd struct{}

// Run serves until it is told to stop.
func (*ServerCmd) Run(r *Run) error {
	parts, err := Open(r.Ctx, r.Config, r.Log)
	if err != nil {
		return err
	}
	defer parts.Close()
	cfg, err := parts.Server()
	if err != nil {
		return err
	}
	return server.Run(r.Ctx, cfg)
}

// WorkerCmd is koppel worker.
type WorkerCmd struct{}

// Run works until it is told to stop.
func (*WorkerCmd) Run(r *Run) error {
	parts, err := Open(r.Ctx, r.Config, r.Log)
	if err != nil {
		return err
	}
	defer parts.Close()
	cfg, err := parts.Worker()
	if err != nil {
		return err
	}
	return worker.Run(r.Ctx, cfg)
}

// MigrateCmd is koppel migrate.
type MigrateCmd struct{}

// Run migrates.
func (*MigrateCmd) Run(r *Run) error {
	if r.Config.DatabaseURL == "" {
		return errors.New("no database: set DATABASE_URL (postgres://user:password@host/database)")
	}
	return db.Migrate(r.Ctx, Database(r.Config))
}

// VersionCmd is koppel version.
type VersionCmd struct{}

// Run prints the version.
func (*VersionCmd) Run(r *Run) error {
	_, err := fmt.Fprintln(r.Out, Version)
	return err
}
