package activities

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/budget"
	"koppel/salesdock"
)

// Reasons, as operators read them in Temporal and people read them in words. An error's text goes nowhere
// else: it may hold personal data.
const (
	ReasonUnreachable  = "partner_unreachable"
	ReasonDown         = "partner_down" // it failed repeatedly, and is left alone for a while
	ReasonThrottled    = "partner_throttled"
	ReasonRejected     = "partner_rejected"
	ReasonForbidden    = "partner_forbidden"
	ReasonTokenRefused = "token_refused"
	ReasonUnreadable   = "partner_unreadable"
	ReasonUnknown      = "outcome_unknown"
	ReasonConflict     = "partner_conflict"
	ReasonNotFound     = "not_found"
	ReasonInternal     = "internal"
)

// Disposition says what is done about an error.
type Disposition int

// What can be done.
const (
	Retry   Disposition = iota // it passes by itself
	Person                     // somebody must fix something
	Pause                      // nothing of this link works until its token is renewed
	Unknown                    // it may have happened: look, or resend under the same key
	Adopt                      // the partner has this sale already, under our reference
)

// Classified is an error's row in the table.
type Classified struct {
	Reason      string
	Disposition Disposition
	Delay       time.Duration // the partner's wish, or 0 for the usual backoff
	Status      int           // HTTP, or 0
}

// classify is the one table that decides on errors. create says that the request would have made a sale: then
// only what certainly did not arrive, or was certainly refused, is not unknown.
func classify(err error, create bool) Classified {
	var answer *salesdock.Error
	var open *budget.OpenError
	switch {
	case errors.As(err, &open):
		return Classified{Reason: ReasonDown, Disposition: Retry, Delay: open.Wait(time.Now())}
	case errors.Is(err, salesdock.ErrAddressForbidden):
		return Classified{Reason: ReasonForbidden, Disposition: Person}
	case errors.Is(err, salesdock.ErrNotSent):
		return Classified{Reason: ReasonUnreachable, Disposition: Retry}
	case errors.As(err, &answer):
		return classifyAnswer(answer, create)
	case errors.Is(err, salesdock.ErrNoAnswer), errors.Is(err, salesdock.ErrUnreadable):
		reason := ReasonUnreachable
		if errors.Is(err, salesdock.ErrUnreadable) {
			reason = ReasonUnreadable
		}
		return Classified{Reason: reason, Disposition: unknownIf(create)}
	case errors.Is(err, db.ErrNotFound):
		return Classified{Reason: ReasonNotFound, Disposition: Person}
	}
	return Classified{Reason: ReasonInternal, Disposition: Retry}
}

func unknownIf(create bool) Disposition {
	if create {
		return Unknown
	}
	return Retry
}

func classifyAnswer(answer *salesdock.Error, create bool) Classified {
	c := Classified{Status: answer.Status, Delay: answer.RetryAfter}
	switch {
	case answer.Throttled:
		c.Reason, c.Disposition = ReasonThrottled, Retry
		if c.Delay == 0 {
			c.Delay = 15 * time.Second // a minute's window has room again soon
		}
	case answer.Status == http.StatusUnauthorized:
		c.Reason, c.Disposition = ReasonTokenRefused, Pause
	case answer.Status == http.StatusForbidden:
		c.Reason, c.Disposition = ReasonForbidden, Person
	case answer.Status == http.StatusConflict:
		c.Reason, c.Disposition = ReasonConflict, Adopt
	case answer.Status == http.StatusTooEarly:
		c.Reason, c.Disposition = ReasonThrottled, Retry
	case answer.Status == http.StatusRequestTimeout, answer.Status >= 500:
		c.Reason, c.Disposition = ReasonUnreachable, unknownIf(create)
	default:
		c.Reason, c.Disposition = ReasonRejected, Person
	}
	return c
}

// asError makes the error that Temporal sees: a reason, whether to retry, and when.
func (c Classified) asError() error {
	return temporal.NewApplicationErrorWithOptions(c.Reason, c.Reason, temporal.ApplicationErrorOptions{
		NonRetryable:   c.Disposition == Person || c.Disposition == Pause,
		NextRetryDelay: c.Delay,
		Category:       temporal.ApplicationErrorCategoryBenign, // counted by us, by reason
	})
}

// Sanitiser keeps error texts out of Temporal: what is not a reason of ours becomes "internal" there and is
// logged here. It also sends the heartbeats of every activity.
type Sanitiser struct {
	interceptor.WorkerInterceptorBase
	Log *zap.Logger
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (s *Sanitiser) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	inbound := &sanitisedActivity{log: s.Log}
	inbound.Next = next
	return inbound
}

// Priorities on the partner queue: forwards first, then statuses, then the catalogue. Who has many sales waiting
// does not hold up who shares the partner's budget.
const (
	PriorityForward        = 1
	PriorityForwardCrowded = 2
	PriorityAnnounce       = 3
	PriorityStatus         = 4
	PriorityCatalogue      = 5
)

var kinds = map[int]string{
	PriorityForward: budget.Forward, PriorityForwardCrowded: budget.Forward, PriorityAnnounce: budget.Announce, PriorityStatus: budget.Status, PriorityCatalogue: budget.Catalogue,
}

// Heartbeat is how often a running activity says that it lives.
const Heartbeat = 5 * time.Second

// beat says so until stop is called. A short activity is over before the first time.
func beat(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(Heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return stop
}

type sanitisedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	log *zap.Logger
}

func (s *sanitisedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			s.log.Error("activity.panicked", zap.Any("cause", cause), zap.Stack("stack"))
			result, err = nil, Classified{Reason: ReasonInternal, Disposition: Retry}.asError()
		}
	}()
	stop := beat(ctx)
	defer stop()
	ctx = budget.WithKind(ctx, kinds[activity.GetInfo(ctx).Priority.PriorityKey])
	result, err = s.Next.ExecuteActivity(ctx, in)
	var ours *temporal.ApplicationError
	if err == nil || errors.As(err, &ours) {
		return result, err
	}
	classified := classify(err, false)
	s.log.Warn("activity.failed", zap.String("reason", classified.Reason), zap.Error(err))
	return result, classified.asError()
}
