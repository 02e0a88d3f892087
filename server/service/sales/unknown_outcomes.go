package sales

import (
	"context"
	"errors"
	"slices"
	"strings"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// Retried is what came of looking at many again.
type Retried struct {
	Count     int           // that go on
	Operation *db.Operation // that moves them, where they are many of one link
	Held      []Held        // unknown outcomes among them that cannot go on yet
}

// Held says how many unknown outcomes cannot go again, and why: they are looked for still, or a person chooses.
type Held struct {
	Reason string // looking, candidates
	Count  int
}

// Sentence says why in words.
func (h Held) Sentence() service.Sentence {
	return service.Sentence{Key: "held_" + h.Reason, Args: []any{h.Count}}
}

// RetryForwardings has forwardings looked at again, at the partner's pace. Many of one link are an operation. Unknown
// outcomes among them go again where the partner certainly has not got them.
func (s *Sales) RetryForwardings(ctx context.Context, a service.Actor, in RetryInput) (r Retried, err error) {
	if len(in.IDs) == 0 && in.Cause == "" && in.IntegrationID == nil {
		return r, &service.Error{Kind: service.KindIncomplete, Key: "missing", Fields: map[string]service.Sentence{"ids": {Key: "field_required"}}}
	}
	if err := s.Take(ctx, a, service.CostlyBulk); err != nil {
		return r, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if in.IntegrationID != nil {
			if _, err := service.IntegrationOf(ctx, tx, a, *in.IntegrationID); err != nil {
				return err
			}
		}
		switch {
		case len(in.IDs) == 0 && in.Cause == states.ReasonUnknown:
			return s.resendNotThere(ctx, tx, a, in.IntegrationID, &r)
		case len(in.IDs) == 0 && in.IntegrationID != nil:
			r.Count, r.Operation, err = s.ResumeWaiting(ctx, tx, a, *in.IntegrationID, in.Cause)
			return err
		}
		return s.retryThese(ctx, tx, a, in, &r)
	})
	return r, err
}

func (s *Sales) retryThese(ctx context.Context, tx *db.Tx, a service.Actor, in RetryInput, r *Retried) error {
	ids, err := tx.ForwardingsToRetry(ctx, db.ForwardingsToRetryParams{EnvironmentID: a.EnvironmentID, Ids: in.IDs, Cause: service.Optional(string(in.Cause)), IntegrationID: in.IntegrationID})
	if err != nil {
		return err
	}
	if len(in.IDs) > 0 {
		again, err := tx.ForwardingsResendByIDs(ctx, db.ForwardingsResendByIDsParams{EnvironmentID: a.EnvironmentID, Ids: in.IDs, Now: s.Now()})
		if err != nil {
			return err
		}
		ids = append(ids, again...)
		if err := held(ctx, tx, db.ForwardingsHeldParams{EnvironmentID: a.EnvironmentID, Ids: in.IDs}, r); err != nil {
			return err
		}
	}
	r.Count = len(ids)
	if err := s.signalForwardings(ctx, tx, a, ids); err != nil {
		return err
	}
	return s.AuditNamed(ctx, tx, a, "retry", "forwarding", "", nil, map[string]any{"count": r.Count, "cause": in.Cause, "ids": ids})
}

func held(ctx context.Context, tx *db.Tx, which db.ForwardingsHeldParams, r *Retried) error {
	rows, err := tx.ForwardingsHeld(ctx, which)
	for _, row := range rows {
		r.Held = append(r.Held, Held{row.Reason, int(row.Sales)})
	}
	return err
}

// resendNotThere has what partners certainly have not got go again: an operation for each link.
func (s *Sales) resendNotThere(ctx context.Context, tx *db.Tx, a service.Actor, integrationID *int64, r *Retried) error {
	rows, err := tx.ForwardingsNotThere(ctx, a.EnvironmentID, integrationID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if r.Operation, err = s.startSettling(ctx, tx, a, row.IntegrationID, states.SettleResend, linking.Selection{}, int(row.Sales)); err != nil {
			return err
		}
		r.Count += int(row.Sales)
	}
	if len(rows) > 1 {
		r.Operation = nil // several: each is at its link
	}
	return held(ctx, tx, db.ForwardingsHeldParams{EnvironmentID: a.EnvironmentID, IntegrationID: integrationID}, r)
}

// SettleInput says what is done with all unknown outcomes of a link that a look was about.
type SettleInput struct {
	IntegrationID int64
	Action        states.OperationKind // resend, adopt, abandon
	Reason        string               // for abandon
}

// SettleUnknown settles the unknown outcomes of a link together, as an operation: what is not there goes again, what
// has one candidate beyond doubt is that one, or all are given up.
func (s *Sales) SettleUnknown(ctx context.Context, a service.Actor, in SettleInput) (r Retried, err error) {
	in.Reason = strings.TrimSpace(in.Reason)
	if !slices.Contains([]states.OperationKind{states.SettleResend, states.SettleAdopt, states.SettleAbandon}, in.Action) {
		return r, service.Invalid("action", "field_invalid", string(in.Action))
	}
	if missing := service.Required(map[string]string{"reason": in.Reason}); missing != nil && in.Action == states.SettleAbandon {
		return r, missing
	}
	if err := s.Take(ctx, a, service.CostlyBulk); err != nil {
		return r, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.IntegrationOf(ctx, tx, a, in.IntegrationID); err != nil {
			return err
		}
		rows, err := tx.ForwardingsToSettle(ctx, db.ForwardingsToSettleParams{EnvironmentID: a.EnvironmentID, IntegrationID: in.IntegrationID, Kind: string(in.Action), PageSize: maxSettled})
		if err != nil {
			return err
		}
		if r.Count = len(rows); r.Count > 0 {
			if r.Operation, err = s.startSettling(ctx, tx, a, in.IntegrationID, in.Action, linking.Selection{Reason: in.Reason}, r.Count); err != nil {
				return err
			}
		}
		if in.Action != states.SettleResend {
			return nil
		}
		return held(ctx, tx, db.ForwardingsHeldParams{EnvironmentID: a.EnvironmentID, IntegrationID: &in.IntegrationID}, &r)
	})
	return r, err
}

