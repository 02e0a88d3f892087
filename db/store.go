// Package db keeps everything a user would miss. Its methods are the generated queries, one transaction at a
// time, in an environment of their own: see WithTx.
package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"koppel/db/dbsqlc"
)

// Errors that callers act on.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("conflicts with what is there")
	// ErrUnstorable is of a value that no column or index takes: asking again does not help.
	ErrUnstorable = errors.New("the database cannot keep a value")
)

// Store is the database. Two pools: tenant work runs as the application's role, which row-level security keeps inside
// one environment; relay, reconcile and set-up run as the system's, and wait for nobody's requests. The role is a
// transaction's, not a connection's: behind a pooler the next transaction has another connection (decision 26).
type Store struct {
	app, system *pgxpool.Pool
	roles       Options
	listen      *pgx.ConnConfig // nil where nothing can be listened to
	guard       *guard
}

// Open connects. It does not migrate: see Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	cfg, err := o.pool(o.URL)
	if err != nil {
		return nil, err
	}
	server, err := probe(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, err
	}
	if server.pooled {
		withoutSession(cfg.ConnConfig)
	}
	s := &Store{roles: o, guard: newGuard()}
	if !server.pooled || o.DirectURL != "" {
		if s.listen, err = o.direct(); err != nil {
			return nil, err
		}
	}
	if s.app, err = openPool(ctx, cfg, o.MaxConns); err != nil {
		return nil, err
	}
	if s.system, err = openPool(ctx, cfg, max(4, o.MaxConns/4)); err != nil {
		s.app.Close()
		return nil, err
	}
	return s, nil
}

// withoutSession prepares nothing that the next transaction would look for on another server connection.
func withoutSession(cfg *pgx.ConnConfig) {
	if cfg.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
}

func openPool(ctx context.Context, cfg *pgxpool.Config, maxConns int32) (*pgxpool.Pool, error) {
	cfg = cfg.Copy()
	cfg.MaxConns = maxConns
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return pool, nil
}

// Close waits for what is running and closes both pools.
func (s *Store) Close() {
	s.app.Close()
	s.system.Close()
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.app.Ping(ctx) }

// Tx is one transaction with all queries.
type Tx struct{ *dbsqlc.Queries }

// WithTx runs fn in one transaction that sees one environment only. It commits when fn returns nil; the
// rollback otherwise happens even when ctx has ended.
func (s *Store) WithTx(ctx context.Context, environmentID int64, fn func(*Tx) error) error {
	return s.run(ctx, s.app, s.begin("BEGIN", environmentID), fn)
}

// WithReadTx runs fn in one transaction that sees one environment, as it was at one moment, and changes nothing.
func (s *Store) WithReadTx(ctx context.Context, environmentID int64, fn func(*Tx) error) error {
	return s.run(ctx, s.app, s.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", environmentID), fn)
}

// begin says in one round trip that a transaction begins, whose it is, and what it sees. Where one of the three is
// refused nothing runs: the driver gives the connection up.
func (s *Store) begin(begin string, environmentID int64) pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: begin + "; SET LOCAL ROLE " + s.roles.AppRole + "; SET LOCAL koppel.environment_id = '" + strconv.FormatInt(environmentID, 10) + "'"}
}

// Transactions says how many were begun since the store was opened.
func (s *Store) Transactions() int64 {
	return s.app.Stat().AcquireCount() + s.system.Stat().AcquireCount()
}

// PoolUse is how one of the two pools is used.
type PoolUse struct {
	Name              string // app, system
	Used, Idle, Limit int32
	Waits             int64
	Waited            time.Duration
}

// Pools says how the pools are used.
func (s *Store) Pools() []PoolUse {
	use := func(name string, stat *pgxpool.Stat) PoolUse {
		return PoolUse{name, stat.AcquiredConns(), stat.IdleConns(), stat.MaxConns(), stat.EmptyAcquireCount(), stat.EmptyAcquireWaitTime()}
	}
	return []PoolUse{use("app", s.app.Stat()), use("system", s.system.Stat())}
}

// WithSystemTx runs fn in one transaction that sees every environment. For relay, reconcile and set-up.
func (s *Store) WithSystemTx(ctx context.Context, fn func(*Tx) error) error {
	return s.run(ctx, s.system, pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL ROLE " + s.roles.SystemRole}, fn)
}

func (s *Store) run(ctx context.Context, pool *pgxpool.Pool, options pgx.TxOptions, fn func(*Tx) error) (err error) {
	waiting, up, leave, err := s.guard.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	defer func() { err = s.guard.explain(ctx, up, err) }()
	tx, err := pool.BeginTx(waiting, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer cutOff(up, tx)()
	defer func() {
		rollbackCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = tx.Rollback(rollbackCtx) // after a commit this does nothing
	}()
	if err := fn(&Tx{Queries: dbsqlc.New(translating{tx})}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		var refused *pgconn.PgError
		if !errors.As(err, &refused) && !errors.Is(err, pgx.ErrTxCommitRollback) {
			return fmt.Errorf("%w: %w", ErrInDoubt, err)
		}
		return fmt.Errorf("commit: %w", translate(err))
	}
	return nil
}

// translating makes every query of a transaction give our errors.
type translating struct{ tx pgx.Tx }

func (t translating) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := t.tx.Exec(ctx, sql, args...)
	return tag, translate(err)
}

func (t translating) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := t.tx.Query(ctx, sql, args...)
	return translatingRows{rows}, translate(err)
}

// translatingRows fail with our errors too: what an INSERT of many rows meets is known when they are read.
type translatingRows struct{ pgx.Rows }

func (r translatingRows) Scan(dest ...any) error { return translate(r.Rows.Scan(dest...)) }

func (r translatingRows) Err() error { return translate(r.Rows.Err()) }

func (t translating) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return translatingRow{t.tx.QueryRow(ctx, sql, args...)}
}

type translatingRow struct{ row pgx.Row }

func (r translatingRow) Scan(dest ...any) error { return translate(r.row.Scan(dest...)) }

// translate makes the driver's errors ours, so that nobody above needs the driver.
func translate(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &pg) && pg.Code == "23505":
		return fmt.Errorf("%w: %s", ErrConflict, pg.ConstraintName)
	case errors.As(err, &pg) && pg.Code == "23503":
		return fmt.Errorf("%w: %s", ErrNotFound, pg.ConstraintName)
	case errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "54") || slices.Contains(unstorable, pg.Code)):
		return fmt.Errorf("%w: %s", ErrUnstorable, pg.Code) // its message may quote the value
	}
	return err
}

// unstorable are the codes for a value that does not fit: too long, out of range, with characters that there are not. All of
// class 54 (a limit of the program: an index's row, a tsvector, a nested value) are the same.
var unstorable = []string{"22001", "22003", "22007", "22008", "22021", "22P02", "22P05"}
