package api

import (
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/words"
)

// suggestion is what a thing of the partner's could be mapped to; reason says why.
type suggestedFlow struct {
	PartnerFlowID int64  `json:"partner_flow_id"`
	Reason        string `json:"reason"`
}

type suggestedQuestion struct {
	QuestionID int64  `json:"question_id"`
	Reason     string `json:"reason"`
}

type suggestedAgreement struct {
	AgreementID int64  `json:"agreement_id"`
	Reason      string `json:"reason"`
}

// flowMappings are our flows with what they are mapped to, and the partner's to choose from.
type flowMappings struct {
	Mappings     []flowMapping `json:"mappings"`
	PartnerFlows []partnerFlow `json:"partner_flows"`
}

type flowMapping struct {
	FlowID        int64          `json:"flow_id"`
	Title         string         `json:"title"`
	Type          string         `json:"type"`
	Identifier    string         `json:"identifier"`
	PartnerFlowID *int64         `json:"partner_flow_id"`
	Suggestion    *suggestedFlow `json:"suggestion"`
}

type partnerFlow struct {
	ID         int64  `json:"id"`
	Title      string `json:"title"`
	Type       string `json:"type"`
	Identifier string `json:"identifier"`
}

// questionMapping is a question of the partner's with ours.
type questionMapping struct {
	PartnerIdentifier string             `json:"partner_identifier"`
	Name              string             `json:"name"`
	Description       string             `json:"description"`
	Type              string             `json:"type"`
	Required          bool               `json:"required"`
	Validator         *string            `json:"validator"`
	Rule              *linking.Rule      `json:"rule"`
	RuleRequired      bool               `json:"rule_required"`
	RuleVisible       bool               `json:"rule_visible"`
	PartnerOptions    []string           `json:"partner_options"`
	QuestionID        *int64             `json:"question_id"`
	Options           linking.Options    `json:"options"` // null: not mapped
	Suggestion        *suggestedQuestion `json:"suggestion"`
	Problems          []problem          `json:"problems"`
}

// agreementMapping is an agreement of the partner's with ours.
type agreementMapping struct {
	PartnerIdentifier string              `json:"partner_identifier"`
	Name              string              `json:"name"`
	Text              string              `json:"text"`
	Required          bool                `json:"required"`
	Rule              *linking.Rule       `json:"rule"`
	AgreementID       *int64              `json:"agreement_id"`
	Suggestion        *suggestedAgreement `json:"suggestion"`
}

// statusMapping is a status of the partner's with ours.
type statusMapping struct {
	PartnerStatus string  `json:"partner_status"`
	Name          string  `json:"name"`
	Type          string  `json:"type"`
	Status        *string `json:"status"`
	Overridden    bool    `json:"overridden"`
	UnmappedSales int64   `json:"unmapped_sales"`
}

// mappedPairs says how many were saved.
type mappedPairs struct {
	Mapped int `json:"mapped"`
}

// orNull is the id of something, or null where there is none.
func orNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func (c *call) flowMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, partner, err := c.svc.Integrations.FlowMappings(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	row := flowMappings{PartnerFlows: each(partner, func(f linking.Flow) partnerFlow {
		return partnerFlow{ID: f.ID, Title: f.Title, Type: f.Type, Identifier: f.Identifier}
	})}
	row.Mappings = each(list, func(m integrations.FlowMapping) flowMapping {
		mapping := flowMapping{FlowID: m.Flow.ID, Title: m.Flow.Title, Type: m.Flow.Type, Identifier: m.Flow.Identifier, PartnerFlowID: orNull(m.PartnerFlowID)}
		if m.Suggestion != nil {
			mapping.Suggestion = &suggestedFlow{PartnerFlowID: m.Suggestion.ID, Reason: c.because(m.Suggestion)}
		}
		return mapping
	})
	return ok(row)
}

// because says in words why something is suggested.
func (c *call) because(s *integrations.Suggestion) string {
	return words.Say(c.actor.Language, s.Reason)
}

func saveMapping[T any](c *call, save func(id int64, pairs []T) error) (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	pairs := []T{}
	if err := c.bind(&pairs); err != nil {
		return reply{}, err
	}
	return okOr(mappedPairs{len(pairs)}, save(id, pairs))
}

func (c *call) saveFlowMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []integrations.FlowPair) error {
		return c.svc.Integrations.SaveFlowMappings(c.ctx(), c.actor, id, pairs)
	})
}

func (c *call) questionMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Integrations.QuestionMappings(c.ctx(), c.actor, id)
	return okOr(each(list, func(m integrations.QuestionMapping) questionMapping {
		q := m.Partner
		mapping := questionMapping{
			PartnerIdentifier: q.Identifier, Name: q.Name, Description: q.Description, Type: q.InputType, Required: q.Required, Validator: service.Optional(q.Validator),
			Rule: q.Rule, RuleRequired: q.RuleRequired, RuleVisible: q.RuleVisible, PartnerOptions: append([]string{}, q.Options...),
			QuestionID: orNull(m.QuestionID), Options: m.Options, Problems: c.problems(m.Problems),
		}
		if m.Suggestion != nil {
			mapping.Suggestion = &suggestedQuestion{QuestionID: m.Suggestion.ID, Reason: c.because(m.Suggestion)}
		}
		return mapping
	}), err)
}

func (c *call) saveQuestionMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []integrations.QuestionPair) error {
		return c.svc.Integrations.SaveQuestionMappings(c.ctx(), c.actor, id, pairs)
	})
}

func (c *call) agreementMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Integrations.AgreementMappings(c.ctx(), c.actor, id)
	return okOr(each(list, func(m integrations.AgreementMapping) agreementMapping {
		theirs := m.Partner
		mapping := agreementMapping{
			PartnerIdentifier: theirs.Identifier, Name: theirs.Name, Text: theirs.Text, Required: theirs.Required, Rule: theirs.Rule, AgreementID: orNull(m.AgreementID),
		}
		if m.Suggestion != nil {
			mapping.Suggestion = &suggestedAgreement{AgreementID: m.Suggestion.ID, Reason: c.because(m.Suggestion)}
		}
		return mapping
	}), err)
}

func (c *call) saveAgreementMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []integrations.AgreementPair) error {
		return c.svc.Integrations.SaveAgreementMappings(c.ctx(), c.actor, id, pairs)
	})
}

func (c *call) statusMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Integrations.StatusMappings(c.ctx(), c.actor, id, c.q("system") == "1")
	return okOr(each(list, wireStatusMapping), err)
}

func wireStatusMapping(m integrations.StatusMapping) statusMapping {
	return statusMapping{
		PartnerStatus: m.Partner.ID, Name: m.Partner.Name, Type: m.Partner.Type, Status: service.Optional(m.Status), Overridden: m.Overridden, UnmappedSales: m.Sales,
	}
}

func (c *call) saveStatusMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []integrations.StatusPair) error {
		return c.svc.Integrations.SaveStatusMappings(c.ctx(), c.actor, id, pairs)
	})
}
