package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// BulkOperationName is the workflow's registered name.
const BulkOperationName = "BulkOperation"

// BulkOperationID names the workflow of one operation.
func BulkOperationID(environmentID, operationID int64) string {
	return fmt.Sprintf("operation/%d/%d", environmentID, operationID)
}

// BulkOperationInput names an operation.
type BulkOperationInput struct {
	EnvironmentID int64
	OperationID   int64
}

// BulkOperation takes many sales a step further, a few at a time, as the partner keeps up. Progress is a row; a
// cancel is seen there, and announced by a signal.
func BulkOperation(ctx workflow.Context, in BulkOperationInput) error {
	lookAgain := workflow.GetSignalChannel(ctx, SignalLookAgain)
	for {
		for lookAgain.ReceiveAsync(nil) {
		}
		step, err := advanceOperation(ctx, activities.OperationInput{EnvironmentID: in.EnvironmentID, OperationID: in.OperationID})
		if err != nil || step.Ended {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, BulkOperation, in)
		}
		waitOrSignal(ctx, lookAgain, step.Wait)
	}
}

// waitOrSignal waits until a signal says to look again, or for as long as it is told.
func waitOrSignal(ctx workflow.Context, lookAgain workflow.ReceiveChannel, wait time.Duration) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(lookAgain, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	selector.AddFuture(workflow.NewTimer(timerCtx, wait), func(workflow.Future) {})
	selector.Select(ctx)
}
