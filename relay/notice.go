package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/workflows"
)

const (
	// noticeEvery is how often a server looks whether somebody ended a run by hand: two questions, however much runs.
	noticeEvery = 5 * time.Second
	// endedSince is how far back it looks for such runs, by our clock: Temporal's may be another.
	endedSince = 2 * time.Minute
)

// notice is what was seen at the last look.
type notice struct {
	ended map[string]bool // runs that somebody ended
	short int64           // runs that were missing
}

// noticeLoop has everything reconciled at once when somebody terminated, cancelled or deleted what should run.
func (r *Relay) noticeLoop(ctx context.Context) {
	var last notice
	for first := true; ctx.Err() == nil; pause(ctx, noticeEvery) {
		seen, err := r.look(ctx)
		if err != nil {
			if ctx.Err() == nil {
				r.Log.Debug("relay.notice.failed", zap.Error(err)) // reconciling says so too
			}
			continue
		}
		if !first && seen.isNews(last) {
			if _, err := r.Reconcile(ctx); err != nil && !errors.Is(err, ErrHeld) && ctx.Err() == nil {
				r.Log.Warn("relay.reconcile.failed", zap.Error(err))
				continue
			}
		}
		last, first = seen, false
	}
}

// isNews says whether a run was ended since, or more are missing than before. What is missing for a moment is started by the
// pass; what is missing for long, such as of a kind that cannot be started, is left to the passes that come anyway.
func (n notice) isNews(last notice) bool {
	for run := range n.ended {
		if !last.ended[run] {
			return true
		}
	}
	return n.short > last.short
}

// look asks for runs that somebody ended, and counts how many are missing: of a run that was deleted nothing is left to ask for.
func (r *Relay) look(ctx context.Context) (notice, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	seen := notice{ended: map[string]bool{}}
	ended, err := r.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: r.Namespace, PageSize: askedAtOnce,
		Query: fmt.Sprintf("TaskQueue = '%s' AND ExecutionStatus IN ('Terminated', 'Canceled') AND CloseTime > '%s'", workflows.TaskQueue, r.Now().Add(-endedSince).UTC().Format(time.RFC3339)),
	})
	if err != nil {
		return seen, fmt.Errorf("ask for runs that somebody ended: %w", err)
	}
	for _, e := range ended.GetExecutions() {
		seen.ended[e.GetExecution().GetRunId()] = true
	}
	running, err := r.Client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: r.Namespace,
		Query:     fmt.Sprintf("TaskQueue = '%s' AND ExecutionStatus = 'Running' AND WorkflowType IN ('%s', '%s')", workflows.TaskQueue, workflows.IntegrationName, workflows.ForwardSaleName),
	})
	if err != nil {
		return seen, fmt.Errorf("count what runs: %w", err)
	}
	return seen, r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		should, err := tx.SystemLongRuns(ctx, r.Now().Add(-reconcileAge))
		seen.short = max(0, should-running.GetCount())
		return err
	})
}
