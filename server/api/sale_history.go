package api

import (
	"encoding/json"

	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// saleEvent is something that happened to a sale.
type saleEvent struct {
	Type           states.HistoryType `json:"type"`
	ModifiedAt     salesdock.Stamp    `json:"modified_at"`
	PreviousStatus *string            `json:"previous_status"`
	NewStatus      *string            `json:"new_status"`
	Remark         string             `json:"remark"`
	User           *eventUser         `json:"user"` // null: nobody, it came by itself
	TypeData       json.RawMessage    `json:"type_data"`
}

type eventUser struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func (c *call) saleHistory() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, users, err := c.svc.Sales.SaleHistory(c.ctx(), c.actor, id)
	rows := make([]saleEvent, 0, len(list))
	for _, h := range list {
		row := saleEvent{
			Type: h.Type, ModifiedAt: salesdock.Stamp{Time: h.ModifiedAt}, PreviousStatus: service.Optional(h.PreviousStatus), NewStatus: service.Optional(h.NewStatus),
			Remark: h.Remark, TypeData: raw(h.Data),
		}
		if h.UserID != nil {
			row.User = &eventUser{ID: *h.UserID, Name: users[*h.UserID]}
		}
		rows = append(rows, row)
	}
	return okOr(rows, err)
}
