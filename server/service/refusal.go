package service

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"koppel/db"
	"koppel/linking"
)

// Kind says what sort of refusal it is. How it is answered is httperr's.
type Kind string

// The kinds of refusals.
const (
	KindInvalid      Kind = "invalid"       // what was sent is not right
	KindIncomplete   Kind = "incomplete"    // what must be given is not there
	KindUnidentified Kind = "unidentified"  // nobody knows who asks
	KindForbidden    Kind = "forbidden"     // who asks may not
	KindNotFound     Kind = "not_found"     // there is none, or none that this actor may see
	KindConflict     Kind = "conflict"      // it does not go with what is there
	KindTooOften     Kind = "too_often"     // it was asked too often
	KindPartnerFails Kind = "partner_fails" // a partner that is needed for it does not do its part
)

// Error is a refusal that a caller is told about, in the caller's language.
type Error struct {
	Kind     Kind
	Key      string
	Args     []any
	Fields   map[string]Sentence // per field
	Problems []linking.Problem
	Data     any
	Wait     time.Duration // after which it may go well; 0: not known
}

// Sentence is a text by its key.
type Sentence struct {
	Key  string
	Args []any
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Kind, e.Key) }

// Refuse makes a refusal.
func Refuse(kind Kind, key string, args ...any) *Error {
	return &Error{Kind: kind, Key: key, Args: args}
}

// NotFound is the refusal that a foreign id and a missing one share.
func NotFound() *Error { return Refuse(KindNotFound, "not_found") }

// Forbidden refuses who may not.
func Forbidden() *Error { return Refuse(KindForbidden, "forbidden") }

// Conflict refuses what does not go with what is there.
func Conflict(key string, args ...any) *Error { return Refuse(KindConflict, key, args...) }

// Invalid refuses the value of one field.
func Invalid(field, key string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Key: "invalid", Fields: map[string]Sentence{field: {key, args}}}
}

// Unreadable refuses what cannot be read. It says in the caller's language what is wrong, and where that is known.
func Unreadable(err error) *Error { return InvalidValue("", err) }

// InvalidValue refuses a value. err says what is wrong with it: a problem, or what the JSON decoder found.
func InvalidValue(field string, err error) *Error {
	if refusal, known := errors.AsType[*Error](err); known {
		return refusal
	}
	if problem, known := errors.AsType[linking.Problem](err); known {
		if problem.Field == "" {
			problem.Field = cmp.Or(field, "body")
		}
		return &Error{Kind: KindInvalid, Key: "invalid", Problems: []linking.Problem{problem}}
	}
	if wrong, known := errors.AsType[*json.UnmarshalTypeError](err); known {
		return Invalid(cmp.Or(wrong.Field, field, "body"), "wrong_kind", Sentence{Key: kindOf(wrong.Type)})
	}
	syntax, inSyntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || inSyntax && syntax.Error() == "unexpected end of JSON input":
		return Refuse(KindInvalid, "unreadable_body", Sentence{Key: "json_ends"})
	case inSyntax:
		return Refuse(KindInvalid, "unreadable_body", Sentence{Key: "json_syntax", Args: []any{syntax.Offset}})
	}
	return Invalid(cmp.Or(field, "body"), "field_unreadable")
}

// kindOf names what a field takes, as a sentence's key.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "kind_text"
	case reflect.Bool:
		return "kind_bool"
	case reflect.Slice, reflect.Array:
		return "kind_list"
	case reflect.Struct, reflect.Map, reflect.Interface:
		return "kind_object"
	case reflect.Pointer:
		return kindOf(t.Elem())
	default:
		return "kind_number"
	}
}

// CheckText refuses a value with text that cannot be kept, at its field.
func CheckText(value any) error {
	field, bad := db.Unstorable(value)
	switch {
	case !bad:
		return nil
	case field == "":
		return Refuse(KindInvalid, "unstorable_text")
	}
	return Invalid(field, "unstorable_text")
}

// Required refuses what is not filled in, and what is too long to be kept.
func Required(fields map[string]string) *Error {
	missing := map[string]Sentence{}
	for field, value := range fields {
		if value == "" {
			missing[field] = Sentence{Key: "field_required"}
		}
	}
	if len(missing) == 0 {
		return Fits(fields)
	}
	return &Error{Kind: KindIncomplete, Key: "missing", Fields: missing}
}

// Fits refuses what is too long to be kept.
func Fits(fields map[string]string) *Error {
	long := map[string]Sentence{}
	for field, value := range fields {
		if limit := linking.TooLong(field, value); limit > 0 {
			long[field] = Sentence{Key: "too_long", Args: []any{limit}}
		}
	}
	if len(long) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Key: "invalid", Fields: long}
}

// OrNotFound turns the store's sentinel into the refusal that a foreign id and a missing one share.
func OrNotFound(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return NotFound()
	}
	return err
}

// OrConflict turns the store's sentinel for what is there already into a refusal.
func OrConflict(err error, key string) error {
	if errors.Is(err, db.ErrConflict) {
		return Conflict(key)
	}
	return err
}

// OrTaken turns the store's sentinel for what is there already into a refusal at the field that says which.
func OrTaken(err error, field, value string) error {
	if errors.Is(err, db.ErrConflict) {
		return Taken(field, value)
	}
	return err
}

// Taken refuses a value that something else has: adding never changes what is there.
func Taken(field, value string) *Error {
	return &Error{Kind: KindConflict, Key: "taken", Fields: map[string]Sentence{field: {"taken_by", []any{value}}}}
}

// MustChange refuses where no row was changed: there is none.
func MustChange(count int64, err error) error {
	if err != nil {
		return err
	}
	if count == 0 {
		return NotFound()
	}
	return nil
}
