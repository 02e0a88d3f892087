package api

import (
	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
	"koppel/words"
)

// forwardingRow is a sale on its way to a partner.
type forwardingRow struct {
	ID            int64                  `json:"id"`
	IntegrationID int64                  `json:"integration_id"`
	SaleID        int64                  `json:"sale_id"`
	State         states.ForwardingState `json:"state"`
	ByHand        bool                   `json:"by_hand"`
	DueAt         salesdock.Stamp        `json:"due_at"`
	Cause         *states.Reason         `json:"cause"`
	Problems      []problem              `json:"problems"`
	WhoMustAct    string                 `json:"who_must_act"`
	Attempts      int32                  `json:"attempts"`
	PartnerSaleID *string                `json:"partner_sale_id"`
	PartnerStatus *string                `json:"partner_status"`
	ForwardedAt   salesdock.Stamp        `json:"forwarded_at"`
	AbandonReason *string                `json:"abandon_reason"`
	CreatedAt     salesdock.Stamp        `json:"created_at"`
	UpdatedAt     salesdock.Stamp        `json:"updated_at"`
	WorkflowID    string                 `json:"workflow_id"`
	LookedFor     bool                   `json:"looked_for"`
	NotThere      bool                   `json:"not_there"`
	LookedAt      salesdock.Stamp        `json:"looked_at"`
	Optin         *string                `json:"optin"`
}

// forwardingDetail is one with the attempts that were made.
type forwardingDetail struct {
	forwardingRow
	Tried []attempt `json:"tried"`
}

type attempt struct {
	Attempt    int32           `json:"attempt"`
	StartedAt  salesdock.Stamp `json:"started_at"`
	DurationMS *int64          `json:"duration_ms"` // null: it goes on, or its end is not known
	HTTPStatus *int64          `json:"http_status"` // null: no answer
	Reason     *states.Reason  `json:"reason"`
}

// retriedForwardings says how many go on, and how many unknown outcomes cannot yet, and why.
type retriedForwardings struct {
	startedOperation
	Held []heldForwardings `json:"held"`
}

type heldForwardings struct {
	Reason  string `json:"reason"`
	Count   int    `json:"count"`
	Message string `json:"message"`
}

func (c *call) wireForwarding(f db.Forwarding) forwardingRow {
	return forwardingRow{
		ID: f.ID, IntegrationID: f.IntegrationID, SaleID: f.SaleID, State: f.State, ByHand: f.ByHand, DueAt: salesdock.Stamp{Time: f.DueAt},
		Cause: service.Optional(f.Cause), Problems: c.problems(f.Problems), WhoMustAct: words.Say(c.actor.Language, sales.WhoActs(f)), Attempts: f.Attempts,
		PartnerSaleID: f.PartnerSaleID, PartnerStatus: service.Optional(f.PartnerStatus), ForwardedAt: stamp(f.ForwardedAt), AbandonReason: service.Optional(f.AbandonReason),
		CreatedAt: salesdock.Stamp{Time: f.CreatedAt}, UpdatedAt: salesdock.Stamp{Time: f.UpdatedAt}, WorkflowID: sales.WorkflowID(f),
		LookedFor: db.LookedFor(f), NotThere: db.NotThere(f), LookedAt: stamp(f.LookedAt), Optin: service.Optional(f.Optin),
	}
}

func wireAttempt(a db.ForwardingAttempt) attempt {
	row := attempt{Attempt: a.Attempt, StartedAt: salesdock.Stamp{Time: a.StartedAt}, HTTPStatus: orNull(int64(a.HttpStatus)), Reason: service.Optional(a.Reason)}
	if a.FinishedAt != nil {
		row.DurationMS = new(a.FinishedAt.Sub(a.StartedAt).Milliseconds())
	}
	return row
}

func (c *call) forwardSale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		IntegrationID salesdock.Int `json:"integration_id"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	var only *int64
	if in.IntegrationID != 0 {
		only = new(int64(in.IntegrationID))
	}
	list, err := c.svc.Sales.ForwardByHand(c.ctx(), c.actor, id, only)
	if err != nil {
		return reply{}, err
	}
	return accepted(each(list, c.wireForwarding))
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
	list, total, err := c.svc.Sales.Forwardings(c.ctx(), c.actor, sales.ForwardingFilter{
		State: c.q("state"), Cause: states.Reason(c.q("cause")), IntegrationID: integrationID, Page: page, PerPage: size,
	})
	if err != nil {
		return reply{}, err
	}
	return ok(offsetPage(c, each(list, c.wireForwarding), page, size, total))
}

func (c *call) forwarding() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	f, attempts, err := c.svc.Sales.Forwarding(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return ok(forwardingDetail{forwardingRow: c.wireForwarding(f), Tried: each(attempts, wireAttempt)})
}

func (c *call) candidates() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	f, _, err := c.svc.Sales.Forwarding(c.ctx(), c.actor, id)
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
	return c.changed(id, c.svc.Sales.AdoptSale(c.ctx(), c.actor, id, string(in.PartnerSaleID)))
}

// changed answers with a forwarding as it is after a change.
func (c *call) changed(id int64, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	f, _, err := c.svc.Sales.Forwarding(c.ctx(), c.actor, id)
	return okOr(c.wireForwarding(f), err)
}

func (c *call) resend() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return c.changed(id, c.svc.Sales.ResendForwarding(c.ctx(), c.actor, id))
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
	return c.changed(id, c.svc.Sales.AbandonForwarding(c.ctx(), c.actor, id, string(in.Reason)))
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
	input := sales.RetryInput{Cause: states.Reason(in.Cause)}
	if in.IDs != nil {
		input.IDs = idsOf(&in.IDs)
	}
	if in.IntegrationID != 0 {
		input.IntegrationID = new(int64(in.IntegrationID))
	}
	retried, err := c.svc.Sales.RetryForwardings(c.ctx(), c.actor, input)
	if err != nil {
		return reply{}, err
	}
	return accepted(c.retried(retried))
}

func (c *call) retried(r sales.Retried) retriedForwardings {
	return retriedForwardings{startedOperation: started(r.Count, r.Operation), Held: each(r.Held, func(h sales.Held) heldForwardings {
		said := h.Sentence()
		return heldForwardings{Reason: h.Reason, Count: h.Count, Message: words.Say(c.actor.Language, said.Key, said.Args...)}
	})}
}

func (c *call) settleForwardings() (reply, error) {
	var in struct {
		IntegrationID salesdock.Int  `json:"integration_id"`
		Action        salesdock.Text `json:"action"`
		Reason        salesdock.Text `json:"reason"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	if in.IntegrationID == 0 {
		return reply{}, missing("integration_id")
	}
	settled, err := c.svc.Sales.SettleUnknown(c.ctx(), c.actor, sales.SettleInput{IntegrationID: int64(in.IntegrationID), Action: states.OperationKind(in.Action), Reason: string(in.Reason)})
	if err != nil {
		return reply{}, err
	}
	return accepted(c.retried(settled))
}
