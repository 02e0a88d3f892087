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

func (e testEnvironment) signalAfter(delay time.Duration, name string) {
	e.RegisterDelayedCallback(func() { e.SignalWorkflow(name, nil) }, delay)
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
	env.send(activities.SendSaleResult{State: "forwarded"}, nil)
	require.Equal(t, "forwarded", env.forward(t).State)
}

func TestForwardSaleWaitsForAPersonAndGoesOn(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: "action_required", Cause: "question_unmapped"}, nil)
	env.OnUpsertTypedSearchAttributes(temporal.NewSearchAttributes(workflows.AttributeReason.ValueSet("question_unmapped"))).Return(nil).Once()
	env.OnUpsertTypedSearchAttributes(temporal.NewSearchAttributes(workflows.AttributeReason.ValueUnset())).Return(nil).Once()
	env.signalAfter(72*time.Hour, workflows.SignalLookAgain)
	env.send(activities.SendSaleResult{State: "forwarded"}, nil)
	require.Equal(t, "forwarded", env.forward(t).State)
}

func TestForwardSaleWaitsUntilItIsDue(t *testing.T) {
	t.Parallel()
	env := setup(t)
	began := env.Now()
	env.send(activities.SendSaleResult{State: "waiting", DueAt: began.Add(48 * time.Hour)}, nil)
	env.send(activities.SendSaleResult{State: "forwarded"}, nil)
	env.forward(t)
	require.WithinDuration(t, began.Add(48*time.Hour), env.Now(), time.Minute)
}

// A sale that stops qualifying while it waits for its moment is withdrawn at once.
func TestForwardSaleIsWithdrawnWhileItWaits(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: "waiting", DueAt: env.Now().Add(48 * time.Hour)}, nil)
	env.signalAfter(time.Hour, workflows.SignalLookAgain)
	env.send(activities.SendSaleResult{State: "withdrawn"}, nil)
	require.Equal(t, "withdrawn", env.forward(t).State)
}

func TestForwardSaleRetriesWhatPasses(t *testing.T) {
	t.Parallel()
	env := setup(t)
	attempts := 0
	env.OnActivity("SendSale", mock.Anything, mock.Anything).Return(func(_ context.Context, _ activities.SendSaleInput) (activities.SendSaleResult, error) {
		if attempts++; attempts <= 8 {
			return activities.SendSaleResult{}, temporal.NewApplicationError("partner_unreachable", "partner_unreachable")
		}
		return activities.SendSaleResult{State: "forwarded"}, nil
	})
	began := env.Now()
	require.Equal(t, "forwarded", env.forward(t).State)
	require.Greater(t, env.Now().Sub(began), 5*time.Minute, "with backoff")
}

// The outcome of an attempt at a stock partner is unknown: its sales are looked through after a safe wait,
// and never is the sale sent again by itself.
func TestForwardSaleLooksForASaleWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.send(activities.SendSaleResult{State: "outcome_unknown", Cause: "outcome_unknown", Look: true}, nil)
	env.OnActivity("LookForSale", mock.Anything, mock.Anything).Return(activities.SendSaleResult{State: "forwarded"}, nil).Once()
	require.Equal(t, "forwarded", env.forward(t).State)
}
