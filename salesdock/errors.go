package salesdock

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Error is a partner's answer that is not a success: what its status line says, and what else is certain of it.
type Error struct {
	Status     int
	Kind       string // of the body, such as text/html
	Contract   bool   // the body is in the contract's shape: the account answered, and not something before it
	Claims     bool   // the body says, or may say, that what was asked for was done, whatever the status says
	Message    string
	Fields     FieldErrors
	RetryAfter time.Duration // 0 when the partner did not say
	MovedTo    string        // scheme and host that a redirect names
	cause      error         // ErrUnreadable or ErrNoAnswer, for a body that is not the contract's, or that broke off
}

func (e *Error) Error() string {
	return fmt.Sprintf("partner answered %d with %s: %.200s", e.Status, e.Kind, e.Message)
}

// Unwrap tells what was wrong with the body.
func (e *Error) Unwrap() error { return e.cause }

// NotFound says that there is no such thing, or account.
func (e *Error) NotFound() bool { return e.Status == http.StatusNotFound }

// TokenRefused says that the token is not one.
func (e *Error) TokenRefused() bool { return e.Status == http.StatusUnauthorized }

// Forbidden says that the token may not do this, or not from here.
func (e *Error) Forbidden() bool { return e.Status == http.StatusForbidden }

// Throttled says that there were too many requests.
func (e *Error) Throttled() bool { return e.Status == http.StatusTooManyRequests }

// Moved says that the partner is elsewhere.
func (e *Error) Moved() bool { return e.Status >= 300 && e.Status < 400 }

// Failed says that the partner, or what is before it, is out of order.
func (e *Error) Failed() bool { return e.Status >= 500 }

// CannotBeAsked says that the partner does not take such a question, however often it is asked.
func (e *Error) CannotBeAsked() bool {
	return e.NotFound() || e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity
}

// Errors of a request that has no answer in the contract's form.
var (
	// ErrNotSent: no byte of the request left. Doing it again is safe.
	ErrNotSent = errors.New("the request was not sent")
	// ErrAddressForbidden: the partner's host is not one this deployment may call. Nothing was sent.
	ErrAddressForbidden = errors.New("the address is not allowed (KOPPEL_PARTNER_HOSTS)")
	// ErrNoAnswer: the request left, and no answer came. What it asked for may have happened.
	ErrNoAnswer = errors.New("no answer came")
	// ErrUnreadable: an answer came that is not the contract's. What was asked for may have happened.
	ErrUnreadable = errors.New("the answer is not in the form of the Salesdock API")
)
