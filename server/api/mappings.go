package api

import (
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/words"
)

func (c *call) suggestion(s *service.Suggestion, field string) any {
	if s == nil {
		return nil
	}
	return map[string]any{field: s.ID, "reason": words.Say(c.actor.Language, s.Reason)}
}

func (c *call) problems(list []linking.Problem) []map[string]any {
	rows := make([]map[string]any, 0, len(list))
	for _, p := range list {
		rows = append(rows, map[string]any{
			"code": p.Code, "field": nullable(p.Field), "subject": nullable(p.Subject), "detail": nullable(p.Detail), "message": words.Problem(c.actor.Language, p),
		})
	}
	return rows
}

func orNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func (c *call) flowMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, partner, err := c.svc.FlowMappings(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	rows := make([]map[string]any, 0, len(list))
	for _, m := range list {
		rows = append(rows, map[string]any{
			"flow_id": m.Flow.ID, "title": m.Flow.Title, "type": m.Flow.Type, "identifier": m.Flow.Identifier,
			"partner_flow_id": orNull(m.PartnerFlowID), "suggestion": c.suggestion(m.Suggestion, "partner_flow_id"),
		})
	}
	theirs := make([]map[string]any, 0, len(partner))
	for _, f := range partner {
		theirs = append(theirs, map[string]any{"id": f.ID, "title": f.Title, "type": f.Type, "identifier": f.Identifier})
	}
	return ok(map[string]any{"mappings": rows, "partner_flows": theirs})
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
	return okOr(map[string]any{"mapped": len(pairs)}, save(id, pairs))
}

func (c *call) saveFlowMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []service.FlowPair) error {
		return c.svc.SaveFlowMappings(c.ctx(), c.actor, id, pairs)
	})
}

func (c *call) questionMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.QuestionMappings(c.ctx(), c.actor, id)
	rows := make([]map[string]any, 0, len(list))
	for _, m := range list {
		q := m.Partner
		rows = append(rows, map[string]any{
			"partner_identifier": q.Identifier, "name": q.Name, "description": q.Description, "type": q.InputType, "required": q.Required, "validator": nullable(q.Validator),
			"rule": q.Rule, "rule_required": q.RuleRequired, "rule_visible": q.RuleVisible, "partner_options": append([]string{}, q.Options...),
			"question_id": orNull(m.QuestionID), "options": m.Options, "suggestion": c.suggestion(m.Suggestion, "question_id"), "problems": c.problems(m.Problems),
		})
	}
	return okOr(rows, err)
}

func (c *call) saveQuestionMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []service.QuestionPair) error {
		return c.svc.SaveQuestionMappings(c.ctx(), c.actor, id, pairs)
	})
}

func (c *call) agreementMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.AgreementMappings(c.ctx(), c.actor, id)
	rows := make([]map[string]any, 0, len(list))
	for _, m := range list {
		rows = append(rows, map[string]any{
			"partner_identifier": m.Partner.Identifier, "name": m.Partner.Name, "text": m.Partner.Text, "required": m.Partner.Required, "rule": m.Partner.Rule,
			"agreement_id": orNull(m.AgreementID), "suggestion": c.suggestion(m.Suggestion, "agreement_id"),
		})
	}
	return okOr(rows, err)
}

func (c *call) saveAgreementMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []service.AgreementPair) error {
		return c.svc.SaveAgreementMappings(c.ctx(), c.actor, id, pairs)
	})
}

func (c *call) statusMappings() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.StatusMappings(c.ctx(), c.actor, id, c.q("system") == "1")
	rows := make([]map[string]any, 0, len(list))
	for _, m := range list {
		rows = append(rows, map[string]any{
			"partner_status": m.Partner.ID, "name": m.Partner.Name, "type": m.Partner.Type, "status": nullable(m.Status), "overridden": m.Overridden, "unmapped_sales": m.Sales,
		})
	}
	return okOr(rows, err)
}

func (c *call) saveStatusMappings() (reply, error) {
	return saveMapping(c, func(id int64, pairs []service.StatusPair) error {
		return c.svc.SaveStatusMappings(c.ctx(), c.actor, id, pairs)
	})
}
