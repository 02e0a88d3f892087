package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/workflows"
)

// Deliveries follow each other at once, wait where the receiver failed, and end when there is nothing more to tell.
func TestDeliverWebhookUntilThereIsNothingMore(t *testing.T) {
	t.Parallel()
	env := setup(t)
	in := activities.WebhookInput{EnvironmentID: 1, WebhookID: 4}
	for _, step := range []activities.WebhookResult{{}, {Wait: 5 * time.Second}, {Wait: 3 * time.Hour}, {}, {Ended: true}} {
		env.OnActivity("DeliverWebhook", mock.Anything, in).Return(step, nil).Once()
	}
	env.signalAfter(time.Minute, workflows.SignalLookAgain)
	began := env.Now()
	env.ExecuteWorkflow(workflows.DeliverWebhookName, workflows.DeliverWebhookInput{EnvironmentID: 1, WebhookID: 4, LimitGroup: "g"})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.Less(t, env.Now().Sub(began), 2*time.Minute, "the signal cut the wait short")
}
