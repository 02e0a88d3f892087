package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// DeliverWebhookName is the workflow's registered name.
const DeliverWebhookName = "DeliverWebhook"

// DeliverWebhookID names the workflow that delivers to one webhook.
func DeliverWebhookID(environmentID, webhookID int64) string {
	return fmt.Sprintf("webhook/%d/%d", environmentID, webhookID)
}

// DeliverWebhookInput names a webhook.
type DeliverWebhookInput struct {
	EnvironmentID int64
	WebhookID     int64
	LimitGroup    string
}

// DeliverWebhook delivers what there is to tell, in order, one request at a time. What is not taken waits, ever longer,
// as its row says; a signal (something new, or a person who resumed it) says to look again.
func DeliverWebhook(ctx workflow.Context, in DeliverWebhookInput) error {
	return deliver(ctx, DeliverWebhook, in, func() (delivered, error) {
		result, err := deliverWebhook(ctx, in.LimitGroup, activities.WebhookInput{EnvironmentID: in.EnvironmentID, WebhookID: in.WebhookID})
		return delivered{ended: result.Ended, wait: result.Wait}, err
	})
}
