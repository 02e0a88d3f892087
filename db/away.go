package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrAway is of a database that does not answer. Nothing was done.
var ErrAway = errors.New("the database does not answer")

// ErrInDoubt is of a commit whose answer was lost: what was asked for may be done.
var ErrInDoubt = errors.New("the database did not answer to a commit")

const (
	lookEvery = time.Second
	// lookTime is how long a database may take to say that it is there; one that is busy takes long, so twice.
	lookTime = 3 * time.Second
)

// guard keeps transactions off a database that is known to be away: they would wait for the network, or for connections
// that others wait with.
type guard struct {
	mu    sync.Mutex
	up    context.Context //nolint:containedctx // it is what ends when the database goes away
	gone  context.CancelCauseFunc
	away  bool
	back  chan struct{} // closed when it is back
	nudge chan struct{}
	turn  chan struct{} // whoever looks holds it
}

func newGuard() *guard {
	g := &guard{nudge: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	g.up, g.gone = context.WithCancelCause(context.Background())
	return g
}

func (g *guard) set(away bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case away && !g.away:
		g.back = make(chan struct{})
		g.gone(ErrAway)
	case !away && g.away:
		close(g.back)
		g.up, g.gone = context.WithCancelCause(context.Background())
	}
	g.away = away
}

// enter gives a context for waiting for a connection, which ends when the database goes away, and what ends with it too.
func (g *guard) enter(ctx context.Context) (waiting, up context.Context, leave func(), err error) {
	g.mu.Lock()
	up, away := g.up, g.away
	g.mu.Unlock()
	if away {
		return nil, nil, nil, ErrAway
	}
	waiting, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(up, func() { cancel(ErrAway) })
	return waiting, up, func() { stop(); cancel(nil) }, nil
}

// explain makes an error of a connection that broke, or was not made, ErrAway, and has the database looked at now. What a
// commit came to stays in doubt.
func (g *guard) explain(ctx, up context.Context, err error) error {
	cut := up.Err() != nil && errors.Is(err, context.Canceled)
	if err == nil || errors.Is(err, ErrAway) || ctx.Err() != nil || !cut && !broken(err) {
		return err
	}
	select {
	case g.nudge <- struct{}{}:
	default:
	}
	if errors.Is(err, ErrInDoubt) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

// cutOff closes a transaction's connection when the database goes away: its statement would wait for the network.
func cutOff(up context.Context, tx pgx.Tx) (stop func() bool) {
	conn := tx.Conn().PgConn().Conn()
	return context.AfterFunc(up, func() { _ = conn.Close() })
}

// stopping are PostgreSQL's codes for: it stops, crashed, starts, or takes no more connections.
var stopping = []string{"57P01", "57P02", "57P03", "53300"}

func broken(err error) bool {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "08") || slices.Contains(stopping, pg.Code)
	}
	var network net.Error
	return errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "conn closed")
}

// Watch looks at the database until ctx ends, and tells changed each time it goes away or comes back. While it is away
// every transaction is refused at once with ErrAway; without a watch each finds out by itself. Of several watches one looks,
// and another takes over when it ends.
func (s *Store) Watch(ctx context.Context, changed func(away bool, err error)) {
	select {
	case s.guard.turn <- struct{}{}:
		defer func() { <-s.guard.turn }()
	case <-ctx.Done():
		return
	}
	var conn *pgx.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for was, late := s.Away(), false; ; {
		var err error
		conn, err = s.look(ctx, conn)
		if ctx.Err() != nil {
			return
		}
		slow := errors.Is(err, context.DeadlineExceeded)
		if away := err != nil && (!slow || late || was); away != was {
			was = away
			s.guard.set(away)
			changed(away, err)
		}
		if late = slow; late {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.guard.nudge:
		}
	}
}

// look asks the database whether it is there, on a connection that is no request's.
func (s *Store) look(ctx context.Context, conn *pgx.Conn) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var err error
	if conn == nil {
		if conn, err = pgx.ConnectConfig(ctx, s.app.Config().ConnConfig); err != nil {
			return nil, errors.Join(err, ctx.Err())
		}
	}
	if _, err = conn.Exec(ctx, "SELECT 1"); err != nil {
		err = errors.Join(err, ctx.Err())
		gone, done := context.WithCancel(context.WithoutCancel(ctx))
		done()
		_ = conn.Close(gone)
		return nil, err
	}
	return conn, nil
}

// UntilBack waits while the database is known to be away, until it is back or ctx ends.
func (s *Store) UntilBack(ctx context.Context) {
	s.guard.mu.Lock()
	away, back := s.guard.away, s.guard.back
	s.guard.mu.Unlock()
	if !away {
		return
	}
	select {
	case <-back:
	case <-ctx.Done():
	}
}

// Away says whether the database is known to be away.
func (s *Store) Away() bool {
	s.guard.mu.Lock()
	defer s.guard.mu.Unlock()
	return s.guard.away
}
