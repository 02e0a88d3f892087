package activities

import (
	"context"
	"slices"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/states"
)

// looksBeforeAgain is how many looks in a row find nothing before what was turned away goes again by itself.
const looksBeforeAgain = 2

// settleLook ends a walk: what is certain is adopted, what the walk can be trusted about waits for a person, the rest
// is looked for again. Each hears of it.
func (p *Partner) settleLook(ctx context.Context, tx *db.Tx, i db.Integration, w walk, looking []db.ForwardingsOpenRow, complete bool) error {
	var ids []string
	for _, l := range looking {
		for _, c := range l.Forwarding.Candidates {
			ids = append(ids, c.PartnerSaleID)
		}
	}
	taken, err := tx.ForwardingsAdopted(ctx, db.ForwardingsAdoptedParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, PartnerSaleIds: ids})
	if err != nil {
		return err
	}
	var rest []db.ForwardingsOpenRow
	for _, l := range looking {
		ours, certain := linking.TheOne(linking.FreeCandidates(l.Forwarding.Candidates, taken))
		if !certain || slices.Contains(w.Shared, ours.PartnerSaleID) {
			rest = append(rest, l)
			continue
		}
		if err := p.adoptFound(ctx, tx, l.Forwarding, ours.PartnerSaleID); err != nil {
			return err
		}
		taken = append(taken, &ours.PartnerSaleID)
	}
	for _, l := range rest {
		if err := p.settleRest(ctx, tx, w, l, linking.FreeCandidates(l.Forwarding.Candidates, taken), complete); err != nil {
			return err
		}
	}
	told := make([]int64, len(looking))
	for n, l := range looking {
		told[n] = l.Forwarding.ID
	}
	if len(told) == 0 {
		return nil
	}
	return tx.OutboxInsertMany(ctx, db.OutboxInsertManyParams{EnvironmentID: i.EnvironmentID, Kind: states.OutboxForwarding, SubjectIds: told, Signal: states.SignalLookAgain, Now: p.Now()})
}

// adoptFound adopts what a walk found, unless a person settled it meanwhile.
func (p *Partner) adoptFound(ctx context.Context, tx *db.Tx, f db.Forwarding, partnerSaleID string) error {
	f, err := lockedForwarding(ctx, tx, SendSaleInput{EnvironmentID: f.EnvironmentID, ForwardingID: f.ID})
	if err != nil || f.State != states.ForwardingOutcomeUnknown || f.Look != states.LookLooking {
		return err
	}
	_, err = ledger.RecordForwarded(ctx, tx, f, partnerSaleID, p.Now())
	return err
}

// settleRest puts down what a walk says of a sale that it found nothing certain of. Never sent again by a walk's word
// alone is what the partner may have taken; what each attempt was turned away with goes after two such looks.
func (p *Partner) settleRest(ctx context.Context, tx *db.Tx, w walk, l db.ForwardingsOpenRow, free []linking.Candidate, complete bool) error {
	f := l.Forwarding
	looked := db.ForwardingLookedParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Candidates: free, Look: states.LookWanted, LooksEmpty: f.LooksEmpty}
	crowded := len(free) == 0 && len(f.Candidates) >= candidatesKept // more fitted than were kept: those are not known
	if !complete || !p.Looks.counts(w, f) || crowded {
		return tx.ForwardingLooked(ctx, looked)
	}
	looked.LookedAt = &w.Began
	again := false
	switch {
	case len(free) > 0:
		looked.Look, looked.LooksEmpty = states.LookDone, 0
	case !l.TurnedAway:
		looked.Look, looked.LooksEmpty = states.LookNotThere, f.LooksEmpty+1
	case f.LookedAt == nil || !w.Began.Before(f.LookedAt.Add(p.Looks.between())):
		looked.LooksEmpty = f.LooksEmpty + 1
		again = looked.LooksEmpty >= looksBeforeAgain && !p.Now().Before(f.DueAt)
	default:
		looked.LookedAt = nil // too soon after the one before it to count as another
	}
	if again {
		looked.Look = states.LookNotThere
	}
	if err := tx.ForwardingLooked(ctx, looked); err != nil || !again {
		return err
	}
	_, err := tx.ForwardingResend(ctx, db.ForwardingResendParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Looks: states.Texts(states.LookNotThere), Now: p.Now()})
	return err
}
