package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Inspection is what a look at the database found. A look writes nothing.
type Inspection struct {
	Version string // as the server writes it
	Number  int    // such as 150013
	User    string
	Pooled  bool // the address is a pooler's
	// Notices says that commits are told at once, not found by looking once a second.
	Notices bool
	// Clock is how far the database's clock is ahead of ours; Uncertain how much of that may be the way there and back.
	Clock, Uncertain time.Duration
	// Roles and Direct are what is wrong with our roles and with the direct address.
	Roles, Direct error
	Pending       int
}

// Inspect looks at the database and the way to it.
func Inspect(ctx context.Context, o Options) (*Inspection, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	store, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	i := &Inspection{Notices: store.listen != nil}
	var clock time.Time
	var process uint32
	conn, err := store.system.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Release()
	began := time.Now()
	err = conn.QueryRow(ctx, "SELECT clock_timestamp(), pg_backend_pid(), current_setting('server_version'), current_setting('server_version_num')::int, current_user").
		Scan(&clock, &process, &i.Version, &i.Number, &i.User)
	if err != nil {
		return nil, fmt.Errorf("ask the database what it is: %w", err)
	}
	i.Uncertain = time.Since(began) / 2
	i.Clock = clock.Sub(began.Add(i.Uncertain))
	i.Pooled = process != conn.Conn().PgConn().PID()
	i.Roles = o.inspectRoles(ctx, conn.Conn(), i.Number)
	i.Direct = o.inspectDirect(ctx)
	i.Pending, err = store.Pending(ctx)
	return i, err
}

func (o Options) inspectRoles(ctx context.Context, conn *pgx.Conn, version int) error {
	for _, name := range []string{o.AppRole, o.SystemRole} {
		r, err := lookUp(ctx, conn, name, o.SystemRole, version)
		switch {
		case err != nil:
			return err
		case !r.there:
			return fmt.Errorf("%w: there is no role %s", ErrRoles, name)
		case !r.may:
			return fmt.Errorf("%w: %s may not become %s", ErrRoles, conn.Config().User, name)
		case r.mighty && name == o.AppRole:
			return fmt.Errorf("%w: row-level security does not hold %s", ErrRoles, name)
		}
	}
	return o.sameRoles(ctx, conn)
}

func (o Options) inspectDirect(ctx context.Context) error {
	if o.DirectURL == "" {
		return nil
	}
	cfg, err := o.direct()
	if err != nil {
		return err
	}
	server, err := probe(ctx, cfg)
	if err == nil && server.pooled {
		err = errors.New("it is a pooler too")
	}
	return err
}
