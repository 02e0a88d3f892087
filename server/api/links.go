package api

import (
	"koppel/salesdock"
)

// linkAnswer is the answer to a link: what we can, so that what the other environment learned is put to use.
type linkAnswer struct {
	LinkID       int64                  `json:"link_id"`
	Capabilities salesdock.Capabilities `json:"capabilities"`
}

func (c *call) capabilities() (reply, error) { return ok(c.svc.Incoming.Capabilities(c.actor)) }

func (c *call) putLink() (reply, error) {
	var in salesdock.Link
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	link, err := c.svc.Incoming.PutLink(c.ctx(), c.actor, in)
	return okOr(linkAnswer{LinkID: link.ID, Capabilities: c.svc.Incoming.Capabilities(c.actor)}, err)
}

func (c *call) deleteLink() (reply, error) {
	return okOr(nil, c.svc.Incoming.EndLink(c.ctx(), c.actor))
}
