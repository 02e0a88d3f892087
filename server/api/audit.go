package api

import (
	"encoding/json"

	"koppel/db"
	"koppel/salesdock"
)

// auditLine says who changed what.
type auditLine struct {
	ID       int64           `json:"id"`
	Action   string          `json:"action"`
	Entity   string          `json:"entity"`
	EntityID string          `json:"entity_id"`
	UserID   *int64          `json:"user_id"`  // null: it came by itself, from an operator, or somebody who was not let in
	Operator *string         `json:"operator"` // who did it on the command line of the deployment
	Address  string          `json:"address"`  // from where
	Request  string          `json:"request"`  // its number, as X-Request-Id
	Old      json.RawMessage `json:"old"`
	New      json.RawMessage `json:"new"`
	At       salesdock.Stamp `json:"at"`
}

func wireAudit(l db.AuditLog) auditLine {
	return auditLine{ID: l.ID, Action: l.Action, Entity: l.Entity, EntityID: l.EntityID, UserID: l.UserID, Operator: l.Operator, Address: l.Address, Request: l.Request, Old: raw(l.Old), New: raw(l.New), At: salesdock.Stamp{Time: l.At}}
}

func (c *call) audit() (reply, error) {
	list, err := c.svc.AuditLog(c.ctx(), c.actor, c.q("entity"))
	return okOr(each(list, wireAudit), err)
}
