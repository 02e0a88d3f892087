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
	"koppel/states"
)

// candidatesKept is how many a walk remembers for one sale, the best ones.
const candidatesKept = 50

// LookForSales reads one page of what a stock partner made lately, and holds it against every sale of this link
// whose outcome is unknown: one walk serves them all. At its end exactly one sale that fits is adopted; what the walk
// can be trusted about and is not certain waits for a person. Idempotent: a page read again finds the same candidates.
func (p *Partner) LookForSales(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != states.IntegrationActive {
		return p.plan(ctx, in, err)
	}
	w, err := p.beginLook(ctx, ref.Integration)
	if err != nil || w.Stretch.Page == 0 {
		return p.plan(ctx, in, err)
	}
	page, err := ref.client.SalesCreated(ctx, w.Stretch.part(), w.Stretch.Page)
	if err != nil {
		return p.lookFailed(ctx, ref, w, err)
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error { return p.lookThrough(ctx, tx, ref.Integration, w, page) })
	return p.plan(ctx, in, err)
}

// beginLook gives the walk with the page that is read next; page 0 when there is nothing to look for.
func (p *Partner) beginLook(ctx context.Context, i db.Integration) (w walk, err error) {
	if w, ok := parseWalk(i.LookCursor); ok && p.Now().Sub(w.Began) < walkFor {
		return w, nil
	}
	err = p.Store.WithTx(ctx, i.EnvironmentID, func(tx *db.Tx) error {
		count, err := tx.ForwardingsLookBegin(ctx, db.ForwardingsLookBeginParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, Before: new(p.Now().Add(-p.Looks.first())),
			OddBefore: p.Now().Add(-p.Looks.between()), OddSince: p.Now().Add(-oddFor)})
		if err != nil {
			return err
		}
		if count == 0 {
			return p.lookNext(ctx, tx, i, i.LookFailures, i.LookProblem)
		}
		open, err := tx.ForwardingsOpen(ctx, i.EnvironmentID, i.ID)
		if err != nil {
			return err
		}
		w, err = p.newWalk(ctx, tx, i, lookedFor(open))
		return err
	})
	return w, err
}

// newWalk lays the window over every attempt that is looked for, and over a sale of ours that must be in it.
func (p *Partner) newWalk(ctx context.Context, tx *db.Tx, i db.Integration, looking []db.ForwardingsOpenRow) (walk, error) {
	now := p.Now()
	w, from := walk{Began: now}, now
	for _, l := range looking {
		from = earliest(from, l.TriedAt)
	}
	made, err := tx.ForwardingsMadeLately(ctx, db.ForwardingsMadeLatelyParams{
		EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, Since: new(now.Add(-controlsOf)), Till: &now, UpTo: controlsKept,
	})
	if err != nil {
		return w, err
	}
	for _, m := range made {
		w.Controls = append(w.Controls, m.PartnerSaleID)
	}
	if len(made) > 0 {
		from = earliest(from, made[0].MadeAt)
	}
	period := clockOf(i).period(from, now)
	w.Stretch = beginStretch(now, period, period.Till)
	return w, nil
}

// lookedFor gives those that this walk is about.
func lookedFor(open []db.ForwardingsOpenRow) []db.ForwardingsOpenRow {
	return slices.DeleteFunc(slices.Clone(open), func(l db.ForwardingsOpenRow) bool {
		return l.Forwarding.State != states.ForwardingOutcomeUnknown || l.Forwarding.Look != states.LookLooking
	})
}

// lookThrough holds a page against what is looked for, and goes on to the next one or ends the walk.
func (p *Partner) lookThrough(ctx context.Context, tx *db.Tx, i db.Integration, w walk, page salesdock.Page[salesdock.SaleUpdate]) error {
	// First who may have made a sale, then whose they are: what is recorded in between is met in one of them.
	open, err := tx.ForwardingsOpen(ctx, i.EnvironmentID, i.ID)
	if err != nil {
		return err
	}
	rows := w.rows(page)
	ids := make([]string, len(rows))
	for n, row := range rows {
		ids[n] = string(row.ID)
	}
	taken, err := tx.ForwardingsAdopted(ctx, db.ForwardingsAdoptedParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, PartnerSaleIds: ids})
	if err != nil {
		return err
	}
	if i, err = learnClock(ctx, tx, i, page.Data); err != nil {
		return err
	}
	free, looking := w.take(rows, taken), lookedFor(open)
	w.share(free, func(row salesdock.SaleUpdate) (fitting int) {
		for _, l := range open {
			if c, maybe := candidateFor(clockOf(i), p.Looks, l, row); maybe && c.Fits() {
				fitting++
			}
		}
		return fitting
	})
	if err := findCandidates(ctx, tx, clockOf(i), p.Looks, looking, free); err != nil {
		return err
	}
	counts := slices.ContainsFunc(looking, func(l db.ForwardingsOpenRow) bool { return p.Looks.counts(w, l.Forwarding) })
	if !w.advance(clockOf(i), page) {
		cursor, err := w.cursor()
		if err != nil {
			return err
		}
		return tx.IntegrationLook(ctx, db.IntegrationLookParams{
			EnvironmentID: i.EnvironmentID, ID: i.ID, LookAt: new(p.Now()), LookCursor: cursor, LookFailures: i.LookFailures, LookProblem: i.LookProblem,
		})
	}
	problem := w.problem()
	if err := p.settleLook(ctx, tx, i, w, looking, problem == ""); err != nil {
		return err
	}
	failures := int32(0)
	if problem != "" && counts {
		failures = i.LookFailures + 1
		jobFailed(ctx, problem)
	}
	p.Log.Info("sale.look.settled", zap.Int("sales", len(looking)), zap.String("reason", string(problem)))
	return p.lookNext(ctx, tx, i, failures, problem)
}

