package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
)

func wireAgreement(a db.Agreement, detail bool) salesdock.Agreement {
	row := salesdock.Agreement{ID: salesdock.Int(a.ID)}
	row.SetMeaning(a.Definition, int(a.Sort), detail)
	return row
}

func (c *call) agreements() (reply, error) {
	detail, err := c.extended()
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Catalogue.Agreements(c.ctx(), c.actor)
	return okOr(each(list, func(a db.Agreement) salesdock.Agreement { return wireAgreement(a, detail) }), err)
}

func (c *call) agreement() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	a, err := c.svc.Catalogue.Agreement(c.ctx(), c.actor, id)
	return okOr(wireAgreement(a, true), err)
}

func (c *call) saveAgreement() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	var in salesdock.Agreement
	in.SetMeaning(linking.Agreement{Visible: true}, 0, true)
	if id != 0 {
		before, err := c.svc.Catalogue.Agreement(c.ctx(), c.actor, id)
		if err != nil {
			return reply{}, err
		}
		in = wireAgreement(before, true)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	meaning, err := in.Meaning()
	if err != nil {
		return reply{}, service.Unreadable(linking.InField("rule", err))
	}
	a, err := c.svc.Catalogue.SaveAgreement(c.ctx(), c.actor, id, meaning, int(in.Sort))
	return c.saved(wireAgreement(a, true), err)
}

func (c *call) deleteAgreement() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.Catalogue.DeleteAgreement(c.ctx(), c.actor, id) })
}
