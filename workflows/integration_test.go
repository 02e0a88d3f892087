package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
	"koppel/workflows"
)

var link = workflows.IntegrationInput{EnvironmentID: 1, IntegrationID: 2}

// plan expects the activity once and gives its answer.
func (e testEnvironment) plan(activity string, plan activities.IntegrationPlan) {
	e.OnActivity(activity, mock.Anything, activities.IntegrationInput{EnvironmentID: 1, IntegrationID: 2}).Return(plan, nil).Once()
}

// remove ends the workflow: the partner is told.
func (e testEnvironment) remove(after time.Duration) {
	e.signalAfter(after, states.SignalRemove)
	e.plan("PlanIntegration", activities.IntegrationPlan{State: states.IntegrationRemoved, Linked: true})
	e.OnActivity("EndLink", mock.Anything, mock.Anything).Return(nil).Once()
}

func (e testEnvironment) integrate(t *testing.T) {
	t.Helper()
	e.ExecuteWorkflow(workflows.IntegrationName, link)
	require.True(t, e.IsWorkflowCompleted())
	require.NoError(t, e.GetWorkflowError())
}

// A cycle in which nothing is new costs one activity.
func TestIntegrationChecksWhenDue(t *testing.T) {
	t.Parallel()
	env := setup(t)
	active := activities.IntegrationPlan{State: states.IntegrationActive, Linked: true}
	first, second := active, active
	first.CheckAt = env.Now().Add(time.Hour)
	second.CheckAt = env.Now().Add(2 * time.Hour)
	env.plan("PlanIntegration", first)
	env.plan("CheckProducts", second)
	env.remove(90 * time.Minute)
	env.integrate(t)
}

func TestIntegrationPollsBeforeItChecks(t *testing.T) {
	t.Parallel()
	env := setup(t)
	later := env.Now().Add(24 * time.Hour)
	env.plan("PlanIntegration", activities.IntegrationPlan{State: states.IntegrationActive, Linked: true, CheckAt: env.Now(), PollAt: env.Now()})
	env.plan("PollStatuses", activities.IntegrationPlan{State: states.IntegrationActive, Linked: true, CheckAt: env.Now(), PollAt: later})
	env.plan("CheckProducts", activities.IntegrationPlan{State: states.IntegrationActive, Linked: true, CheckAt: later, PollAt: later})
	env.remove(time.Hour)
	env.integrate(t)
}

func TestIntegrationTellsThePartnerFirst(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.plan("PlanIntegration", activities.IntegrationPlan{State: states.IntegrationActive, CheckAt: env.Now()})
	env.plan("TellPartner", activities.IntegrationPlan{State: states.IntegrationActive, Linked: true})
	env.remove(time.Hour)
	env.integrate(t)
}

// What the partner does not know yet is told at once, and again an hour later when it could not be.
func TestIntegrationTellsAgainWhatChanged(t *testing.T) {
	t.Parallel()
	env := setup(t)
	told := activities.IntegrationPlan{State: states.IntegrationActive, Linked: true}
	untold := told
	untold.Untold = true
	env.plan("PlanIntegration", untold)
	env.plan("TellPartner", told)
	env.signalAfter(time.Minute, states.SignalSyncFinished)
	env.plan("PlanIntegration", untold)
	env.OnActivity("TellPartner", mock.Anything, mock.Anything).Return(activities.IntegrationPlan{}, temporal.NewNonRetryableApplicationError("no", "unreachable", nil)).Once()
	env.plan("PlanIntegration", untold)
	env.plan("TellPartner", told)
	env.remove(2 * time.Hour)
	start := env.Now()
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == "TellPartner" {
			require.Contains(t, []time.Duration{0, time.Minute, time.Minute + time.Hour}, env.Now().Sub(start).Round(time.Minute))
		}
	})
	env.integrate(t)
}

func TestIntegrationPausedDoesNothing(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.plan("PlanIntegration", activities.IntegrationPlan{State: states.IntegrationPaused, Linked: true, CheckAt: env.Now(), PollAt: env.Now(), RunID: 3})
	env.remove(24 * time.Hour)
	env.integrate(t)
}

