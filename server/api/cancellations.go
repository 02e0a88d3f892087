package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/words"
)

func (c *call) wireCancellation(r db.CancellationRequest) map[string]any {
	row := map[string]any{
		"id": r.ID, "direction": r.Direction, "sale_id": r.SaleID, "integration_id": r.IntegrationID, "incoming_link_id": r.LinkID, "reason": r.Reason,
		"state": r.State, "answer": nullable(r.Answer), "problem": nil, "expires_at": salesdock.Stamp{Time: r.ExpiresAt}, "created_at": salesdock.Stamp{Time: r.CreatedAt},
		"answered_at": stamp(r.AnsweredAt),
	}
	if r.Cause != "" {
		row["problem"] = words.Problem(c.actor.Language, linking.Problem{Code: r.Cause})
	}
	return row
}

func (c *call) reason() (string, error) {
	var in struct {
		Reason salesdock.Text `json:"reason"`
	}
	err := c.bind(&in)
	return string(in.Reason), err
}

func (c *call) requestCancellation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	reason, err := c.reason()
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.RequestCancellation(c.ctx(), c.actor, id, reason)
	if err != nil {
		return reply{}, err
	}
	rows := make([]map[string]any, 0, len(list))
	for _, r := range list {
		rows = append(rows, c.wireCancellation(r))
	}
	return accepted(rows)
}

func (c *call) withdrawCancellation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	r, err := c.svc.WithdrawCancellation(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return accepted(c.wireCancellation(r))
}

func (c *call) acceptCancellation() (reply, error) { return c.answerCancellation(true) }
func (c *call) rejectCancellation() (reply, error) { return c.answerCancellation(false) }

func (c *call) answerCancellation(accept bool) (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	reason, err := c.reason()
	if err != nil {
		return reply{}, err
	}
	r, err := c.svc.AnswerCancellation(c.ctx(), c.actor, id, accept, reason)
	return okOr(c.wireCancellation(r), err)
}

func (c *call) cancellations() (reply, error) {
	saleID, err := c.optionalID("sale_id")
	if err != nil {
		return reply{}, err
	}
	page, size, err := c.page()
	if err != nil {
		return reply{}, err
	}
	list, total, err := c.svc.Cancellations(c.ctx(), c.actor, service.CancellationFilter{
		Direction: c.q("direction"), States: c.list("states"), SaleID: saleID, Page: page, PerPage: size,
	})
	if err != nil {
		return reply{}, err
	}
	rows := make([]map[string]any, 0, len(list))
	for _, r := range list {
		row := c.wireCancellation(r.CancellationRequest)
		row["partner"] = r.Partner
		rows = append(rows, row)
	}
	return ok(offsetPage(c, rows, page, size, total))
}

func (c *call) takeCancellation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in salesdock.CancellationRequest
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	state, err := c.svc.TakeCancellation(c.ctx(), c.actor, id, in)
	return okOr(state, err)
}

func (c *call) cancellationState() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	state, err := c.svc.CancellationState(c.ctx(), c.actor, id, c.q("reference"))
	return okOr(state, err)
}

func (c *call) takeBackCancellation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	state, err := c.svc.TakeBackCancellation(c.ctx(), c.actor, id, c.q("reference"))
	return okOr(state, err)
}
