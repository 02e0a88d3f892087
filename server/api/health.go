package api

import "koppel/salesdock"

func (c *call) integrationHealth() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	h, err := c.svc.IntegrationHealth(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	items := make([]map[string]any, 0, len(h.Items))
	for _, i := range h.Items {
		items = append(items, map[string]any{
			"part": i.Part, "identifier": i.Identifier, "name": i.Name, "unmapped": i.Unmapped, "change": nullable(i.Change), "class": i.Class,
			"old": nullable(i.Old), "new": nullable(i.New), "sales": i.Sales,
		})
	}
	return ok(map[string]any{"ok": h.OK, "items": items})
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
	if err := c.svc.SeenDrift(c.ctx(), c.actor, id, string(in.Part)); err != nil {
		return reply{}, err
	}
	return ok(map[string]any{})
}
