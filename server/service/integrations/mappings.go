package integrations

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/catalogue"
	"koppel/states"
)

// Suggestion is a mapping that seems right, with its reason.
type Suggestion struct {
	ID     int64
	Status string
	Reason string // a sentence's key
}

// FlowMapping is one of our flows with what it is mapped to.
type FlowMapping struct {
	Flow          linking.Flow
	PartnerFlowID int64
	Suggestion    *Suggestion
}

// FlowMappings lists our flows, their mapping, and the partner's flows to choose from.
func (s *Integrations) FlowMappings(ctx context.Context, a service.Actor, id int64) (list []FlowMapping, partner []linking.Flow, err error) {
	err = s.mapping(ctx, a, id, func(tx *db.Tx, setup linking.PartnerSetup, m linking.Mappings) error {
		partner = setup.Flows
		flows, err := tx.FlowList(ctx, a.EnvironmentID, nil)
		for _, f := range flows {
			f.Config.ID = f.ID
			entry := FlowMapping{Flow: f.Config, PartnerFlowID: m.Flows[f.ID]}
			entry.Flow.Title, entry.Flow.Type, entry.Flow.Identifier = f.Title, f.Type, f.Identifier
			if entry.PartnerFlowID == 0 {
				entry.Suggestion = suggest(setup.Flows, f.Identifier, f.Title, func(x linking.Flow) (int64, string, string) { return x.ID, x.Identifier, x.Title })
			}
			list = append(list, entry)
		}
		return err
	})
	return list, partner, err
}

func suggest[T any](options []T, identifier, name string, of func(T) (id int64, identifier, name string)) *Suggestion {
	for _, option := range options {
		if id, other, _ := of(option); strings.EqualFold(other, identifier) {
			return &Suggestion{ID: id, Reason: "suggest_same_id"}
		}
	}
	for _, option := range options {
		if id, _, other := of(option); strings.EqualFold(other, name) {
			return &Suggestion{ID: id, Reason: "suggest_same_name"}
		}
	}
	return nil
}

// mapping reads what a link's mappings are made of.
func (s *Integrations) mapping(ctx context.Context, a service.Actor, id int64, fn func(*db.Tx, linking.PartnerSetup, linking.Mappings) error) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		setup, err := ledger.Setup(ctx, tx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		mappings, err := ledger.MappingsOf(ctx, tx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		return fn(tx, setup, mappings)
	})
}

// saveMapping writes a mapping, and has the sales that waited for a person looked at again.
func (s *Integrations) saveMapping(ctx context.Context, a service.Actor, id int64, part linking.Part, fn func(*db.Tx, linking.PartnerSetup) error) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.LockIntegration(ctx, tx, a, id); err != nil {
			return err
		}
		setup, err := ledger.Setup(ctx, tx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		before, err := mapped(ctx, tx, a, id, part, setup)
		if err != nil {
			return err
		}
		if err := fn(tx, setup); err != nil {
			return err
		}
		after, err := mapped(ctx, tx, a, id, part, setup)
		if err != nil {
			return err
		}
		// Who maps has seen what the partner asks now.
		if err := tx.MappingBaselineMove(ctx, db.MappingBaselineMoveParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, Kind: part}); err != nil {
			return err
		}
		if _, _, err := s.Sales.ResumeWaiting(ctx, tx, a, id, ""); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "map_"+string(part), "integration", id, before, after)
	})
}

// FlowPair maps one of our flows to a partner's.
type FlowPair struct {
	FlowID        int64 `json:"flow_id"`
	PartnerFlowID int64 `json:"partner_flow_id"`
}

// SaveFlowMappings replaces the flow mappings.
func (s *Integrations) SaveFlowMappings(ctx context.Context, a service.Actor, id int64, pairs []FlowPair) error {
	return s.saveMapping(ctx, a, id, linking.PartFlows, func(tx *db.Tx, setup linking.PartnerSetup) error {
		if err := tx.FlowMappingsClear(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		for i, p := range pairs {
			if !slices.ContainsFunc(setup.Flows, func(f linking.Flow) bool { return f.ID == p.PartnerFlowID }) {
				return service.Invalid(at(i, "partner_flow_id"), "not_found")
			}
			err := tx.FlowMappingInsert(ctx, db.FlowMappingInsertParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, FlowID: p.FlowID, PartnerFlowID: p.PartnerFlowID})
			if err != nil {
				return mappingError(err, i, "flow_id")
			}
		}
		return nil
	})
}

func at(i int, field string) string { return strconv.Itoa(i) + "." + field }

func mappingError(err error, i int, field string) error {
	switch {
	case errors.Is(err, db.ErrNotFound):
		return service.Invalid(at(i, field), "not_found")
	case errors.Is(err, db.ErrConflict):
		return service.Invalid(at(i, field), "mapped_twice")
	}
	return err
}

