package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/server/service/sales"
	"koppel/states"
)

// unknownOutcomes makes so many sales of different customers whose attempt made nothing, and whose answer did not say so.
func (w *world) unknownOutcomes(partner *stock, count int) (ids []int64) {
	w.t.Helper()
	partner.set(func(s *stock) { s.mode = fails })
	for n := range count {
		f := w.forwardingOf(w.sellTo(fmt.Sprintf("klant%d@voorbeeld.example", n), fmt.Sprint("Klant", n), fmt.Sprintf("%02d-%02d-1970", n%28+1, n/28%12+1)))
		ids = append(ids, f.ID)
		_, err := w.acts.SendSale(w.t.Context(), activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID, ForwardingID: f.ID})
		require.NoError(w.t, err)
		// Left alone, the partner would be asked for the next one later: this is about other things.
		w.acts.Budget = w.freshBudget()
	}
	return ids
}

func (w *world) advance(o *db.Operation) bool {
	w.t.Helper()
	require.NotNil(w.t, o)
	records := &activities.Records{Store: w.svc.Store, Now: w.svc.Now}
	result, err := records.AdvanceOperation(w.t.Context(), activities.OperationInput{EnvironmentID: w.actor.EnvironmentID, OperationID: o.ID})
	require.NoError(w.t, err)
	return result.Ended
}

func (w *world) count(which func(db.Forwarding) bool, ids []int64) (count int) {
	w.t.Helper()
	for _, id := range ids {
		f, _, err := w.svc.Sales.Forwarding(w.t.Context(), w.actor, id)
		require.NoError(w.t, err)
		if which(f) {
			count++
		}
	}
	return count
}

// All that a partner has not got goes again with one action, and nothing goes before the look.
func TestWhatIsNotThereGoesAgainTogether(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	ids := w.unknownOutcomes(partner, 30)
	retry := func() sales.Retried {
		r, err := w.svc.Sales.RetryForwardings(t.Context(), w.actor, sales.RetryInput{Cause: states.ReasonUnknown, IntegrationID: &w.row.ID})
		require.NoError(t, err)
		return r
	}
	again := func(f db.Forwarding) bool { return f.MayResend }
	r := retry()
	require.Zero(t, r.Count)
	require.Equal(t, []sales.Held{{Reason: "looking", Count: 30}}, r.Held)
	byID, err := w.svc.Sales.RetryForwardings(t.Context(), w.actor, sales.RetryInput{IDs: ids[:2]})
	require.NoError(t, err)
	require.Equal(t, sales.Retried{Held: []sales.Held{{Reason: "looking", Count: 2}}}, byID)
	require.Zero(t, w.count(again, ids))

	w.lookUntil(12 * time.Minute)
	require.Equal(t, 30, w.count(db.NotThere, ids))
	byID, err = w.svc.Sales.RetryForwardings(t.Context(), w.actor, sales.RetryInput{IDs: ids[:1]})
	require.NoError(t, err)
	require.Equal(t, sales.Retried{Count: 1}, byID)
	// Somebody at the partner enters one of them now, and a person says so.
	partner.plant("klant1@voorbeeld.example", "Klant1", "02-01-1970", 70, w.svc.Now())
	require.NoError(t, w.svc.Sales.AdoptSale(t.Context(), w.actor, ids[1], " 1 "))
	r = retry()
	require.Equal(t, 28, r.Count)
	require.Empty(t, r.Held)
	require.Equal(t, r.Operation.ID, retry().Operation.ID, "one operation, however often it is asked")
	require.False(t, w.advance(r.Operation))
	require.Equal(t, 19, w.count(again, ids), "a few at a time, with what is on its way already")
	require.False(t, w.advance(r.Operation))
	require.Equal(t, 19, w.count(again, ids), "those are on their way still")
	partner.set(func(s *stock) { s.mode = takes })
	for range 40 {
		for _, id := range ids {
			w.in.ForwardingID = id
			_, err := w.send()
			require.NoError(t, err)
		}
		if w.advance(r.Operation) {
			break
		}
	}
	require.Equal(t, 30, w.count(func(f db.Forwarding) bool { return f.State == states.ForwardingForwarded }, ids))
	require.Len(t, partner.times(), 29)
	for reference, times := range partner.times() {
		require.Equal(t, 1, times, reference)
	}
	o, err := w.svc.Sales.Operation(t.Context(), w.actor, r.Operation.ID)
	require.NoError(t, err)
	require.Equal(t, []any{states.OperationDone, int32(28), int32(28)}, []any{o.State, o.Done, o.Started})
}

// An operation that is stopped leaves the rest as it was.
func TestSettlingIsCancelled(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	ids := w.unknownOutcomes(partner, 25)
	w.lookUntil(12 * time.Minute)
	r, err := w.svc.Sales.SettleUnknown(t.Context(), w.actor, sales.SettleInput{IntegrationID: w.row.ID, Action: states.SettleResend})
	require.NoError(t, err)
	require.False(t, w.advance(r.Operation))
	require.NoError(t, w.svc.Sales.CancelOperation(t.Context(), w.actor, r.Operation.ID))
	require.True(t, w.advance(r.Operation))
	require.Equal(t, 6, w.count(db.NotThere, ids))
}

