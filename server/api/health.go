package api

import (
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/words"
)

// health is what is not mapped at a link, and what drifted since it was.
type health struct {
	OK    bool         `json:"ok"`
	Items []healthItem `json:"items"`
}

type healthItem struct {
	Part       linking.Part `json:"part"`
	Identifier string       `json:"identifier"`
	Name       string       `json:"name"`
	Unmapped   bool         `json:"unmapped"`
	Change     *string      `json:"change"`
	Class      string       `json:"class"`
	Old        *string      `json:"old"`
	New        *string      `json:"new"`
	Problem    *string      `json:"problem"`
	Sales      int64        `json:"sales"`
}

func (c *call) wireHealthItem(i integrations.HealthItem) healthItem {
	row := healthItem{
		Part: i.Part, Identifier: i.Identifier, Name: i.Name, Unmapped: i.Unmapped, Change: service.Optional(i.Change), Class: i.Class,
		Old: service.Optional(i.Old), New: service.Optional(i.New), Sales: i.Sales,
	}
	if i.Problem != nil {
		row.Problem = new(words.Problem(c.actor.Language, *i.Problem))
	}
	return row
}

func (c *call) integrationHealth() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	h, err := c.svc.Integrations.IntegrationHealth(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return ok(health{OK: h.OK, Items: each(h.Items, c.wireHealthItem)})
}

func (c *call) seenDrift() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		Part salesdock.Text `json:"part"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	if err := c.svc.Integrations.SeenDrift(c.ctx(), c.actor, id, linking.Part(in.Part)); err != nil {
		return reply{}, err
	}
	return ok(struct{}{})
}
