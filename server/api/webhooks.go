package api

import (
	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service/webhooks"
	"koppel/states"
)

// webhookRow is a webhook.
type webhookRow struct {
	UUID         string              `json:"uuid"`
	Event        string              `json:"event"`
	TargetURL    string              `json:"target_url"`
	SubscribedAt salesdock.Stamp     `json:"subscribed_at"`
	State        states.WebhookState `json:"state"`
	LastStatus   int32               `json:"last_status"`
	LastAt       salesdock.Stamp     `json:"last_at"`
	FailingSince salesdock.Stamp     `json:"failing_since"`
}

// listedWebhook says too how much waits for its receiver.
type listedWebhook struct {
	webhookRow
	Waiting int64 `json:"waiting"`
}

// createdWebhook has what its deliveries are signed with, in the answer to its creation only.
type createdWebhook struct {
	webhookRow
	Secret string `json:"secret"`
}

// webhookID is the webhook that something was done to.
type webhookID struct {
	UUID string `json:"uuid"`
}

func wireWebhook(w db.Webhook) webhookRow {
	return webhookRow{
		UUID: w.UUID.String(), Event: w.Event, TargetURL: w.TargetURL, SubscribedAt: salesdock.Stamp{Time: w.CreatedAt}, State: w.State,
		LastStatus: w.LastStatus, LastAt: stamp(w.LastAt), FailingSince: stamp(w.FailingSince),
	}
}

func (c *call) webhookEvents() (reply, error) { return ok(webhooks.WebhookEvents(c.account)) }

func (c *call) webhooks() (reply, error) {
	list, err := c.svc.Webhooks.List(c.ctx(), c.actor, c.account)
	return okOr(each(list, func(w db.WebhookListRow) listedWebhook {
		return listedWebhook{webhookRow: wireWebhook(w.Webhook), Waiting: w.Waiting}
	}), err)
}

func (c *call) subscribe() (reply, error) {
	var in struct {
		Event     salesdock.Text `json:"event"`
		TargetURL salesdock.Text `json:"target_url"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	w, secret, err := c.svc.Webhooks.Subscribe(c.ctx(), c.actor, c.account, string(in.Event), string(in.TargetURL))
	if err != nil {
		return reply{}, err
	}
	return created(createdWebhook{webhookRow: wireWebhook(w), Secret: secret})
}

func (c *call) unsubscribe() (reply, error) {
	uuid := c.gin.Param("uuid")
	return okOr(nothing{}, c.svc.Webhooks.Unsubscribe(c.ctx(), c.actor, c.account, uuid))
}

func (c *call) resumeWebhook() (reply, error) {
	uuid := c.gin.Param("uuid")
	return okOr(webhookID{uuid}, c.svc.Webhooks.ResumeWebhook(c.ctx(), c.actor, c.account, uuid))
}
