package sales

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// cancellationExpiry is how long a request waits for its answer.
const cancellationExpiry = 14 * 24 * time.Hour

const maxReason = 1000

func checkReason(reason string) error {
	if missing := service.Required(map[string]string{"reason": strings.TrimSpace(reason)}); missing != nil {
		return missing
	}
	if len(reason) > maxReason {
		return service.Invalid("reason", "field_invalid", fmt.Sprintf("> %d", maxReason))
	}
	return nil
}

// RequestCancellation asks the partners that have a sale to cancel it. A stock account takes no requests: its people
// are asked another way, and the refusal says so.
func (s *Sales) RequestCancellation(ctx context.Context, a service.Actor, saleID int64, reason string) (list []db.CancellationRequest, err error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		if sale.ErasedAt != nil {
			return service.Conflict("sale_erased")
		}
		forwardings, err := tx.ForwardingsOfSale(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		for _, f := range forwardings {
			if f.State != states.ForwardingForwarded {
				continue
			}
			i, err := tx.IntegrationByID(ctx, a.EnvironmentID, f.IntegrationID)
			if err != nil {
				return err
			}
			switch {
			case i.State == states.IntegrationRemoved:
				return service.Conflict("cancellation_link_ended", i.Name)
			case i.PartnerKind == states.PartnerStock:
				return service.Conflict("cancellation_stock", i.Name)
			}
			c, err := tx.CancellationInsert(ctx, db.CancellationInsertParams{
				EnvironmentID: a.EnvironmentID, Direction: states.Outgoing, SaleID: saleID, IntegrationID: &f.IntegrationID, State: states.CancellationAsking,
				Reference: service.NewReference(), Reason: strings.TrimSpace(reason), UserID: &a.UserID, ExpiresAt: s.Now().Add(cancellationExpiry).Truncate(time.Second), Now: s.Now(),
			})
			if err != nil {
				return service.OrConflict(err, "cancellation_pending")
			}
			if err := tx.Move(ctx, a.EnvironmentID, states.OutboxCancellation, c.ID, states.SignalLookAgain, s.Now()); err != nil {
				return err
			}
			list = append(list, c)
		}
		if len(list) == 0 {
			return service.Conflict("cancellation_not_forwarded")
		}
		note := ledger.History{Type: states.HistoryCancellationRequest, Remark: strings.TrimSpace(reason), Data: map[string]states.CancellationState{"state": states.CancellationAsking}, UserID: &a.UserID, At: s.Now()}
		if err := ledger.AddHistory(ctx, tx, sale, note); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "request_cancellation", "sale", saleID, nil, map[string]any{"reason": reason})
	})
	return list, service.OrNotFound(err)
}

// WithdrawCancellation takes a request of ours back. The partner's answer may have been first: then that one stays.
func (s *Sales) WithdrawCancellation(ctx context.Context, a service.Actor, id int64) (c db.CancellationRequest, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if c, err = tx.CancellationLock(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		if c.Direction != states.Outgoing {
			return db.ErrNotFound
		}
		count, err := tx.CancellationWithdraw(ctx, db.CancellationWithdrawParams{EnvironmentID: a.EnvironmentID, ID: id, Now: s.Now()})
		if err != nil {
			return err
		}
		if count == 0 && c.State != states.CancellationWithdrawing {
			return service.Conflict("wrong_state", service.Sentence{Key: "cancellation_" + string(c.State)})
		}
		c.State = states.CancellationWithdrawing
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxCancellation, id, states.SignalLookAgain, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "withdraw", "cancellation_request", id, nil, nil)
	})
	return c, service.OrNotFound(err)
}

