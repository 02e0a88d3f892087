package db

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// pollEvery is how often the outbox is looked at where nothing can be listened to.
const pollEvery = time.Second

// ListenOutbox calls wake for every commit that left something in the outbox, until ctx ends. It returns
// when the connection breaks: the caller listens again, and its sweep covers the gap. Behind a pooler without a
// direct address there is no session to listen in: then it wakes once a second.
func (s *Store) ListenOutbox(ctx context.Context, wake func()) error {
	if s.listen == nil {
		return poll(ctx, wake)
	}
	conn, err := pgx.ConnectConfig(ctx, s.listen)
	if err != nil {
		return fmt.Errorf("listen for the outbox: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is lost with it
	if _, err := conn.Exec(ctx, "LISTEN koppel_outbox"); err != nil {
		return fmt.Errorf("listen for the outbox: %w", err)
	}
	wake()
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listen for the outbox: %w", err)
		}
		wake()
	}
}

func poll(ctx context.Context, wake func()) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		wake()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
