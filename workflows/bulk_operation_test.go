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

// An operation goes on step by step, waits as long as it is told, and hears a cancel at once.
func TestBulkOperationStepsUntilItEnds(t *testing.T) {
	t.Parallel()
	env := setup(t)
	in := activities.OperationInput{EnvironmentID: 1, OperationID: 9}
	step := func(result activities.OperationResult) {
		env.OnActivity("AdvanceOperation", mock.Anything, in).Return(result, nil).Once()
	}
	step(activities.OperationResult{Wait: time.Second})
	step(activities.OperationResult{Wait: time.Hour})
	step(activities.OperationResult{Ended: true})
	env.signalAfter(time.Minute, states.SignalLookAgain)
	began := env.Now()
	env.ExecuteWorkflow(workflows.BulkOperationName, workflows.BulkOperationInput{EnvironmentID: 1, OperationID: 9})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	require.Less(t, env.Now().Sub(began), 2*time.Minute, "the signal cut the hour short")
}