// suggestOptions finds a question of ours with the same answers as the partner's.
func suggestOptions(ours []linking.Question, theirs linking.Question) *Suggestion {
	if len(theirs.Options) < 2 {
		return nil
	}
	canonical := func(options []string) []string {
		list := make([]string, len(options))
		for i, option := range options {
			list[i] = strings.ToLower(option)
		}
		slices.Sort(list)
		return list
	}
	for _, q := range ours {
		if q.InputType == theirs.InputType && slices.Equal(canonical(q.Options), canonical(theirs.Options)) {
			return &Suggestion{ID: q.ID, Reason: "suggest_same_options"}
		}
	}
	return nil
}

// QuestionMapping is one of the partner's questions with what it is mapped to, and what is wrong with that.
type QuestionMapping struct {
	Partner    linking.Question
	QuestionID int64
	Options    linking.Options
	Suggestion *Suggestion
	Problems   []linking.Problem
}

// QuestionMappings lists the partner's questions that apply to imported products.
func (s *Integrations) QuestionMappings(ctx context.Context, a service.Actor, id int64) (list []QuestionMapping, err error) {
	err = s.mapping(ctx, a, id, func(tx *db.Tx, setup linking.PartnerSetup, m linking.Mappings) error {
		types, err := tx.ImportedProductTypes(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		ours, err := catalogue.Questions(ctx, tx, a)
		if err != nil {
			return err
		}
		for _, q := range setup.Questions {
			if !q.TakesAnswer() || !slices.ContainsFunc(types, q.AppliesTo) {
				continue
			}
			entry := QuestionMapping{Partner: q, QuestionID: m.Questions[q.Identifier].QuestionID, Options: m.Questions[q.Identifier].Options}
			if entry.QuestionID == 0 {
				entry.Suggestion = suggest(ours, q.Identifier, q.Name, func(x linking.Question) (int64, string, string) { return x.ID, x.Identifier, x.Name })
				if entry.Suggestion == nil {
					entry.Suggestion = suggestOptions(ours, q)
				}
				if q.Required && q.Visible {
					entry.Problems = []linking.Problem{{Code: states.ProblemQuestionUnmapped, Subject: q.Name}}
				}
			} else if i := slices.IndexFunc(ours, func(x linking.Question) bool { return x.ID == entry.QuestionID }); i >= 0 {
				entry.Problems = linking.CompareQuestions(ours[i], q, entry.Options)
			}
			list = append(list, entry)
		}
		return nil
	})
	return list, err
}

// QuestionPair maps one of the partner's questions to ours, with our options to theirs.
type QuestionPair struct {
	PartnerIdentifier string          `json:"partner_identifier"`
	QuestionID        int64           `json:"question_id"`
	Options           linking.Options `json:"options"`
}

// SaveQuestionMappings replaces the question mappings.
func (s *Integrations) SaveQuestionMappings(ctx context.Context, a service.Actor, id int64, pairs []QuestionPair) error {
	return s.saveMapping(ctx, a, id, linking.PartQuestions, func(tx *db.Tx, setup linking.PartnerSetup) error {
		if err := tx.QuestionMappingsClear(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		for i, p := range pairs {
			known := slices.IndexFunc(setup.Questions, func(q linking.Question) bool { return q.Identifier == p.PartnerIdentifier })
			if known < 0 {
				return service.Invalid(at(i, "partner_identifier"), "not_found")
			}
			for ours, theirs := range p.Options {
				if theirs != "" && !slices.Contains(setup.Questions[known].Options, theirs) {
					return service.Invalid(at(i, "options."+ours), "field_invalid", theirs)
				}
			}
			if p.Options == nil {
				p.Options = linking.Options{}
			}
			err := tx.QuestionMappingInsert(ctx, db.QuestionMappingInsertParams{
				EnvironmentID: a.EnvironmentID, IntegrationID: id, PartnerIdentifier: p.PartnerIdentifier, QuestionID: p.QuestionID, Options: p.Options,
			})
			if err != nil {
				return mappingError(err, i, "question_id")
			}
		}
		return nil
	})
}

// AgreementMapping is one of the partner's agreements with what it is mapped to.
type AgreementMapping struct {
	Partner     linking.Agreement
	AgreementID int64
	Suggestion  *Suggestion
}

// AgreementMappings lists the partner's agreements.
func (s *Integrations) AgreementMappings(ctx context.Context, a service.Actor, id int64) (list []AgreementMapping, err error) {
	err = s.mapping(ctx, a, id, func(tx *db.Tx, setup linking.PartnerSetup, m linking.Mappings) error {
		rows, err := tx.AgreementList(ctx, a.EnvironmentID)
		if err != nil {
			return err
		}
		for _, theirs := range setup.Agreements {
			if theirs.Archive {
				continue
			}
			entry := AgreementMapping{Partner: theirs, AgreementID: m.Agreements[theirs.Identifier]}
			if entry.AgreementID == 0 {
				entry.Suggestion = suggest(rows, theirs.Identifier, theirs.Name, func(x db.Agreement) (int64, string, string) { return x.ID, x.Identifier, x.Definition.Name })
			}
			list = append(list, entry)
		}
		return nil
	})
	return list, err
}

// AgreementPair maps one of the partner's agreements to ours.
type AgreementPair struct {
	PartnerIdentifier string `json:"partner_identifier"`
	AgreementID       int64  `json:"agreement_id"`
}

// SaveAgreementMappings replaces the agreement mappings.
func (s *Integrations) SaveAgreementMappings(ctx context.Context, a service.Actor, id int64, pairs []AgreementPair) error {
	return s.saveMapping(ctx, a, id, linking.PartAgreements, func(tx *db.Tx, setup linking.PartnerSetup) error {
		if err := tx.AgreementMappingsClear(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		for i, p := range pairs {
			if !slices.ContainsFunc(setup.Agreements, func(x linking.Agreement) bool { return x.Identifier == p.PartnerIdentifier }) {
				return service.Invalid(at(i, "partner_identifier"), "not_found")
			}
			err := tx.AgreementMappingInsert(ctx, db.AgreementMappingInsertParams{
				EnvironmentID: a.EnvironmentID, IntegrationID: id, PartnerIdentifier: p.PartnerIdentifier, AgreementID: p.AgreementID,
			})
			if err != nil {
				return mappingError(err, i, "agreement_id")
			}
		}
		return nil
	})
}

// StatusMapping is one of the partner's statuses with what it becomes here, and how many sales have it.
type StatusMapping struct {
	Partner    linking.Status
	Status     string // empty: not synchronised, for a custom status; itself, for a system one
	Overridden bool
	Sales      int64 // sales that have this status at the partner and are not followed
}

// StatusMappings lists the partner's custom statuses, and with system its system ones.
func (s *Integrations) StatusMappings(ctx context.Context, a service.Actor, id int64, system bool) (list []StatusMapping, err error) {
	err = s.mapping(ctx, a, id, func(tx *db.Tx, setup linking.PartnerSetup, m linking.Mappings) error {
		rows, err := tx.ForwardingUnmappedStatuses(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		waiting := map[string]int64{}
		for _, r := range rows {
			waiting[r.PartnerStatus] = r.Sales
		}
		for _, theirs := range setup.Statuses {
			own, isSystem := linking.SystemStatus(theirs.ID)
			if isSystem && !system {
				continue
			}
			mapped, overridden := m.Statuses[theirs.ID]
			entry := StatusMapping{Partner: theirs, Status: mapped, Overridden: overridden}
			switch {
			case isSystem && !overridden:
				entry.Status = own.ID
			case !isSystem:
				entry.Sales = waiting[theirs.ID]
			}
			list = append(list, entry)
		}
		return nil
	})
	return list, err
}

// StatusPair maps one of the partner's statuses to ours.
type StatusPair struct {
	PartnerStatus string `json:"partner_status"`
	Status        string `json:"status"`
}

// SaveStatusMappings replaces the status mappings; the partner's statuses are read again, so that a status
// that was waiting for its mapping is taken over.
func (s *Integrations) SaveStatusMappings(ctx context.Context, a service.Actor, id int64, pairs []StatusPair) error {
	return s.saveMapping(ctx, a, id, linking.PartStatuses, func(tx *db.Tx, setup linking.PartnerSetup) error {
		before, err := ledger.MappingsOf(ctx, tx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		var changed []string
		if err := tx.StatusMappingsClear(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		for i, p := range pairs {
			if !slices.ContainsFunc(setup.Statuses, func(x linking.Status) bool { return x.ID == p.PartnerStatus }) {
				return service.Invalid(at(i, "partner_status"), "not_found")
			}
			if _, err := ledger.Status(ctx, tx, a.EnvironmentID, p.Status); err != nil {
				return mappingError(err, i, "status")
			}
			err := tx.StatusMappingInsert(ctx, db.StatusMappingInsertParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, PartnerStatus: p.PartnerStatus, Status: p.Status})
			if err != nil {
				return mappingError(err, i, "partner_status")
			}
			if before.Statuses[p.PartnerStatus] != p.Status {
				changed = append(changed, p.PartnerStatus)
			}
		}
		_, err = tx.ForwardingsForgetStatuses(ctx, db.ForwardingsForgetStatusesParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, PartnerStatuses: changed})
		if err != nil {
			return err
		}
		if err := tx.IntegrationPollAgain(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		return tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, id, states.SignalPartnerChanged, s.Now())
	})
}