// AnswerCancellation accepts or rejects a request of a linked environment. Accepted, the sale is cancelled here, and
// there when the answer arrives.
func (s *Sales) AnswerCancellation(ctx context.Context, a service.Actor, id int64, accept bool, reason string) (c db.CancellationRequest, err error) {
	if !accept {
		if err := checkReason(reason); err != nil {
			return c, err
		}
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if c, err = tx.CancellationByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		// The sale first: whoever changes it holds it before the request.
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, c.SaleID)
		if err != nil {
			return err
		}
		if c, err = s.settledIncoming(ctx, tx, a, id); err != nil {
			return err
		}
		if c.State != states.CancellationOpen {
			return service.Conflict("wrong_state", service.Sentence{Key: "cancellation_" + string(c.State)})
		}
		answered := ledger.Answered{State: states.CancellationRejected, Answer: strings.TrimSpace(reason), UserID: &a.UserID, Now: s.Now()}
		if accept {
			answered.State = states.CancellationAccepted
		}
		if _, err := ledger.AnswerIncoming(ctx, tx, sale, c, answered); err != nil {
			return err
		}
		if accept {
			if err := s.cancelFor(ctx, tx, a, sale, c.Reason); err != nil {
				return err
			}
		}
		c.State, c.Answer = answered.State, answered.Answer
		return s.Audit(ctx, tx, a, string(answered.State), "cancellation_request", id, nil, map[string]any{"sale_id": sale.ID, "reason": reason})
	})
	return c, service.OrNotFound(err)
}

// settledIncoming reads an incoming request after those whose time has passed have expired.
func (s *Sales) settledIncoming(ctx context.Context, tx *db.Tx, a service.Actor, id int64) (db.CancellationRequest, error) {
	if _, err := tx.CancellationsExpire(ctx, a.EnvironmentID, s.Now()); err != nil {
		return db.CancellationRequest{}, err
	}
	c, err := tx.CancellationLock(ctx, a.EnvironmentID, id)
	if err == nil && c.Direction != states.Incoming {
		return c, db.ErrNotFound
	}
	return c, err
}

func (s *Sales) cancelFor(ctx context.Context, tx *db.Tx, a service.Actor, sale db.Sale, reason string) error {
	status, err := ledger.Status(ctx, tx, a.EnvironmentID, "cancelled")
	if err != nil {
		return err
	}
	_, err = ledger.ChangeSaleStatus(ctx, tx, sale, ledger.StatusChange{Status: status, Remark: reason, UserID: &a.UserID, By: states.CancelledByUser, Now: s.Now()})
	return err
}

// CancellationFilter narrows a list of cancellation requests.
type CancellationFilter struct {
	Direction     string
	States        []string
	SaleID        *int64
	Page, PerPage int
}

// Cancellations lists cancellation requests of both directions, newest first.
func (s *Sales) Cancellations(ctx context.Context, a service.Actor, f CancellationFilter) (list []db.CancellationListRow, total int, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		count, err := tx.CancellationCount(ctx, db.CancellationCountParams{
			EnvironmentID: a.EnvironmentID, Direction: service.Optional(f.Direction), States: f.States, SaleID: f.SaleID, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		total = int(count)
		list, err = s.CancellationList(ctx, tx, db.CancellationListParams{
			EnvironmentID: a.EnvironmentID, Direction: service.Optional(f.Direction), States: f.States, SaleID: f.SaleID, PageSize: int32(f.PerPage), Skip: int32((f.Page - 1) * f.PerPage),
		})
		return err
	})
	return list, total, err
}

// CancellationList reads requests as they are now: one whose time has passed has expired, though no row says so yet.
func (s *Sales) CancellationList(ctx context.Context, tx *db.Tx, params db.CancellationListParams) ([]db.CancellationListRow, error) {
	params.Now = s.Now()
	list, err := tx.CancellationList(ctx, params)
	for i := range list {
		c := &list[i].CancellationRequest
		if c.Direction == states.Incoming && c.State == states.CancellationOpen && !c.ExpiresAt.After(params.Now) {
			c.State, c.AnsweredAt = states.CancellationExpired, &c.ExpiresAt
		}
	}
	return list, err
}

