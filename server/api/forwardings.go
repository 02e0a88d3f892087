package api

import (
	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/words"
)

func (c *call) wireForwarding(f db.Forwarding) map[string]any {
	return map[string]any{
		"id": f.ID, "integration_id": f.IntegrationID, "sale_id": f.SaleID, "state": f.State, "by_hand": f.ByHand, "due_at": salesdock.Stamp{Time: f.DueAt},
		"cause": nullable(f.Cause), "problems": c.problems(f.Problems), "who_must_act": words.Say(c.actor.Language, service.WhoActs(f)), "attempts": f.Attempts,
		"partner_sale_id": f.PartnerSaleID, "partner_status": nullable(f.PartnerStatus), "forwarded_at": stamp(f.ForwardedAt), "abandon_reason": nullable(f.AbandonReason),
		"created_at": salesdock.Stamp{Time: f.CreatedAt}, "updated_at": salesdock.Stamp{Time: f.UpdatedAt}, "workflow_id": service.WorkflowID(f),
		"looked_for": db.LookedFor(f), "optin": nullable(f.Optin),
	}
}

func (c *call) wireForwardings(list []db.Forwarding) []map[string]any {
	rows := make([]map[string]any, 0, len(list))
	for _, f := range list {
		rows = append(rows, c.wireForwarding(f))
	}
	return rows
}

func (c *call) forwardings() (reply, error) {
	integrationID, err := c.optionalID("integration_id")
	if err != nil {
		return reply{}, err
	}
	page, size, err := c.page()
	if err != nil {
		return reply{}, err
	}
	list, total, err := c.svc.Forwardings(c.ctx(), c.actor, service.ForwardingFilter{
		State: c.q("state"), Cause: c.q("cause"), IntegrationID: integrationID, Page: page, PerPage: size,
	})
	if err != nil {
		return reply{}, err
	}
	return ok(offsetPage(c, c.wireForwardings(list), page, size, total))
}

func (c *call) forwarding() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	f, attempts, err := c.svc.Forwarding(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	row := c.wireForwarding(f)
	tried := make([]map[string]any, 0, len(attempts))
	for _, a := range attempts {
		entry := map[string]any{"attempt": a.Attempt, "started_at": salesdock.Stamp{Time: a.StartedAt}, "duration_ms": nil, "http_status": orNull(int64(a.HttpStatus)), "reason": nullable(a.Reason)}
		if a.FinishedAt != nil {
			entry["duration_ms"] = a.FinishedAt.Sub(a.StartedAt).Milliseconds()
		}
		tried = append(tried, entry)
	}
	row["tried"] = tried
	return ok(row)
}

func (c *call) candidates() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	f, _, err := c.svc.Forwarding(c.ctx(), c.actor, id)
	return okOr(f.Candidates, err)
}

func (c *call) adopt() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		PartnerSaleID salesdock.Text `json:"partner_sale_id"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	if in.PartnerSaleID == "" {
		return reply{}, missing("partner_sale_id")
	}
	return c.changed(id, c.svc.AdoptSale(c.ctx(), c.actor, id, string(in.PartnerSaleID)))
}

// changed answers with a forwarding as it is after a change.
func (c *call) changed(id int64, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	f, _, err := c.svc.Forwarding(c.ctx(), c.actor, id)
	return okOr(c.wireForwarding(f), err)
}

func (c *call) resend() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return c.changed(id, c.svc.ResendForwarding(c.ctx(), c.actor, id))
}

func (c *call) abandon() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		Reason salesdock.Text `json:"reason"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	return c.changed(id, c.svc.AbandonForwarding(c.ctx(), c.actor, id, string(in.Reason)))
}

func (c *call) retryForwardings() (reply, error) {
	var in struct {
		IDs           []salesdock.Int `json:"ids"`
		Cause         salesdock.Text  `json:"cause"`
		IntegrationID salesdock.Int   `json:"integration_id"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	input := service.RetryInput{Cause: string(in.Cause)}
	if in.IDs != nil {
		input.IDs = idsOf(&in.IDs)
	}
	if in.IntegrationID != 0 {
		input.IntegrationID = new(int64(in.IntegrationID))
	}
	count, operation, err := c.svc.RetryForwardings(c.ctx(), c.actor, input)
	if err != nil {
		return reply{}, err
	}
	return accepted(startedOperation(count, operation))
}
