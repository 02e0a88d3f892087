package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
)

// ForwardSaleName is the workflow's registered name.
const ForwardSaleName = "ForwardSale"

// ForwardSaleID names the one workflow that moves a sale to a partner.
func ForwardSaleID(environmentID, integrationID, saleID int64) string {
	return fmt.Sprintf("forward-sale/%d/%d/%d", environmentID, integrationID, saleID)
}

// ForwardSaleInput names a forwarding.
type ForwardSaleInput struct {
	EnvironmentID int64
	ForwardingID  int64
	LimitGroup    string
	Crowded       bool // many of the same link wait before it
}

// ForwardSaleResult is how a forwarding ended.
type ForwardSaleResult struct{ State states.ForwardingState }

type forwardSale struct {
	in        ForwardSaleInput
	lookAgain workflow.ReceiveChannel
	reason    states.Reason
}

// ForwardSale brings a sale to a partner, exactly once in effect. It lives until the sale is forwarded,
// withdrawn, or ended by a person.
func ForwardSale(ctx workflow.Context, in ForwardSaleInput) (ForwardSaleResult, error) {
	f := forwardSale{in: in, lookAgain: listen(ctx, states.SignalLookAgain)}
	return f.run(ctx)
}

func (f *forwardSale) run(ctx workflow.Context) (ForwardSaleResult, error) {
	in := activities.SendSaleInput{EnvironmentID: f.in.EnvironmentID, ForwardingID: f.in.ForwardingID}
	for {
		drain(f.lookAgain)
		step, err := sendSale(ctx, f.in, in)
		if err != nil {
			return ForwardSaleResult{}, err
		}
		if f.ended(step) {
			if drain(f.lookAgain) {
				continue // it may qualify again since
			}
			return ForwardSaleResult{State: step.State}, nil
		}
		if err := f.wait(ctx, step); err != nil {
			return ForwardSaleResult{}, err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return ForwardSaleResult{}, workflow.NewContinueAsNewError(ctx, ForwardSale, f.in)
		}
	}
}

func (f *forwardSale) ended(step activities.SendSaleResult) bool {
	return step.State == states.ForwardingForwarded || step.State == states.ForwardingWithdrawn || step.State == states.ForwardingAbandoned
}

// wait stays until the sale is due, or until somebody changed something. The reason stands in the run's
// search attributes meanwhile.
func (f *forwardSale) wait(ctx workflow.Context, step activities.SendSaleResult) error {
	if err := f.show(ctx, step.Cause); err != nil {
		return err
	}
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(f.lookAgain, func(c workflow.ReceiveChannel, _ bool) { c.Receive(ctx, nil) })
	if !step.DueAt.IsZero() {
		selector.AddFuture(workflow.NewTimer(timerCtx, max(0, step.DueAt.Sub(workflow.Now(ctx)))), func(workflow.Future) {})
	}
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	selector.Select(ctx)
	if err := ctx.Err(); err != nil {
		return err // somebody cancelled the run: it ends, and as the sale is still to go another one is started
	}
	return f.show(ctx, "")
}

func (f *forwardSale) show(ctx workflow.Context, reason states.Reason) error {
	if reason == f.reason || !hasAttributes(ctx) {
		return nil
	}
	f.reason = reason
	if reason == "" {
		return workflow.UpsertTypedSearchAttributes(ctx, AttributeReason.ValueUnset())
	}
	return workflow.UpsertTypedSearchAttributes(ctx, AttributeReason.ValueSet(string(reason)))
}
