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
	lookAgain := workflow.GetSignalChannel(ctx, SignalLookAgain)
	drain := func() (drained bool) {
		for lookAgain.ReceiveAsync(nil) {
			drained = true
		}
		return drained
	}
	for {
		drain()
		step, err := deliverWebhook(ctx, in.LimitGroup, activities.WebhookInput{EnvironmentID: in.EnvironmentID, WebhookID: in.WebhookID})
		if err != nil {
			return err
		}
		if step.Ended && !drain() {
			return nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, DeliverWebhook, in)
		}
		if step.Wait > 0 {
			waitOrSignal(ctx, lookAgain, step.Wait)
		}
	}
}
