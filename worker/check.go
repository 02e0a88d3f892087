package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"koppel/workflows"
)

const (
	checkedAtOnce = 8
	checkedPage   = 200
)

// Broken is an open workflow that code would not go on with.
type Broken struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	Type       string `json:"type"`
	Why        string `json:"why"`
}

// Check replays every open workflow with what register registers, and gives those that would break. Nothing is changed
// in Temporal. What ends meanwhile is replayed as well as it can be read, and is no failure when it is gone.
func Check(ctx context.Context, c client.Client, namespace string, register func(workflows.WorkflowRegistry)) (looked int, broken []Broken, err error) {
	var mu sync.Mutex
	var token []byte
	for {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace, PageSize: checkedPage, NextPageToken: token, Query: "ExecutionStatus = 'Running' AND TaskQueue = '" + workflows.TaskQueue + "'",
		})
		if err != nil {
			return looked, broken, fmt.Errorf("list open workflows: %w", err)
		}
		group, checking := errgroup.WithContext(ctx)
		group.SetLimit(checkedAtOnce)
		for _, open := range page.GetExecutions() {
			group.Go(func() error {
				why, err := checkOne(checking, c, open, register)
				mu.Lock()
				defer mu.Unlock()
				looked++
				if why != nil {
					broken = append(broken, Broken{open.GetExecution().GetWorkflowId(), open.GetExecution().GetRunId(), open.GetType().GetName(), why.Error()})
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return looked, broken, err
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return looked, broken, nil
		}
	}
}

func checkOne(ctx context.Context, c client.Client, open *workflow.WorkflowExecutionInfo, register func(workflows.WorkflowRegistry)) (why, err error) {
	id, run := open.GetExecution().GetWorkflowId(), open.GetExecution().GetRunId()
	recorded := &history.History{}
	events := c.GetWorkflowHistory(ctx, id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		var gone *serviceerror.NotFound
		if errors.As(err, &gone) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", id, err)
		}
		recorded.Events = append(recorded.Events, event)
	}
	if !decided(recorded.GetEvents()) {
		return nil, ctx.Err()
	}
	replayer := worker.NewWorkflowReplayer()
	register(replayer)
	why = replayer.ReplayWorkflowHistory(nil, recorded)
	return why, ctx.Err()
}

// decided says whether a workflow has done anything yet. One that waits for its first task has not, and the replayer refuses
// a history so short.
func decided(events []*history.HistoryEvent) bool {
	for _, event := range events {
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			return true
		}
	}
	return false
}
