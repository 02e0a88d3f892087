// Package httperr turns errors into answers: the status, a public sentence in the caller's language, and the
// fields. Internal text never leaves.
package httperr

import (
	"crypto/rand"
	"errors"
	"net/http"

	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/words"
)

// Failure is an answer that is not a success.
type Failure struct {
	Status  int
	Message string
	Fields  salesdock.FieldErrors
	Data    any
	// Number finds the log line of an internal error; empty for others.
	Number string
}

// From describes an error in a language. What is not a refusal of ours is internal.
func From(language string, err error) Failure {
	var refusal *service.Error
	if !errors.As(err, &refusal) {
		number := rand.Text()[:8]
		return Failure{Status: http.StatusInternalServerError, Message: words.Say(language, "internal", number), Number: number}
	}
	f := Failure{Status: refusal.Status, Message: say(language, service.Sentence{Key: refusal.Key, Args: refusal.Args}), Data: refusal.Data}
	if len(refusal.Fields)+len(refusal.Problems) > 0 {
		f.Fields = salesdock.FieldErrors{}
	}
	for field, sentence := range refusal.Fields {
		f.Fields[field] = append(f.Fields[field], say(language, sentence))
	}
	for _, p := range refusal.Problems {
		field := p.Field
		if field == "" {
			field = p.Code
		}
		f.Fields[field] = append(f.Fields[field], words.Problem(language, p))
	}
	return f
}

func say(language string, s service.Sentence) string {
	args := make([]any, len(s.Args))
	for i, arg := range s.Args {
		if inner, ok := arg.(service.Sentence); ok {
			arg = say(language, inner)
		}
		args[i] = arg
	}
	return words.Say(language, s.Key, args...)
}

// JSON is the failure in the contract's envelope.
func (f Failure) JSON() map[string]any {
	body := map[string]any{"success": false, "message": f.Message, "code": f.Status}
	if len(f.Fields) > 0 {
		body["errors"] = f.Fields
	}
	if f.Data != nil {
		body["data"] = f.Data
	}
	return body
}