// lookNext ends a walk, and plans the next one when something waits for it.
func (p *Partner) lookNext(ctx context.Context, tx *db.Tx, i db.Integration, failures int32, problem states.Reason) error {
	waiting, err := tx.ForwardingsLookNext(ctx, db.ForwardingsLookNextParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, OddSince: p.Now().Add(-oddFor)})
	if err != nil {
		return err
	}
	next := db.IntegrationLookParams{EnvironmentID: i.EnvironmentID, ID: i.ID}
	for _, f := range waiting {
		at := p.Looks.next(f, int(failures), p.Now())
		if next.LookAt == nil || at.Before(*next.LookAt) {
			next.LookAt = &at
		}
	}
	if next.LookAt != nil {
		next.LookFailures, next.LookProblem = failures, problem
	}
	return tx.IntegrationLook(ctx, next)
}

// lookFailed goes on with the walk later, as long as the partner's outage lasts.
func (p *Partner) lookFailed(ctx context.Context, ref integrationRef, w walk, cause error) (IntegrationPlan, error) {
	c, err := p.noted(ctx, ref.Integration, cause)
	if err != nil {
		return IntegrationPlan{}, err
	}
	cursor, err := w.cursor()
	if err != nil {
		return IntegrationPlan{}, err
	}
	failures := ref.LookFailures + 1
	wait := p.Looks.backoff(int(failures))
	if c.Reason != states.ReasonDown { // a partner that is left alone said nothing of when to come back
		wait = max(wait, c.Delay)
	}
	err = p.Store.WithTx(ctx, ref.EnvironmentID, func(tx *db.Tx) error {
		return tx.IntegrationLook(ctx, db.IntegrationLookParams{
			EnvironmentID: ref.EnvironmentID, ID: ref.ID, LookAt: new(p.Now().Add(wait)), LookCursor: cursor, LookFailures: failures, LookProblem: c.Reason,
		})
	})
	return p.plan(ctx, IntegrationInput{ref.EnvironmentID, ref.ID}, err)
}

// findCandidates adds what may be ours of one page to the sales that are looked for.
func findCandidates(ctx context.Context, tx *db.Tx, clock partnerClock, waits LookWaits, looking []db.ForwardingsOpenRow, rows []salesdock.SaleUpdate) error {
	for i := range looking {
		l := &looking[i]
		before := len(l.Forwarding.Candidates)
		for _, row := range rows {
			candidate, maybe := candidateFor(clock, waits, *l, row)
			known := slices.ContainsFunc(l.Forwarding.Candidates, func(c linking.Candidate) bool { return c.PartnerSaleID == candidate.PartnerSaleID })
			if maybe && !known {
				l.Forwarding.Candidates = append(l.Forwarding.Candidates, candidate)
			}
		}
		if len(l.Forwarding.Candidates) == before {
			continue
		}
		l.Forwarding.Candidates = linking.BestCandidates(l.Forwarding.Candidates, candidatesKept)
		err := tx.ForwardingCandidates(ctx, db.ForwardingCandidatesParams{EnvironmentID: l.Forwarding.EnvironmentID, ID: l.Forwarding.ID, Candidates: l.Forwarding.Candidates})
		if err != nil {
			return err
		}
	}
	return nil
}

// candidateFor says whether a partner's sale may be ours: unless it was made before the attempt for certain, or
// nothing of the customer agrees.
func candidateFor(clock partnerClock, waits LookWaits, l db.ForwardingsOpenRow, row salesdock.SaleUpdate) (linking.Candidate, bool) {
	agree, compared := linking.CompareCustomer(l.Submission.Fields, string(row.Customer.Email), string(row.Customer.Lastname), string(row.Customer.Birthdate))
	unread := compared == 0 || slices.ContainsFunc(row.Odd, func(odd salesdock.Unreadable) bool { return strings.HasPrefix(odd.Field, "customer") })
	if agree == 0 && !unread {
		return linking.Candidate{}, false
	}
	c := linking.Candidate{
		PartnerSaleID: string(row.ID), CreatedAt: salesdock.FormatStamp(row.CreatedAt.Time), Customer: strings.TrimSpace(string(row.Customer.Firstname + " " + row.Customer.Lastname)),
		Score: agree, Product: l.PartnerProductID != 0 && int64(row.Product.ID) == l.PartnerProductID, Unread: unread && agree == 0,
		Odd: unread || row.IdentityOdd() != nil,
	}
	if row.CreatedAt.IsZero() {
		return c, true
	}
	made := clock.moment(row.CreatedAt)
	// However well the clock is known now: it may have been another one when the sale was made.
	if made.Before(l.TriedAt.Add(-max(clock.off(l.TriedAt), clockUnknown))) {
		return linking.Candidate{}, false
	}
	c.Apart = int(made.Sub(l.TriedAt).Abs() / time.Second)
	near := clockSkew
	if clock.known {
		near = clock.off(l.TriedAt)
	}
	if unknown := l.Forwarding.UnknownAt; unknown != nil {
		c.Timely = !made.Before(l.TriedAt.Add(-near)) && !made.After(unknown.Add(near+waits.trusted()))
	}
	return c, true
}
