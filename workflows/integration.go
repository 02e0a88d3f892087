package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
)

// IntegrationName is the workflow's registered name.
const IntegrationName = "Integration"

// IntegrationID names the one workflow of an integration.
func IntegrationID(environmentID, integrationID int64) string {
	return fmt.Sprintf("integration/%d/%d", environmentID, integrationID)
}

// IntegrationInput names an integration.
type IntegrationInput struct {
	EnvironmentID int64
	IntegrationID int64
}

// afterFailure is how long an integration rests when a step failed for good.
const afterFailure = 5 * time.Minute

// runSilence is how long a run may take before its workflow is started again, in case it is gone. A run that
// was confirmed while its workflow was just ending is tried again after endingRun, and then ever later: it is
// either over in a moment, or really under way.
const (
	runSilence = 15 * time.Minute
	endingRun  = 2 * time.Second
)

// tellAgain is how long a partner that could not be told who we are is left alone: polling goes on without.
const tellAgain = time.Hour

type integration struct {
	in      activities.IntegrationInput
	plan    activities.IntegrationPlan
	started int64         // the run whose workflow was started here
	again   time.Duration // after which it is tried again, because its last workflow was still there
	restTo  time.Time
	tellAt  time.Time // the partner was told who we are, or could not be: not again until then
	// untoldAt is the same for what changed since. It is apart from tellAt, which histories of before were made by.
	untoldAt time.Time
}

// Integration keeps one link alive: it checks the partner's products, polls statuses, and starts sync runs.
// It lives as long as the integration.
func Integration(ctx workflow.Context, in IntegrationInput) error {
	w := integration{in: activities.IntegrationInput{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID}}
	return w.run(ctx, in)
}

func (w *integration) run(ctx workflow.Context, in IntegrationInput) error {
	if err := w.read(ctx); err != nil {
		return err
	}
	for {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			w.drain(ctx) // the next run begins by reading everything
			return workflow.NewContinueAsNewError(ctx, Integration, in)
		}
		if w.plan.State == states.IntegrationRemoved {
			return w.end(ctx)
		}
		if err := w.startRun(ctx); err != nil {
			return err
		}
		acted, err := w.step(ctx)
		if err != nil {
			return err
		}
		signalled := w.drain(ctx)
		if !acted && !signalled {
			signalled = w.wait(ctx)
		}
		if !signalled {
			continue
		}
		if err := w.read(ctx); err != nil {
			return err
		}
	}
}

func (w *integration) read(ctx workflow.Context) (err error) {
	w.plan, err = planIntegration(ctx, w.in)
	return err
}

// step does the first thing that is due, and says whether there was one.
func (w *integration) step(ctx workflow.Context) (bool, error) {
	now := workflow.Now(ctx)
	probe := !w.plan.ProbeAt.IsZero() && !w.plan.ProbeAt.After(now) // also while the link is paused: that is what ends it
	if now.Before(w.restTo) || w.plan.State != states.IntegrationActive && !probe {
		return false, nil
	}
	if probe {
		return true, w.do(ctx, probeToken)
	}
	if !w.plan.Linked && !now.Before(w.tellAt) || w.plan.Untold && !now.Before(w.untoldAt) {
		return true, w.tell(ctx)
	}
	var do func(workflow.Context, string, activities.IntegrationInput) (activities.IntegrationPlan, error)
	switch {
	case !w.plan.LookAt.IsZero() && !w.plan.LookAt.After(now):
		do = lookForSales
	case !w.plan.PollAt.IsZero() && !w.plan.PollAt.After(now):
		do = pollStatuses
	case !w.plan.SweepAt.IsZero() && !w.plan.SweepAt.After(now):
		do = sweepStatuses
	case !w.plan.CheckAt.IsZero() && !w.plan.CheckAt.After(now) && w.plan.RunID == 0:
		do = checkProducts
	default:
		return false, nil
	}
	return true, w.do(ctx, do)
}

// do has an activity done, and takes the plan that it gives. When it failed for good, the integration rests.
func (w *integration) do(ctx workflow.Context, do func(workflow.Context, string, activities.IntegrationInput) (activities.IntegrationPlan, error)) error {
	plan, err := do(ctx, w.plan.LimitGroup, w.in)
	switch {
	case err == nil:
		w.plan = plan
		return nil
	case temporal.IsCanceledError(err):
		return err
	}
	w.restTo = workflow.Now(ctx).Add(afterFailure)
	return w.read(ctx)
}

