package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
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
	lookAgain := listen(ctx, states.SignalLookAgain)
	for {
		drain(lookAgain)
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
