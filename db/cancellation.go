package db

import (
	"context"
	"errors"
	"slices"
	"time"

	"koppel/linking"
)

// States of a cancellation request. A's side: asking until B has it, open, withdrawing; B's side: open. The others
// are answers, and final.
const (
	CancellationAsking      = "asking"
	CancellationOpen        = "open"
	CancellationWithdrawing = "withdrawing"
	CancellationAccepted    = "accepted"
	CancellationRejected    = "rejected"
	CancellationWithdrawn   = "withdrawn"
	CancellationExpired     = "expired"
	CancellationRefused     = "refused" // B takes no requests for this sale
)

// CancellationPending are the states of a request that has no answer yet.
var CancellationPending = []string{CancellationAsking, CancellationOpen, CancellationWithdrawing}

// cancellationAnswers are the states that a partner may give a request.
var cancellationAnswers = []string{CancellationAccepted, CancellationRejected, CancellationWithdrawn, CancellationExpired}

// Answered is what a partner said of a request.
type Answered struct {
	State, Answer string
	UserID        *int64
	Zone          *time.Location
	Now           time.Time
}

// AnswerOutgoing takes a partner's answer over, once. When no partner holds the sale any longer, it is cancelled here,
// by the status that the partner's is mapped to.
func (t *Tx) AnswerOutgoing(ctx context.Context, c CancellationRequest, a Answered) error {
	count, err := t.CancellationAnswer(ctx, CancellationAnswerParams{EnvironmentID: c.EnvironmentID, ID: c.ID, State: a.State, Answer: a.Answer, Now: &a.Now})
	if err != nil || count == 0 {
		return err
	}
	sale, err := t.SaleLock(ctx, c.EnvironmentID, c.SaleID)
	if err != nil {
		return err
	}
	if err := t.noteCancellation(ctx, sale, a, c.Reason); err != nil || a.State != CancellationAccepted {
		return err
	}
	held, err := t.CancellationStillHeld(ctx, c.EnvironmentID, c.SaleID)
	if err != nil || held > 0 || sale.StatusType == linking.StatusTypeCancelled {
		return err
	}
	mappings, err := t.MappingsOf(ctx, c.EnvironmentID, *c.IntegrationID)
	if err != nil {
		return err
	}
	target := linking.StatusCancelled
	if mapped := mappings.Statuses[target]; mapped != "" {
		target = mapped
	}
	status, err := t.Status(ctx, c.EnvironmentID, target)
	if err != nil {
		return err
	}
	_, err = t.ChangeSaleStatus(ctx, sale, StatusChange{Status: status, Remark: c.Reason, By: "partner", Zone: a.Zone, Now: a.Now})
	return err
}

// noteCancellation puts a step of a request in the sale's timeline.
func (t *Tx) noteCancellation(ctx context.Context, sale Sale, a Answered, reason string) error {
	remark := a.Answer
	if remark == "" {
		remark = reason
	}
	return t.AddHistory(ctx, sale, History{Type: "cancellation_request", Remark: remark, Data: map[string]string{"state": a.State}, UserID: a.UserID, At: a.Now})
}

// AnswerIncoming settles a request on B's side, once; false says that it had its answer already. The sale is told to
// have changed, so that who asked reads the answer with it.
func (t *Tx) AnswerIncoming(ctx context.Context, sale Sale, c CancellationRequest, a Answered) (bool, error) {
	count, err := t.CancellationAnswer(ctx, CancellationAnswerParams{EnvironmentID: c.EnvironmentID, ID: c.ID, State: a.State, Answer: a.Answer, UserID: a.UserID, Now: &a.Now})
	if err != nil || count == 0 {
		return false, err
	}
	if err := t.noteCancellation(ctx, sale, a, c.Reason); err != nil {
		return false, err
	}
	if err := t.SaleTouch(ctx, SaleTouchParams{EnvironmentID: sale.EnvironmentID, ID: sale.ID, Now: a.Now}); err != nil {
		return false, err
	}
	return true, t.saleChanged(ctx, sale, a.Now)
}

// settleByStatus answers the open request for a sale that was cancelled some other way: that is what was asked.
func (t *Tx) settleByStatus(ctx context.Context, sale Sale, change StatusChange) error {
	if change.Status.Type != linking.StatusTypeCancelled {
		return nil
	}
	rows, err := t.CancellationsOfSales(ctx, sale.EnvironmentID, []int64{sale.ID})
	if err != nil || len(rows) == 0 || rows[0].State != CancellationOpen {
		return err
	}
	_, err = t.AnswerIncoming(ctx, sale, rows[0], Answered{State: CancellationAccepted, Answer: change.Remark, UserID: change.UserID, Now: change.Now})
	return err
}

// ReadCancellation takes over what a partner says of a request of ours that came with the sale. It is asked for by its
// reference: one that is not ours, or has its answer, changes nothing.
func (t *Tx) ReadCancellation(ctx context.Context, f Forwarding, reference string, a Answered) error {
	if !slices.Contains(cancellationAnswers, a.State) {
		return nil
	}
	c, err := t.CancellationByReference(ctx, CancellationByReferenceParams{EnvironmentID: f.EnvironmentID, Direction: "outgoing", SaleID: f.SaleID, Reference: reference})
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case c.IntegrationID == nil || *c.IntegrationID != f.IntegrationID:
		return nil
	}
	if err := t.AnswerOutgoing(ctx, c, a); err != nil {
		return err
	}
	return t.Move(ctx, f.EnvironmentID, OutboxCancellation, c.ID, SignalLookAgain, a.Now)
}
