package db

import (
	"context"
	"time"

	"koppel/states"
)

// SetAside is what is set aside of one kind of row.
type SetAside struct {
	EnvironmentID, IntegrationID int64
	RunID                        *int64 // nil: no run; statuses are followed outside runs
	Kind                         states.SetAsideKind
	Detail                       bool // read on the rows' own pages, not in their list
	Rows                         []SetAsideRow
	Now                          time.Time
}

// SetAside keeps rows that could not be read, and puts them on their run's page. Repeating it changes nothing.
func (t *Tx) SetAside(ctx context.Context, s SetAside) error {
	in := SetAsideInsertParams{EnvironmentID: s.EnvironmentID, IntegrationID: s.IntegrationID, RunID: s.RunID, Kind: s.Kind, Detail: s.Detail, Now: s.Now}
	met := map[string]bool{} // a list may name a row twice
	for _, row := range s.Rows {
		if met[row.PartnerID] {
			continue
		}
		met[row.PartnerID] = true
		in.PartnerIds, in.Names, in.Fields = append(in.PartnerIds, row.PartnerID), append(in.Names, row.Name), append(in.Fields, row.Field)
		in.RowValues, in.Reasons, in.Kept = append(in.RowValues, row.Value), append(in.Reasons, string(row.Reason)), append(in.Kept, row.Kept)
	}
	if len(in.PartnerIds) == 0 {
		return nil
	}
	if err := t.SetAsideInsert(ctx, in); err != nil || s.RunID == nil {
		return err
	}
	return t.SyncRunSetAsideInsert(ctx, SyncRunSetAsideInsertParams{
		EnvironmentID: s.EnvironmentID, RunID: *s.RunID, Kind: s.Kind, Detail: s.Detail,
		PartnerIds: in.PartnerIds, Names: in.Names, Fields: in.Fields, RowValues: in.RowValues, Reasons: in.Reasons,
	})
}
