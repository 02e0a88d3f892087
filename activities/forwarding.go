package activities

import (
	"context"
	"net/http"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

// SendSaleInput names a forwarding.
type SendSaleInput struct {
	EnvironmentID int64
	ForwardingID  int64
}

// SendSaleResult is where the forwarding stands.
type SendSaleResult struct {
	State states.ForwardingState
	Cause states.Reason
	DueAt time.Time // not before then; zero otherwise
}

// sending is a claimed attempt.
type sending struct {
	forwarding db.Forwarding
	ref        integrationRef
	request    storedRequest
	again      bool            // an earlier attempt's outcome is unknown
	done       *SendSaleResult // set when there is nothing to send
	leftAlone  error           // the partner does not answer: nothing was claimed, and nothing is on record
}

// SendSale takes a forwarding one step: claim, send, record. It may be stopped between any two of them, and
// run again. Scope of its idempotency: at a partner of ours the key, kept with the request before the first
// byte leaves; at a stock partner none, so an attempt whose outcome is unknown is never sent again by itself.
func (p *Partner) SendSale(ctx context.Context, in SendSaleInput) (SendSaleResult, error) {
	s, err := p.claim(ctx, in)
	if err != nil || s.done != nil {
		if err != nil {
			return SendSaleResult{}, err
		}
		return *s.done, nil
	}
	if s.forwarding.Cause == states.ReasonConflict {
		return p.adoptByReference(ctx, s)
	}
	partnerSaleID, err := s.ref.client.CreateSale(ctx, s.request.FlowType, s.request.FlowIdentifier, s.request.Body, s.forwarding.Key)
	recordCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err == nil {
		return p.recordForwarded(recordCtx, s, partnerSaleID)
	}
	return p.recordFailure(recordCtx, s, err)
}

// adoptByReference settles a conflict: the partner has a sale under our reference, which no other sale of
// ours can have, so that one is this sale. Until the partner could be asked the conflict stands in the row.
func (p *Partner) adoptByReference(ctx context.Context, s sending) (SendSaleResult, error) {
	page, cause := s.ref.client.SaleByReference(ctx, linking.Reference(s.ref.account, s.forwarding.IntegrationID, s.forwarding.SaleID))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if cause == nil && len(page.Data) == 1 && len(page.Unreadable) == 0 {
		return p.recordForwarded(ctx, s, string(page.Data[0].ID))
	}
	c := Classified{Reason: states.ReasonRejected, Disposition: Person, Status: http.StatusConflict}
	if cause != nil {
		c = classify(cause, asRead).again() // the conflict stands until the partner says which sale it is
	}
	var result SendSaleResult
	err := p.Store.WithTx(ctx, s.forwarding.EnvironmentID, func(tx *db.Tx) error {
		err := p.endAttempt(ctx, tx, s.forwarding, c.Status, c.Reason, states.AttemptUnknown)
		if err == nil && c.Disposition == Person {
			result, err = p.settle(ctx, tx, s, c, cause)
		}
		return err
	})
	if err == nil && cause != nil {
		_, err = p.noted(ctx, s.ref.Integration, cause)
		if err == nil {
			err = c.asError()
		}
	}
	return result, err
}
