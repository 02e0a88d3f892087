package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/states"
	"koppel/workflows"
)

// A request is told, waited for, and heard of at once when a signal says that it was answered.
func TestRequestCancellationTellsAndWaits(t *testing.T) {
	t.Parallel()
	env := setup(t)
	in := activities.CancellationInput{EnvironmentID: 1, SaleID: 7}
	plan := func(p activities.CancellationPlan) {
		env.OnActivity("PlanCancellation", mock.Anything, in).Return(p, nil).Once()
	}
	plan(activities.CancellationPlan{RequestID: 3, LimitGroup: "g"})
	plan(activities.CancellationPlan{Wait: 6 * time.Hour})
	plan(activities.CancellationPlan{Ended: true})
	env.OnActivity("TellCancellation", mock.Anything, activities.TellCancellationInput{EnvironmentID: 1, RequestID: 3}).Return(nil).Once()
	env.signalAfter(time.Minute, states.SignalLookAgain)
	began := env.Now()
	env.ExecuteWorkflow(workflows.RequestCancellationName, workflows.RequestCancellationInput{EnvironmentID: 1, SaleID: 7})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.Less(t, env.Now().Sub(began), 2*time.Minute, "the signal cut the wait short")
}
