package sales

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// StatusInput is a status that a person or client sets.
type StatusInput struct {
	Status, Remark string
	MarkProcessed  bool
	MustCancel     bool // only a status of type cancelled will do
	Account        bool
}

// SetSaleStatus sets a sale's status.
func (s *Sales) SetSaleStatus(ctx context.Context, a service.Actor, id int64, in StatusInput) (sale db.Sale, err error) {
	in.Status = strings.ToLower(strings.TrimSpace(in.Status))
	if missing := service.Required(map[string]string{"status": in.Status}); missing != nil {
		return sale, missing
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.SaleLock(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if before.UserID != a.UserID && (!in.Account || !a.Admin()) {
			return db.ErrNotFound
		}
		status, err := ledger.Status(ctx, tx, a.EnvironmentID, in.Status)
		if errors.Is(err, db.ErrNotFound) {
			return service.Invalid("status", "field_invalid", in.Status)
		}
		if err != nil {
			return err
		}
		if in.MustCancel && status.Type != linking.StatusTypeCancelled {
			return service.Invalid("status", "status_not_cancelled")
		}
		sale, err = ledger.ChangeSaleStatus(ctx, tx, before, ledger.StatusChange{
			Status: status, Remark: in.Remark, MarkProcessed: in.MarkProcessed, UserID: &a.UserID, By: states.CancelledByUser, Now: s.Now(),
		})
		return err
	})
	return sale, service.OrNotFound(err)
}

// SaleIDByIncoming finds the sale that a principal knows under its own number.
func (s *Sales) SaleIDByIncoming(ctx context.Context, a service.Actor, incomingID string) (id int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		found, err := tx.SalesByIncomingID(ctx, a.EnvironmentID, &incomingID)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return db.ErrNotFound
		case len(found) > 1:
			return service.Invalid("incoming_id", "several_sales")
		}
		id = found[0]
		return nil
	})
	return id, service.OrNotFound(err)
}

// Correction is what changes of a sale: what is given.
type Correction struct {
	Customer   map[string]string // and valid_till
	Business   *bool
	Answers    map[string]linking.Answer
	Unanswered []string // questions whose answers are taken away
	Agreements map[string]bool
	ProductID  int64 // another one in the place of the main product; 0: it stays
}

// over lays a correction over what was submitted.
func (c Correction) over(s linking.Submission) linking.Submission {
	fields, answers, agreements := map[string]string{}, map[string]linking.Answer{}, map[string]bool{}
	for _, from := range []map[string]string{s.Fields, c.Customer} {
		maps.Copy(fields, from)
	}
	for _, from := range []map[string]linking.Answer{s.Answers, c.Answers} {
		maps.Copy(answers, from)
	}
	for _, from := range []map[string]bool{s.Agreements, c.Agreements} {
		maps.Copy(agreements, from)
	}
	for _, id := range c.Unanswered {
		delete(answers, id)
	}
	s.Fields, s.Answers, s.Agreements = fields, answers, agreements
	if c.Business != nil {
		s.Business = *c.Business
	}
	return s
}

// CorrectSale changes customer data, answers and the product of a sale that no partner has yet; the original is kept.
func (s *Sales) CorrectSale(ctx context.Context, a service.Actor, id int64, c Correction) (view SaleView, err error) {
	allowed := append(linking.CustomerFields(), "valid_till")
	for field := range c.Customer {
		if !slices.Contains(allowed, field) {
			return view, service.Invalid("customer."+field, "field_invalid", field)
		}
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleLock(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if sale.ErasedAt != nil {
			return service.Conflict("sale_erased")
		}
		forwardings, err := tx.ForwardingsOfSale(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		for _, f := range forwardings {
			if f.State == states.ForwardingForwarded || f.State == states.ForwardingSending || f.State == states.ForwardingOutcomeUnknown {
				return service.Conflict("sale_forwarded")
			}
		}
		corrected := c.over(sale.Submission)
		if err := s.exchange(ctx, tx, sale, &corrected, c.ProductID); err != nil {
			return err
		}
		if err := s.checkCorrected(ctx, tx, sale, corrected); err != nil {
			return err
		}
		if err := s.keepCorrected(ctx, tx, a, sale, corrected); err != nil {
			return err
		}
		for _, f := range forwardings {
			if err := tx.Move(ctx, a.EnvironmentID, states.OutboxForwarding, f.ID, states.SignalLookAgain, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return view, service.OrNotFound(err)
	}
	return s.Sale(ctx, a, id, true)
}

func (s *Sales) keepCorrected(ctx context.Context, tx *db.Tx, a service.Actor, sale db.Sale, corrected linking.Submission) error {
	params := db.SaleCorrectParams{EnvironmentID: a.EnvironmentID, ID: sale.ID, Submission: corrected, Business: corrected.Business, Now: s.Now()}
	if _, err := tx.SaleCorrect(ctx, params); err != nil {
		return err
	}
	if err := ledger.AddHistory(ctx, tx, sale, ledger.History{Type: states.HistoryCorrected, UserID: &a.UserID, At: s.Now()}); err != nil {
		return err
	}
	return s.Audit(ctx, tx, a, "correct", "sale", sale.ID, sale.Submission, corrected)
}

// checkCorrected holds a correction against what the sale was sold with. Products cannot be corrected, and their sections
// were checked when the sale was made.
func (s *Sales) checkCorrected(ctx context.Context, tx *db.Tx, sale db.Sale, corrected linking.Submission) error {
	needed := map[string]string{}
	for _, field := range requiredFields(corrected.Business) {
		needed[field] = corrected.Fields[field]
	}
	if missing := service.Required(needed); missing != nil {
		return missing
	}
	rows, err := tx.SaleLines(ctx, sale.EnvironmentID, sale.ID)
	if err != nil {
		return err
	}
	corrected.Related = nil
	flow := linking.Flow{TransactionType: states.EverySaleType}
	checks := saleChecks{flow: flow, questions: sale.Sold.Questions, agreements: sale.Sold.Agreements, correcting: true, now: s.Now()}
	return checkSubmission(&corrected, ledger.SoldLines(rows), checks)
}
