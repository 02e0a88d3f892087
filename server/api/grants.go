package api

import (
	"koppel/salesdock"
)

// organisationProducts are the products that an organisation may sell.
type organisationProducts struct {
	Products []int64 `json:"products"`
}

// grantedProducts, grantedOrganisations and grantedFlows are what is granted after a change.
type grantedProducts struct {
	OrganisationID int64   `json:"organisation_id"`
	Products       []int64 `json:"products"`
}

type grantedOrganisations struct {
	ProductID     int64   `json:"product_id"`
	Organisations []int64 `json:"organisations"`
}

type grantedFlows struct {
	OrganisationID int64   `json:"organisation_id"`
	FlowIDs        []int64 `json:"flow_ids"`
}

func (c *call) organisationProducts() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	ids, err := c.svc.Catalogue.OrganisationProducts(c.ctx(), c.actor, id)
	return okOr(organisationProducts{ints(ids)}, err)
}

// idList reads a list of ids; a key that is absent gives nil, which means all.
type idList struct {
	Products      *[]salesdock.Int `json:"products"`
	Organisations *[]salesdock.Int `json:"organisations"`
	FlowIDs       *[]salesdock.Int `json:"flow_ids"`
	ProductIDs    *[]salesdock.Int `json:"product_ids"`
	Add           *[]salesdock.Int `json:"add"`
	Remove        *[]salesdock.Int `json:"remove"`
}

func idsOf(list *[]salesdock.Int) []int64 {
	if list == nil {
		return nil
	}
	ids := make([]int64, 0, len(*list))
	for _, id := range *list {
		ids = append(ids, int64(id))
	}
	return ids
}

func (c *call) grantProducts() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	ids, err := c.svc.Catalogue.GrantProducts(c.ctx(), c.actor, id, idsOf(in.Products))
	return okOr(grantedProducts{OrganisationID: id, Products: ints(ids)}, err)
}

func (c *call) bindIDs() (int64, *idList, error) {
	id, err := c.id("id")
	if err != nil {
		return 0, nil, err
	}
	in := &idList{}
	return id, in, c.bind(in)
}

func (c *call) grantProductTo() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	ids, err := c.svc.Catalogue.GrantProductTo(c.ctx(), c.actor, id, idsOf(in.Organisations))
	return okOr(grantedOrganisations{ProductID: id, Organisations: ints(ids)}, err)
}

func (c *call) grantFlows() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	if in.FlowIDs == nil {
		return reply{}, missing("flow_ids")
	}
	ids, err := c.svc.Catalogue.GrantFlows(c.ctx(), c.actor, id, idsOf(in.FlowIDs))
	return okOr(grantedFlows{OrganisationID: id, FlowIDs: ints(ids)}, err)
}
