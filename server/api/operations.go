package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service/sales"
	"koppel/states"
)

// operationRow is something that is done to many sales, a few at a time.
type operationRow struct {
	ID            int64                 `json:"id"`
	IntegrationID int64                 `json:"integration_id"`
	Kind          states.OperationKind  `json:"kind"`
	State         states.OperationState `json:"state"`
	Total         int32                 `json:"total"`
	Done          int32                 `json:"done"`
	Started       int32                 `json:"started"`
	CreatedAt     salesdock.Stamp       `json:"created_at"`
	FinishedAt    salesdock.Stamp       `json:"finished_at"`
}

// startedOperation says how many sales are concerned, and which operation moves them; null: they are few, and go at once.
type startedOperation struct {
	Count       int    `json:"count"`
	OperationID *int64 `json:"operation_id"`
}

func wireOperation(o db.Operation) operationRow {
	return operationRow{
		ID: o.ID, IntegrationID: o.IntegrationID, Kind: o.Kind, State: o.State, Total: o.Total, Done: o.Done, Started: o.Started,
		CreatedAt: salesdock.Stamp{Time: o.CreatedAt}, FinishedAt: stamp(o.FinishedAt),
	}
}

func started(count int, o *db.Operation) startedOperation {
	row := startedOperation{Count: count}
	if o != nil {
		row.OperationID = &o.ID
	}
	return row
}

func (c *call) forwardExisting() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		From     salesdock.Text   `json:"from"`
		Statuses []salesdock.Text `json:"statuses"`
		DryRun   salesdock.Flag   `json:"dry_run"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	var selection linking.Selection
	if in.From != "" {
		from, err := sales.ParseMoment("from", string(in.From))
		if err != nil {
			return reply{}, err
		}
		selection.From = &from
	}
	for _, status := range in.Statuses {
		selection.Statuses = append(selection.Statuses, string(status))
	}
	count, operation, err := c.svc.Sales.ForwardExisting(c.ctx(), c.actor, id, selection, bool(in.DryRun))
	if err != nil {
		return reply{}, err
	}
	if in.DryRun {
		return ok(started(count, nil))
	}
	return accepted(started(count, operation))
}

func (c *call) operation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	o, err := c.svc.Sales.Operation(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return ok(wireOperation(o))
}

func (c *call) cancelOperation() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.Sales.CancelOperation(c.ctx(), c.actor, id) })
}
