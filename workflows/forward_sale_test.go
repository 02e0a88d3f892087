package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"koppel/activities"
	"koppel/states"
	"koppel/workflows"
)

type testEnvironment struct {
	*testsuite.TestWorkflowEnvironment
}

func setup(t *testing.T) testEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	workflows.Register(env)
	workflows.RegisterPartner(env, &activities.Partner{})
	workflows.RegisterRecords(env, &activities.Records{})
	workflows.RegisterMail(env, &activities.Mail{})
	t.Cleanup(func() { env.AssertExpectations(t) })
	return testEnvironment{env}
}

var sale = workflows.ForwardSaleInput{EnvironmentID: 1, ForwardingID: 7, LimitGroup: "g"}

// send expects one SendSale and gives its answer.
func (e testEnvironment) send(result activities.SendSaleResult, err error) *testsuite.MockCallWrapper {
	return e.OnActivity("SendSale", mock.Anything, activities.SendSaleInput{EnvironmentID: 1, ForwardingID: 7}).Return(result, err).Once()
}

func (e testEnvironment) signalAfter(delay time.Duration, signal states.Signal) {
	e.RegisterDelayedCallback(func() { e.SignalWorkflow(string(signal), nil) }, delay)
}

func (e testEnvironment) forward(t *testing.T) workflows.ForwardSaleResult {
	t.Helper()
	e.ExecuteWorkflow(workflows.ForwardSaleName, sale)
	require.True(t, e.IsWorkflowCompleted())
	require.NoError(t, e.GetWorkflowError())
	var result workflows.ForwardSaleResult
	require.NoError(t, e.GetWorkflowResult(&result))
	return result
}

func TestForwardSaleIsForwardedAtTheFirstTry(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: states.ForwardingForwarded}, nil)
	require.Equal(t, states.ForwardingForwarded, env.forward(t).State)
}

func TestForwardSaleWaitsForAPersonAndGoesOn(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: states.ForwardingActionRequired, Cause: states.ProblemQuestionUnmapped}, nil)
	require.NoError(t, env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(workflows.AttributeEnvironment.ValueSet(1))))
	env.OnUpsertTypedSearchAttributes(temporal.NewSearchAttributes(workflows.AttributeReason.ValueSet("question_unmapped"))).Return(nil).Once()
	env.OnUpsertTypedSearchAttributes(temporal.NewSearchAttributes(workflows.AttributeReason.ValueUnset())).Return(nil).Once()
	env.signalAfter(72*time.Hour, states.SignalLookAgain)
	env.send(activities.SendSaleResult{State: states.ForwardingForwarded}, nil)
	require.Equal(t, states.ForwardingForwarded, env.forward(t).State)
}

// In a namespace that does not take search attributes runs start without them, and write none.
func TestForwardSaleWithoutSearchAttributes(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: states.ForwardingActionRequired, Cause: states.ProblemQuestionUnmapped}, nil)
	env.signalAfter(72*time.Hour, states.SignalLookAgain)
	env.send(activities.SendSaleResult{State: states.ForwardingForwarded}, nil)
	require.Equal(t, states.ForwardingForwarded, env.forward(t).State)
}

func TestForwardSaleWaitsUntilItIsDue(t *testing.T) {
	t.Parallel()
	env := setup(t)
	began := env.Now()
	env.send(activities.SendSaleResult{State: states.ForwardingWaiting, DueAt: began.Add(48 * time.Hour)}, nil)
	env.send(activities.SendSaleResult{State: states.ForwardingForwarded}, nil)
	env.forward(t)
	require.WithinDuration(t, began.Add(48*time.Hour), env.Now(), time.Minute)
}

// A sale that stops qualifying while it waits for its moment is withdrawn at once.
func TestForwardSaleIsWithdrawnWhileItWaits(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: states.ForwardingWaiting, DueAt: env.Now().Add(48 * time.Hour)}, nil)
	env.signalAfter(time.Hour, states.SignalLookAgain)
	env.send(activities.SendSaleResult{State: states.ForwardingWithdrawn}, nil)
	require.Equal(t, states.ForwardingWithdrawn, env.forward(t).State)
}

func TestForwardSaleRetriesWhatPasses(t *testing.T) {
	t.Parallel()
	env := setup(t)
	attempts := 0
	env.OnActivity("SendSale", mock.Anything, mock.Anything).Return(func(_ context.Context, _ activities.SendSaleInput) (activities.SendSaleResult, error) {
		if attempts++; attempts <= 8 {
			return activities.SendSaleResult{}, temporal.NewApplicationError("partner_unreachable", "partner_unreachable")
		}
		return activities.SendSaleResult{State: states.ForwardingForwarded}, nil
	})
	began := env.Now()
	require.Equal(t, states.ForwardingForwarded, env.forward(t).State)
	require.Greater(t, env.Now().Sub(began), 3*time.Minute, "with backoff")
}

// The outcome of an attempt at a stock partner is unknown: nothing is done until the integration, which looks for it,
// or a person says so.
func TestForwardSaleWaitsWhileItsOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: states.ForwardingOutcomeUnknown, Cause: states.ReasonUnknown}, nil)
	env.send(activities.SendSaleResult{State: states.ForwardingForwarded}, nil)
	env.signalAfter(24*time.Hour, states.SignalLookAgain)
	began := env.Now()
	require.Equal(t, states.ForwardingForwarded, env.forward(t).State)
	require.GreaterOrEqual(t, env.Now().Sub(began), 24*time.Hour)
}
