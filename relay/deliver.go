package relay

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"koppel/db"
	"koppel/internal/tracing"
	"koppel/states"
)

const (
	batchSize = 200
	// batchTime bounds a batch's calls to Temporal; leaseTime leaves room after them to write down what came of it.
	batchTime = 15 * time.Second
	leaseTime = 20 * time.Second
	// A row that Temporal did not take is tried again soon: starting twice is harmless.
	againAfter = 2 * time.Second
)

func (r *Relay) deliverLoop(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		for {
			taken, err := r.deliver(ctx)
			if err == nil {
				r.ages.well(JobDeliver)
			} else if ctx.Err() == nil {
				r.Log.Warn("relay.deliver.failed", zap.Error(err))
			}
			if err != nil || taken < batchSize {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-sweep.C:
		}
	}
}

type target struct {
	kind    states.OutboxKind
	subject int64
	signal  states.Signal
}

// step is one call to Temporal, and the rows that ask for it.
type step struct {
	target
	ids   []int64
	trace string // of the first of them that has one
}

// deliver takes a batch with a lease, hands it to Temporal, and removes what was taken. No transaction is open while
// Temporal is called: an open one holds back what change cursors may read (decision 3). After a crash in between the
// lease runs out, and the rows are delivered again.
func (r *Relay) deliver(ctx context.Context) (taken int, err error) {
	now := r.Now()
	lease := now.Add(leaseTime).Truncate(time.Microsecond) // as the database keeps it
	var rows []db.Outbox
	err = r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		rows, err = tx.SystemOutboxTake(ctx, db.SystemOutboxTakeParams{LeaseUntil: lease, Now: now, PageSize: batchSize})
		return err
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	done, later := r.moveRows(ctx, rows)
	again := r.Now()
	if ctx.Err() == nil {
		again = again.Add(againAfter)
	}
	// Also when we stop: what was taken would wait for its lease otherwise.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	return len(rows), r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if err := tx.SystemOutboxDone(ctx, done, lease); err != nil || len(later) == 0 {
			return err
		}
		return tx.SystemOutboxLater(ctx, db.SystemOutboxLaterParams{AvailableAt: again, Ids: later, LeaseUntil: lease})
	})
}

// moveRows calls Temporal for many subjects at once, and for each of them in the order of its rows. What follows a
// call that failed waits with it.
func (r *Relay) moveRows(ctx context.Context, rows []db.Outbox) (done, later []int64) {
	ctx, cancel := context.WithTimeout(ctx, batchTime)
	defer cancel()
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, steps := range bySubject(rows) {
		group.Go(func() error {
			failed := ctx.Err() != nil
			for _, s := range steps {
				if !failed {
					if err := r.move(tracing.Continue(ctx, s.trace), s.target); err != nil {
						failed = true
						r.Log.Warn("relay.move.failed", zap.String("kind", string(s.kind)), zap.Int64("subject_id", s.subject), zap.Error(err))
					}
				}
				mu.Lock()
				if failed {
					later = append(later, s.ids...)
				} else {
					done = append(done, s.ids...)
				}
				mu.Unlock()
			}
			return nil
		})
	}
	_ = group.Wait() // each failure is kept for later
	return done, later
}

// bySubject gives each subject's calls in the order of its rows. Rows that ask for the same are one call: what the
// later ones want looked at is there already.
func bySubject(rows []db.Outbox) [][]step {
	slices.SortFunc(rows, func(a, b db.Outbox) int { return cmp.Compare(a.ID, b.ID) })
	var subjects [][]step
	at := map[target]int{}
	for _, row := range rows {
		subject := target{kind: row.Kind, subject: row.SubjectID}
		i, known := at[subject]
		if !known {
			i = len(subjects)
			at[subject], subjects = i, append(subjects, nil)
		}
		steps := subjects[i]
		n := slices.IndexFunc(steps, func(s step) bool { return s.signal == row.Signal })
		if n < 0 {
			n, steps = len(steps), append(steps, step{target: target{row.Kind, row.SubjectID, row.Signal}})
		}
		steps[n].ids = append(steps[n].ids, row.ID)
		if steps[n].trace == "" && bounded(row.Kind) {
			steps[n].trace = row.Traceparent
		}
		subjects[i] = steps
	}
	return subjects
}

// bounded says whether what moves a row ends in time: what lives as long as a link or a webhook would be one trace for ever.
func bounded(kind states.OutboxKind) bool {
	return kind != states.OutboxIntegration && kind != states.OutboxWebhook
}
