package service

import (
	"context"
	"time"

	"koppel/db"
	"koppel/internal/budget"
)

// Budget is what a partner allows an integration, and how it is used.
type Budget struct {
	PerMinute    int              // requests; 0 when nothing is known
	Learned      bool             // lower than what is known of the partner, since it throttled us
	SharedWith   int              // other integrations, ours or another environment's, that share it
	Used         map[string]int64 // requests in the last minute, by what they were for
	Total        int64
	Throttled    int64 // of them
	Forwardings  int64 // sales that could go now
	Details      int64 // products whose details are still to be read
	ImportDoneAt *time.Time
	CircuitSince *time.Time // the partner does not answer since; only a probe is sent
	ProbeAt      *time.Time
}

func (s *Service) budget(ctx context.Context, tx *db.Tx, a Actor, integrationID int64) (b Budget, err error) {
	now := s.Now()
	row, err := tx.IntegrationBudget(ctx, db.IntegrationBudgetParams{EnvironmentID: a.EnvironmentID, ID: integrationID, Now: now})
	if err != nil {
		return b, err
	}
	b = Budget{
		PerMinute: budget.PerMinute(row.RequestsPerMinute, row.Learned), Learned: row.Learned != nil, SharedWith: max(0, int(row.Integrations)-1), Used: map[string]int64{},
		Forwardings: row.Forwardings, Details: row.Details, CircuitSince: row.CircuitSince, ProbeAt: row.ProbeAt,
	}
	used, err := tx.IntegrationBudgetUse(ctx, db.IntegrationBudgetUseParams{EnvironmentID: a.EnvironmentID, ID: integrationID, Since: now.Add(-time.Minute)})
	if err != nil {
		return b, err
	}
	first := int64(0) // what goes before the catalogue
	for _, u := range used {
		b.Used[u.Kind] = u.Requests
		b.Total += u.Requests
		b.Throttled += u.Throttled
		if u.Kind != budget.Catalogue {
			first += u.Requests
		}
	}
	if b.Details > 0 && b.PerMinute > 0 {
		// At least a tenth is taken to be left for it: with less nobody could say.
		left := max(budget.PerSecond(b.PerMinute)-float64(first)/60, budget.PerSecond(b.PerMinute)/10)
		done := now.Add(time.Duration(float64(b.Details) / left * float64(time.Second))).Truncate(time.Second)
		b.ImportDoneAt = &done
	}
	return b, nil
}
