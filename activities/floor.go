package activities

import (
	"context"
	"time"

	"koppel/states"
)

// FloorInput asks when a kind of request may next go before the sales that wait for the same partner.
type FloorInput struct {
	LimitGroup string
	Kind       states.RequestKind
}

// FloorResult says how long that takes.
type FloorResult struct{ Wait time.Duration }

// FloorTurn takes the next turn of a kind at a limit group. Not idempotent: a turn that nobody uses is a sale's.
func (r *Records) FloorTurn(ctx context.Context, in FloorInput) (FloorResult, error) {
	wait, err := r.Budget.FloorTurn(ctx, in.LimitGroup, in.Kind)
	return FloorResult{Wait: wait}, err
}
