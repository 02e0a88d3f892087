package catalogue

import (
	"context"
	"slices"
	"strings"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
)

// Statuses lists the system's statuses and the environment's own.
func (s *Catalogue) Statuses(ctx context.Context, a service.Actor) (list []linking.Status, err error) {
	list = slices.Clone(linking.SystemStatuses)
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.StatusList(ctx, a.EnvironmentID)
		for _, r := range rows {
			list = append(list, linking.Status{ID: r.ID, Name: r.Name, Text: r.Text, Type: r.Type})
		}
		return err
	})
	return list, err
}

// SaveStatus adds a custom status (id empty) or changes one. Without an identifier, one is made from the name.
func (s *Catalogue) SaveStatus(ctx context.Context, a service.Actor, id string, in linking.Status) (linking.Status, error) {
	if missing := service.Required(map[string]string{"name": in.Name}); missing != nil {
		return in, missing
	}
	adding := id == ""
	switch {
	case !adding:
		in.ID = id
	case in.ID == "":
		in.ID = strings.TrimRight(slug(in.Name)[:min(len(slug(in.Name)), linking.MaxStatusID)], "-")
	}
	if err := checkStatus(&in); err != nil {
		return in, err
	}
	err := s.Tx(ctx, a, func(tx *db.Tx) error {
		known, err := service.Maybe(tx.StatusByID(ctx, a.EnvironmentID, in.ID))
		if err != nil {
			return err
		}
		if err := writeStatus(ctx, tx, a, in, adding); err != nil {
			return err
		}
		if err := ledger.ProductsChanged(ctx, tx, a.EnvironmentID, s.Now()); err != nil {
			return err
		}
		return s.AuditNamed(ctx, tx, a, "save", "status", in.ID, saidOf(known), in)
	})
	return in, err
}

// saidOf is what is known of a status that is there, for the audit log.
func saidOf(known *db.Status) any {
	if known == nil {
		return nil
	}
	return linking.Status{ID: known.ID, Name: known.Name, Text: known.Text, Type: known.Type}
}

func checkStatus(in *linking.Status) error {
	if len(in.ID) > linking.MaxStatusID {
		return service.Invalid("id", "too_long", linking.MaxStatusID)
	}
	if in.Type == "" {
		in.Type = linking.StatusTypeDefault
	}
	if _, system := linking.SystemStatus(in.ID); system {
		return service.Conflict("system_status")
	}
	if in.ID != slug(in.ID) {
		return service.Invalid("id", "field_invalid", in.ID)
	}
	types := []string{linking.StatusTypeDefault, linking.StatusTypeCancelled, linking.StatusTypeActionRequired, linking.StatusTypeNetto, linking.StatusTypeClosed}
	if !slices.Contains(types, in.Type) {
		return service.Invalid("type", "field_invalid", strings.Join(types, ", "))
	}
	return nil
}

func writeStatus(ctx context.Context, tx *db.Tx, a service.Actor, in linking.Status, adding bool) error {
	if !adding {
		return service.MustChange(tx.StatusUpdate(ctx, db.StatusUpdateParams{EnvironmentID: a.EnvironmentID, ID: in.ID, Name: in.Name, Text: in.Text, Type: in.Type}))
	}
	count, err := tx.StatusInsert(ctx, db.StatusInsertParams{EnvironmentID: a.EnvironmentID, ID: in.ID, Name: in.Name, Text: in.Text, Type: in.Type})
	if err == nil && count == 0 {
		return service.Taken("id", in.ID)
	}
	return err
}

// DeleteStatus removes a custom status; sales that have it keep it.
func (s *Catalogue) DeleteStatus(ctx context.Context, a service.Actor, id string) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := service.MustChange(tx.StatusDelete(ctx, db.StatusDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})); err != nil {
			return err
		}
		return s.AuditNamed(ctx, tx, a, "delete", "status", id, nil, nil)
	})
}

func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || (r == '-' || r == '_') && b.Len() > 0:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimRight(b.String(), "-")
}
