// Package httperr turns errors into answers: the status, a public sentence in the caller's language, and the
// fields. Internal text never leaves.
package httperr

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
	"koppel/words"
)

// Failure is an answer that is not a success.
type Failure struct {
	Status  int
	Message string
	Fields  salesdock.FieldErrors
	Data    any
	// Internal is of an error that is ours: the log has it, under the request's number.
	Internal bool
	// RetryAfter is in how many seconds it may go well; 0 where that is not known.
	RetryAfter int
}

// awayFor is how long whoever meets a database that is away is asked to wait: a restart takes about that.
const awayFor = 5

// Wait tells the caller when to come back.
func (f Failure) Wait(header http.Header) {
	if f.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
}

// statuses says how each kind of refusal is answered.
var statuses = map[service.Kind]int{
	service.KindInvalid:      http.StatusBadRequest,
	service.KindIncomplete:   http.StatusUnprocessableEntity,
	service.KindUnidentified: http.StatusUnauthorized,
	service.KindForbidden:    http.StatusForbidden,
	service.KindNotFound:     http.StatusNotFound,
	service.KindConflict:     http.StatusConflict,
	service.KindTooOften:     http.StatusTooManyRequests,
	service.KindPartnerFails: http.StatusBadGateway,
}

// Status is how a kind of refusal is answered. What is no kind is a mistake of ours.
func Status(kind service.Kind) int {
	if status, known := statuses[kind]; known {
		return status
	}
	return http.StatusInternalServerError
}

// WrongMethod is the answer at an address that is there, to a method that it does not have.
func WrongMethod(language states.Language) Failure {
	return Failure{Status: http.StatusMethodNotAllowed, Message: words.Say(language, "wrong_method")}
}

// UnknownMethod is the answer to a method that no address has.
func UnknownMethod(language states.Language) Failure {
	return Failure{Status: http.StatusNotImplemented, Message: words.Say(language, "unknown_method")}
}

// From describes an error in a language. What is not a refusal of ours is internal, and found by its request's number.
func From(ctx context.Context, language states.Language, err error) Failure {
	var refusal *service.Error
	switch {
	case errors.As(err, &refusal):
	case errors.Is(err, db.ErrAway):
		return Failure{Status: http.StatusServiceUnavailable, Message: words.Say(language, "database_away"), RetryAfter: awayFor}
	case errors.Is(err, db.ErrInDoubt): // nobody is asked to send it again: it may be there
		return Failure{Status: http.StatusInternalServerError, Message: words.Say(language, "commit_in_doubt")}
	case errors.Is(err, db.ErrUnstorable):
		refusal = service.Refuse(service.KindInvalid, "unstorable_value")
	default:
		return Failure{Status: http.StatusInternalServerError, Message: words.Say(language, "internal", RequestOf(ctx)), Internal: true}
	}
	f := Failure{Status: Status(refusal.Kind), Message: say(language, service.Sentence{Key: refusal.Key, Args: refusal.Args}), Data: refusal.Data, RetryAfter: int(math.Ceil(refusal.Wait.Seconds()))}
	if len(refusal.Fields)+len(refusal.Problems) > 0 {
		f.Fields = salesdock.FieldErrors{}
	}
	for field, sentence := range refusal.Fields {
		f.Fields[field] = append(f.Fields[field], say(language, sentence))
	}
	for _, p := range refusal.Problems {
		field := p.Field
		if field == "" {
			field = string(p.Code)
		}
		f.Fields[field] = append(f.Fields[field], words.Problem(language, p))
	}
	return f
}

func say(language states.Language, s service.Sentence) string {
	args := make([]any, len(s.Args))
	for i, arg := range s.Args {
		switch given := arg.(type) {
		case service.Sentence:
			arg = say(language, given)
		case string:
			arg = shortened(given)
		}
		args[i] = arg
	}
	return words.Say(language, s.Key, args...)
}

// shortened is what a sentence says again of a text that was sent.
func shortened(text string) string {
	const shown = 200
	if runes := []rune(text); len(runes) > shown {
		return string(runes[:shown]) + "…"
	}
	return text
}

// Envelope is the contract's, around an answer that is not a success.
type Envelope struct {
	Success bool                  `json:"success"`
	Message string                `json:"message"`
	Code    int                   `json:"code"`
	Errors  salesdock.FieldErrors `json:"errors,omitempty"`
	Data    any                   `json:"data,omitempty"`
	Request string                `json:"request_id,omitempty"`
}

// JSON is the failure in the contract's envelope, with the number of the request that it answers.
func (f Failure) JSON(ctx context.Context) Envelope {
	return Envelope{Message: f.Message, Code: f.Status, Errors: f.Fields, Data: f.Data, Request: RequestOf(ctx)}
}
