package service

import (
	"context"
	"net/http"
	"slices"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
)

// ForwardByHand is Verzenden: the sale goes to its partners now, where the settings allow it.
func (s *Service) ForwardByHand(ctx context.Context, a Actor, saleID int64, integrationID *int64) (list []db.Forwarding, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		considered, err := tx.ConsiderForwarding(ctx, sale, true, salesdock.Amsterdam, s.Now())
		if err != nil {
			return err
		}
		if integrationID != nil {
			considered = slices.DeleteFunc(considered, func(c db.Consideration) bool { return c.IntegrationID != *integrationID })
		}
		if len(considered) == 0 {
			return conflict("sale_no_integration")
		}
		refusal := conflict("sale_not_qualifying")
		started, allowed := 0, 0
		for _, c := range considered {
			if c.Started {
				started++
			}
			if c.Verdict.OK {
				allowed++
			}
			refusal.Problems = append(refusal.Problems, c.Verdict.Reasons...)
		}
		switch {
		case allowed == 0:
			return refusal
		case started == 0:
			return conflict("already_forwarded")
		}
		if err := s.audit(ctx, tx, a, "forward", "sale", saleID, nil, nil); err != nil {
			return err
		}
		list, err = tx.ForwardingsOfSale(ctx, a.EnvironmentID, saleID)
		return err
	})
	return list, orNotFound(err)
}

// Preview is what would be sent to one partner, and whether it would go.
type Preview struct {
	IntegrationID int64
	Automatic     linking.Verdict
	ByHand        linking.Verdict
	Request       linking.PartnerRequest
	Problems      []linking.Problem
	Optin         string // what becomes of the sale's opt-in data
}

// PreviewForwarding works out what would be sent, and sends nothing.
func (s *Service) PreviewForwarding(ctx context.Context, a Actor, saleID int64) (list []Preview, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.SaleLines(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		if _, err := tx.SaleByID(ctx, a.EnvironmentID, saleID); err != nil {
			return err
		}
		var seen []int64
		for _, l := range rows {
			if l.IntegrationID == nil || slices.Contains(seen, *l.IntegrationID) {
				continue
			}
			seen = append(seen, *l.IntegrationID)
			row, err := tx.IntegrationByID(ctx, a.EnvironmentID, *l.IntegrationID)
			if err != nil {
				return err
			}
			p, err := tx.PrepareRequest(ctx, db.Sender{Account: a.Account, Name: a.EnvironmentName, PublicURL: s.PublicURL, Zone: salesdock.Amsterdam, Now: s.Now()}, row, saleID)
			if err != nil {
				return err
			}
			list = append(list, Preview{
				IntegrationID: row.ID, Automatic: row.Settings.Qualifies(p.Facts, false), ByHand: row.Settings.Qualifies(p.Facts, true),
				Request: p.Request, Problems: p.Problems, Optin: p.Optin,
			})
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		return nil, conflict("sale_no_integration")
	}
	return list, orNotFound(err)
}

// ForwardingFilter narrows a list of forwardings.
type ForwardingFilter struct {
	State, Cause  string
	IntegrationID *int64
	Page, PerPage int
}

// Forwardings reads a page of forwardings, newest first.
func (s *Service) Forwardings(ctx context.Context, a Actor, f ForwardingFilter) (list []db.Forwarding, total int, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		count, err := tx.ForwardingCount(ctx, db.ForwardingCountParams{EnvironmentID: a.EnvironmentID, State: optional(f.State), Cause: optional(f.Cause), IntegrationID: f.IntegrationID})
		if err != nil {
			return err
		}
		total = int(count)
		list, err = tx.ForwardingList(ctx, db.ForwardingListParams{
			EnvironmentID: a.EnvironmentID, State: optional(f.State), Cause: optional(f.Cause), IntegrationID: f.IntegrationID,
			PageSize: int32(f.PerPage), Skip: int32((f.Page - 1) * f.PerPage),
		})
		return err
	})
	return list, total, err
}

// Forwarding reads one forwarding with its attempts.
func (s *Service) Forwarding(ctx context.Context, a Actor, id int64) (f db.Forwarding, attempts []db.ForwardingAttempt, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if f, err = tx.ForwardingByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		attempts, err = tx.ForwardingAttempts(ctx, a.EnvironmentID, id)
		return err
	})
	return f, attempts, orNotFound(err)
}

