// Package service is everything that a person or an API client can do: rights, rules, and one transaction
// with the audit line and the outbox row. The API and the interface only translate.
package service

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/linking"
)

// Service holds what every action needs.
type Service struct {
	Store             *db.Store
	Vault             *vault.Vault
	Transport         http.RoundTripper // for calls to partners
	PublicURL         string
	RequestsPerMinute int
	Version           string
	MailConfigured    bool // there is a mail server
	Now               func() time.Time
}

// Actor is who acts, in which environment.
type Actor struct {
	EnvironmentID   int64
	Account         string
	EnvironmentName string
	Language        string
	UserID          int64
	UserName        string
	OrganisationID  *int64
	Role            string
	TokenID         int64
	Integration     bool   // the token is for use between environments
	LinkID          int64  // the incoming link that the user is made for; 0: none
	LinkKey         []byte // the key that the link is pinned to; nil: none yet
	MustSign        bool   // a call without a signature is refused
	SignedBy        []byte // the key that signed this call; nil: none
}

// Admin says whether the actor may use the account scope.
func (a Actor) Admin() bool { return a.Role == "owner" || a.Role == "admin" }

// visibleTo limits a list to the actor's organisation; nil for the whole account.
func (a Actor) visibleTo(account bool) *int64 {
	if account && a.Admin() {
		return nil
	}
	if a.OrganisationID != nil {
		return a.OrganisationID
	}
	if a.Admin() {
		return nil
	}
	none := int64(0)
	return &none
}

func (s *Service) tx(ctx context.Context, a Actor, fn func(*db.Tx) error) error {
	return s.Store.WithTx(ctx, a.EnvironmentID, fn)
}

// audit writes who changed what. Secrets never go in.
func (s *Service) audit(ctx context.Context, tx *db.Tx, a Actor, action, entity string, id int64, before, after any) error {
	return s.auditNamed(ctx, tx, a, action, entity, strconv.FormatInt(id, 10), before, after)
}

func (s *Service) auditNamed(ctx context.Context, tx *db.Tx, a Actor, action, entity, id string, before, after any) error {
	old, err := auditJSON(before)
	if err != nil {
		return err
	}
	changed, err := auditJSON(after)
	if err != nil {
		return err
	}
	var user *int64
	if a.UserID != 0 {
		user = &a.UserID
	}
	return tx.AuditInsert(ctx, db.AuditInsertParams{
		EnvironmentID: a.EnvironmentID, UserID: user, Action: action, Entity: entity, EntityID: id, Old: old, New: changed, Now: s.Now(),
	})
}

func auditJSON(value any) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return data, nil
}

// Audit lists who changed what, newest first.
func (s *Service) Audit(ctx context.Context, a Actor, entity string) (list []db.AuditLog, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.AuditList(ctx, a.EnvironmentID, optional(entity))
		return err
	})
	return list, err
}

// Error is a refusal that a caller is told about, in the caller's language.
type Error struct {
	Status   int // HTTP
	Key      string
	Args     []any
	Fields   map[string]Sentence // per field
	Problems []linking.Problem
	Data     any
}

// Sentence is a text by its key.
type Sentence struct {
	Key  string
	Args []any
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Key) }

func refuse(status int, key string, args ...any) *Error {
	return &Error{Status: status, Key: key, Args: args}
}

func notFound() *Error  { return refuse(http.StatusNotFound, "not_found") }
func forbidden() *Error { return refuse(http.StatusForbidden, "forbidden") }

func conflict(key string, args ...any) *Error { return refuse(http.StatusConflict, key, args...) }

func invalid(field, key string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Key: "invalid", Fields: map[string]Sentence{field: {key, args}}}
}

// Unreadable refuses what cannot be read. It says in the caller's language what is wrong, and where that is known.
func Unreadable(err error) *Error { return invalidValue("", err) }

// invalidValue refuses a value. err says what is wrong with it: a problem, or what the JSON decoder found.
func invalidValue(field string, err error) *Error {
	if refusal, known := errors.AsType[*Error](err); known {
		return refusal
	}
	if problem, known := errors.AsType[linking.Problem](err); known {
		if problem.Field == "" {
			problem.Field = cmp.Or(field, "body")
		}
		return &Error{Status: http.StatusBadRequest, Key: "invalid", Problems: []linking.Problem{problem}}
	}
	if wrong, known := errors.AsType[*json.UnmarshalTypeError](err); known {
		return invalid(cmp.Or(wrong.Field, field, "body"), "wrong_kind", Sentence{Key: kindOf(wrong.Type)})
	}
	syntax, inSyntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || inSyntax && syntax.Error() == "unexpected end of JSON input":
		return refuse(http.StatusBadRequest, "unreadable_body", Sentence{Key: "json_ends"})
	case inSyntax:
		return refuse(http.StatusBadRequest, "unreadable_body", Sentence{Key: "json_syntax", Args: []any{syntax.Offset}})
	}
	return invalid(cmp.Or(field, "body"), "field_invalid", err.Error())
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

func required(fields map[string]string) *Error {
	missing := map[string]Sentence{}
	for field, value := range fields {
		if value == "" {
			missing[field] = Sentence{Key: "field_required"}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &Error{Status: http.StatusUnprocessableEntity, Key: "missing", Fields: missing}
}

// orNotFound turns the store's sentinel into the refusal that a foreign id and a missing one share.
func orNotFound(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return notFound()
	}
	return err
}

func orConflict(err error, key string) error {
	if errors.Is(err, db.ErrConflict) {
		return conflict(key)
	}
	return err
}

func mustChange(count int64, err error) error {
	if err != nil {
		return err
	}
	if count == 0 {
		return notFound()
	}
	return nil
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// newReference makes a name that nobody guesses and nothing else has.
func newReference() string { return rand.Text() }
