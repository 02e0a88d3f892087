package api

import (
	"encoding/json"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/states"
)

// integrationRow is a link of ours towards a partner. Its settings are there twice: together, and each by itself.
type integrationRow struct {
	ID                 int64                   `json:"id"`
	Name               string                  `json:"name"`
	AccountName        string                  `json:"account_name"`
	BaseURL            string                  `json:"base_url"`
	Partner            linkedPartner           `json:"partner"`
	State              states.IntegrationState `json:"state"`
	PausedReason       *states.PausedReason    `json:"paused_reason"`
	LastSynchronisedAt salesdock.Stamp         `json:"last_synchronised_at"`
	LastCheckedAt      salesdock.Stamp         `json:"last_checked_at"`
	CreatedAt          salesdock.Stamp         `json:"created_at"`
	Together           linking.Settings        `json:"settings"`
	linking.Settings
}

type linkedPartner struct {
	Kind         states.PartnerKind `json:"kind"`
	Capabilities json.RawMessage    `json:"capabilities"` // as the partner told them
}

// createdIntegration says too what came of the test that was made first.
type createdIntegration struct {
	integrationRow
	Test connectionTest `json:"test"`
}

func wireIntegration(i db.Integration) integrationRow {
	return integrationRow{
		ID: i.ID, Name: i.Name, AccountName: i.AccountName, BaseURL: i.BaseURL, Partner: linkedPartner{Kind: i.PartnerKind, Capabilities: raw(i.Capabilities)},
		State: i.State, PausedReason: service.Optional(i.PausedReason), LastSynchronisedAt: stamp(i.LastSynchronisedAt), LastCheckedAt: stamp(i.LastCheckedAt),
		CreatedAt: salesdock.Stamp{Time: i.CreatedAt}, Together: i.Settings, Settings: i.Settings,
	}
}

func (c *call) integrations() (reply, error) {
	list, err := c.svc.Integrations.List(c.ctx(), c.actor)
	return okOr(each(list, wireIntegration), err)
}

func (c *call) createIntegration() (reply, error) {
	var in connectionBody
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	i, t, err := c.svc.Integrations.CreateIntegration(c.ctx(), c.actor, in.connection())
	if err != nil {
		return reply{}, err
	}
	return created(createdIntegration{integrationRow: wireIntegration(i), Test: c.wireTest(t)})
}

func (c *call) integration() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	i, err := c.svc.Integrations.Integration(c.ctx(), c.actor, id)
	return okOr(wireIntegration(i), err)
}

func (c *call) updateIntegration() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var body json.RawMessage
	if err := c.bind(&body); err != nil {
		return reply{}, err
	}
	var in connectionBody
	if err := decode(body, &in); err != nil {
		return reply{}, err
	}
	i, err := c.svc.Integrations.UpdateIntegration(c.ctx(), c.actor, id, integrations.IntegrationPatch{
		Name: in.Name, AccountName: in.AccountName, BaseURL: in.BaseURL, Token: in.Token, Settings: body,
	})
	return okOr(wireIntegration(i), err)
}

func (c *call) removeIntegration() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.Integrations.RemoveIntegration(c.ctx(), c.actor, id) })
}

func (c *call) pauseIntegration() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.Integrations.PauseIntegration(c.ctx(), c.actor, id) })
}

func (c *call) resumeIntegration() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.Integrations.ResumeIntegration(c.ctx(), c.actor, id) })
}
