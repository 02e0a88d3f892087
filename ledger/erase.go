package ledger

import (
	"context"
	"slices"
	"strconv"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

// Over says whether a sale came to nothing or to its end: what an environment may have erased by age.
func Over(sale db.Sale) bool {
	return sale.StatusType == linking.StatusTypeCancelled || sale.StatusType == linking.StatusTypeClosed || slices.Contains(refusedOffer, sale.Status)
}

// refusedOffer are the statuses of an offer that nothing comes of: their type says nothing of it.
var refusedOffer = []string{linking.StatusOfferRejected, linking.StatusOfferNoOther, linking.StatusOfferExpired}

// UnderWay says why a sale cannot be erased yet: something is still done with what it holds, and who must settle it is told how.
func UnderWay(ctx context.Context, tx *db.Tx, environmentID, saleID int64) (problems []linking.Problem, err error) {
	say := func(code states.Reason, partner string) {
		number := strconv.FormatInt(saleID, 10)
		problems = append(problems, linking.Problem{Code: code, Field: "sales." + number, Subject: number, Detail: partner})
	}
	forwardings, err := tx.ForwardingsOfSale(ctx, environmentID, saleID)
	if err != nil {
		return nil, err
	}
	for _, f := range forwardings {
		code, open := eraseWaits[f.State]
		if !open {
			continue
		}
		partner, err := tx.IntegrationByID(ctx, environmentID, f.IntegrationID)
		if err != nil {
			return nil, err
		}
		say(code, partner.Name)
	}
	requests, err := tx.CancellationsOfSale(ctx, environmentID, saleID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(requests, func(c db.CancellationRequest) bool { return slices.Contains(states.CancellationPending, c.State) }) {
		say(states.ProblemEraseCancellation, "")
	}
	mails, err := tx.MailsOfSale(ctx, environmentID, saleID)
	if slices.ContainsFunc(mails, func(m db.Mail) bool { return m.State == states.MailSending }) {
		say(states.ProblemEraseMail, "")
	}
	return problems, err
}

// eraseWaits are the states of a forwarding that has not ended.
var eraseWaits = map[states.ForwardingState]states.Reason{
	states.ForwardingWaiting: states.ProblemEraseSending, states.ForwardingSending: states.ProblemEraseSending,
	states.ForwardingActionRequired: states.ProblemEraseAction, states.ForwardingOutcomeUnknown: states.ProblemEraseUnknown,
}

// LockToErase has nobody else move a sale. Its forwardings come first, as where statuses are read: two that wait for each other end
// with an error.
func LockToErase(ctx context.Context, tx *db.Tx, environmentID, saleID int64) (db.Sale, error) {
	if _, err := tx.SaleForwardingsLock(ctx, environmentID, saleID); err != nil {
		return db.Sale{}, err
	}
	return tx.SaleLock(ctx, environmentID, saleID)
}

// Erase takes the person out of a sale and out of all that hangs on it, in the transaction that has the sale locked. Its numbers
// stay, so that what was counted and settled stays true: what was sold, its statuses, its dates, its number at partners. A statement
// a table: docs/personal-data.md says of each column what becomes of it.
func Erase(ctx context.Context, tx *db.Tx, sale db.Sale, now time.Time) error {
	err := tx.SaleErase(ctx, db.SaleEraseParams{EnvironmentID: sale.EnvironmentID, ID: sale.ID, Submission: sale.Submission.Erased(), Now: &now})
	if err != nil {
		return err
	}
	if err := tx.SaleMailsErase(ctx, db.SaleMailsEraseParams{EnvironmentID: sale.EnvironmentID, SaleID: sale.ID, Now: &now}); err != nil {
		return err
	}
	for _, erase := range []func(context.Context, int64, int64) error{
		tx.SaleHistoryErase, tx.SaleForwardingsErase, tx.SaleOptinErase, tx.SaleConceptsErase, tx.SaleCancellationsErase, tx.SaleSetAsideErase,
	} {
		if err := erase(ctx, sale.EnvironmentID, sale.ID); err != nil {
			return err
		}
	}
	return nil
}