// RetryInput says what to look at again: these, or all with a cause at an integration.
type RetryInput struct {
	IDs           []int64
	Cause         string
	IntegrationID *int64
}

// RetryForwardings has forwardings looked at again, at the partner's pace, and says how many. Many of one link are
// an operation.
func (s *Service) RetryForwardings(ctx context.Context, a Actor, in RetryInput) (count int, o *db.Operation, err error) {
	if len(in.IDs) == 0 && in.Cause == "" && in.IntegrationID == nil {
		return 0, nil, &Error{Status: http.StatusUnprocessableEntity, Key: "missing", Fields: map[string]Sentence{"ids": {Key: "field_required"}}}
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if in.IntegrationID != nil && len(in.IDs) == 0 {
			if _, err := integration(ctx, tx, a, *in.IntegrationID); err != nil {
				return err
			}
			count, o, err = s.resumeWaiting(ctx, tx, a, *in.IntegrationID, in.Cause)
			return err
		}
		ids, err := tx.ForwardingsToRetry(ctx, db.ForwardingsToRetryParams{EnvironmentID: a.EnvironmentID, Ids: in.IDs, Cause: optional(in.Cause), IntegrationID: in.IntegrationID})
		if err != nil {
			return err
		}
		count = len(ids)
		if err := s.signalForwardings(ctx, tx, a, ids); err != nil {
			return err
		}
		return s.auditNamed(ctx, tx, a, "retry", "forwarding", "", nil, map[string]any{"count": count, "cause": in.Cause})
	})
	return count, o, err
}

// settle changes a forwarding on a person's word.
func (s *Service) settle(ctx context.Context, a Actor, id int64, action string, detail any, change func(*db.Tx, db.Forwarding) (int64, error)) error {
	return s.tx(ctx, a, func(tx *db.Tx) error {
		f, err := tx.ForwardingByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return orNotFound(err)
		}
		count, err := change(tx, f)
		if err != nil {
			return err
		}
		if count == 0 {
			return conflict("wrong_state", f.State)
		}
		if err := tx.Move(ctx, a.EnvironmentID, db.OutboxForwarding, id, db.SignalLookAgain, s.Now()); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, action, "forwarding", id, nil, detail)
	})
}

// AbandonForwarding ends a forwarding that did not go.
func (s *Service) AbandonForwarding(ctx context.Context, a Actor, id int64, reason string) error {
	if missing := required(map[string]string{"reason": reason}); missing != nil {
		return missing
	}
	return s.settle(ctx, a, id, "abandon", map[string]any{"reason": reason}, func(tx *db.Tx, _ db.Forwarding) (int64, error) {
		return tx.ForwardingAbandon(ctx, db.ForwardingAbandonParams{EnvironmentID: a.EnvironmentID, ID: id, AbandonReason: reason, Now: s.Now()})
	})
}

// AdoptSale settles an unknown outcome: this sale at the partner is ours.
func (s *Service) AdoptSale(ctx context.Context, a Actor, id int64, partnerSaleID string) error {
	return s.settle(ctx, a, id, "adopt", map[string]any{"partner_sale_id": partnerSaleID}, func(tx *db.Tx, f db.Forwarding) (int64, error) {
		if f.State == db.ForwardingOutcomeUnknown && !slices.ContainsFunc(f.Candidates, func(c linking.Candidate) bool { return c.PartnerSaleID == partnerSaleID }) {
			return 0, invalid("partner_sale_id", "candidate_unknown")
		}
		if f.State != db.ForwardingOutcomeUnknown {
			return 0, nil
		}
		count, err := tx.RecordForwarded(ctx, f, partnerSaleID, s.Now())
		return count, orConflict(err, "candidate_taken")
	})
}

// ResendForwarding settles an unknown outcome: it did not arrive, the same bytes go again.
func (s *Service) ResendForwarding(ctx context.Context, a Actor, id int64) error {
	return s.settle(ctx, a, id, "resend", nil, func(tx *db.Tx, _ db.Forwarding) (int64, error) {
		return tx.ForwardingResend(ctx, db.ForwardingResendParams{EnvironmentID: a.EnvironmentID, ID: id, Now: s.Now()})
	})
}

// WhoActs says whose turn it is, as a sentence's key.
func WhoActs(f db.Forwarding) string {
	if db.LookedFor(f) {
		return "who_nobody"
	}
	switch f.State {
	case db.ForwardingActionRequired, db.ForwardingOutcomeUnknown:
		return "who_us"
	}
	return "who_nobody"
}
