package api

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"sync"
	"time"

	"koppel/server/service"
	"koppel/server/service/access"
)

// strangersPerMinute is how many calls of one address may be refused for their token in a minute, at all servers together. After that
// its calls are refused without a look, but for those of who was let in from there lately.
const strangersPerMinute = 60

// strangers holds addresses off from which too many tokens were refused.
type strangers struct {
	held  sync.Map // subject → until when
	known sync.Map // who was let in, as actors are named → when
}

// letInFor is how long who was let in counts as known.
const letInFor = 10 * time.Minute

// holdOff refuses a call from an address that is held off, before anything is looked up for it.
func (a *API) holdOff(remote netip.Addr, who string) error {
	until, held := a.strangers.held.Load(access.Stranger(remote)[0])
	if !held {
		return nil
	}
	now := a.svc.Now()
	if at, known := a.strangers.known.Load(who); known && now.Sub(at.(time.Time)) < letInFor {
		return nil
	}
	if wait := until.(time.Time).Sub(now); wait > 0 {
		return tooManyRefused(wait)
	}
	return nil
}

func tooManyRefused(wait time.Duration) error {
	refusal := service.Refuse(service.KindTooOften, "too_many_refused", strangersPerMinute, int(math.Ceil(wait.Seconds())))
	refusal.Wait = wait
	return refusal
}

// letIn remembers who was let in.
func (a *API) letIn(who string) {
	a.strangers.known.Store(who, a.svc.Now())
}

// refusedTo counts a call that was refused because nobody knows who asks, and holds its address off once there were too many.
func (a *API) refusedTo(ctx context.Context, remote netip.Addr, err error) error {
	refusal, is := errors.AsType[*service.Error](err)
	if a.svc.RequestsPerMinute == 0 || !is || refusal.Kind != service.KindUnidentified && refusal.Kind != service.KindNotFound {
		return err
	}
	subject := access.Stranger(remote)
	allowance, failed := a.rates.Take(ctx, strangersPerMinute, subject)
	switch {
	case failed != nil:
		return failed
	case allowance.Wait == 0:
		return err
	}
	a.strangers.held.Store(subject[0], a.svc.Now().Add(allowance.Wait))
	return tooManyRefused(allowance.Wait)
}

// forget drops what is over.
func (s *strangers) forget(now time.Time) {
	s.held.Range(func(subject, until any) bool {
		if until.(time.Time).Before(now) {
			s.held.Delete(subject)
		}
		return true
	})
	s.known.Range(func(who, at any) bool {
		if now.Sub(at.(time.Time)) >= letInFor {
			s.known.Delete(who)
		}
		return true
	})
}
