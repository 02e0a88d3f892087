package api

import (
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service/sales"
)

// statusInput reads a status from the query, as the contract has it, or from the body.
func (c *call) statusInput() (sales.StatusInput, error) {
	var in struct {
		Status        salesdock.Text `json:"status"`
		Remark        salesdock.Text `json:"remark"`
		MarkProcessed salesdock.Flag `json:"mark_processed"`
	}
	if err := c.bind(&in); err != nil {
		return sales.StatusInput{}, err
	}
	input := sales.StatusInput{Status: string(in.Status), Remark: string(in.Remark), MarkProcessed: bool(in.MarkProcessed), Account: c.account}
	if status := c.q("status"); status != "" {
		input.Status = status
	}
	if remark := c.q("remark"); remark != "" {
		input.Remark = remark
	}
	mark, err := c.flag("mark_processed")
	if mark != nil {
		input.MarkProcessed = *mark
	}
	return input, err
}

func (c *call) setStatus(id int64, input sales.StatusInput) (reply, error) {
	_, err := c.svc.Sales.SetSaleStatus(c.ctx(), c.actor, id, input)
	return okOr(nothing{}, err)
}

func (c *call) updateStatus() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	input, err := c.statusInput()
	if err != nil {
		return reply{}, err
	}
	return c.setStatus(id, input)
}

func (c *call) updateStatusIncoming() (reply, error) {
	input, err := c.statusInput()
	if err != nil {
		return reply{}, err
	}
	id, err := c.svc.Sales.SaleIDByIncoming(c.ctx(), c.actor, c.gin.Param("incoming_id"))
	if err != nil {
		return reply{}, err
	}
	return c.setStatus(id, input)
}

func (c *call) cancelSale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	input, err := c.statusInput()
	if err != nil {
		return reply{}, err
	}
	if input.Status == "" {
		input.Status = linking.StatusCancelled
	}
	input.MustCancel = true
	return c.setStatus(id, input)
}
