package server

import (
	"context"
	"sync"
	"time"

	"koppel/db"
)

const (
	// factsTimeout is how long the database may take to say how things are.
	factsTimeout = 2 * time.Second
	// factsEvery is how old what metrics tell of the database may be: so often it is asked, whoever scrapes and however often.
	factsEvery = 10 * time.Second
)

// facts is what the database tells of how things are, for metrics: read as a whole, and kept for a while.
type facts struct {
	ctx   context.Context //nolint:containedctx // a collector is given none
	store *db.Store
	now   func() time.Time

	mu    sync.Mutex
	until time.Time
	kept  *reading
}

// reading is one look at the database.
type reading struct {
	at          time.Time
	outbox      db.SystemOutboxSizeRow
	kinds       []db.SystemBackgroundKindsRow
	missed      []db.SystemBackgroundMissedRow
	setAside    []db.SystemSetAsideCountsRow
	links       []db.SystemLinkStatesRow
	forwardings []db.SystemForwardingsOpenRow
	safekeeping []db.Safekeeping
}

// read gives the last look, or looks again; nil when the database does not answer. That it does not is remembered for as
// long as asking took: the collectors of one scrape do not wait one after the other.
func (f *facts) read() *reading {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Before(f.until) {
		return f.kept
	}
	ctx, cancel := context.WithTimeout(f.ctx, factsTimeout)
	defer cancel()
	read := &reading{at: now}
	if err := f.store.WithSystemTx(ctx, func(tx *db.Tx) error { return read.from(ctx, tx) }); err != nil {
		f.kept, f.until = nil, f.now().Add(factsTimeout)
		return nil
	}
	f.kept, f.until = read, now.Add(factsEvery)
	return read
}

func (r *reading) from(ctx context.Context, tx *db.Tx) (err error) {
	if r.outbox, err = tx.SystemOutboxSize(ctx); err != nil {
		return err
	}
	if r.kinds, err = tx.SystemBackgroundKinds(ctx); err != nil {
		return err
	}
	if r.missed, err = tx.SystemBackgroundMissed(ctx, r.at.Add(-db.JobSilentAfter)); err != nil {
		return err
	}
	if r.setAside, err = tx.SystemSetAsideCounts(ctx); err != nil {
		return err
	}
	if r.links, err = tx.SystemLinkStates(ctx, r.at.Add(-time.Minute)); err != nil {
		return err
	}
	if r.safekeeping, err = tx.SystemSafekeeping(ctx); err != nil {
		return err
	}
	r.forwardings, err = tx.SystemForwardingsOpen(ctx, r.at)
	return err
}
