package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
)

func wireQuestion(q db.ProductQuestion, detail bool) salesdock.Question {
	row := salesdock.Question{ID: salesdock.Int(q.ID)}
	row.SetMeaning(q.Definition, detail)
	if detail {
		row.CreatedAt, row.UpdatedAt = salesdock.Stamp{Time: q.CreatedAt}, salesdock.Stamp{Time: q.UpdatedAt}
	}
	return row
}

func (c *call) questions() (reply, error) {
	detail, err := c.extended()
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Catalogue.Questions(c.ctx(), c.actor)
	return okOr(each(list, func(q db.ProductQuestion) salesdock.Question { return wireQuestion(q, detail) }), err)
}

func (c *call) question() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	q, err := c.svc.Catalogue.Question(c.ctx(), c.actor, id)
	return okOr(wireQuestion(q, true), err)
}

func (c *call) saveQuestion() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	in := struct {
		salesdock.Question
		Sort salesdock.Int `json:"sort"`
	}{}
	in.SetMeaning(linking.Question{Visible: true, VisibleCustomer: true}, true)
	if id != 0 {
		before, err := c.svc.Catalogue.Question(c.ctx(), c.actor, id)
		if err != nil {
			return reply{}, err
		}
		in.Question, in.Sort = wireQuestion(before, true), salesdock.Int(before.Sort)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	meaning, err := in.Meaning()
	if err != nil {
		return reply{}, service.Unreadable(linking.InField("rule", err))
	}
	q, err := c.svc.Catalogue.SaveQuestion(c.ctx(), c.actor, id, meaning, int(in.Sort))
	return c.saved(wireQuestion(q, true), err)
}

func (c *call) deleteQuestion() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.Catalogue.DeleteQuestion(c.ctx(), c.actor, id) })
}
