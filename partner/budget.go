// Package partner is everything that is needed to call a partner: its address and token, the signature of its
// calls, and the books of what it allows.
package partner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/states"
)

const (
	// StockLimit is how many requests a minute a stock Salesdock account allows (Salesdock API v1, throttling).
	StockLimit = 120
	// share is how much of a limit is used: at 0.95 a strict sliding window refused nothing (design: 1.9 of 2 a second).
	share = 0.95
)

const (
	// failuresToOpen is how many requests in a row must fail before a partner is left alone.
	failuresToOpen = 5
	// ProbeEvery is how often a partner that does not answer is tried: twice a minute.
	ProbeEvery = 30 * time.Second
	// lessonEvery is how soon after a lesson being throttled teaches again: a burst of refusals is one lesson.
	lessonEvery = 20 * time.Second
	// leastPerMinute is the slowest pace that is ever learned.
	leastPerMinute = 6
	// Step is the resolution of the use that is kept; useKept is how long it is.
	Step    = 10 * time.Second
	useKept = time.Hour
	flush   = time.Second
)

// OpenError says that a partner is left alone because it does not answer. Nothing was sent.
type OpenError struct{ Until time.Time }

func (e *OpenError) Error() string {
	return "the partner does not answer and is left alone for a while"
}

// Budget watches requests to partners. It is shared by everything in a process that makes them.
type Budget struct {
	Store *db.Store
	Log   *zap.Logger
	Now   func() time.Time
	Rate  float64 // requests a second of a partner of whom nothing is known

	mu       sync.Mutex
	failures map[string]int       // in a row
	circuits map[string]time.Time // open ones, with the next probe as last read
	opening  map[string]bool      // that are open here, and not written yet
	used     map[useKey]use
}

// Asker is who makes requests: a link, within a limit group.
type Asker struct {
	Group                        string
	EnvironmentID, IntegrationID int64
}

type useKey struct {
	Asker
	kind states.RequestKind
	at   time.Time
}

type use struct{ requests, throttled int32 }

// NewBudget makes a budget; Run keeps it up to date.
func NewBudget(store *db.Store, log *zap.Logger, now func() time.Time) *Budget {
	return &Budget{Store: store, Log: log, Now: now, Rate: PerSecond(StockLimit), failures: map[string]int{}, circuits: map[string]time.Time{}, opening: map[string]bool{}, used: map[useKey]use{}}
}

type kindKey struct{}

// WithKind says what the requests made under a context are for.
func WithKind(ctx context.Context, kind states.RequestKind) context.Context {
	return context.WithValue(ctx, kindKey{}, kind)
}

func kindOf(ctx context.Context) states.RequestKind {
	if kind, ok := ctx.Value(kindKey{}).(states.RequestKind); ok && kind != "" {
		return kind
	}
	return states.RequestOther
}

