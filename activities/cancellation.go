package activities

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/ledger"
	"koppel/salesdock"
	"koppel/states"
)

// CancellationInput names a sale whose cancellation is asked for.
type CancellationInput struct {
	EnvironmentID int64
	SaleID        int64
}

// CancellationPlan is what is to be done next: tell the partner (RequestID), wait, or nothing more.
type CancellationPlan struct {
	Ended         bool
	RequestID     int64
	IntegrationID int64
	LimitGroup    string
	Wait          time.Duration
}

// TellCancellationInput names a request.
type TellCancellationInput struct {
	EnvironmentID int64
	IntegrationID int64
	RequestID     int64
}

const (
	// cancellationLook is how often a partner is asked for its answer: it comes with the sale's status before that.
	cancellationLook = 6 * time.Hour
	// cancellationRetry is the longest wait between two attempts to tell a partner that does not answer.
	cancellationRetry = 15 * time.Minute
)

// PlanCancellation decides what comes next for a sale whose cancellation is asked for.
func (r *Records) PlanCancellation(ctx context.Context, in CancellationInput) (plan CancellationPlan, err error) {
	err = r.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		next, err := tx.CancellationNext(ctx, in.EnvironmentID, in.SaleID)
		if errors.Is(err, db.ErrNotFound) {
			plan.Ended = true
			return nil
		}
		if err != nil {
			return err
		}
		give := func(answer states.CancellationState) error { // without the partner; the next request is looked at right away
			plan.Wait = time.Millisecond
			c := db.CancellationRequest{EnvironmentID: in.EnvironmentID, ID: next.ID, SaleID: next.SaleID, IntegrationID: next.IntegrationID, Reason: next.Reason}
			return ledger.AnswerOutgoing(ctx, tx, c, ledger.Answered{State: answer, Now: r.Now()})
		}
		switch {
		case next.IntegrationState == states.IntegrationRemoved:
			return give(states.CancellationRefused)
		case next.State == states.CancellationAsking && next.ExpiresAt.Before(r.Now()): // the partner's own would have expired, too
			return give(states.CancellationExpired)
		case next.IntegrationState == states.IntegrationPaused:
			plan.Wait = whilePaused
		case next.NextAt.After(r.Now()):
			plan.Wait = next.NextAt.Sub(r.Now())
		default:
			plan.RequestID, plan.IntegrationID, plan.LimitGroup = next.ID, *next.IntegrationID, next.LimitGroup
		}
		return nil
	})
	return plan, err
}

// TellCancellation asks the partner, takes the request back, or asks where it stands, and writes down what came of it.
// Idempotent: the partner knows the request by its reference. What went wrong in passing is tried again when its row
// says so.
func (p *Partner) TellCancellation(ctx context.Context, in TellCancellationInput) error {
	var c db.CancellationRequest
	var theirs string
	err := p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
		if c, err = tx.CancellationByID(ctx, in.EnvironmentID, in.RequestID); err != nil || c.IntegrationID == nil {
			return err
		}
		f, err := tx.ForwardingOfSale(ctx, db.ForwardingOfSaleParams{EnvironmentID: c.EnvironmentID, IntegrationID: *c.IntegrationID, SaleID: c.SaleID})
		if err == nil && f.PartnerSaleID != nil {
			theirs = *f.PartnerSaleID
		}
		return err
	})
	if err != nil || c.IntegrationID == nil {
		return err
	}
	ref, err := p.integration(ctx, c.EnvironmentID, *c.IntegrationID)
	if err != nil {
		return err
	}
	var state salesdock.CancellationState
	switch c.State {
	case states.CancellationAsking:
		state, err = ref.client.AskCancellation(ctx, theirs, salesdock.CancellationRequest{Reference: c.Reference, Reason: c.Reason, ExpiresAt: salesdock.Stamp{Time: c.ExpiresAt}})
	case states.CancellationOpen:
		state, err = ref.client.Cancellation(ctx, theirs, c.Reference)
	case states.CancellationWithdrawing:
		state, err = ref.client.WithdrawCancellation(ctx, theirs, c.Reference)
	default:
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	return p.recordCancellation(ctx, ref, c, state, err)
}

func (p *Partner) recordCancellation(ctx context.Context, ref integrationRef, c db.CancellationRequest, state salesdock.CancellationState, cause error) error {
	answered := ledger.Answered{State: states.CancellationState(state.State), Answer: string(state.Answer), Now: p.Now()}
	var reason states.Reason
	var delay time.Duration
	if cause != nil {
		classified, err := p.noted(ctx, ref.Integration, cause)
		if err != nil {
			return err
		}
		reason, delay = classified.Reason, classified.Delay
		// Only the account itself refuses a request: a page of what stands before it says nothing of it.
		var answer *salesdock.Error
		refused := classified.Disposition == Person || classified.Disposition == Adopt
		if refused && errors.As(cause, &answer) && answer.Contract {
			answered.State, answered.Answer = states.CancellationRefused, answer.Message
			jobFailed(ctx, "") // that is an answer
		}
	}
	p.Log.Info("cancellation.told", zap.Int64(logging.KeyEnvironment, c.EnvironmentID), zap.Int64("cancellation_id", c.ID), zap.String(logging.KeyReason, string(reason)))
	return p.Store.WithTx(ctx, c.EnvironmentID, func(tx *db.Tx) error {
		switch answered.State {
		case "": // not told: later
			wait := max(delay, min(cancellationRetry, 5*time.Second<<min(c.Attempts, 10)))
			return tx.CancellationLater(ctx, db.CancellationLaterParams{EnvironmentID: c.EnvironmentID, ID: c.ID, Cause: reason, NextAt: p.Now().Add(wait)})
		case states.CancellationOpen:
			next := p.Now().Add(cancellationLook)
			if c.ExpiresAt.Before(next) {
				next = maxTime(c.ExpiresAt, p.Now()).Add(time.Minute)
			}
			_, err := tx.CancellationOpened(ctx, db.CancellationOpenedParams{EnvironmentID: c.EnvironmentID, ID: c.ID, NextAt: next})
			return err
		case states.CancellationAccepted, states.CancellationRejected, states.CancellationWithdrawn, states.CancellationExpired, states.CancellationRefused:
			return ledger.AnswerOutgoing(ctx, tx, c, answered)
		}
		// A state that is not known: it will be one day, or a person looks.
		return tx.CancellationLater(ctx, db.CancellationLaterParams{EnvironmentID: c.EnvironmentID, ID: c.ID, Cause: states.ReasonUnreadable, NextAt: p.Now().Add(cancellationRetry)})
	})
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