// tell tells the partner who we are and what we imported. Without that it announces nothing, and everything else works.
func (w *integration) tell(ctx workflow.Context) error {
	w.tellAt = workflow.Now(ctx).Add(tellAgain)
	plan, err := tellPartner(ctx, w.plan.LimitGroup, w.in)
	if err != nil {
		w.untoldAt = workflow.Now(ctx).Add(tellAgain)
		return w.read(ctx)
	}
	w.plan = plan
	return nil
}

// startRun starts the workflow of a run that waits. Starting it twice is harmless: its id has the run's.
func (w *integration) startRun(ctx workflow.Context) error {
	if w.plan.State != states.IntegrationActive || w.plan.RunID == 0 || w.plan.RunID == w.started {
		return nil
	}
	attributes := temporal.SearchAttributes{}
	if hasAttributes(ctx) {
		attributes = temporal.NewSearchAttributes(AttributeEnvironment.ValueSet(w.in.EnvironmentID), AttributeIntegration.ValueSet(w.in.IntegrationID))
	}
	options := workflow.ChildWorkflowOptions{
		WorkflowID:            SyncProductsID(w.in.EnvironmentID, w.in.IntegrationID, w.plan.RunID),
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		TypedSearchAttributes: attributes,
	}
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, options), SyncProductsName, SyncProductsInput{
		EnvironmentID: w.in.EnvironmentID, IntegrationID: w.in.IntegrationID, RunID: w.plan.RunID, LimitGroup: w.plan.LimitGroup,
	})
	err := child.GetChildWorkflowExecution().Get(ctx, nil)
	switch {
	case err == nil:
		w.again = 0
	case temporal.IsWorkflowExecutionAlreadyStartedError(err):
		w.again = min(max(2*w.again, endingRun), runSilence)
	default:
		return err
	}
	w.started = w.plan.RunID
	return nil
}

// wait stays until something is due, or a signal came; it says which.
func (w *integration) wait(ctx workflow.Context) (signalled bool) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	selector := workflow.NewSelector(ctx)
	for _, signal := range IntegrationSignals {
		selector.AddReceive(listen(ctx, signal), func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, nil)
			signalled = true
			if signal == states.SignalSyncFinished {
				w.started, w.again = 0, 0 // the run may have been confirmed, and wait again under the same id
			}
		})
	}
	if next := w.next(ctx); !next.IsZero() {
		selector.AddFuture(workflow.NewTimer(timerCtx, max(0, next.Sub(workflow.Now(ctx)))), func(workflow.Future) {
			if w.plan.RunID != 0 {
				w.started, signalled = 0, true // it should have reported by now: see whether it still runs
			}
		})
	}
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {
		signalled = true // cancelled: reading ends the run, and another one is started
	})
	selector.Select(ctx)
	if w.drain(ctx) {
		signalled = true
	}
	return signalled
}

// next is when something is due; zero when only a signal can bring it.
func (w *integration) next(ctx workflow.Context) time.Time {
	var next time.Time
	consider := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if consider(w.plan.ProbeAt); w.plan.State != states.IntegrationActive && next.IsZero() {
		return next
	} else if w.plan.State != states.IntegrationActive {
		return w.rested(ctx, next)
	}
	consider(w.plan.LookAt)
	consider(w.plan.PollAt)
	consider(w.plan.SweepAt)
	if !w.plan.Linked {
		consider(w.tellAt)
	}
	if w.plan.Untold {
		consider(w.untoldAt)
	}
	if w.plan.RunID == 0 {
		consider(w.plan.CheckAt)
	} else {
		silence := runSilence
		if w.again > 0 {
			silence = w.again
		}
		consider(workflow.Now(ctx).Add(silence))
	}
	return w.rested(ctx, next)
}

// rested puts off what is due until the integration has rested.
func (w *integration) rested(ctx workflow.Context, next time.Time) time.Time {
	if next.Before(w.restTo) && workflow.Now(ctx).Before(w.restTo) {
		return w.restTo
	}
	return next
}

// drain forgets signals: what they announced is read from the row next.
func (w *integration) drain(ctx workflow.Context) (drained bool) {
	for _, signal := range IntegrationSignals {
		for listen(ctx, signal).ReceiveAsync(nil) {
			drained = true
			if signal == states.SignalSyncFinished {
				w.started, w.again = 0, 0
			}
		}
	}
	return drained
}

// end tells the partner, as far as it can be told.
func (w *integration) end(ctx workflow.Context) error {
	if w.plan.Linked {
		if err := endLink(ctx, w.plan.LimitGroup, w.in); err != nil {
			workflow.GetLogger(ctx).Info("the partner was not told that the link ended")
		}
	}
	return nil
}
