package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
)

func wireOperation(o db.Operation) map[string]any {
	return map[string]any{
		"id": o.ID, "integration_id": o.IntegrationID, "kind": o.Kind, "state": o.State, "total": o.Total, "done": o.Done, "started": o.Started,
		"created_at": salesdock.Stamp{Time: o.CreatedAt}, "finished_at": stamp(o.FinishedAt),
	}
}

// startedOperation answers how many sales are concerned, and the operation that moves them, if they are many.
func startedOperation(count int, o *db.Operation) map[string]any {
	row := map[string]any{"count": count, "operation_id": nil}
	if o != nil {
		row["operation_id"] = o.ID
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
		from, err := service.ParseMoment(string(in.From))
		if err != nil {
			return reply{}, err
		}
		selection.From = &from
	}
	for _, status := range in.Statuses {
		selection.Statuses = append(selection.Statuses, string(status))
	}
	count, operation, err := c.svc.ForwardExisting(c.ctx(), c.actor, id, selection, bool(in.DryRun))
	if err != nil {
		return reply{}, err
	}
	if in.DryRun {
		return ok(startedOperation(count, nil))
	}
	return accepted(startedOperation(count, operation))
}

func (c *call) operation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	o, err := c.svc.Operation(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return ok(wireOperation(o))
}

func (c *call) cancelOperation() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.CancelOperation(c.ctx(), c.actor, id) })
}
