package activities

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/partner"
	"koppel/salesdock"
	"koppel/states"
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
	Reason      states.Reason
	Disposition Disposition
	Delay       time.Duration // the partner's wish, or 0 for the usual backoff
	Status      int           // HTTP, or 0
}

// request is what was asked of a partner, as far as it decides on an error.
type request int

const (
	asRead        request = iota // or anything else that may be done again
	asCreate                     // a sale, at a partner that keeps no keys
	asKeyedCreate                // a sale, at a partner that answers the same key with the same sale
)

func createAt(i db.Integration) request {
	if keyed(i) {
		return asKeyedCreate
	}
	return asCreate
}

// classify is the one table that decides on errors. For a create only what certainly did not arrive, or was certainly
// refused, is not unknown (decision 14).
func classify(err error, asked request) Classified {
	var answer *salesdock.Error
	var open *partner.OpenError
	switch {
	case errors.As(err, &open):
		return Classified{Reason: states.ReasonDown, Disposition: Retry, Delay: open.Wait(time.Now())}
	case errors.Is(err, salesdock.ErrAddressForbidden):
		return Classified{Reason: states.ReasonForbidden, Disposition: Person}
	case errors.Is(err, salesdock.ErrNotSent):
		return Classified{Reason: states.ReasonUnreachable, Disposition: Retry}
	case errors.As(err, &answer):
		if asked == asRead {
			return classifyRead(answer)
		}
		return classifyCreate(answer, asked)
	case errors.Is(err, salesdock.ErrNoAnswer):
		return Classified{Reason: states.ReasonUnreachable, Disposition: unknownIf(asked)}
	case errors.Is(err, salesdock.ErrUnreadable):
		return Classified{Reason: states.ReasonUnreadable, Disposition: unknownIf(asked)}
	case errors.Is(err, db.ErrAway):
		return Classified{Reason: states.ReasonAway, Disposition: Retry, Delay: afterAway}
	case errors.Is(err, db.ErrNotFound):
		return Classified{Reason: states.ReasonNotFound, Disposition: Person}
	case errors.Is(err, db.ErrUnstorable):
		return Classified{Reason: states.ReasonUnstorable, Disposition: Person}
	}
	return Classified{Reason: states.ReasonInternal, Disposition: Retry}
}

func unknownIf(asked request) Disposition {
	if asked == asRead {
		return Retry
	}
	return Unknown
}

// refusal is what a status line that refuses says by itself, whatever page comes with it; ok is false for a status
// that leaves open what happened.
func refusal(status int) (reason states.Reason, d Disposition, ok bool) {
	switch status {
	case http.StatusTooManyRequests:
		return states.ReasonThrottled, Retry, true
	case http.StatusUnauthorized:
		return states.ReasonTokenRefused, Pause, true
	case http.StatusForbidden:
		return states.ReasonForbidden, Person, true
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return states.ReasonMoved, Person, true
	case 400, 402, 404, 405, 406, 410, 411, 413, 414, 415, 417, 422, 426, 428, 431, 451:
		return states.ReasonRejected, Person, true
	}
	return "", Unknown, false
}

// throttledDelay is for a partner that does not say how long: a minute's window has room again soon.
const throttledDelay = 15 * time.Second

// afterAway is for a database that is away: the next try waits for it (untilBack), so that all goes on when it is back, and
// not when a backoff that grew meanwhile has ended.
const afterAway = time.Second

func fromStatus(answer *salesdock.Error) (c Classified, ok bool) {
	c = Classified{Status: answer.Status, Delay: answer.RetryAfter}
	c.Reason, c.Disposition, ok = refusal(answer.Status)
	if c.Reason == states.ReasonThrottled && c.Delay == 0 {
		c.Delay = throttledDelay
	}
	return c, ok
}

// classifyCreate decides what an answer to a create proves. Its body never makes certain that nothing was made; it
// can only take that certainty away.
func classifyCreate(answer *salesdock.Error, asked request) Classified {
	c, refused := fromStatus(answer)
	switch {
	case asked == asKeyedCreate && answer.Status == http.StatusConflict:
		c.Reason, c.Disposition = states.ReasonConflict, Adopt
	case asked == asKeyedCreate && answer.Status == http.StatusTooEarly:
		c.Reason, c.Disposition = states.ReasonThrottled, Retry
	case refused && !answer.Claims:
	default:
		c.Reason, c.Disposition = unclear(answer), Unknown
	}
	return c
}

// unclear says why an answer leaves open what happened.
func unclear(answer *salesdock.Error) states.Reason {
	if answer.Status >= 500 || answer.Status == http.StatusRequestTimeout || errors.Is(answer, salesdock.ErrNoAnswer) {
		return states.ReasonUnreachable
	}
	return states.ReasonUnreadable
}

// classifyRead decides on a read: doing it again is safe, so only what a person must mend is not tried again.
func classifyRead(answer *salesdock.Error) Classified {
	c, refused := fromStatus(answer)
	switch {
	case answer.Status == http.StatusNotFound:
		c.Reason, c.Disposition = states.ReasonNotFound, Person
	case refused:
	case answer.Status == http.StatusConflict:
		c.Reason, c.Disposition = states.ReasonConflict, Adopt
	case answer.Status == http.StatusTooEarly:
		c.Reason, c.Disposition = states.ReasonThrottled, Retry
	case answer.Status >= 400 && answer.Status < 500 && answer.Status != http.StatusRequestTimeout, answer.Status == http.StatusOK && answer.Contract:
		c.Reason, c.Disposition = states.ReasonRejected, Person
	default:
		c.Reason, c.Disposition = unclear(answer), Retry
	}
	return c
}

// again is the same, tried again: for what must not be left as it is, whatever comes of a single attempt.
func (c Classified) again() Classified {
	c.Disposition = Retry
	return c
}

// asError makes the error that Temporal sees: a reason, whether to retry, and when.
func (c Classified) asError() error {
	return temporal.NewApplicationErrorWithOptions(string(c.Reason), string(c.Reason), temporal.ApplicationErrorOptions{
		NonRetryable:   c.Disposition == Person || c.Disposition == Pause,
		NextRetryDelay: c.Delay,
		Category:       temporal.ApplicationErrorCategoryBenign, // counted by us, by reason
	})
}

func (s *sanitisedActivity) sanitised(ctx context.Context, in *interceptor.ExecuteActivityInput, o *outcome) (result any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			o.ref = newRef()
			s.Log.Error("activity.panicked", zap.String("ref", o.ref), zap.Any("cause", cause), zap.Stack("stack"))
			result, err = nil, Classified{Reason: states.ReasonInternal, Disposition: Retry}.asError()
		}
	}()
	stop := beat(ctx)
	defer stop()
	s.untilBack(ctx)
	result, err = s.Next.ExecuteActivity(ctx, in)
	var ours *temporal.ApplicationError
	if err == nil || errors.As(err, &ours) {
		return result, err
	}
	classified := classify(err, asRead)
	if classified.Reason == states.ReasonInternal {
		o.ref = newRef()
	}
	if classified.Reason == states.ReasonAway {
		return result, classified.asError() // the watch says so, once
	}
	s.Log.Warn("activity.failed", zap.String("reason", string(classified.Reason)), zap.String("ref", o.ref), zap.Error(err))
	return result, classified.asError()
}
