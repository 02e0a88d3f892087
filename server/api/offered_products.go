package api

import (
	"koppel/server/service/integrations"
)

// offeredProduct is what a partner offers, and what became of it here.
type offeredProduct struct {
	ID           int64            `json:"id"` // the partner's
	Name         string           `json:"name"`
	Identifier   string           `json:"identifier"`
	Type         string           `json:"type"`
	SupplierName string           `json:"supplier_name"`
	State        string           `json:"state"`
	Selected     bool             `json:"selected"`
	Product      *importedProduct `json:"product"`
}

// importedProduct is the product of ours that it became.
type importedProduct struct {
	ID      int64 `json:"id"`
	Active  bool  `json:"active"`
	Deleted bool  `json:"deleted"`
}

func wireOffered(p integrations.OfferedProduct) offeredProduct {
	row := offeredProduct{
		ID: p.PartnerProductID, Name: p.Content.Name, Identifier: p.Content.Identifier, Type: p.Content.Type, SupplierName: p.Content.SupplierName,
		State: p.State, Selected: p.Selected,
	}
	if p.LocalProductID != nil {
		row.Product = &importedProduct{ID: *p.LocalProductID, Active: p.LocalActive, Deleted: p.Deleted}
	}
	return row
}

func (c *call) offeredProducts() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Integrations.OfferedProducts(c.ctx(), c.actor, id)
	return okOr(each(list, wireOffered), err)
}

func (c *call) selectProducts() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	if in.ProductIDs == nil && in.Add == nil && in.Remove == nil {
		return reply{}, missing("product_ids")
	}
	run, err := c.svc.Integrations.SelectProducts(c.ctx(), c.actor, id, integrations.Selection{Products: idsOf(in.ProductIDs), Add: idsOf(in.Add), Remove: idsOf(in.Remove)})
	if err != nil {
		return reply{}, err
	}
	return accepted(runID{run.ID})
}
