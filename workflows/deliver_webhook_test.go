package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
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
	env.signalAfter(time.Minute, states.SignalLookAgain)
	began := env.Now()
	env.ExecuteWorkflow(workflows.DeliverWebhookName, workflows.DeliverWebhookInput{EnvironmentID: 1, WebhookID: 4, LimitGroup: "g"})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.Less(t, env.Now().Sub(began), 2*time.Minute, "the signal cut the wait short")
}

// What has a long history goes on in a new run of the same workflow, and begins with what there is to tell by then.
func TestADeliveryGoesOnInANewRun(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]any{
		workflows.DeliverWebhookName: workflows.DeliverWebhookInput{EnvironmentID: 1, WebhookID: 4},
		workflows.NotifyPartnersName: workflows.NotifyPartnersInput{EnvironmentID: 1, LinkID: 4},
	} {
		env := setup(t)
		env.SetContinueAsNewSuggested(true)
		env.OnActivity("DeliverWebhook", mock.Anything, mock.Anything).Return(activities.WebhookResult{Wait: time.Hour}, nil).Maybe()
		env.OnActivity("Announce", mock.Anything, mock.Anything).Return(activities.AnnounceResult{More: true}, nil).Maybe()
		env.ExecuteWorkflow(name, in)
		var next *workflow.ContinueAsNewError
		require.ErrorAs(t, env.GetWorkflowError(), &next)
		require.Equal(t, name, next.WorkflowType.Name)
	}
}
