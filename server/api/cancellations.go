package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
	"koppel/words"
)

// cancellationRow is a request to cancel a sale: ours at a partner, or another environment's at us.
type cancellationRow struct {
	ID             int64                    `json:"id"`
	Direction      states.Direction         `json:"direction"`
	SaleID         int64                    `json:"sale_id"`
	IntegrationID  *int64                   `json:"integration_id"`
	IncomingLinkID *int64                   `json:"incoming_link_id"`
	Reason         string                   `json:"reason"`
	State          states.CancellationState `json:"state"`
	Answer         *string                  `json:"answer"`
	Problem        *string                  `json:"problem"`
	ExpiresAt      salesdock.Stamp          `json:"expires_at"`
	CreatedAt      salesdock.Stamp          `json:"created_at"`
	AnsweredAt     salesdock.Stamp          `json:"answered_at"`
}

// listedCancellation names the other environment too.
type listedCancellation struct {
	cancellationRow
	Partner string `json:"partner"`
}

func (c *call) wireCancellation(r db.CancellationRequest) cancellationRow {
	row := cancellationRow{
		ID: r.ID, Direction: r.Direction, SaleID: r.SaleID, IntegrationID: r.IntegrationID, IncomingLinkID: r.LinkID, Reason: r.Reason,
		State: r.State, Answer: service.Optional(r.Answer), ExpiresAt: salesdock.Stamp{Time: r.ExpiresAt}, CreatedAt: salesdock.Stamp{Time: r.CreatedAt},
		AnsweredAt: stamp(r.AnsweredAt),
	}
	if r.Cause != "" {
		row.Problem = new(words.Problem(c.actor.Language, linking.Problem{Code: r.Cause}))
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
	list, err := c.svc.Sales.RequestCancellation(c.ctx(), c.actor, id, reason)
	if err != nil {
		return reply{}, err
	}
	return accepted(each(list, c.wireCancellation))
}

func (c *call) withdrawCancellation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	r, err := c.svc.Sales.WithdrawCancellation(c.ctx(), c.actor, id)
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
	r, err := c.svc.Sales.AnswerCancellation(c.ctx(), c.actor, id, accept, reason)
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
	list, total, err := c.svc.Sales.Cancellations(c.ctx(), c.actor, sales.CancellationFilter{
		Direction: c.q("direction"), States: c.list("states"), SaleID: saleID, Page: page, PerPage: size,
	})
	if err != nil {
		return reply{}, err
	}
	rows := each(list, func(r db.CancellationListRow) listedCancellation {
		return listedCancellation{cancellationRow: c.wireCancellation(r.CancellationRequest), Partner: r.Partner}
	})
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
	state, err := c.svc.Sales.TakeCancellation(c.ctx(), c.actor, id, in)
	return okOr(state, err)
}

func (c *call) cancellationState() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	state, err := c.svc.Sales.CancellationState(c.ctx(), c.actor, id, c.q("reference"))
	return okOr(state, err)
}

func (c *call) takeBackCancellation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	state, err := c.svc.Sales.TakeBackCancellation(c.ctx(), c.actor, id, c.q("reference"))
	return okOr(state, err)
}
