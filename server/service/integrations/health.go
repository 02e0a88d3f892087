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
	Problem  *linking.Problem // what does not fit between the partner's question and ours; nil: that is not it
	Sales    int64            // that it holds up now, or whose status is not followed
}

// Health is what is not mapped, what drifted since it was mapped, and how many sales each holds up.
type Health struct {
	OK       bool // nothing keeps a sale, now or soon
	Items    []HealthItem
	imported bool // there is something that can be sold
}

// Serious says whether sales are kept by an item, now or soon. A status that is not followed keeps none.
func (i HealthItem) Serious() bool {
	return i.Class != linking.DriftSafe && i.Part != linking.PartStatuses
}

// Holding counts the items that keep sales. Where nothing was imported there is nothing to keep.
func (h *Health) Holding() (count int64) {
	for _, i := range h.Items {
		if h.imported && i.Serious() {
			count++
		}
	}
	return count
}

// Unfollowed counts the partner's statuses that nobody mapped.
func (h *Health) Unfollowed() (count int64) {
	for _, i := range h.Items {
		if h.imported && i.Part == linking.PartStatuses && i.Unmapped {
			count++
		}
	}
	return count
}

// IntegrationHealth works out how a link stands: the one reading behind every page that says something of it.
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
		h.imported = len(types) > 0
		h.compare(setup, m, ours, types)
		if err := countHeld(ctx, tx, a, id, &h); err != nil {
			return err
		}
		h.OK = !slices.ContainsFunc(h.Items, HealthItem.Serious)
		return nil
	})
	return h, err
}

// compare adds what does not fit between the questions that are mapped to each other, where nothing else is told of them.
func (h *Health) compare(setup linking.PartnerSetup, m linking.Mappings, ours []linking.Question, types []string) {
	for _, theirs := range setup.Questions {
		mapping, mapped := m.Questions[theirs.Identifier]
		at := slices.IndexFunc(ours, func(q linking.Question) bool { return q.ID == mapping.QuestionID })
		told := slices.ContainsFunc(h.Items, func(i HealthItem) bool {
			return i.Part == linking.PartQuestions && i.Identifier == theirs.Identifier && i.Serious()
		})
		if !mapped || at < 0 || told || !theirs.TakesAnswer() || !slices.ContainsFunc(types, theirs.AppliesTo) {
			continue
		}
		for _, problem := range linking.CompareQuestions(ours[at], theirs, mapping.Options) {
			class := linking.DriftNeedsMapping
			if problem.Code == states.ProblemDifferentCheck || problem.Code == states.ProblemDifferentRule {
				class = linking.DriftSafe // a warning: most answers pass
			}
			h.Items = append(h.Items, HealthItem{Drift: linking.Drift{Part: linking.PartQuestions, Identifier: theirs.Identifier, Name: theirs.Name, Class: class}, Problem: &problem})
		}
	}
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
