// Package relay moves what commits left in the outbox to Temporal, and starts again what should be running
// and is not. Nothing on a request's path waits for it.
package relay

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"koppel/db"
)

const (
	concurrency = 16
	sweepEvery  = 3 * time.Second
	callTimeout = 10 * time.Second
)

// Relay delivers the outbox.
type Relay struct {
	Store     *db.Store
	Client    client.Client
	Namespace string
	Pace      *Pace
	Log       *zap.Logger
	Now       func() time.Time

	wake       chan struct{}
	ages       ages
	attributes attributes
}

// Run delivers until ctx ends: at once after a commit, and by a sweep for what a crash left behind.
func (r *Relay) Run(ctx context.Context) {
	r.wake = make(chan struct{}, 1)
	for _, job := range Jobs {
		r.ages.well(job) // from here on
	}
	r.Pace.Kept = func() { r.ages.well(JobPace) }
	var group sync.WaitGroup
	group.Go(func() { r.listen(ctx) })
	group.Go(func() { r.reconcileLoop(ctx) })
	group.Go(func() { r.noticeLoop(ctx) })
	group.Go(func() { r.Pace.Run(ctx) })
	group.Go(func() { r.deliverLoop(ctx) })
	group.Wait()
}

func (r *Relay) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.Store.ListenOutbox(ctx, func() {
			select {
			case r.wake <- struct{}{}:
			default:
			}
		})
		if ctx.Err() == nil {
			r.Log.Warn("relay.listen.interrupted", zap.Error(err))
			pause(ctx, time.Second)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
