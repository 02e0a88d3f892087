package activities

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
)

const (
	// lookAfter is how long a stock partner gets to show a sale whose answer was lost.
	lookAfter = time.Minute
	// clockSkew is how far a partner's clock may be behind ours.
	clockSkew = 5 * time.Minute
	// candidatesKept is how many a walk remembers for one sale, the best ones.
	candidatesKept = 50
)

// LookForSales reads one page of what a stock partner made lately, and holds it against every sale of this link
// whose outcome is unknown: one walk serves them all. At its end exactly one sale that fits is adopted; otherwise
// a person sees the candidates. Idempotent: a page read again finds the same candidates.
func (p *Partner) LookForSales(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != "active" {
		return p.plan(ctx, in, err)
	}
	w, err := p.beginLook(ctx, ref.Integration)
	if err != nil || w.page == 0 {
		return p.plan(ctx, in, err)
	}
	page, err := ref.client.SalesCreated(ctx, w.from, w.till, w.page)
	if err != nil {
		return p.lookFailed(ctx, ref, err)
	}
	more := page.NextPageURL != nil && len(page.Data) > 0
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		looking, err := tx.ForwardingsLooking(ctx, in.EnvironmentID, in.IntegrationID)
		if err != nil {
			return err
		}
		if err := findCandidates(ctx, tx, looking, page.Data); err != nil {
			return err
		}
		if more {
			return tx.IntegrationLook(ctx, db.IntegrationLookParams{EnvironmentID: ref.EnvironmentID, ID: ref.ID, LookAt: ptr(p.Now()), LookCursor: w.next(true)})
		}
		if err := p.settleLook(ctx, tx, ref.Integration, looking); err != nil {
			return err
		}
		return p.lookNext(ctx, tx, ref.Integration)
	})
	return p.plan(ctx, in, err)
}

// beginLook gives the page that is read next; page 0 when there is nothing to look for.
func (p *Partner) beginLook(ctx context.Context, i db.Integration) (w window, err error) {
	if i.LookCursor != "" {
		return parseWindow(i.LookCursor, p.Now(), p.Now()), nil
	}
	err = p.Store.WithTx(ctx, i.EnvironmentID, func(tx *db.Tx) error {
		looking, err := tx.ForwardingsLookBegin(ctx, db.ForwardingsLookBeginParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, Before: p.Now().Add(-lookAfter)})
		if err != nil {
			return err
		}
		if len(looking) == 0 {
			return p.lookNext(ctx, tx, i)
		}
		w = window{from: p.Now(), till: p.Now().Add(clockSkew), page: 1}
		for _, f := range looking {
			if f.SendingSince != nil && f.SendingSince.Before(w.from) {
				w.from = *f.SendingSince
			}
		}
		w.from = w.from.Add(-clockSkew)
		return nil
	})
	return w, err
}

// lookNext ends a walk, and plans the next one when something waits for it.
func (p *Partner) lookNext(ctx context.Context, tx *db.Tx, i db.Integration) error {
	since, err := tx.ForwardingsLookNext(ctx, i.EnvironmentID, i.ID)
	if err != nil {
		return err
	}
	var at *time.Time
	if len(since) > 0 {
		at = ptr(since[0].Add(lookAfter))
	}
	return tx.IntegrationLook(ctx, db.IntegrationLookParams{EnvironmentID: i.EnvironmentID, ID: i.ID, LookAt: at})
}

func (p *Partner) lookFailed(ctx context.Context, ref integrationRef, cause error) (IntegrationPlan, error) {
	c, err := p.noted(ctx, ref.Integration, cause)
	if err != nil {
		return IntegrationPlan{}, err
	}
	err = p.Store.WithTx(ctx, ref.EnvironmentID, func(tx *db.Tx) error {
		return tx.IntegrationLook(ctx, db.IntegrationLookParams{
			EnvironmentID: ref.EnvironmentID, ID: ref.ID, LookAt: ptr(p.Now().Add(max(lookAfter, c.Delay))), LookCursor: ref.LookCursor,
		})
	})
	return p.plan(ctx, IntegrationInput{ref.EnvironmentID, ref.ID}, err)
}

