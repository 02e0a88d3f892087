package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"koppel/states"
)

// delivered is what came of one request of a delivery.
type delivered struct {
	ended bool          // there is nothing more to tell
	wait  time.Duration // before the next one; zero: at once
}

// deliver tells one listener what there is to tell, a request at a time, until there is nothing more. A signal says that
// there is more, or to look again before the wait is over. After a long history it goes on as a new run of the workflow.
func deliver[In any](ctx workflow.Context, self func(workflow.Context, In) error, in In, step func() (delivered, error)) error {
	lookAgain := listen(ctx, states.SignalLookAgain)
	for {
		drain(lookAgain)
		came, err := step()
		if err != nil {
			return err
		}
		if came.ended && !drain(lookAgain) {
			return nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, self, in)
		}
		if came.wait > 0 {
			waitOrSignal(ctx, lookAgain, came.wait)
		}
	}
}
