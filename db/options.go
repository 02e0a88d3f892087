package db

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The names of our roles, where nothing else is chosen. They are one for a whole server: see Options.
const (
	DefaultAppRole    = "koppel_app"
	DefaultSystemRole = "koppel_system"
)

// Options say where the database is, and as whom it is worked in.
type Options struct {
	URL string
	// DirectURL goes around a pooler, for what needs a session of its own: migrations and LISTEN.
	DirectURL string
	// Password counts instead of one in an address. There it would have to be escaped.
	Password string
	MaxConns int32
	// Roles belong to a server, not to a database: two deployments on one server have names of their own.
	AppRole, SystemRole string
}

// ErrAddress is of an address that cannot be read. It does not quote it: there may be a password in it.
var ErrAddress = errors.New("the address of the database (DATABASE_URL, KOPPEL_DATABASE_DIRECT_URL) cannot be read; it is postgres://user@host:5432/database. " +
	"A password with characters such as / @ : % goes into KOPPEL_DATABASE_PASSWORD, where it needs no escaping")

// Names go into statements and into the migrations as they are.
var roleName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func (o Options) check() (Options, error) {
	if o.AppRole == "" {
		o.AppRole = DefaultAppRole
	}
	if o.SystemRole == "" {
		o.SystemRole = DefaultSystemRole
	}
	for _, name := range []string{o.AppRole, o.SystemRole} {
		if !roleName.MatchString(name) {
			return o, fmt.Errorf("%q is no name for a role: KOPPEL_DATABASE_APP_ROLE and KOPPEL_DATABASE_SYSTEM_ROLE are small letters, digits and _", name)
		}
	}
	if o.AppRole == o.SystemRole {
		return o, errors.New("KOPPEL_DATABASE_APP_ROLE and KOPPEL_DATABASE_SYSTEM_ROLE are two roles: the first sees one environment, the second all")
	}
	return o, nil
}

func (o Options) pool(address string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, ErrAddress
	}
	if o.Password != "" {
		cfg.ConnConfig.Password = o.Password
	}
	return cfg, nil
}

// direct is how the server itself is reached, past a pooler.
func (o Options) direct() (*pgx.ConnConfig, error) {
	address := o.DirectURL
	if address == "" {
		address = o.URL
	}
	cfg, err := o.pool(address)
	if err != nil {
		return nil, err
	}
	return cfg.ConnConfig, nil
}

// answering is what is asked of whatever answers at an address.
type answering struct {
	version int
	// pooled means that a connection is not one server's process for good. A pooler hands out keys of its own for
	// cancelling, so the process that a connection was told of is not the one that answers.
	pooled bool
}

func probe(ctx context.Context, cfg *pgx.ConnConfig) (a answering, err error) {
	cfg = cfg.Copy()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // the one that every pooler takes
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return a, fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it was only asked
	return asked(ctx, conn)
}

func asked(ctx context.Context, conn *pgx.Conn) (a answering, err error) {
	var process uint32
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid(), current_setting('server_version_num')::int").Scan(&process, &a.version)
	if err != nil {
		return a, fmt.Errorf("ask the database what it is: %w", err)
	}
	a.pooled = process != conn.PgConn().PID()
	return a, nil
}
