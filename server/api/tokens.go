package api

import (
	"time"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service/access"
)

type tokenRow struct {
	ID          int64           `json:"id"`
	Name        string          `json:"name"`
	Prefix      string          `json:"prefix"`
	Integration bool            `json:"integration"`
	IPAllowlist []string        `json:"ip_allowlist"`
	CreatedAt   salesdock.Stamp `json:"created_at"`
	ExpiresAt   salesdock.Stamp `json:"expires_at"`
	RevokedAt   salesdock.Stamp `json:"revoked_at"`
	Token       string          `json:"token,omitempty"` // in the answer to its creation only
}

func wireToken(t db.Token) tokenRow {
	return tokenRow{
		ID: t.ID, Name: t.Name, Prefix: t.Prefix, Integration: t.Integration, IPAllowlist: append([]string{}, t.IPAllowlist...),
		CreatedAt: salesdock.Stamp{Time: t.CreatedAt}, ExpiresAt: salesdock.StampOf(t.ExpiresAt), RevokedAt: salesdock.StampOf(t.RevokedAt),
	}
}

func (c *call) tokens() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Access.Tokens(c.ctx(), c.actor, id)
	return okOr(each(list, wireToken), err)
}

func (c *call) createToken() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		Name        salesdock.Text  `json:"name"`
		Integration salesdock.Flag  `json:"integration"`
		IPAllowlist salesdock.Lines `json:"ip_allowlist"`
		ExpiresAt   salesdock.Stamp `json:"expires_at"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	input := access.TokenInput{Name: string(in.Name), Integration: bool(in.Integration), IPAllowlist: in.IPAllowlist}
	if !in.ExpiresAt.IsZero() {
		input.ExpiresAt = new(in.ExpiresAt.Truncate(time.Second))
	}
	t, text, err := c.svc.Access.CreateToken(c.ctx(), c.actor, id, input)
	row := wireToken(t)
	row.Token = text
	if err != nil {
		return reply{}, err
	}
	return created(row)
}

func (c *call) revokeToken() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	tokenID, err := c.id("token_id")
	if err != nil {
		return reply{}, err
	}
	return okOr(thingID{tokenID}, c.svc.Access.RevokeToken(c.ctx(), c.actor, id, tokenID))
}
