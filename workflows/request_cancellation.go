package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
)

// RequestCancellationName is the workflow's registered name.
const RequestCancellationName = "RequestCancellation"

// RequestCancellationID names the workflow that asks a sale's partners to cancel it.
func RequestCancellationID(environmentID, saleID int64) string {
	return fmt.Sprintf("cancellation/%d/%d", environmentID, saleID)
}

// RequestCancellationInput names a sale.
type RequestCancellationInput struct {
	EnvironmentID int64
	SaleID        int64
}

// RequestCancellation asks the partners that have a sale to cancel it, tells them when the request is taken back, and
// waits for their answers. The partner's side decides every race; rows say what is next, and a signal says to look.
func RequestCancellation(ctx workflow.Context, in RequestCancellationInput) error {
	lookAgain := listen(ctx, states.SignalLookAgain)
	for {
		drain(lookAgain)
		plan, err := planCancellation(ctx, activities.CancellationInput{EnvironmentID: in.EnvironmentID, SaleID: in.SaleID})
		if err != nil || plan.Ended {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, RequestCancellation, in)
		}
		if plan.RequestID != 0 {
			err := tellCancellation(ctx, plan.LimitGroup, activities.TellCancellationInput{EnvironmentID: in.EnvironmentID, IntegrationID: plan.IntegrationID, RequestID: plan.RequestID})
			if err != nil {
				return err
			}
			continue
		}
		waitOrSignal(ctx, lookAgain, plan.Wait)
	}
}
