package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

// cancellationAnswers are the states that a partner may give a request.
var cancellationAnswers = []states.CancellationState{states.CancellationAccepted, states.CancellationRejected, states.CancellationWithdrawn, states.CancellationExpired}

// Answered is what a partner said of a request.
type Answered struct {
	State  states.CancellationState
	Answer string
	UserID *int64
	Now    time.Time
}

// AnswerOutgoing takes a partner's answer over, once. When no partner holds the sale any longer, it is cancelled here,
// by the status that the partner's is mapped to.
func AnswerOutgoing(ctx context.Context, tx *db.Tx, c db.CancellationRequest, a Answered) error {
	count, err := tx.CancellationAnswer(ctx, db.CancellationAnswerParams{EnvironmentID: c.EnvironmentID, ID: c.ID, State: a.State, Answer: a.Answer, Now: &a.Now})
	if err != nil || count == 0 {
		return err
	}
	sale, err := tx.SaleLock(ctx, c.EnvironmentID, c.SaleID)
	if err != nil {
		return err
	}
	if err := noteCancellation(ctx, tx, sale, a, c.Reason); err != nil || a.State != states.CancellationAccepted {
		return err
	}
	held, err := tx.CancellationStillHeld(ctx, c.EnvironmentID, c.SaleID)
	if err != nil || held > 0 || sale.StatusType == linking.StatusTypeCancelled {
		return err
	}
	mappings, err := MappingsOf(ctx, tx, c.EnvironmentID, *c.IntegrationID)
	if err != nil {
		return err
	}
	target := linking.StatusCancelled
	if mapped := mappings.Statuses[target]; mapped != "" {
		target = mapped
	}
	status, err := Status(ctx, tx, c.EnvironmentID, target)
	if err != nil {
		return err
	}
	_, err = ChangeSaleStatus(ctx, tx, sale, StatusChange{Status: status, Remark: c.Reason, By: states.CancelledByPartner, Now: a.Now})
	return err
}

// noteCancellation puts a step of a request in the sale's timeline.
func noteCancellation(ctx context.Context, tx *db.Tx, sale db.Sale, a Answered, reason string) error {
	remark := a.Answer
	if remark == "" {
		remark = reason
	}
	return AddHistory(ctx, tx, sale, History{Type: states.HistoryCancellationRequest, Remark: remark, Data: map[string]states.CancellationState{"state": a.State}, UserID: a.UserID, At: a.Now})
}

// AnswerIncoming settles a request on B's side, once; false says that it had its answer already. The sale is told to
// have changed, so that who asked reads the answer with it.
func AnswerIncoming(ctx context.Context, tx *db.Tx, sale db.Sale, c db.CancellationRequest, a Answered) (bool, error) {
	count, err := tx.CancellationAnswer(ctx, db.CancellationAnswerParams{EnvironmentID: c.EnvironmentID, ID: c.ID, State: a.State, Answer: a.Answer, UserID: a.UserID, Now: &a.Now})
	if err != nil || count == 0 {
		return false, err
	}
	if err := noteCancellation(ctx, tx, sale, a, c.Reason); err != nil {
		return false, err
	}
	if err := tx.SaleTouch(ctx, db.SaleTouchParams{EnvironmentID: sale.EnvironmentID, ID: sale.ID, Now: a.Now}); err != nil {
		return false, err
	}
	return true, announceSale(ctx, tx, sale, a.Now)
}

// settleByStatus answers the open request for a sale that was cancelled some other way: that is what was asked.
func settleByStatus(ctx context.Context, tx *db.Tx, sale db.Sale, change StatusChange) error {
	if change.Status.Type != linking.StatusTypeCancelled {
		return nil
	}
	rows, err := tx.CancellationsOfSales(ctx, sale.EnvironmentID, []int64{sale.ID})
	if err != nil || len(rows) == 0 || rows[0].State != states.CancellationOpen {
		return err
	}
	_, err = AnswerIncoming(ctx, tx, sale, rows[0], Answered{State: states.CancellationAccepted, Answer: change.Remark, UserID: change.UserID, Now: change.Now})
	return err
}

// ReadCancellation takes over what a partner says of a request of ours that came with the sale. It is asked for by its
// reference: one that is not ours, or has its answer, changes nothing.
func ReadCancellation(ctx context.Context, tx *db.Tx, f db.Forwarding, reference string, a Answered) error {
	if !slices.Contains(cancellationAnswers, a.State) {
		return nil
	}
	c, err := tx.CancellationByReference(ctx, db.CancellationByReferenceParams{EnvironmentID: f.EnvironmentID, Direction: states.Outgoing, SaleID: f.SaleID, Reference: reference})
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil
	case err != nil:
		return err
	case c.IntegrationID == nil || *c.IntegrationID != f.IntegrationID:
		return nil
	}
	if err := AnswerOutgoing(ctx, tx, c, a); err != nil {
		return err
	}
	return tx.Move(ctx, f.EnvironmentID, states.OutboxCancellation, c.ID, states.SignalLookAgain, a.Now)
}
