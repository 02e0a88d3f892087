package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/states"
)

func wireFlow(f db.Flow, detail bool) salesdock.Flow {
	row := salesdock.Flow{ID: salesdock.Int(f.ID), CreatedAt: salesdock.Stamp{Time: f.CreatedAt}, UpdatedAt: salesdock.Stamp{Time: f.UpdatedAt}}
	row.SetMeaning(f.Config, detail)
	return row
}

func (c *call) flows() (reply, error) {
	detail, err := c.extended()
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Catalogue.Flows(c.ctx(), c.actor, c.account)
	return okOr(each(list, func(f db.Flow) salesdock.Flow { return wireFlow(f, detail) }), err)
}

func (c *call) flow() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	f, err := c.svc.Catalogue.Flow(c.ctx(), c.actor, id, c.account)
	return okOr(wireFlow(f, true), err)
}

func (c *call) saveFlow() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	var in salesdock.Flow
	in.SetMeaning(linking.Flow{TransactionType: states.EverySaleType, VerificationMethod: "none"}, true)
	if id != 0 {
		before, err := c.svc.Catalogue.Flow(c.ctx(), c.actor, id, true)
		if err != nil {
			return reply{}, err
		}
		in = wireFlow(before, true)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	meaning := in.Meaning()
	meaning.ID = 0
	f, err := c.svc.Catalogue.SaveFlow(c.ctx(), c.actor, id, meaning)
	return c.saved(wireFlow(f, true), err)
}

func (c *call) deleteFlow() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.Catalogue.DeleteFlow(c.ctx(), c.actor, id) })
}
