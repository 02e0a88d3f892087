package api

import (
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
)

// saleID is the sale that was made, or that something was done to.
type saleID struct {
	SaleID int64 `json:"sale_id"`
}

// drySale is the answer to a dry run: nothing was made.
type drySale struct {
	SaleID *int64 `json:"sale_id"`
}

func (c *call) createSale() (reply, error) {
	values, raw, err := c.body()
	if err != nil {
		return reply{}, err
	}
	dryRun, err := c.flag("dry_run")
	if err != nil {
		return reply{}, err
	}
	id, err := c.svc.Sales.CreateSale(c.ctx(), c.actor, sales.CreateSaleInput{
		FlowType: c.gin.Param("flow_type"), FlowIdentifier: c.gin.Param("flow_identifier"), Body: values, Raw: raw, Key: c.gin.GetHeader("Idempotency-Key"),
		DryRun: dryRun != nil && *dryRun,
	})
	if err != nil {
		return reply{}, err
	}
	if id == 0 {
		return ok(drySale{})
	}
	return created(saleID{id})
}

func (c *call) saleFilter() (f sales.SaleFilter, err error) {
	f = sales.SaleFilter{
		Account: c.account, ExternalReference: c.q("external_reference"), Statuses: c.list("statuses"),
		OfferStatuses: c.list("offer_statuses"), ProductTypes: c.list("product_types"),
	}
	kind, err := c.choice("type", plainType, string(states.SaleOffer), string(states.SaleOrder))
	switch {
	case err != nil:
		return f, err
	case kind == plainType:
		f.Type = states.SaleOrder
	default:
		f.Type = states.SaleType(kind)
	}
	if err = among("offer_statuses", f.OfferStatuses, "open", "1", "0", "2"); err != nil {
		return f, err
	}
	if f.FlowID, err = c.optionalID("flow_id"); err != nil {
		return f, err
	}
	if f.SupplierID, err = c.optionalID("supplier_id"); err != nil {
		return f, err
	}
	if f.SaleIDs, err = c.numbers("sale_ids"); err != nil {
		return f, err
	}
	if f.Organisations, err = c.numbers("organisations"); err != nil {
		return f, err
	}
	if _, err = c.flag("include_concept_sales"); err != nil { // a concept is no sale here: with them or without, it is the same list
		return f, err
	}
	if f.PeriodOn, f.From, f.Till, err = c.period(createdDate, updatedDate, finalizedDate, cancelledDate, sentDate, sales.DeletedDate); err != nil {
		return f, err
	}
	f.Page, f.PerPage, err = c.page()
	return f, err
}

func (c *call) sales() (reply, error) {
	version, err := c.svc.Sales.SalesVersion(c.ctx(), c.actor, c.account)
	if err != nil {
		return reply{}, err
	}
	if c.unchanged(version) {
		return notModified()
	}
	if _, asked := c.query["changed_since"]; asked && !c.account {
		return c.saleChanges()
	}
	f, err := c.saleFilter()
	if err != nil {
		return reply{}, err
	}
	extended, err := c.extended()
	if err != nil {
		return reply{}, err
	}
	list, total, err := c.svc.Sales.List(c.ctx(), c.actor, f)
	if err != nil {
		return reply{}, err
	}
	if extended {
		return ok(offsetPage(c, each(list, wireSale), f.Page, f.PerPage, total))
	}
	return ok(offsetPage(c, each(list, plainSale), f.Page, f.PerPage, total))
}

func (c *call) saleChanges() (reply, error) {
	cursor, err := service.ParseCursor(c.q("changed_since"))
	if err != nil {
		return reply{}, err
	}
	list, next, more, err := c.svc.Sales.SaleChanges(c.ctx(), c.actor, cursor)
	if err != nil {
		return reply{}, err
	}
	return ok(cursorPage(c, each(list, wireSale), next, more, false))
}

func (c *call) sale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.Sales.Sale(c.ctx(), c.actor, id, c.account)
	if err != nil {
		return reply{}, err
	}
	return ok(saleDetail(s))
}

// saleDetail has beside the row what was submitted.
func saleDetail(s sales.SaleView) extendedSale {
	row := wireSale(s)
	row.Submitted = submitted(s.Submission)
	return row
}

func (c *call) saleAnswers() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.Sales.Sale(c.ctx(), c.actor, id, c.account)
	return okOr(s.Submission.Answers, err)
}

func (c *call) correctSale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		Customer salesdock.TextMap         `json:"customer"`
		Answers  map[string]linking.Answer `json:"answers"`
		Product  salesdock.Int             `json:"product_id"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	s, err := c.svc.Sales.CorrectSale(c.ctx(), c.actor, id, sales.Correction{Customer: in.Customer, Answers: in.Answers, ProductID: int64(in.Product)})
	if err != nil {
		return reply{}, err
	}
	return ok(saleDetail(s))
}
