package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"

	"koppel/db"
)

// Audit writes who changed what, as auditChange leaves it.
func (s *Kernel) Audit(ctx context.Context, tx *db.Tx, a Actor, action, entity string, id int64, before, after any) error {
	return s.AuditNamed(ctx, tx, a, action, entity, strconv.FormatInt(id, 10), before, after)
}

// AuditNamed is Audit for what has a name instead of a number.
func (s *Kernel) AuditNamed(ctx context.Context, tx *db.Tx, a Actor, action, entity, id string, before, after any) error {
	old, changed, err := auditChange(entity, before, after)
	if err != nil {
		return err
	}
	from := originOf(ctx)
	var user *int64
	if a.UserID != 0 {
		user = &a.UserID
	}
	return tx.AuditInsert(ctx, db.AuditInsertParams{
		EnvironmentID: a.EnvironmentID, UserID: user, Operator: Optional(s.Operator), Action: action, Entity: entity, EntityID: id, Old: old, New: changed,
		Address: from.Address, Request: from.Request, Now: s.Now(),
	})
}

// Origin is from where something is done.
type Origin struct {
	Address string // of the caller
	Request string // its number: the lines of the log that belong to it have it too
}

type originKey struct{}

// WithOrigin has the audit log say from where what follows is done.
func WithOrigin(ctx context.Context, from Origin) context.Context {
	return context.WithValue(ctx, originKey{}, from)
}

func originOf(ctx context.Context) Origin {
	from, _ := ctx.Value(originKey{}).(Origin)
	return from
}

// AuditMask stands for a value that is there, and is personal or secret or may be.
const AuditMask = "•••"

// everything of what a catalogue is made of goes into the audit log, and of the settings of links; their tokens are nowhere in them.
var everything = []string{"product", "supplier", "flow", "productquestion", "agreement", "status", "integration", "incoming_link"}

// audited are the fields of the rest whose values go in. Nothing removes a row before its age, so what is not named here is masked.
var audited = map[string][]string{
	"environment":          {"account", "name", "language", "concepts_days", "refused_days", "ended_days"},
	"organisation":         {"Name", "Identifier", "SalesChannel", "contractor", "granted", "withdrawn"},
	"user":                 {"role", "organisation_id", "active", "fingerprint", "sessions"},
	"token":                {"user_id", "integration", "prefix"},
	"webhook":              {"event"},
	"sale":                 {"transaction_type", "product_id", "business"},
	"concept":              {},
	"forwarding":           {"count", "cause", "ids", "partner_sale_id", "known"},
	"cancellation_request": {"sale_id"},
}

// auditChange decides what of a change goes into the audit log: the fields that changed, with their values where those are
// audited, and masks where they are not.
func auditChange(entity string, before, after any) (old, changed []byte, err error) {
	was, err := plain(before)
	if err != nil {
		return nil, nil, err
	}
	is, err := plain(after)
	if err != nil {
		return nil, nil, err
	}
	all := slices.Contains(everything, entity)
	if old, err = auditJSON(auditValue(was, is, all, audited[entity])); err != nil {
		return nil, nil, err
	}
	changed, err = auditJSON(auditValue(is, was, all, audited[entity]))
	return old, changed, err
}

// fieldName is what a field may be called: another text may be somebody's.
var fieldName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// auditValue gives what is kept of a value, beside the one that it replaces or that replaces it.
func auditValue(value, other any, all bool, shown []string) any {
	fields, is := value.(map[string]any)
	if !is {
		if all || value == nil || value == "" {
			return value
		}
		return AuditMask
	}
	others, _ := other.(map[string]any)
	kept := map[string]any{}
	for name, field := range fields {
		before := others[name]
		if reflect.DeepEqual(field, before) {
			continue
		}
		if !all && !fieldName.MatchString(name) {
			name = AuditMask
		}
		kept[name] = auditValue(field, before, all || slices.Contains(shown, name), shown)
	}
	return kept
}

// plain is a value as JSON has it.
func plain(value any) (decoded any, err error) {
	if value == nil {
		return nil, nil //nolint:nilnil // nothing there
	}
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	reading := json.NewDecoder(bytes.NewReader(data))
	reading.UseNumber()
	return decoded, reading.Decode(&decoded)
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

// AuditLog lists who changed what, newest first.
func (s *Kernel) AuditLog(ctx context.Context, a Actor, entity string) (list []db.AuditLog, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.AuditList(ctx, a.EnvironmentID, Optional(entity))
		return err
	})
	return list, err
}

// AuditLogOf lists who changed one thing, newest first.
func (s *Kernel) AuditLogOf(ctx context.Context, a Actor, entity, id string) (list []db.AuditOfRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.AuditOf(ctx, db.AuditOfParams{EnvironmentID: a.EnvironmentID, Entity: entity, EntityID: id})
		return err
	})
	return list, err
}
