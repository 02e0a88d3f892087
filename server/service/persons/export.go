package persons

import (
	"context"
	"encoding/json"
	"fmt"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/salesdock"
	"koppel/server/service"
)

// Export is everything that is kept of a person: the rows as they are kept, by table. docs/personal-data.md says what is in each.
type Export struct {
	Account    string                      `json:"account"`
	ExportedAt salesdock.Stamp             `json:"exported_at"`
	Tables     map[string][]map[string]any `json:"tables"`
}

// Export gives everything that is kept of a person, and says in the audit log that it was given.
func (s *Persons) Export(ctx context.Context, a service.Actor, p Person) (export Export, err error) {
	if err := p.check(); err != nil {
		return export, err
	}
	if err := s.Take(ctx, a, service.CostlyExport); err != nil {
		return export, err
	}
	export = Export{Account: a.Account, ExportedAt: salesdock.Stamp{Time: s.Now()}, Tables: map[string][]map[string]any{}}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		found, err := s.find(ctx, tx, a, p)
		if err != nil {
			return err
		}
		params := db.PersonRowsParams{EnvironmentID: a.EnvironmentID, SaleIds: []int64{}, ConceptIds: []int64{}, UserIds: []int64{}, Events: ledger.SaleEvents}
		for _, sale := range found.Sales {
			params.SaleIds = append(params.SaleIds, sale.ID)
		}
		for _, concept := range found.Concepts {
			params.ConceptIds = append(params.ConceptIds, concept.ID)
		}
		if found.User != nil {
			params.UserIds = append(params.UserIds, found.User.ID)
		}
		rows, err := tx.PersonRows(ctx, params)
		if err != nil {
			return err
		}
		for _, row := range rows {
			kept, err := s.opened(a, row)
			if err != nil {
				return err
			}
			export.Tables[row.KeptIn] = append(export.Tables[row.KeptIn], kept)
		}
		return s.audit(ctx, tx, a, "export", found)
	})
	return export, service.OrNotFound(err)
}

// opened is a row, with the request that was sealed beside it.
func (s *Persons) opened(a service.Actor, row db.PersonRowsRow) (kept map[string]any, err error) {
	if err := json.Unmarshal(row.Kept, &kept); err != nil {
		return nil, fmt.Errorf("export %s: %w", row.KeptIn, err)
	}
	if row.Sealed == nil {
		return kept, nil
	}
	id, _ := kept["id"].(float64)
	opened, err := s.Vault.Open(vault.RequestRow(a.EnvironmentID, int64(id)), row.Sealed)
	if err != nil {
		return nil, fmt.Errorf("export %s: %w", row.KeptIn, err)
	}
	kept["request"] = json.RawMessage(opened)
	return kept, nil
}

// audit says of each thing of a person what was done with it; of the person it says nothing.
func (s *Persons) audit(ctx context.Context, tx *db.Tx, a service.Actor, action string, found Found) error {
	for _, sale := range found.Sales {
		if err := s.Audit(ctx, tx, a, action, "sale", sale.ID, nil, nil); err != nil {
			return err
		}
	}
	for _, concept := range found.Concepts {
		if err := s.Audit(ctx, tx, a, action, "concept", concept.ID, nil, nil); err != nil {
			return err
		}
	}
	if found.User != nil && action == "export" {
		return s.Audit(ctx, tx, a, action, "user", found.User.ID, nil, nil)
	}
	return nil
}
