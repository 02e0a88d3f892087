package api

import (
	"net/url"

	"koppel/states"
)

// conceptCreated is a concept transaction, and the order forms that are filled in from it.
type conceptCreated struct {
	UUID     string `json:"uuid"`
	OrderURL string `json:"order_url"`
	OfferURL string `json:"offer_url"`
}

func (c *call) createConcept() (reply, error) {
	values, _, err := c.body()
	if err != nil {
		return reply{}, err
	}
	uuid, err := c.svc.Sales.CreateConcept(c.ctx(), c.actor, values)
	if err != nil {
		return reply{}, err
	}
	form := c.svc.PublicURL + "/o/" + url.PathEscape(c.actor.Account) + "/sales/new?concept=" + uuid + "&kind="
	return created(conceptCreated{UUID: uuid, OrderURL: form + string(states.SaleOrder), OfferURL: form + string(states.SaleOffer)})
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
	if err := c.svc.Sales.AddOptin(c.ctx(), c.actor, id, values); err != nil {
		return reply{}, err
	}
	return created(nothing{})
}
