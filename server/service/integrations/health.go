package integrations

import (
	"context"
	"slices"
	"strconv"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
	"koppel/states"
)

// HealthItem is one thing about a link that somebody should know: it is not mapped, or it drifted at the partner.
type HealthItem struct {
	linking.Drift
	Unmapped bool
	Sales    int64 // that it holds up now
}

// Health is what is not mapped, what drifted since it was mapped, and how many sales each holds up.
type Health struct {
	OK    bool // nothing keeps a sale, now or soon
	Items []HealthItem
}

// Serious says whether sales are kept by an item, now or soon.
func (i HealthItem) Serious() bool { return i.Class != linking.DriftSafe }

// IntegrationHealth works out how a link stands.
func (s *Integrations) IntegrationHealth(ctx context.Context, a service.Actor, id int64) (h Health, err error) {
	err = s.mapping(ctx, a, id, func(tx *db.Tx, setup linking.PartnerSetup, m linking.Mappings) error {
		before, err := ledger.SetupAsMapped(ctx, tx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		types, err := tx.ImportedProductTypes(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		ours, err := catalogue.Questions(ctx, tx, a)
		if err != nil {
			return err
		}
		for _, drift := range linking.DriftOf(before, setup, m, ours, types) {
			h.Items = append(h.Items, HealthItem{Drift: drift})
		}
		for _, missing := range linking.Unmapped(setup, m, types) {
			same := func(i HealthItem) bool { return i.Part == missing.Part && i.Identifier == missing.Identifier }
			if n := slices.IndexFunc(h.Items, same); n >= 0 && h.Items[n].Change == linking.ChangeAdded {
				h.Items[n].Unmapped = true // new there, and not mapped: one thing
				continue
			}
			h.Items = append(h.Items, HealthItem{Drift: missing, Unmapped: true})
		}
		if err := countHeld(ctx, tx, a, id, &h); err != nil {
			return err
		}
		h.OK = !slices.ContainsFunc(h.Items, HealthItem.Serious)
		return nil
	})
	return h, err
}

// countHeld says how many sales each item holds up. What holds up sales without being mapped or drifted, such as
// one of our flows that was never mapped, is an item too.
func countHeld(ctx context.Context, tx *db.Tx, a service.Actor, id int64, h *Health) error {
	problems, err := tx.ForwardingProblemCounts(ctx, a.EnvironmentID, id)
	if err != nil {
		return err
	}
	for _, p := range problems {
		part, identifier := linking.AboutWhat(linking.Problem{Code: states.Reason(p.Code), Field: p.Field, Subject: p.Subject, Detail: p.Detail})
		if part == "" {
			continue
		}
		n := slices.IndexFunc(h.Items, func(i HealthItem) bool { return i.Part == part && i.Identifier == identifier })
		if n < 0 && states.Reason(p.Code) == states.ProblemFlowUnmapped {
			h.Items = append(h.Items, HealthItem{
				Drift: linking.Drift{Part: part, Identifier: identifier, Name: p.Subject, Class: linking.DriftNeedsMapping}, Unmapped: true, Sales: p.Sales,
			})
		}
		if n >= 0 {
			h.Items[n].Sales += p.Sales
		}
	}
	statuses, err := tx.ForwardingUnmappedStatuses(ctx, a.EnvironmentID, id)
	if err != nil {
		return err
	}
	for i := range h.Items {
		for _, st := range statuses {
			if h.Items[i].Part == linking.PartStatuses && h.Items[i].Identifier == st.PartnerStatus {
				h.Items[i].Sales = st.Sales
			}
		}
	}
	return nil
}

// SeenDrift takes note of what changed in one part of the partner's set-up: it is not told again.
func (s *Integrations) SeenDrift(ctx context.Context, a service.Actor, id int64, part linking.Part) error {
	if !slices.Contains(linking.Parts, part) {
		return service.Invalid("part", "field_invalid", strconv.Quote(string(part)))
	}
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.LockIntegration(ctx, tx, a, id); err != nil {
			return err
		}
		if err := tx.MappingBaselineMove(ctx, db.MappingBaselineMoveParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, Kind: part}); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "seen_drift", "integration", id, nil, map[string]any{"part": part})
	})
}