// maxSettled is how many are counted at most before an operation begins; it takes all there are.
const maxSettled = 10_000

// startSettling starts an operation, unless the same one is under way.
func (s *Sales) startSettling(ctx context.Context, tx *db.Tx, a service.Actor, integrationID int64, kind states.OperationKind, selection linking.Selection, total int) (*db.Operation, error) {
	running, err := tx.OperationsUnderWay(ctx, a.EnvironmentID, integrationID)
	if err != nil {
		return nil, err
	}
	for _, o := range running {
		if o.Kind == kind {
			return &o, nil
		}
	}
	return s.startOperation(ctx, tx, a, integrationID, kind, selection, total)
}

// ResendForwarding settles an unknown outcome: the partner has not got it, the same bytes go again. Not before a look
// that can be trusted was about it.
func (s *Sales) ResendForwarding(ctx context.Context, a service.Actor, id int64) error {
	return s.settle(ctx, a, id, "resend", nil, func(tx *db.Tx, f db.Forwarding) (int64, error) {
		if db.LookedFor(f) {
			i, err := tx.IntegrationByID(ctx, a.EnvironmentID, f.IntegrationID)
			switch {
			case err != nil:
				return 0, err
			case i.LookAt == nil || i.State != states.IntegrationActive:
				return 0, service.Conflict("look_first")
			}
			return 0, service.Conflict("look_first_at", salesdock.FormatStamp(*i.LookAt))
		}
		if f.State == states.ForwardingOutcomeUnknown && f.MayResend {
			return 1, nil // said before
		}
		return tx.ForwardingResend(ctx, db.ForwardingResendParams{EnvironmentID: a.EnvironmentID, ID: id, Looks: states.Texts(states.LookDone, states.LookNotThere), Now: s.Now()})
	})
}

// AdoptSale settles an unknown outcome: this sale at the partner is ours. A number that no look found is asked for at
// the partner first.
func (s *Sales) AdoptSale(ctx context.Context, a service.Actor, id int64, partnerSaleID string) error {
	partnerSaleID = strings.TrimSpace(partnerSaleID)
	if missing := service.Required(map[string]string{"partner_sale_id": partnerSaleID}); missing != nil {
		return missing
	}
	known, err := s.knownThere(ctx, a, id, partnerSaleID)
	if err != nil {
		return err
	}
	return s.settle(ctx, a, id, "adopt", map[string]any{"partner_sale_id": partnerSaleID, "known": known}, func(tx *db.Tx, f db.Forwarding) (int64, error) {
		if f.State != states.ForwardingOutcomeUnknown {
			return 0, nil
		}
		count, err := ledger.RecordForwarded(ctx, tx, f, partnerSaleID, s.Now())
		return count, service.OrConflict(err, "candidate_taken")
	})
}

// knownThere says how it is known that the partner has a sale: a look found it, or the partner says so now. A partner
// that cannot be asked for a number is a person's word.
func (s *Sales) knownThere(ctx context.Context, a service.Actor, id int64, partnerSaleID string) (known string, err error) {
	var row db.Integration
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		f, err := tx.ForwardingByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return service.OrNotFound(err)
		}
		if f.State != states.ForwardingOutcomeUnknown {
			return service.Conflict("wrong_state", f.State)
		}
		if slices.ContainsFunc(f.Candidates, func(c linking.Candidate) bool { return c.PartnerSaleID == partnerSaleID }) {
			known = "candidate"
		}
		taken, err := tx.ForwardingsAdopted(ctx, db.ForwardingsAdoptedParams{EnvironmentID: a.EnvironmentID, IntegrationID: f.IntegrationID, PartnerSaleIds: []string{partnerSaleID}})
		if err != nil {
			return err
		}
		if len(taken) > 0 {
			return service.Conflict("candidate_taken")
		}
		row, err = tx.IntegrationByID(ctx, a.EnvironmentID, f.IntegrationID)
		return err
	})
	if err != nil || known != "" {
		return known, err
	}
	client, err := s.Partner(ctx, row)
	if err != nil {
		return "", err
	}
	page, err := client.SalesByIDs(ctx, []string{partnerSaleID})
	var answer *salesdock.Error
	switch {
	case errors.As(err, &answer) && answer.CannotBeAsked():
		return "said", nil
	case err != nil:
		return "", service.Conflict("adopt_unchecked")
	case slices.ContainsFunc(page.Data, func(sale salesdock.SaleUpdate) bool { return string(sale.ID) == partnerSaleID }):
		return "partner", nil
	case len(page.Data) > 0:
		return "said", nil // it gives other sales than the one that was asked for
	}
	return "", service.Invalid("partner_sale_id", "candidate_unknown")
}
