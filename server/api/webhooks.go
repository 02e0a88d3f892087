package api

import (
	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
)

func wireWebhook(w db.Webhook) map[string]any {
	return map[string]any{
		"uuid": w.UUID, "event": w.Event, "target_url": w.TargetURL, "subscribed_at": salesdock.Stamp{Time: w.CreatedAt}, "state": w.State,
		"last_status": w.LastStatus, "last_at": stamp(w.LastAt), "failing_since": stamp(w.FailingSince),
	}
}

func (c *call) webhookEvents() (reply, error) { return ok(service.WebhookEvents(c.account)) }

func (c *call) webhooks() (reply, error) {
	list, err := c.svc.Webhooks(c.ctx(), c.actor, c.account)
	rows := make([]map[string]any, 0, len(list))
	for _, w := range list {
		row := wireWebhook(w.Webhook)
		row["waiting"] = w.Waiting
		rows = append(rows, row)
	}
	return okOr(rows, err)
}

func (c *call) subscribe() (reply, error) {
	var in struct {
		Event     salesdock.Text `json:"event"`
		TargetURL salesdock.Text `json:"target_url"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	w, secret, err := c.svc.Subscribe(c.ctx(), c.actor, c.account, string(in.Event), string(in.TargetURL))
	if err != nil {
		return reply{}, err
	}
	row := wireWebhook(w)
	row["secret"] = secret // in the answer to its creation only
	return created(row)
}

func (c *call) unsubscribe() (reply, error) {
	uuid := c.gin.Param("uuid")
	return okOr(map[string]any{"uuid": uuid}, c.svc.Unsubscribe(c.ctx(), c.actor, c.account, uuid))
}

func (c *call) resumeWebhook() (reply, error) {
	uuid := c.gin.Param("uuid")
	return okOr(map[string]any{"uuid": uuid}, c.svc.ResumeWebhook(c.ctx(), c.actor, c.account, uuid))
}
