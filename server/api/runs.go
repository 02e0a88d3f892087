package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// runRow is a run of a synchronisation.
type runRow struct {
	ID         int64             `json:"id"`
	Trigger    states.RunTrigger `json:"trigger"`
	State      states.RunState   `json:"state"`
	Reason     *states.Reason    `json:"reason"`
	CreatedAt  salesdock.Stamp   `json:"created_at"`
	StartedAt  salesdock.Stamp   `json:"started_at"`
	FinishedAt salesdock.Stamp   `json:"finished_at"`
	Requests   int32             `json:"requests"`
	FullFetch  bool              `json:"full_fetch"`
	Counts     runCounts         `json:"counts"`
}

type runCounts struct {
	Added       int32 `json:"added"`
	Changed     int32 `json:"changed"`
	Unchanged   int32 `json:"unchanged"`
	Deactivated int32 `json:"deactivated"`
	Deleted     int32 `json:"deleted"`
	Failed      int32 `json:"failed"`
}

// runDetail is a run with what it changed, and the rows that it could not read.
type runDetail struct {
	runRow
	Products []runChange   `json:"products"`
	SetAside []setAsideRow `json:"set_aside"`
}

type runChange struct {
	PartnerProductID int64                 `json:"partner_product_id"`
	ProductID        *int64                `json:"product_id"`
	Name             string                `json:"name"`
	Kind             states.ChangeKind     `json:"kind"`
	Fields           []linking.FieldChange `json:"fields"`
	Reason           *string               `json:"reason"`
}

// runID is the run that something was done to, or that was begun.
type runID struct {
	RunID int64 `json:"run_id"`
}

func wireRun(r db.SyncRun) runRow {
	return runRow{
		ID: r.ID, Trigger: r.Trigger, State: r.State, Reason: service.Optional(r.Reason), CreatedAt: salesdock.Stamp{Time: r.CreatedAt},
		StartedAt: stamp(r.StartedAt), FinishedAt: stamp(r.FinishedAt), Requests: r.Requests, FullFetch: r.FullFetch,
		Counts: runCounts{Added: r.Added, Changed: r.Changed, Unchanged: r.Unchanged, Deactivated: r.Deactivated, Deleted: r.Deleted, Failed: r.Failed},
	}
}

func wireRunChange(ch db.SyncRunChangesRow) runChange {
	return runChange{PartnerProductID: ch.PartnerProductID, ProductID: ch.ProductID, Name: ch.Name, Kind: ch.Kind, Fields: ch.Fields, Reason: service.Optional(ch.Reason)}
}

func (c *call) syncNow() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	run, err := c.svc.Integrations.SyncNow(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return accepted(runID{run.ID})
}

func (c *call) runs() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	page, size, err := c.page()
	if err != nil {
		return reply{}, err
	}
	list, total, err := c.svc.Integrations.SyncRuns(c.ctx(), c.actor, id, page, size)
	if err != nil {
		return reply{}, err
	}
	return ok(offsetPage(c, each(list, wireRun), page, size, total))
}

// runIDs reads the two ids of a run's path.
func (c *call) runIDs() (id, run int64, err error) {
	if id, err = c.id("id"); err != nil {
		return 0, 0, err
	}
	run, err = c.id("run_id")
	return id, run, err
}

func (c *call) run() (reply, error) {
	id, number, err := c.runIDs()
	if err != nil {
		return reply{}, err
	}
	run, changes, err := c.svc.Integrations.SyncRun(c.ctx(), c.actor, id, number)
	if err != nil {
		return reply{}, err
	}
	aside, err := c.svc.Integrations.RunSetAside(c.ctx(), c.actor, id, number)
	if err != nil {
		return reply{}, err
	}
	return ok(runDetail{runRow: wireRun(run), Products: each(changes, wireRunChange), SetAside: each(aside, wireSetAside)})
}

func (c *call) resolve(do func(id, run int64) error) (reply, error) {
	id, run, err := c.runIDs()
	if err != nil {
		return reply{}, err
	}
	return okOr(runID{run}, do(id, run))
}

func (c *call) confirmRun() (reply, error) {
	return c.resolve(func(id, run int64) error { return c.svc.Integrations.ConfirmRun(c.ctx(), c.actor, id, run) })
}

func (c *call) dismissRun() (reply, error) {
	return c.resolve(func(id, run int64) error { return c.svc.Integrations.DismissRun(c.ctx(), c.actor, id, run) })
}

func (c *call) undoRun() (reply, error) {
	return c.resolve(func(id, run int64) error { return c.svc.Integrations.UndoRun(c.ctx(), c.actor, id, run) })
}
