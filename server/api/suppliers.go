package api

import (
	"koppel/db"
	"koppel/salesdock"
)

func wireSupplier(s db.Supplier) salesdock.Supplier {
	return salesdock.Supplier{
		ID: salesdock.Int(s.ID), Name: salesdock.Text(s.Name), Text: salesdock.Text(s.Text), Identifier: salesdock.Text(s.Identifier),
		Description: salesdock.Text(s.Description), Active: salesdock.Flag(s.Active),
	}
}

func (c *call) suppliers() (reply, error) {
	list, err := c.svc.Catalogue.Suppliers(c.ctx(), c.actor)
	return okOr(each(list, wireSupplier), err)
}

func (c *call) supplier() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.Catalogue.Supplier(c.ctx(), c.actor, id)
	return okOr(wireSupplier(s), err)
}

func (c *call) saveSupplier() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	in := salesdock.Supplier{Active: true}
	if id != 0 {
		before, err := c.svc.Catalogue.Supplier(c.ctx(), c.actor, id)
		if err != nil {
			return reply{}, err
		}
		in = wireSupplier(before)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	s, err := c.svc.Catalogue.SaveSupplier(c.ctx(), c.actor, db.Supplier{
		ID: id, Name: string(in.Name), Identifier: string(in.Identifier), Description: string(in.Description), Text: string(in.Text), Active: bool(in.Active),
	})
	return c.saved(savedSupplier{s.ID, wireSupplier(s)}, err)
}

// supplierID is the supplier that something was done to.
type supplierID struct {
	SupplierID int64 `json:"supplier_id"`
}

// savedSupplier is one with the name that its number has in the contract's answers.
type savedSupplier struct {
	SupplierID int64 `json:"supplier_id"`
	salesdock.Supplier
}

func (c *call) deleteSupplier() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return okOr(supplierID{id}, c.svc.Catalogue.DeleteSupplier(c.ctx(), c.actor, id))
}