// findCandidates adds what fits of one page to the sales that are looked for.
func findCandidates(ctx context.Context, tx *db.Tx, looking []db.ForwardingsLookingRow, rows []salesdock.SaleUpdate) error {
	for i := range looking {
		l := &looking[i]
		before := len(l.Forwarding.Candidates)
		for _, row := range rows {
			candidate, fits := candidateFor(*l, row)
			known := slices.ContainsFunc(l.Forwarding.Candidates, func(c linking.Candidate) bool { return c.PartnerSaleID == candidate.PartnerSaleID })
			if fits && !known {
				l.Forwarding.Candidates = append(l.Forwarding.Candidates, candidate)
			}
		}
		if len(l.Forwarding.Candidates) == before {
			continue
		}
		l.Forwarding.Candidates = linking.BestCandidates(l.Forwarding.Candidates, candidatesKept)
		err := tx.ForwardingCandidates(ctx, db.ForwardingCandidatesParams{
			EnvironmentID: l.Forwarding.EnvironmentID, ID: l.Forwarding.ID, Candidates: l.Forwarding.Candidates, Look: db.LookLooking,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// candidateFor says whether a partner's sale may be ours: the same product, made after the attempt began, and
// something of the customer agrees.
func candidateFor(l db.ForwardingsLookingRow, row salesdock.SaleUpdate) (linking.Candidate, bool) {
	score := linking.ScoreCandidate(l.Submission.Fields, string(row.Customer.Email), string(row.Customer.Lastname), string(row.Customer.Birthdate))
	if score == 0 || int64(row.Product.ID) != l.PartnerProductID {
		return linking.Candidate{}, false
	}
	made := row.CreatedAt.Time
	if since := l.Forwarding.SendingSince; since != nil && !made.IsZero() && made.Before(since.Add(-clockSkew)) {
		return linking.Candidate{}, false
	}
	apart := 0
	if since := l.Forwarding.SendingSince; since != nil && !made.IsZero() {
		apart = int(made.Sub(*since).Abs() / time.Second)
	}
	return linking.Candidate{
		Apart: apart, PartnerSaleID: string(row.ID), CreatedAt: salesdock.FormatStamp(made), Customer: strings.TrimSpace(string(row.Customer.Firstname + " " + row.Customer.Lastname)), Score: score,
	}, true
}

// settleLook ends a walk: what is certain is adopted, the rest waits for a person. Each hears of it.
func (p *Partner) settleLook(ctx context.Context, tx *db.Tx, i db.Integration, looking []db.ForwardingsLookingRow) error {
	claims := map[string]int{} // a sale on which everything agrees for two of ours is certain for none
	var ids []string
	for _, l := range looking {
		for _, c := range l.Forwarding.Candidates {
			ids = append(ids, c.PartnerSaleID)
			if c.Score == linking.FullScore {
				claims[c.PartnerSaleID]++
			}
		}
	}
	taken, err := tx.ForwardingsAdopted(ctx, db.ForwardingsAdoptedParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, PartnerSaleIds: ids})
	if err != nil {
		return err
	}
	for _, l := range looking {
		f := l.Forwarding
		free := linking.FreeCandidates(f.Candidates, taken)
		ours, certain := linking.TheOne(free)
		if !certain || claims[ours.PartnerSaleID] != 1 {
			err := tx.ForwardingCandidates(ctx, db.ForwardingCandidatesParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Candidates: free, Look: db.LookDone})
			if err != nil {
				return err
			}
			continue
		}
		// What is adopted here goes from the candidates of the others, those before it and those after.
		if _, err := tx.RecordForwarded(ctx, f, ours.PartnerSaleID, p.Now()); err != nil {
			return err
		}
		taken = append(taken, &ours.PartnerSaleID)
	}
	told := make([]int64, len(looking))
	for n, l := range looking {
		told[n] = l.Forwarding.ID
	}
	if len(told) > 0 {
		err := tx.OutboxInsertMany(ctx, db.OutboxInsertManyParams{EnvironmentID: i.EnvironmentID, Kind: db.OutboxForwarding, SubjectIds: told, Signal: db.SignalLookAgain, Now: p.Now()})
		if err != nil {
			return err
		}
	}
	p.Log.Info("sale.look.settled", zap.Int("sales", len(looking)))
	return nil
}

// LookForSale is called by runs that began before the integration looked for its sales together: it leaves the
// looking to the integration.
func (p *Partner) LookForSale(ctx context.Context, in SendSaleInput) (result SendSaleResult, err error) {
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		f, err := tx.ForwardingByID(ctx, in.EnvironmentID, in.ForwardingID)
		result = SendSaleResult{State: f.State, Cause: f.Cause}
		if err != nil || f.State != db.ForwardingOutcomeUnknown || f.Look != "" {
			return err
		}
		i, err := tx.IntegrationByID(ctx, in.EnvironmentID, f.IntegrationID)
		if err != nil {
			return err
		}
		result, err = p.unknown(ctx, tx, &sending{forwarding: f, ref: integrationRef{Integration: i}}, ReasonUnknown)
		return err
	})
	return result, err
}
