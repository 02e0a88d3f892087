package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// ForwardSaleName is the workflow's registered name.
const ForwardSaleName = "ForwardSale"

// SignalLookAgain says that something changed: the workflow reads the row again.
const SignalLookAgain = "look-again"

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
type ForwardSaleResult struct{ State string }

// lookAfter is how long a stock partner gets to show a sale whose answer was lost.
const lookAfter = time.Minute

type forwardSale struct {
	in        ForwardSaleInput
	lookAgain workflow.ReceiveChannel
	reason    string
}

// ForwardSale brings a sale to a partner, exactly once in effect. It lives until the sale is forwarded,
// withdrawn, or ended by a person.
func ForwardSale(ctx workflow.Context, in ForwardSaleInput) (ForwardSaleResult, error) {
	f := forwardSale{in: in, lookAgain: workflow.GetSignalChannel(ctx, SignalLookAgain)}
	return f.run(ctx)
}

func (f *forwardSale) run(ctx workflow.Context) (ForwardSaleResult, error) {
	in := activities.SendSaleInput{EnvironmentID: f.in.EnvironmentID, ForwardingID: f.in.ForwardingID}
	for {
		f.drain()
		step, err := sendSale(ctx, f.in, in)
		if err == nil && step.Look {
			step, err = f.look(ctx, in)
		}
		if err != nil {
			return ForwardSaleResult{}, err
		}
		if f.ended(step) {
			if f.drain() {
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
	return step.State == "forwarded" || step.State == "withdrawn" || step.State == "abandoned"
}

// drain forgets signals: what they announced is read from the row next.
func (f *forwardSale) drain() (drained bool) {
	for f.lookAgain.ReceiveAsync(nil) {
		drained = true
	}
	return drained
}

// look waits until a stock partner shows what it took, and looks through its sales.
func (f *forwardSale) look(ctx workflow.Context, in activities.SendSaleInput) (activities.SendSaleResult, error) {
	if err := workflow.Sleep(ctx, lookAfter); err != nil {
		return activities.SendSaleResult{}, err
	}
	return lookForSale(ctx, f.in.LimitGroup, in)
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
	selector.Select(ctx)
	return f.show(ctx, "")
}

func (f *forwardSale) show(ctx workflow.Context, reason string) error {
	if reason == f.reason {
		return nil
	}
	f.reason = reason
	if reason == "" {
		return workflow.UpsertTypedSearchAttributes(ctx, AttributeReason.ValueUnset())
	}
	return workflow.UpsertTypedSearchAttributes(ctx, AttributeReason.ValueSet(reason))
}
