package api

import "net/url"

func (c *call) createConcept() (reply, error) {
	values, _, err := c.body()
	if err != nil {
		return reply{}, err
	}
	uuid, err := c.svc.CreateConcept(c.ctx(), c.actor, values)
	if err != nil {
		return reply{}, err
	}
	form := c.svc.PublicURL + "/o/" + url.PathEscape(c.actor.Account) + "/sales/new?concept=" + uuid + "&kind="
	return created(map[string]any{"uuid": uuid, "order_url": form + "order", "offer_url": form + "offer"})
}

func (c *call) addOptin() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	values, _, err := c.body()
	if err != nil {
		return reply{}, err
	}
	return okOr(map[string]any{"sale_id": id}, c.svc.AddOptin(c.ctx(), c.actor, id, values))
}
