package integrations

import (
	"context"
	"time"

	"koppel/db"
	"koppel/partner"
	"koppel/server/service"
	"koppel/states"
)

// Budget is what a partner allows an integration, and how it is used.
type Budget struct {
	PerMinute    int                          // requests; 0 when nothing is known
	Learned      bool                         // lower than what is known of the partner, since it throttled us
	SharedWith   int                          // other integrations of this environment that share it
	Used         map[states.RequestKind]int64 // requests of this integration in the last minute, by what they were for
	Total        int64
	Throttled    int64 // of them
	Forwardings  int64 // sales that could go now
	Details      int64 // products whose details are still to be read
	ImportDoneAt *time.Time
	CircuitSince *time.Time // the partner does not answer since; only a probe is sent
	ProbeAt      *time.Time
}

func (s *Integrations) budget(ctx context.Context, tx *db.Tx, a service.Actor, integrationID int64) (b Budget, err error) {
	now := s.Now()
	row, err := tx.IntegrationBudget(ctx, db.IntegrationBudgetParams{EnvironmentID: a.EnvironmentID, ID: integrationID, Now: now})
	if err != nil {
		return b, err
	}
	b = Budget{
		PerMinute: partner.PerMinute(row.RequestsPerMinute, row.Learned), Learned: row.Learned != nil, SharedWith: int(row.SharedWith), Used: map[states.RequestKind]int64{},
		Forwardings: row.Forwardings, Details: row.Details, CircuitSince: row.CircuitSince, ProbeAt: row.ProbeAt,
	}
	used, err := tx.IntegrationBudgetUse(ctx, db.IntegrationBudgetUseParams{EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, Since: now.Add(-time.Minute)})
	if err != nil {
		return b, err
	}
	first := int64(0) // what goes before the catalogue
	for _, u := range used {
		b.Used[u.Kind] = u.Requests
		b.Total += u.Requests
		b.Throttled += u.Throttled
		if u.Kind != states.RequestCatalogue {
			first += u.Requests
		}
	}
	if b.Details > 0 && b.PerMinute > 0 {
		// At least a tenth is taken to be left for it: with less nobody could say.
		left := max(partner.PerSecond(b.PerMinute)-float64(first)/60, partner.PerSecond(b.PerMinute)/10)
		done := now.Add(time.Duration(float64(b.Details) / left * float64(time.Second))).Truncate(time.Second)
		b.ImportDoneAt = &done
	}
	return b, nil
}
