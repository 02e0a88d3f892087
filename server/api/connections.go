package api

import (
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/states"
	"koppel/words"
)

type connectionBody struct {
	AccountName *string `json:"account_name"`
	BaseURL     *string `json:"base_url"`
	Token       *string `json:"token"`
	Name        *string `json:"name"`
}

func (b connectionBody) connection() service.Connection {
	text := func(t *string) string {
		if t == nil {
			return ""
		}
		return *t
	}
	return service.Connection{AccountName: text(b.AccountName), BaseURL: text(b.BaseURL), Token: text(b.Token)}
}

// connectionTest is what came of a test of a connection.
type connectionTest struct {
	OK       bool          `json:"ok"`
	Reason   string        `json:"reason"`
	Message  string        `json:"message"`
	Warnings []string      `json:"warnings"`
	Partner  testedPartner `json:"partner"`
}

type testedPartner struct {
	Kind         *states.PartnerKind    `json:"kind"` // null: nobody knows
	Capabilities salesdock.Capabilities `json:"capabilities"`
}

func (c *call) wireTest(t integrations.ConnectionTest) connectionTest {
	return connectionTest{
		OK: t.OK, Reason: t.Reason, Message: words.Say(c.actor.Language, t.Sentence()),
		Warnings: each(t.Warnings, func(key string) string { return words.Say(c.actor.Language, key) }),
		Partner:  testedPartner{Kind: service.Optional(t.Kind), Capabilities: t.Capabilities},
	}
}

func (c *call) testConnection() (reply, error) {
	var in connectionBody
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	t, err := c.svc.Integrations.TestConnection(c.ctx(), c.actor, in.connection())
	return okOr(c.wireTest(t), err)
}

func (c *call) testIntegration() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	t, err := c.svc.Integrations.TestIntegration(c.ctx(), c.actor, id)
	return okOr(c.wireTest(t), err)
}
