package api

import (
	"encoding/json"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/words"
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

func (c *call) wireTest(t service.ConnectionTest) map[string]any {
	warnings := []string{}
	for _, key := range t.Warnings {
		warnings = append(warnings, words.Say(c.actor.Language, key))
	}
	return map[string]any{
		"ok": t.OK, "reason": t.Reason, "message": words.Say(c.actor.Language, t.Sentence()), "warnings": warnings,
		"partner": map[string]any{"kind": t.Kind, "capabilities": t.Capabilities},
	}
}

func (c *call) testConnection() (reply, error) {
	var in connectionBody
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	t, err := c.svc.TestConnection(c.ctx(), c.actor, in.connection())
	return okOr(c.wireTest(t), err)
}

func wireIntegration(i db.Integration) map[string]any {
	return map[string]any{
		"id": i.ID, "name": i.Name, "account_name": i.AccountName, "base_url": i.BaseURL, "partner": map[string]any{"kind": i.PartnerKind, "capabilities": raw(i.Capabilities)},
		"state": i.State, "paused_reason": nullable(i.PausedReason), "last_synchronised_at": stamp(i.LastSynchronisedAt), "last_checked_at": stamp(i.LastCheckedAt),
		"created_at": salesdock.Stamp{Time: i.CreatedAt}, "settings": i.Settings,
		"sync_interval_minutes": i.Settings.SyncIntervalMinutes, "vanished_products": i.Settings.VanishedProducts, "forwarding": i.Settings.Forwarding,
		"rules": i.Settings.Rules, "status_updates": i.Settings.StatusUpdates, "status_poll_minutes": i.Settings.StatusPollMinutes, "send_optin": i.Settings.SendOptin,
		"requests_per_minute": i.Settings.RequestsPerMinute,
	}
}

func (c *call) integrations() (reply, error) {
	list, err := c.svc.Integrations(c.ctx(), c.actor)
	rows := make([]map[string]any, 0, len(list))
	for _, i := range list {
		rows = append(rows, wireIntegration(i))
	}
	return okOr(rows, err)
}

func (c *call) createIntegration() (reply, error) {
	var in connectionBody
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	i, t, err := c.svc.CreateIntegration(c.ctx(), c.actor, in.connection())
	if err != nil {
		return reply{}, err
	}
	row := wireIntegration(i)
	row["test"] = c.wireTest(t)
	return created(row)
}

func (c *call) integration() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	i, err := c.svc.Integration(c.ctx(), c.actor, id)
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
	i, err := c.svc.UpdateIntegration(c.ctx(), c.actor, id, service.IntegrationPatch{
		Name: in.Name, AccountName: in.AccountName, BaseURL: in.BaseURL, Token: in.Token, Settings: body,
	})
	return okOr(wireIntegration(i), err)
}

func (c *call) removeIntegration() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.RemoveIntegration(c.ctx(), c.actor, id) })
}

func (c *call) testIntegration() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	t, err := c.svc.TestIntegration(c.ctx(), c.actor, id)
	return okOr(c.wireTest(t), err)
}

func (c *call) integrationStatus() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.IntegrationState(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	waiting := map[string]int64{}
	for _, f := range s.Forwardings {
		waiting[f.State] += f.Sales
	}
	row := map[string]any{
		"state": s.State, "paused": s.State == "paused", "paused_reason": nullable(s.PausedReason), "last_error": nullable(s.LastError),
		"next_sync_at": salesdock.Stamp{Time: s.NextSyncAt}, "next_poll_at": salesdock.Stamp{Time: s.NextPollAt},
		"last_checked_at": stamp(s.LastCheckedAt), "last_polled_at": stamp(s.LastPolledAt), "forwardings": waiting, "running": nil, "queued": nil,
		"budget": wireBudget(s.Budget),
	}
	if s.Running != nil {
		row["running"] = wireRun(*s.Running)
	}
	if s.Queued != nil {
		row["queued"] = wireRun(*s.Queued)
	}
	return ok(row)
}

func wireBudget(b service.Budget) map[string]any {
	row := map[string]any{
		"requests_per_minute": nil, "learned": b.Learned, "shared_with": b.SharedWith, "used_last_minute": b.Total, "used": b.Used, "throttled_last_minute": b.Throttled,
		"waiting":        map[string]int64{"forwardings": b.Forwardings, "product_details": b.Details},
		"import_done_at": stamp(b.ImportDoneAt), "unanswered_since": stamp(b.CircuitSince), "next_probe_at": stamp(b.ProbeAt),
	}
	if b.PerMinute > 0 {
		row["requests_per_minute"] = b.PerMinute
	}
	return row
}

