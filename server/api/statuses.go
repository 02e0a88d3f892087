package api

import (
	"encoding/json"

	"koppel/linking"
	"koppel/salesdock"
)

// statusID is the status that something was done to.
type statusID struct {
	ID string `json:"id"`
}

func wireStatus(s linking.Status) salesdock.Status {
	return salesdock.Status{
		Source: statusSource, ID: salesdock.Text(s.ID), Name: salesdock.Text(s.Name), Text: salesdock.Text(s.Text), Type: salesdock.Text(s.Type), SourceData: json.RawMessage("null"),
	}
}

// statusSource is whose statuses there are here: leads and tasks have none.
const statusSource = "sale"

func (c *call) statuses() (reply, error) {
	if _, err := c.choice("status_source", statusSource); err != nil {
		return reply{}, err
	}
	list, err := c.svc.Catalogue.Statuses(c.ctx(), c.actor)
	return okOr(each(list, wireStatus), err)
}

func (c *call) saveStatus() (reply, error) {
	var in salesdock.Status
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	s, err := c.svc.Catalogue.SaveStatus(c.ctx(), c.actor, c.gin.Param("id"), linking.Status{ID: string(in.ID), Name: string(in.Name), Text: string(in.Text), Type: string(in.Type)})
	return c.saved(wireStatus(s), err)
}

func (c *call) deleteStatus() (reply, error) {
	id := c.gin.Param("id")
	return okOr(statusID{id}, c.svc.Catalogue.DeleteStatus(c.ctx(), c.actor, id))
}
