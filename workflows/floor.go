package workflows

import (
	"errors"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
)

// patience is how long a request waits in the partner's queue before it asks for its turn.
const patience = 3 * time.Second

// callFloored makes a request that sales may hold up, but not for ever (docs/decisions/0018). It waits at its own
// priority; when that takes long, until its kind's next turn; and then it goes before the sales.
func callFloored[T any](ctx workflow.Context, kind states.RequestKind, activity, in any) (result T, err error) {
	options := workflow.GetActivityOptions(ctx)
	attempt := func() (T, error) { return call[T](workflow.WithActivityOptions(ctx, options), activity, in) }
	options.ScheduleToStartTimeout = patience
	if result, err = attempt(); !heldUp(err) {
		return result, err
	}
	turn, err := floorTurn(ctx, activities.FloorInput{LimitGroup: options.Priority.FairnessKey, Kind: kind})
	if err != nil {
		return result, err
	}
	if turn.Wait > 0 {
		options.ScheduleToStartTimeout = turn.Wait
		if result, err = attempt(); !heldUp(err) {
			return result, err
		}
	}
	options.ScheduleToStartTimeout, options.Priority.PriorityKey = 0, activities.PriorityFloor
	return attempt()
}

// heldUp says whether an activity was not begun in time.
func heldUp(err error) bool {
	var timeout *temporal.TimeoutError
	return errors.As(err, &timeout) && timeout.TimeoutType() == enums.TIMEOUT_TYPE_SCHEDULE_TO_START
}
