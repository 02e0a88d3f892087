package activities

import (
	"context"
	"encoding/json"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
)

// OperationInput names a bulk operation.
type OperationInput struct {
	EnvironmentID int64
	OperationID   int64
}

// OperationResult says whether the operation has ended, or how long to wait before its next step.
type OperationResult struct {
	Ended bool
	Wait  time.Duration
}

const (
	// underWay is how many sales of a link an operation keeps on their way: more would only queue for the partner's
	// budget, where a cancel no longer reaches them.
	underWay = 20
	// betweenSteps is how long sales on their way get before the next ones follow.
	betweenSteps = time.Second
	whilePaused  = time.Minute
)

// AdvanceOperation takes a bulk operation a step further, as far as the partner keeps up. Idempotent: where it
// stands is in its row, in the same transaction as what it did.
func (r *Records) AdvanceOperation(ctx context.Context, in OperationInput) (result OperationResult, err error) {
	err = r.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		o, err := tx.OperationLock(ctx, in.EnvironmentID, in.OperationID)
		if err != nil || o.State != "running" {
			result.Ended = true
			return err
		}
		i, err := tx.IntegrationByID(ctx, o.EnvironmentID, o.IntegrationID)
		if err != nil {
			return err
		}
		switch i.State {
		case "removed":
			result.Ended = true
			_, err := tx.OperationEnd(ctx, db.OperationEndParams{EnvironmentID: o.EnvironmentID, ID: o.ID, State: "cancelled", Now: ptr(r.Now())})
			return err
		case "paused":
			result.Wait = whilePaused
			return nil
		}
		busy, err := tx.ForwardingsUnderWay(ctx, db.ForwardingsUnderWayParams{EnvironmentID: o.EnvironmentID, IntegrationID: o.IntegrationID, Now: r.Now(), UpTo: underWay})
		if err != nil {
			return err
		}
		result.Wait = betweenSteps
		if busy >= underWay {
			return nil
		}
		done, err := r.advance(ctx, tx, o, int32(underWay-busy))
		if err != nil || !done {
			return err
		}
		result.Ended = true
		_, err = tx.OperationEnd(ctx, db.OperationEndParams{EnvironmentID: o.EnvironmentID, ID: o.ID, State: "done", Now: ptr(r.Now())})
		return err
	})
	return result, err
}

// advance takes the next few, and says whether there were none.
func (r *Records) advance(ctx context.Context, tx *db.Tx, o db.Operation, room int32) (done bool, err error) {
	var selection linking.Selection
	if err := json.Unmarshal(o.Selection, &selection); err != nil {
		return false, err
	}
	step := db.OperationAdvanceParams{EnvironmentID: o.EnvironmentID, ID: o.ID}
	if o.Kind == "resume" {
		waiting, err := tx.ForwardingsToResume(ctx, db.ForwardingsToResumeParams{
			EnvironmentID: o.EnvironmentID, IntegrationID: o.IntegrationID, AfterID: o.AfterID, Cause: selection.OnlyCause(), PageSize: room,
		})
		if err != nil || len(waiting) == 0 {
			return err == nil, err
		}
		for _, f := range waiting {
			if err := tx.ResumeForwarding(ctx, f, r.Now()); err != nil {
				return false, err
			}
			step.AfterID, step.Done, step.Started = f.ID, step.Done+1, step.Started+1
		}
		return false, tx.OperationAdvance(ctx, step)
	}
	sales, err := tx.SalesToForward(ctx, db.SalesToForwardParams{
		EnvironmentID: o.EnvironmentID, IntegrationID: o.IntegrationID, AfterID: o.AfterID, Since: selection.From, Statuses: selection.Statuses, PageSize: room,
	})
	if err != nil || len(sales) == 0 {
		return err == nil, err
	}
	for _, sale := range sales {
		started, err := tx.ForwardByHandAt(ctx, sale, o.IntegrationID, salesdock.Amsterdam, r.Now())
		if err != nil {
			return false, err
		}
		step.AfterID, step.Done = sale.ID, step.Done+1
		if started {
			step.Started++
		}
	}
	return false, tx.OperationAdvance(ctx, step)
}
