package sales

import (
	"context"
	"slices"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
	"koppel/workflows"
)

// ForwardByHand is Verzenden: the sale goes to its partners now, where the settings allow it.
func (s *Sales) ForwardByHand(ctx context.Context, a service.Actor, saleID int64, integrationID *int64) (list []db.Forwarding, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		considered, err := ledger.Consider(ctx, tx, sale, true, s.Now())
		if err != nil {
			return err
		}
		if integrationID != nil {
			considered = slices.DeleteFunc(considered, func(c ledger.Consideration) bool { return c.IntegrationID != *integrationID })
		}
		if len(considered) == 0 {
			return service.Conflict("sale_no_integration")
		}
		refusal := service.Conflict("sale_not_qualifying")
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
			return service.Conflict("already_forwarded")
		}
		if err := s.Audit(ctx, tx, a, "forward", "sale", saleID, nil, nil); err != nil {
			return err
		}
		list, err = tx.ForwardingsOfSale(ctx, a.EnvironmentID, saleID)
		return err
	})
	return list, service.OrNotFound(err)
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
func (s *Sales) PreviewForwarding(ctx context.Context, a service.Actor, saleID int64) (list []Preview, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
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
			p, err := ledger.PrepareRequest(ctx, tx, ledger.Sender{Account: a.Account, Name: a.EnvironmentName, PublicURL: s.PublicURL, Now: s.Now()}, row, saleID)
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
		return nil, service.Conflict("sale_no_integration")
	}
	return list, service.OrNotFound(err)
}

// ForwardingFilter narrows a list of forwardings.
type ForwardingFilter struct {
	State         string
	Cause         states.Reason
	IntegrationID *int64
	Page, PerPage int
}

// Forwardings reads a page of forwardings, newest first.
func (s *Sales) Forwardings(ctx context.Context, a service.Actor, f ForwardingFilter) (list []db.Forwarding, total int, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		count, err := tx.ForwardingCount(ctx, db.ForwardingCountParams{EnvironmentID: a.EnvironmentID, State: service.Optional(f.State), Cause: service.Optional(string(f.Cause)), IntegrationID: f.IntegrationID})
		if err != nil {
			return err
		}
		total = int(count)
		list, err = tx.ForwardingList(ctx, db.ForwardingListParams{
			EnvironmentID: a.EnvironmentID, State: service.Optional(f.State), Cause: service.Optional(string(f.Cause)), IntegrationID: f.IntegrationID,
			PageSize: int32(f.PerPage), Skip: int32((f.Page - 1) * f.PerPage),
		})
		return err
	})
	return list, total, err
}

// Forwarding reads one forwarding with its attempts.
func (s *Sales) Forwarding(ctx context.Context, a service.Actor, id int64) (f db.Forwarding, attempts []db.ForwardingAttempt, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if f, err = tx.ForwardingByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		attempts, err = tx.ForwardingAttempts(ctx, a.EnvironmentID, id)
		return err
	})
	return f, attempts, service.OrNotFound(err)
}

// RetryInput says what to look at again: these, or all with a cause at an integration.
type RetryInput struct {
	IDs           []int64
	Cause         states.Reason
	IntegrationID *int64
}

// settle changes a forwarding on a person's word.
func (s *Sales) settle(ctx context.Context, a service.Actor, id int64, action string, detail any, change func(*db.Tx, db.Forwarding) (int64, error)) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		f, err := tx.ForwardingByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return service.OrNotFound(err)
		}
		// With its sale locked, as an attempt has it: what is settled is not being sent at the same time.
		if _, err := tx.SaleLock(ctx, a.EnvironmentID, f.SaleID); err != nil {
			return err
		}
		if f, err = tx.ForwardingByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		count, err := change(tx, f)
		if err != nil {
			return err
		}
		if count == 0 {
			return service.Conflict("wrong_state", f.State)
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxForwarding, id, states.SignalLookAgain, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, action, "forwarding", id, nil, detail)
	})
}

// AbandonForwarding ends a forwarding that did not go.
func (s *Sales) AbandonForwarding(ctx context.Context, a service.Actor, id int64, reason string) error {
	if missing := service.Required(map[string]string{"reason": reason}); missing != nil {
		return missing
	}
	return s.settle(ctx, a, id, "abandon", map[string]any{"reason": reason}, func(tx *db.Tx, _ db.Forwarding) (int64, error) {
		return tx.ForwardingAbandon(ctx, db.ForwardingAbandonParams{EnvironmentID: a.EnvironmentID, ID: id, AbandonReason: reason, Now: s.Now()})
	})
}

// causesForUs are what a sale that is on its way waits for, that we can end; it is tried again by itself meanwhile.
var causesForUs = []states.Reason{states.ReasonTokenRefused, states.ReasonPaused, states.ReasonRejected, states.ReasonForbidden, states.ReasonMoved, states.ReasonInternal, states.ReasonUnstorable}

// WhoActs says whose turn it is, as a sentence's key.
func WhoActs(f db.Forwarding) string {
	if db.LookedFor(f) || f.State == states.ForwardingOutcomeUnknown && f.MayResend {
		return "who_nobody"
	}
	switch f.State {
	case states.ForwardingActionRequired, states.ForwardingOutcomeUnknown:
		return "who_us"
	case states.ForwardingWaiting, states.ForwardingSending:
		if slices.Contains(causesForUs, f.Cause) {
			return "who_us"
		}
	}
	return "who_nobody"
}

// ReconsiderWaiting has what waits looked at again under new settings; with forwarding off, what was not sent
// is withdrawn here and now.
func (s *Sales) ReconsiderWaiting(ctx context.Context, tx *db.Tx, a service.Actor, id int64, settings linking.Settings) error {
	on := settings.Forwarding.Enabled
	for _, rule := range settings.Rules {
		on = on || rule.Enabled
	}
	if !on {
		return s.EndForwardings(ctx, tx, a, id, states.ForwardingWithdrawn, "")
	}
	return s.LookAgain(ctx, tx, a, db.ForwardingsToRetryParams{EnvironmentID: a.EnvironmentID, IntegrationID: &id})
}

// EndForwardings ends what waits at a link that is removed.
func (s *Sales) EndForwardings(ctx context.Context, tx *db.Tx, a service.Actor, integrationID int64, state states.ForwardingState, cause states.Reason) error {
	ids, err := tx.ForwardingsOfIntegrationEnd(ctx, db.ForwardingsOfIntegrationEndParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, State: state, Cause: cause, Now: s.Now(),
	})
	if err != nil {
		return err
	}
	return s.signalForwardings(ctx, tx, a, ids)
}

// LookAgain has forwardings look at their rows again.
func (s *Sales) LookAgain(ctx context.Context, tx *db.Tx, a service.Actor, which db.ForwardingsToRetryParams) error {
	ids, err := tx.ForwardingsToRetry(ctx, which)
	if err != nil {
		return err
	}
	return s.signalForwardings(ctx, tx, a, ids)
}

func (s *Sales) signalForwardings(ctx context.Context, tx *db.Tx, a service.Actor, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.OutboxInsertMany(ctx, db.OutboxInsertManyParams{
		EnvironmentID: a.EnvironmentID, Kind: states.OutboxForwarding, SubjectIds: ids, Signal: states.SignalLookAgain, Now: s.Now(),
	})
}

// WorkflowID names the workflow that moves a forwarding, for operators.
func WorkflowID(f db.Forwarding) string {
	return workflows.ForwardSaleID(f.EnvironmentID, f.IntegrationID, f.SaleID)
}