// Run writes the use down and reads which partners are left alone, until ctx ends.
func (b *Budget) Run(ctx context.Context) {
	seldom := logging.Seldom(b.Log)
	tick := time.NewTicker(flush)
	defer tick.Stop()
	for {
		if err := b.Sync(ctx); err != nil && ctx.Err() == nil {
			seldom.Warn("budget.sync.failed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sync writes the use down, and reads which partners are left alone.
func (b *Budget) Sync(ctx context.Context) error {
	b.mu.Lock()
	used := b.used
	b.used = map[useKey]use{}
	known := map[string]bool{} // open circuits that what is read must have, unless another worker closed them
	for group := range b.circuits {
		known[group] = !b.opening[group]
	}
	b.mu.Unlock()
	now := b.Now()
	var open []db.SystemCircuitsRow
	err := b.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
		for k, u := range used {
			if err := keep(ctx, tx, k, u); err != nil {
				return err
			}
		}
		if len(used) > 0 {
			if err := tx.SystemLimitGroupUseForget(ctx, now.Add(-useKept)); err != nil {
				return err
			}
			if err := tx.SystemIntegrationUseForget(ctx, now.Add(-useKept)); err != nil {
				return err
			}
		}
		open, err = tx.SystemCircuits(ctx)
		return err
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		for k, u := range used { // counted the next time
			b.add(k, u)
		}
		return err
	}
	before := b.circuits
	b.circuits = map[string]time.Time{}
	for _, c := range open {
		if c.ProbeAt != nil {
			b.circuits[c.Name] = *c.ProbeAt
		}
	}
	for group, probe := range before {
		_, still := b.circuits[group]
		switch {
		case still:
		case known[group]: // another worker found it answering
			delete(b.failures, group)
		default: // it opened here while this was read
			b.circuits[group] = probe
		}
	}
	return nil
}

func keep(ctx context.Context, tx *db.Tx, k useKey, u use) error {
	err := tx.SystemLimitGroupUsed(ctx, db.SystemLimitGroupUsedParams{Name: k.Group, At: k.at, Kind: k.kind, Requests: u.requests, Throttled: u.throttled})
	if err != nil {
		return err
	}
	return tx.SystemIntegrationUsed(ctx, db.SystemIntegrationUsedParams{
		EnvironmentID: k.EnvironmentID, IntegrationID: k.IntegrationID, At: k.at, Kind: k.kind, Requests: u.requests, Throttled: u.throttled,
	})
}

func (b *Budget) add(k useKey, u use) {
	sum := b.used[k]
	b.used[k] = use{sum.requests + u.requests, sum.throttled + u.throttled}
}

// LeftAlone is an OpenError while a group's partner is not asked, because it does not answer. nil: ask.
func (b *Budget) LeftAlone(group string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe, open := b.circuits[group]; open && probe.After(b.Now()) {
		return &OpenError{Until: probe}
	}
	return nil
}

// Transport makes requests of one link: it counts them, learns from refusals, and leaves a partner alone
// that does not answer.
func (b *Budget) Transport(next http.RoundTripper, asker Asker) http.RoundTripper {
	return &transport{budget: b, next: next, asker: asker}
}

type transport struct {
	budget *Budget
	next   http.RoundTripper
	asker  Asker
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := t.budget.admit(ctx, t.asker.Group); err != nil {
		return nil, err
	}
	response, err := t.next.RoundTrip(r)
	recordCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	throttled := err == nil && response.StatusCode == http.StatusTooManyRequests
	t.budget.count(t.asker, kindOf(ctx), throttled)
	switch {
	case throttled:
		t.budget.learn(recordCtx, t.asker.Group)
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		// We broke it off ourselves: it says nothing of the partner.
	case err != nil || response.StatusCode >= 500:
		t.budget.failed(recordCtx, t.asker.Group)
	default:
		t.budget.answered(recordCtx, t.asker.Group)
	}
	return response, err
}

// admit lets a request through unless its partner is left alone: then one in ProbeEvery goes, to try.
func (b *Budget) admit(ctx context.Context, group string) error {
	b.mu.Lock()
	probe, open := b.circuits[group]
	b.mu.Unlock()
	if !open {
		return nil
	}
	now := b.Now()
	next := now.Add(ProbeEvery)
	if !probe.After(now) {
		mine := int64(0)
		err := b.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
			mine, err = tx.SystemCircuitProbe(ctx, db.SystemCircuitProbeParams{Name: group, Now: &now, Next: &next})
			return err
		})
		if err != nil {
			return fmt.Errorf("probe a partner: %w", err)
		}
		if mine > 0 {
			b.Log.Info("partner.circuit.probed", zap.String("limit_group", group))
			return nil
		}
		probe = next
	}
	return &OpenError{Until: probe}
}

// Wait is how long to stay away from a partner that is left alone. It is spread, so that not everything that
// waits comes at once.
func (e *OpenError) Wait(now time.Time) time.Duration {
	return max(0, e.Until.Sub(now)) + rand.N(ProbeEvery/2) //nolint:gosec // G404: spreading load needs no secrecy
}

func (b *Budget) count(asker Asker, kind states.RequestKind, throttled bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	u := use{requests: 1}
	if throttled {
		u.throttled = 1
	}
	b.add(useKey{asker, kind, b.Now().Truncate(Step).UTC()}, u)
}

// learn lowers the group's limit. Being throttled is an answer: the partner is there.
func (b *Budget) learn(ctx context.Context, group string) {
	b.answered(ctx, group)
	now := b.Now()
	before := now.Add(-lessonEvery)
	b.write(ctx, "learn", func(tx *db.Tx) error {
		_, err := tx.SystemLimitGroupThrottled(ctx, db.SystemLimitGroupThrottledParams{
			Name: group, Now: &now, Before: &before, Since: now.Add(-time.Minute), Least: leastPerMinute, Unknown: StockLimit,
		})
		return err
	})
}

func (b *Budget) failed(ctx context.Context, group string) {
	b.mu.Lock()
	b.failures[group]++
	_, open := b.circuits[group]
	opens := b.failures[group] >= failuresToOpen && !open
	now := b.Now()
	probe := now.Add(ProbeEvery)
	if opens {
		b.circuits[group], b.opening[group] = probe, true
	}
	b.mu.Unlock()
	if !opens {
		return
	}
	b.Log.Warn("partner.circuit.opened", zap.String("limit_group", group))
	b.write(ctx, "open", func(tx *db.Tx) error {
		_, err := tx.SystemCircuitOpen(ctx, db.SystemCircuitOpenParams{Name: group, Now: &now, ProbeAt: &probe})
		return err
	})
	b.mu.Lock()
	delete(b.opening, group)
	b.mu.Unlock()
}

func (b *Budget) answered(ctx context.Context, group string) {
	b.mu.Lock()
	delete(b.failures, group)
	_, open := b.circuits[group]
	delete(b.circuits, group)
	b.mu.Unlock()
	if !open {
		return
	}
	b.Log.Info("partner.circuit.closed", zap.String("limit_group", group))
	b.write(ctx, "close", func(tx *db.Tx) error {
		_, err := tx.SystemCircuitClose(ctx, group)
		return err
	})
}

// write keeps a fact about a partner. That it could not be kept changes nothing for the request that it was
// about: the next one tells again.
func (b *Budget) write(ctx context.Context, what string, change func(*db.Tx) error) {
	if err := b.Store.WithSystemTx(ctx, change); err != nil {
		b.Log.Warn("budget.write.failed", zap.String("what", what), zap.Error(err))
	}
}

// PerMinute is what a group may ask in a minute; 0 when nothing is known of it.
func PerMinute(known, learned *int32) int {
	switch {
	case learned != nil && (known == nil || *learned < *known):
		return int(*learned)
	case known != nil:
		return int(*known)
	}
	return 0
}

// PerSecond is the pace at which a limit is used.
func PerSecond(perMinute int) float64 { return float64(perMinute) * share / 60 }
