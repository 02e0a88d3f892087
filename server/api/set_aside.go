package api

import (
	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/states"
)

// setAsideRow is a row of a partner that could not be read.
type setAsideRow struct {
	Kind      states.SetAsideKind `json:"kind"`
	PartnerID *string             `json:"partner_id"`
	Name      *string             `json:"name"`
	Field     *string             `json:"field"`
	Value     *string             `json:"value"`
	Reason    states.Reason       `json:"reason"`
}

// setAsideNow is one that is set aside still.
type setAsideNow struct {
	setAsideRow
	Kept       bool            `json:"kept"`
	RunID      *int64          `json:"run_id"`
	SaleID     *int64          `json:"sale_id"`
	Since      salesdock.Stamp `json:"since"`
	LastSeenAt salesdock.Stamp `json:"last_seen_at"`
}

// setAsideSum counts the rows that are set aside.
type setAsideSum struct {
	Count int64                         `json:"count"`
	Kinds map[states.SetAsideKind]int64 `json:"kinds"`
	Since salesdock.Stamp               `json:"since"` // the oldest
}

// setAside lists the rows of a partner that could not be read.
func (c *call) setAside() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Integrations.SetAside(c.ctx(), c.actor, id)
	return okOr(each(list, wireSetAsideNow), err)
}

func wireSetAsideNow(item db.SetAsideListRow) setAsideNow {
	r := item.SetAsideRow
	return setAsideNow{
		setAsideRow: wireSetAside(db.SyncRunSetAside{Kind: r.Kind, PartnerID: r.PartnerID, Name: r.Name, Field: r.Field, Value: r.Value, Reason: r.Reason}),
		Kept:        r.Kept, RunID: r.RunID, SaleID: item.SaleID, Since: salesdock.Stamp{Time: r.Since}, LastSeenAt: salesdock.Stamp{Time: r.LastSeenAt},
	}
}

func wireSetAside(r db.SyncRunSetAside) setAsideRow {
	return setAsideRow{
		Kind: r.Kind, PartnerID: service.Optional(r.PartnerID), Name: service.Optional(r.Name), Field: service.Optional(r.Field), Value: service.Optional(r.Value), Reason: r.Reason,
	}
}

func wireSetAsideSum(sum integrations.SetAsideSum) setAsideSum {
	kinds := sum.Kinds
	if kinds == nil {
		kinds = map[states.SetAsideKind]int64{}
	}
	return setAsideSum{Count: sum.Rows, Kinds: kinds, Since: salesdock.Stamp{Time: sum.Since}}
}
