package salesdock

import (
	"errors"
	"fmt"
	"time"
)

// Error is a partner's answer that is not a success.
type Error struct {
	Status     int
	Message    string
	Fields     FieldErrors
	RetryAfter time.Duration // 0 when the partner did not say
	Throttled  bool          // 429, or a proxy's page that says 1015
}

func (e *Error) Error() string {
	return fmt.Sprintf("partner answered %d: %.200s", e.Status, e.Message)
}

// Errors of a request that has no answer in the contract's form.
var (
	// ErrNotSent: no byte of the request left. Doing it again is safe.
	ErrNotSent = errors.New("the request was not sent")
	// ErrAddressForbidden: the partner's host is not one this deployment may call. Nothing was sent.
	ErrAddressForbidden = errors.New("the partner's address is private and not allowed (KOPPEL_PARTNER_HOSTS)")
	// ErrNoAnswer: the request left, and no answer came. What it asked for may have happened.
	ErrNoAnswer = errors.New("no answer came")
	// ErrUnreadable: an answer came that is not the contract's. What was asked for may have happened.
	ErrUnreadable = errors.New("the answer is not in the form of the Salesdock API")
)