// Where one candidate is left beyond doubt all are adopted together, whatever weaker ones stand beside it; what two of
// ours could be is a person's.
func TestSingleCandidatesAreAdoptedTogether(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	ids := w.unknownOutcomes(partner, 7)
	at := w.svc.Now()
	partner.plant("klant3@voorbeeld.example", "Klant3", "04-01-1970", 70, at.Add(-time.Hour)) // everything, at another time
	partner.plant("klant5@voorbeeld.example", "Klant3", "05-05-1955", 70, at)                 // weaker beside it, and perhaps another's
	partner.plant("klant4@voorbeeld.example", "Klant4", "05-01-1970", 70, at.Add(-time.Hour)) // everything, twice
	partner.plant("klant4@voorbeeld.example", "Klant4", "05-01-1970", 70, at.Add(-time.Hour))
	partner.plant("anders@voorbeeld.example", "Klant0", "01-01-1970", 70, at)  // two of three
	partner.plant("anders2@voorbeeld.example", "Klant1", "05-05-1955", 70, at) // one of three
	partner.plant("klant2@voorbeeld.example", "Klant2", "05-05-1955", 71, at)  // another product
	w.lookUntil(12 * time.Minute)
	require.Equal(t, 1, w.count(db.NotThere, ids))
	r, err := w.svc.Sales.SettleUnknown(t.Context(), w.actor, sales.SettleInput{IntegrationID: w.row.ID, Action: states.SettleAdopt})
	require.NoError(t, err)
	require.Equal(t, 2, r.Count)
	require.False(t, w.advance(r.Operation))
	require.True(t, w.advance(r.Operation))
	require.Equal(t, 2, w.count(func(f db.Forwarding) bool { return f.State == states.ForwardingForwarded }, ids))
	// The rest is given up, with a reason.
	_, err = w.svc.Sales.SettleUnknown(t.Context(), w.actor, sales.SettleInput{IntegrationID: w.row.ID, Action: states.SettleAbandon, Reason: " "})
	require.Error(t, err)
	_, err = w.svc.Sales.SettleUnknown(t.Context(), w.actor, sales.SettleInput{IntegrationID: w.row.ID, Action: "andere"})
	require.Error(t, err)
	r, err = w.svc.Sales.SettleUnknown(t.Context(), w.actor, sales.SettleInput{IntegrationID: w.row.ID, Action: states.SettleAbandon, Reason: "ingevoerd bij de partner"})
	require.NoError(t, err)
	require.Equal(t, 5, r.Count)
	require.False(t, w.advance(r.Operation))
	require.Equal(t, 5, w.count(func(f db.Forwarding) bool {
		return f.State == states.ForwardingAbandoned && f.AbandonReason == "ingevoerd bij de partner"
	}, ids))
}

// A person may know the number: it is asked for at the partner, and is nobody else's.
func TestANumberThatIsTyped(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	ids := w.unknownOutcomes(partner, 2)
	partner.plant("a@b.example", "Pietersen", "05-05-1955", 71, w.svc.Now().Add(-24*time.Hour))
	adopt := func(id int64, number string) string {
		err := w.svc.Sales.AdoptSale(t.Context(), w.actor, id, number)
		if err == nil {
			return ""
		}
		return w.refusal(err)
	}
	require.Equal(t, "invalid", adopt(ids[0], "404"), "the partner has no such sale")
	require.NotEmpty(t, adopt(ids[0], "  "))
	partner.set(func(s *stock) { s.down = true })
	require.Equal(t, "adopt_unchecked", adopt(ids[0], "1"))
	partner.set(func(s *stock) { s.down = false })
	require.Empty(t, adopt(ids[0], " 1\t"), "also while it is looked for")
	require.Equal(t, "candidate_taken", adopt(ids[1], "1"))
	require.Equal(t, "wrong_state", adopt(ids[0], "1"))
}

// What is being sent again cannot be adopted at the same time, nor sent twice by two clicks.
func TestResendIsSaidOnce(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	ids := w.unknownOutcomes(partner, 1)
	require.Equal(t, "look_first_at", w.refusal(w.svc.Sales.ResendForwarding(t.Context(), w.actor, ids[0])))
	w.lookUntil(12 * time.Minute)
	for range 2 {
		require.NoError(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, ids[0]))
	}
	w.in.ForwardingID = ids[0]
	partner.set(func(s *stock) { s.mode = takes })
	for range 2 {
		_, err := w.send()
		require.NoError(t, err)
	}
	require.Equal(t, "wrong_state", w.refusal(w.svc.Sales.ResendForwarding(t.Context(), w.actor, ids[0])))
	for _, times := range partner.times() {
		require.Equal(t, 1, times)
	}
}