// TakeCancellation is B's side of a request: it is kept, once by its reference, for a person to answer.
func (s *Sales) TakeCancellation(ctx context.Context, a service.Actor, saleID int64, in salesdock.CancellationRequest) (state salesdock.CancellationState, err error) {
	if missing := service.Required(map[string]string{"reference": in.Reference}); missing != nil {
		return state, missing
	}
	if err := checkReason(in.Reason); err != nil {
		return state, err
	}
	return s.incoming(ctx, a, saleID, in.Reference, func(tx *db.Tx, sale db.Sale, known *db.CancellationRequest) (db.CancellationRequest, error) {
		if known != nil {
			return *known, nil
		}
		link, settings, err := linkOf(ctx, tx, a)
		if err != nil {
			return db.CancellationRequest{}, err
		}
		if !settings.AcceptCancellationRequests {
			return db.CancellationRequest{}, service.Refuse(service.KindForbidden, "cancellation_not_taken")
		}
		expires := in.ExpiresAt.Time
		if latest := s.Now().Add(cancellationExpiry); expires.IsZero() || expires.After(latest) {
			expires = latest
		}
		row := db.CancellationInsertParams{
			EnvironmentID: a.EnvironmentID, Direction: states.Incoming, SaleID: saleID, LinkID: link, Reference: in.Reference, Reason: in.Reason,
			State: states.CancellationOpen, ExpiresAt: expires, Now: s.Now(),
		}
		if sale.ErasedAt != nil {
			row.Reason = "" // what somebody says of a sale may be about its person
		}
		if sale.StatusType == linking.StatusTypeCancelled {
			row.State = states.CancellationAccepted // what is asked is so already
		}
		c, err := tx.CancellationInsert(ctx, row)
		if err != nil {
			return c, service.OrConflict(err, "cancellation_pending")
		}
		return c, ledger.AddHistory(ctx, tx, sale, ledger.History{Type: states.HistoryCancellationRequest, Remark: in.Reason, Data: map[string]states.CancellationState{"state": row.State}, At: s.Now()})
	})
}

// CancellationState tells who asked where its request stands.
func (s *Sales) CancellationState(ctx context.Context, a service.Actor, saleID int64, reference string) (salesdock.CancellationState, error) {
	return s.incoming(ctx, a, saleID, reference, func(_ *db.Tx, _ db.Sale, known *db.CancellationRequest) (db.CancellationRequest, error) {
		if known == nil {
			return db.CancellationRequest{}, db.ErrNotFound
		}
		return *known, nil
	})
}

// TakeBackCancellation withdraws a request for who made it. One that never arrived is withdrawn before it comes.
func (s *Sales) TakeBackCancellation(ctx context.Context, a service.Actor, saleID int64, reference string) (salesdock.CancellationState, error) {
	if missing := service.Required(map[string]string{"reference": reference}); missing != nil {
		return salesdock.CancellationState{}, missing
	}
	return s.incoming(ctx, a, saleID, reference, func(tx *db.Tx, sale db.Sale, known *db.CancellationRequest) (db.CancellationRequest, error) {
		if known == nil {
			link, _, err := linkOf(ctx, tx, a)
			if err != nil {
				return db.CancellationRequest{}, err
			}
			return tx.CancellationInsert(ctx, db.CancellationInsertParams{
				EnvironmentID: a.EnvironmentID, Direction: states.Incoming, SaleID: saleID, LinkID: link, Reference: reference, State: states.CancellationWithdrawn, ExpiresAt: s.Now(), Now: s.Now(),
			})
		}
		if known.State == states.CancellationOpen {
			if _, err := ledger.AnswerIncoming(ctx, tx, sale, *known, ledger.Answered{State: states.CancellationWithdrawn, Now: s.Now()}); err != nil {
				return *known, err
			}
			known.State = states.CancellationWithdrawn
		}
		return *known, nil
	})
}

// incoming does something with a request for a sale of the actor's, known by its reference, with the sale locked.
func (s *Sales) incoming(ctx context.Context, a service.Actor, saleID int64, reference string,
	do func(*db.Tx, db.Sale, *db.CancellationRequest) (db.CancellationRequest, error),
) (state salesdock.CancellationState, err error) {
	if len(reference) > 200 {
		return state, service.Invalid("reference", "field_invalid", "> 200")
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		if sale.UserID != a.UserID {
			return db.ErrNotFound
		}
		if _, err := tx.CancellationsExpire(ctx, a.EnvironmentID, s.Now()); err != nil {
			return err
		}
		var known *db.CancellationRequest
		row, err := tx.CancellationByReference(ctx, db.CancellationByReferenceParams{EnvironmentID: a.EnvironmentID, Direction: states.Incoming, SaleID: saleID, Reference: reference})
		switch {
		case err == nil:
			known = &row
		case !errors.Is(err, db.ErrNotFound):
			return err
		}
		c, err := do(tx, sale, known)
		state = salesdock.CancellationState{Reference: salesdock.Text(c.Reference), State: salesdock.Text(c.State), Answer: salesdock.Text(c.Answer)}
		return err
	})
	return state, service.OrNotFound(err)
}
