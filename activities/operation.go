package activities

import (
	"context"
	"encoding/json"
	"time"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/states"
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
		if err != nil || o.State != states.OperationRunning {
			result.Ended = true
			return err
		}
		i, err := tx.IntegrationByID(ctx, o.EnvironmentID, o.IntegrationID)
		if err != nil {
			return err
		}
		switch i.State {
		case states.IntegrationRemoved:
			result.Ended = true
			_, err := tx.OperationEnd(ctx, db.OperationEndParams{EnvironmentID: o.EnvironmentID, ID: o.ID, State: states.OperationCancelled, Now: new(r.Now())})
			return err
		case states.IntegrationPaused:
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
		_, err = tx.OperationEnd(ctx, db.OperationEndParams{EnvironmentID: o.EnvironmentID, ID: o.ID, State: states.OperationDone, Now: new(r.Now())})
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
	if o.Kind == states.OperationResume {
		waiting, err := tx.ForwardingsToResume(ctx, db.ForwardingsToResumeParams{
			EnvironmentID: o.EnvironmentID, IntegrationID: o.IntegrationID, AfterID: o.AfterID, Cause: selection.OnlyCause(), PageSize: room,
		})
		if err != nil || len(waiting) == 0 {
			return err == nil, err
		}
		for _, f := range waiting {
			if err := ledger.Resume(ctx, tx, f, r.Now()); err != nil {
				return false, err
			}
			step.AfterID, step.Done, step.Started = f.ID, step.Done+1, step.Started+1
		}
		return false, tx.OperationAdvance(ctx, step)
	}
	if o.Kind == states.SettleResend || o.Kind == states.SettleAdopt || o.Kind == states.SettleAbandon {
		return r.settleMore(ctx, tx, o, selection.Reason, room)
	}
	sales, err := tx.SalesToForward(ctx, db.SalesToForwardParams{
		EnvironmentID: o.EnvironmentID, IntegrationID: o.IntegrationID, AfterID: o.AfterID, Since: selection.From, Statuses: selection.Statuses, PageSize: room,
	})
	if err != nil || len(sales) == 0 {
		return err == nil, err
	}
	for _, sale := range sales {
		started, err := ledger.ForwardByHand(ctx, tx, sale, o.IntegrationID, r.Now())
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

// settleMore settles the next few unknown outcomes. Each is looked at again with its sale locked: what a person, a walk
// or an answer settled meanwhile stays as it is.
func (r *Records) settleMore(ctx context.Context, tx *db.Tx, o db.Operation, reason string, room int32) (done bool, err error) {
	step := db.OperationAdvanceParams{EnvironmentID: o.EnvironmentID, ID: o.ID}
	next := db.ForwardingsToSettleParams{EnvironmentID: o.EnvironmentID, IntegrationID: o.IntegrationID, AfterID: o.AfterID, Kind: string(o.Kind), PageSize: room}
	rows, err := tx.ForwardingsToSettle(ctx, next)
	if err != nil || len(rows) == 0 {
		return err == nil, err
	}
	for _, row := range rows {
		step.AfterID, step.Done = row.ID, step.Done+1
		if _, err := tx.SaleLock(ctx, row.EnvironmentID, row.SaleID); err != nil {
			return false, err
		}
		next.AfterID, next.PageSize = row.ID-1, 1
		still, err := tx.ForwardingsToSettle(ctx, next)
		if err != nil {
			return false, err
		}
		if len(still) == 0 || still[0].ID != row.ID {
			continue
		}
		settled, err := r.settleOne(ctx, tx, still[0], o.Kind, reason)
		if err != nil {
			return false, err
		}
		step.Started += int32(settled)
	}
	return false, tx.OperationAdvance(ctx, step)
}

func (r *Records) settleOne(ctx context.Context, tx *db.Tx, f db.Forwarding, kind states.OperationKind, reason string) (settled int64, err error) {
	switch kind {
	case states.SettleResend:
		settled, err = tx.ForwardingResend(ctx, db.ForwardingResendParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Looks: states.Texts(states.LookNotThere), Now: r.Now()})
	case states.SettleAbandon:
		settled, err = tx.ForwardingAbandon(ctx, db.ForwardingAbandonParams{EnvironmentID: f.EnvironmentID, ID: f.ID, AbandonReason: reason, Now: r.Now()})
	case states.SettleAdopt:
		ours, ok := linking.TheOnly(f.Candidates)
		if !ok {
			return 0, nil
		}
		taken, err := tx.ForwardingsAdopted(ctx, db.ForwardingsAdoptedParams{EnvironmentID: f.EnvironmentID, IntegrationID: f.IntegrationID, PartnerSaleIds: []string{ours.PartnerSaleID}})
		if err != nil || len(taken) > 0 {
			return 0, err
		}
		if settled, err = ledger.RecordForwarded(ctx, tx, f, ours.PartnerSaleID, r.Now()); err != nil {
			return 0, err
		}
	}
	if err != nil || settled == 0 {
		return 0, err
	}
	return settled, tx.Move(ctx, f.EnvironmentID, states.OutboxForwarding, f.ID, states.SignalLookAgain, r.Now())
}