func (c *call) pauseIntegration() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.PauseIntegration(c.ctx(), c.actor, id) })
}

func (c *call) resumeIntegration() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.ResumeIntegration(c.ctx(), c.actor, id) })
}

func (c *call) offeredProducts() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.OfferedProducts(c.ctx(), c.actor, id)
	rows := make([]map[string]any, 0, len(list))
	for _, p := range list {
		row := map[string]any{
			"id": p.PartnerProductID, "name": p.Content.Name, "identifier": p.Content.Identifier, "type": p.Content.Type, "supplier_name": p.Content.SupplierName,
			"state": p.State, "selected": p.Selected, "product": nil,
		}
		if p.LocalProductID != nil {
			row["product"] = map[string]any{"id": *p.LocalProductID, "active": p.LocalActive, "deleted": p.Deleted}
		}
		rows = append(rows, row)
	}
	return okOr(rows, err)
}

func (c *call) selectProducts() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	if in.ProductIDs == nil && in.Add == nil && in.Remove == nil {
		return reply{}, missing("product_ids")
	}
	run, err := c.svc.SelectProducts(c.ctx(), c.actor, id, service.Selection{Products: idsOf(in.ProductIDs), Add: idsOf(in.Add), Remove: idsOf(in.Remove)})
	if err != nil {
		return reply{}, err
	}
	return accepted(map[string]any{"run_id": run.ID})
}

func (c *call) syncNow() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	run, err := c.svc.SyncNow(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return accepted(map[string]any{"run_id": run.ID})
}

func wireRun(r db.SyncRun) map[string]any {
	return map[string]any{
		"id": r.ID, "trigger": r.Trigger, "state": r.State, "reason": nullable(r.Reason), "created_at": salesdock.Stamp{Time: r.CreatedAt},
		"started_at": stamp(r.StartedAt), "finished_at": stamp(r.FinishedAt), "requests": r.Requests, "full_fetch": r.FullFetch,
		"counts": map[string]any{"added": r.Added, "changed": r.Changed, "unchanged": r.Unchanged, "deactivated": r.Deactivated, "deleted": r.Deleted, "failed": r.Failed},
	}
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
	list, total, err := c.svc.SyncRuns(c.ctx(), c.actor, id, page, size)
	if err != nil {
		return reply{}, err
	}
	rows := make([]map[string]any, 0, len(list))
	for _, r := range list {
		rows = append(rows, wireRun(r))
	}
	return ok(offsetPage(c, rows, page, size, total))
}

// runIDs reads the two ids of a run's path.
func (c *call) runIDs() (id, runID int64, err error) {
	if id, err = c.id("id"); err != nil {
		return 0, 0, err
	}
	runID, err = c.id("run_id")
	return id, runID, err
}

func (c *call) run() (reply, error) {
	id, runID, err := c.runIDs()
	if err != nil {
		return reply{}, err
	}
	run, changes, err := c.svc.SyncRun(c.ctx(), c.actor, id, runID)
	if err != nil {
		return reply{}, err
	}
	row := wireRun(run)
	products := make([]map[string]any, 0, len(changes))
	for _, ch := range changes {
		products = append(products, map[string]any{
			"partner_product_id": ch.PartnerProductID, "product_id": ch.ProductID, "name": ch.Name, "kind": ch.Kind, "fields": ch.Fields, "reason": nullable(ch.Reason),
		})
	}
	row["products"] = products
	return ok(row)
}

func (c *call) resolve(do func(id, runID int64) error) (reply, error) {
	id, runID, err := c.runIDs()
	if err != nil {
		return reply{}, err
	}
	return okOr(map[string]any{"run_id": runID}, do(id, runID))
}

func (c *call) confirmRun() (reply, error) {
	return c.resolve(func(id, runID int64) error { return c.svc.ConfirmRun(c.ctx(), c.actor, id, runID) })
}

func (c *call) dismissRun() (reply, error) {
	return c.resolve(func(id, runID int64) error { return c.svc.DismissRun(c.ctx(), c.actor, id, runID) })
}

func (c *call) undoRun() (reply, error) {
	return c.resolve(func(id, runID int64) error { return c.svc.UndoRun(c.ctx(), c.actor, id, runID) })
}
