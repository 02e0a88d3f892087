// Package db keeps everything a user would miss. Its methods are the generated queries, one transaction at a
// time, in an environment of their own: see WithTx.
package db

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
)

// Store is the database. Two pools: tenant work runs as koppel_app, which row-level security keeps inside
// one environment; relay, reconcile and set-up run as koppel_system.
type Store struct {
	app    *pgxpool.Pool
	system *pgxpool.Pool
}

// Open connects. It does not migrate: see Migrate.
func Open(ctx context.Context, url string, maxConns int32) (*Store, error) {
	app, err := openPool(ctx, url, "koppel_app", maxConns)
	if err != nil {
		return nil, err
	}
	system, err := openPool(ctx, url, "koppel_system", max(4, maxConns/4))
	if err != nil {
		app.Close()
		return nil, err
	}
	return &Store{app: app, system: system}, nil
}

func openPool(ctx context.Context, url, role string, maxConns int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	cfg.MaxConns = maxConns
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SET ROLE "+role)
		return err
	}
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
	begin := "BEGIN; SET LOCAL koppel.environment_id = '" + strconv.FormatInt(environmentID, 10) + "'"
	return run(ctx, s.app, pgx.TxOptions{BeginQuery: begin}, fn)
}

// WithSystemTx runs fn in one transaction that sees every environment. For relay, reconcile and set-up.
func (s *Store) WithSystemTx(ctx context.Context, fn func(*Tx) error) error {
	return run(ctx, s.system, pgx.TxOptions{}, fn)
}

func run(ctx context.Context, pool *pgxpool.Pool, options pgx.TxOptions, fn func(*Tx) error) error {
	tx, err := pool.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		rollbackCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = tx.Rollback(rollbackCtx) // after a commit this does nothing
	}()
	if err := fn(&Tx{Queries: dbsqlc.New(translating{tx})}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
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
	return rows, translate(err)
}

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
	}
	return err
}

// ListenOutbox calls wake for every commit that left something in the outbox, until ctx ends. It returns
// when the connection breaks: the caller listens again, and its sweep covers the gap.
func (s *Store) ListenOutbox(ctx context.Context, wake func()) error {
	conn, err := s.system.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("listen for the outbox: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "LISTEN koppel_outbox"); err != nil {
		return fmt.Errorf("listen for the outbox: %w", err)
	}
	wake()
	for {
		if _, err := conn.Conn().WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listen for the outbox: %w", err)
		}
		wake()
	}
}