// Synchroniseer nu starts the queued run; its end is reported by a signal, and the plan is read again.
func TestIntegrationStartsAQueuedRun(t *testing.T) {
	t.Parallel()
	env := setup(t)
	idle := activities.IntegrationPlan{State: states.IntegrationActive, Linked: true}
	queued := idle
	queued.RunID = 9
	env.plan("PlanIntegration", idle)
	env.signalAfter(time.Minute, states.SignalSyncNow)
	env.plan("PlanIntegration", queued)
	env.OnWorkflow(workflows.SyncProductsName, mock.Anything, workflows.SyncProductsInput{EnvironmentID: 1, IntegrationID: 2, RunID: 9}).Return(nil).Once()
	env.signalAfter(2*time.Minute, states.SignalSyncFinished)
	env.plan("PlanIntegration", idle)
	env.remove(time.Hour)
	env.integrate(t)
}

// A person confirms a braked run in the moment between its report and its workflow's end: it is started again
// as soon as the first one has ended, not when it has been silent for long.
func TestIntegrationStartsARunAgainThatIsJustEnding(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := testEnvironment{suite.NewTestWorkflowEnvironment()}
	env.RegisterWorkflowWithOptions(workflows.Integration, workflow.RegisterOptions{Name: workflows.IntegrationName})
	workflows.RegisterPartner(env, &activities.Partner{})
	workflows.RegisterRecords(env, &activities.Records{})
	workflows.RegisterMail(env, &activities.Mail{})
	var runs []time.Time
	ending := func(ctx workflow.Context, _ workflows.SyncProductsInput) error {
		runs = append(runs, workflow.Now(ctx))
		if len(runs) > 1 {
			return nil
		}
		if err := workflow.SignalExternalWorkflow(ctx, workflow.GetInfo(ctx).ParentWorkflowExecution.ID, "", string(states.SignalSyncFinished), nil).Get(ctx, nil); err != nil {
			return err
		}
		return workflow.Sleep(ctx, time.Second) // it is still there when the confirmed run is to begin
	}
	env.RegisterWorkflowWithOptions(ending, workflow.RegisterOptions{Name: workflows.SyncProductsName})
	idle := activities.IntegrationPlan{State: states.IntegrationActive, Linked: true}
	confirmed := idle
	confirmed.RunID = 9
	env.OnActivity("PlanIntegration", mock.Anything, mock.Anything).Return(confirmed, nil).Times(3)
	env.signalAfter(time.Minute, states.SignalSyncFinished)
	env.plan("PlanIntegration", idle)
	env.remove(time.Hour)
	env.integrate(t)
	require.Len(t, runs, 2)
	require.Less(t, runs[1].Sub(runs[0]), 10*time.Second)
}

// Unknown outcomes are looked for a page a step, before anything else; a day's sweep comes when it is due.
func TestIntegrationLooksForUnknownOutcomesAndSweeps(t *testing.T) {
	t.Parallel()
	env := setup(t)
	later := env.Now().Add(24 * time.Hour)
	active := func(look, sweep time.Time) activities.IntegrationPlan {
		return activities.IntegrationPlan{State: states.IntegrationActive, Linked: true, LookAt: look, SweepAt: sweep, CheckAt: later}
	}
	env.plan("PlanIntegration", active(env.Now().Add(time.Minute), env.Now().Add(2*time.Minute)))
	env.plan("LookForSales", active(env.Now().Add(time.Minute), env.Now().Add(2*time.Minute))) // another page, at once
	env.plan("LookForSales", active(time.Time{}, env.Now().Add(2*time.Minute)))
	env.plan("SweepStatuses", active(time.Time{}, later))
	env.remove(time.Hour)
	env.integrate(t)
}

// A paused link does nothing but look, when it is time, whether its token is accepted again; then it goes on by itself.
func TestAPausedIntegrationLooksAtItsTokenAlone(t *testing.T) {
	t.Parallel()
	env := setup(t)
	began := env.Now()
	paused := activities.IntegrationPlan{State: states.IntegrationPaused, Linked: true, CheckAt: began, PollAt: began, ProbeAt: began.Add(time.Minute)}
	later := paused
	later.ProbeAt = began.Add(6 * time.Minute)
	env.plan("PlanIntegration", paused)
	env.plan("ProbeToken", later)
	env.plan("ProbeToken", activities.IntegrationPlan{State: states.IntegrationActive, Linked: true, CheckAt: began})
	env.plan("CheckProducts", activities.IntegrationPlan{State: states.IntegrationActive, Linked: true, CheckAt: began.Add(24 * time.Hour)})
	env.remove(time.Hour)
	env.integrate(t)
}

// A person's pause has nothing to look at: only a signal ends it.
func TestAnIntegrationThatAPersonPausedWaits(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.plan("PlanIntegration", activities.IntegrationPlan{State: states.IntegrationPaused, Linked: true, CheckAt: env.Now(), PollAt: env.Now()})
	env.remove(24 * time.Hour)
	env.integrate(t)
}
