package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/salesdock"
	"koppel/states"
)

// What was made is adopted at the first look, however the answer was lost and the customer written.
func TestWhatWasMadeIsAdopted(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{loses, page504, madeAndBusy} {
		w, partner := stockWorld(t)
		partner.set(func(s *stock) {
			s.mode = mode
			s.spelling = func(c map[string]any) {
				c["email"], c["lastname"], c["birthdate"] = "JAN@voorbeeld.example ", " jansen", "1980-02-01"
			}
		})
		result, err := w.send()
		require.NoError(t, err)
		require.Equal(t, states.ForwardingOutcomeUnknown, result.State)
		w.look()
		require.Equal(t, states.ForwardingOutcomeUnknown, w.forwarding().State, "the partner gets a minute to show it")
		w.lookUntil(2 * time.Minute)
		require.Equal(t, states.ForwardingForwarded, w.forwarding().State, mode)
		require.False(t, w.lookedFor())
	}
}

// What was not made is not there after a look that can be trusted, and not before; only then may it go again.
func TestWhatWasNotMadeIsNotThere(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{fails, drops} {
		w, partner := stockWorld(t)
		partner.set(func(s *stock) { s.mode = mode })
		_, err := w.send()
		require.NoError(t, err)
		for w.ahead < 10*time.Minute {
			require.True(t, db.LookedFor(w.forwarding()))
			require.Error(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, w.in.ForwardingID))
			w.lookUntil(w.ahead + 30*time.Second)
		}
		w.lookUntil(11 * time.Minute)
		require.True(t, db.NotThere(w.forwarding()))
		require.False(t, w.lookedFor(), "nothing is looked for any more")
		_, err = w.send()
		require.NoError(t, err)
		creates, lists := partner.asked()
		require.Equal(t, 1, creates, "never again by itself")
		require.Less(t, lists, 8, "with backoff")
		require.NoError(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, w.in.ForwardingID))
		w.resent(partner)
	}
}

// A partner that shows its sales late is not believed before they would be there.
func TestASaleThatShowsLateIsAdopted(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	partner.set(func(s *stock) { s.mode, s.lag = page504, 9*time.Minute })
	_, err := w.send()
	require.NoError(t, err)
	w.lookUntil(12 * time.Minute)
	require.Equal(t, states.ForwardingForwarded, w.forwarding().State)
}

// A partner that is down is looked at again for as long as it takes, and nobody is asked meanwhile.
func TestAnOutageIsSatOut(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	partner.set(func(s *stock) { s.mode, s.down = fails, true })
	_, err := w.send()
	require.NoError(t, err)
	w.lookUntil(48 * time.Hour)
	require.True(t, db.LookedFor(w.forwarding()))
	require.Contains(t, []states.Reason{states.ReasonUnreachable, states.ReasonDown}, w.link().LookProblem)
	_, lists := partner.asked()
	require.Less(t, lists, 48*4+20, "with backoff")
	partner.set(func(s *stock) { s.down = false })
	w.lookUntil(49 * time.Hour)
	require.True(t, db.NotThere(w.forwarding()))
	require.Empty(t, w.link().LookProblem)
}

// What a list must have, and has not: it says nothing about what else is missing from it.
func TestAListWithoutOurSalesIsNotTrusted(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	_, err := w.send()
	require.NoError(t, err)
	w.ahead = time.Hour
	w.in.ForwardingID = w.sell().ID
	partner.set(func(s *stock) { s.mode, s.empty = loses, true })
	_, err = w.send()
	require.NoError(t, err)
	w.lookUntil(3 * time.Hour)
	require.True(t, db.LookedFor(w.forwarding()))
	require.Equal(t, states.ReasonLookOursGone, w.link().LookProblem)
	partner.set(func(s *stock) { s.empty = false })
	w.lookUntil(4 * time.Hour)
	require.Equal(t, states.ForwardingForwarded, w.forwarding().State)
}

// A list that changes while it is read is read all the same.
func TestAMovingListIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	partner.set(func(s *stock) { s.mode = fails })
	_, err := w.send()
	require.NoError(t, err)
	for n := range 30 { // a list of two pages
		partner.plant(fmt.Sprintf("k%d@voorbeeld.example", n), fmt.Sprint("Klant", n), "05-05-1955", 70, w.svc.Now().Add(-time.Duration(n)*time.Minute))
	}
	w.lookUntil(11 * time.Minute)
	require.True(t, db.NotThere(w.forwarding()))
	w.in.ForwardingID = w.sell().ID
	partner.set(func(s *stock) { s.mode, s.moving = loses, true })
	_, err = w.send()
	require.NoError(t, err)
	// A row that slips from the second page to the first one, which was read, is met all the same.
	partner.set(func(s *stock) { s.rows[len(s.rows)-1].at = s.rows[10].at.Add(-time.Second) })
	w.lookUntil(25 * time.Minute)
	require.False(t, db.NotThere(w.forwarding()))
}

// A partner whose clock is off: what an attempt made is a candidate at least, and never "not there".
func TestAPartnersClockIsOff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		offset time.Duration
		zone   *time.Location
	}{{-time.Hour, salesdock.Amsterdam}, {time.Hour, salesdock.Amsterdam}, {15 * time.Minute, salesdock.Amsterdam}, {-15 * time.Minute, salesdock.Amsterdam}, {0, time.UTC}, {-time.Hour, time.UTC}} {
		w, partner := stockWorld(t)
		partner.set(func(s *stock) { s.mode, s.offset, s.zone = loses, c.offset, c.zone })
		_, err := w.send()
		require.NoError(t, err)
		w.lookUntil(time.Hour)
		f := w.forwarding()
		require.False(t, db.NotThere(f), c)
		if f.State == states.ForwardingForwarded {
			continue
		}
		require.Len(t, f.Candidates, 1, c)
		require.NoError(t, w.svc.Sales.AdoptSale(t.Context(), w.actor, f.ID, f.Candidates[0].PartnerSaleID))
		require.Equal(t, states.ForwardingForwarded, w.forwarding().State)
	}
}

// "Not there" is strict: whatever of the customer agrees, or cannot be compared, is a person's to judge.
func TestAnythingThatAgreesIsForAPerson(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(*stock, time.Time){
		"the same e-mail":    func(s *stock, at time.Time) { s.plant("JAN@voorbeeld.example", "Pietersen", "", 71, at) },
		"the same name":      func(s *stock, at time.Time) { s.plant("", "jansen", "05-05-1955", 70, at) },
		"the same birthdate": func(s *stock, at time.Time) { s.plant("a@b.example", "Pietersen", "1980-02-01", 70, at) },
		"nothing to compare": func(s *stock, at time.Time) { s.plant("", "", "", 70, at) },
		"everything, long before": func(s *stock, at time.Time) {
			s.plant("jan@voorbeeld.example", "Jansen", "01-02-1980", 70, at.Add(-time.Hour))
		},
		"everything, twice": func(s *stock, at time.Time) {
			s.plant("jan@voorbeeld.example", "Jansen", "01-02-1980", 70, at)
			s.plant("jan@voorbeeld.example", "Jansen", "01-02-1980", 70, at)
		},
	} {
		w, partner := stockWorld(t)
		partner.set(func(s *stock) { s.mode = fails })
		_, err := w.send()
		require.NoError(t, err)
		plant(partner, w.svc.Now())
		w.lookUntil(20 * time.Minute)
		f := w.forwarding()
		require.Equal(t, states.ForwardingOutcomeUnknown, f.State, name)
		require.Equal(t, states.LookDone, f.Look, name)
		require.NotEmpty(t, f.Candidates, name)
	}
	// Another customer's sale is nobody's candidate.
	w, partner := stockWorld(t)
	partner.set(func(s *stock) { s.mode = fails })
	_, err := w.send()
	require.NoError(t, err)
	partner.plant("a@b.example", "Pietersen", "05-05-1955", 70, w.svc.Now())
	w.lookUntil(20 * time.Minute)
	require.True(t, db.NotThere(w.forwarding()))
}

// A row that cannot be read may be the one that is looked for: by its number it is a candidate, without one the look does
// not count. What was made beside it is adopted all the same.
func TestARowThatCannotBeReadIsNotOverlooked(t *testing.T) {
	t.Parallel()
	customer := map[string]any{"lastname": "Pietersen", "email": "a@b.example", "birthdate": "05-05-1955"}
	for name, row := range map[string]any{
		"no customer":         map[string]any{"id": "77", "created_at": salesdock.FormatStamp(time.Now()), "customer": []any{"x"}, "product": map[string]any{"id": 70}},
		"no readable e-mail":  map[string]any{"id": "77", "created_at": "0000-00-00 00:00:00", "customer": map[string]any{"lastname": "Pietersen", "email": []any{"x"}}, "product": []any{}},
		"no number":           map[string]any{"created_at": "2026-01-01 10:00:00", "customer": customer, "product": map[string]any{"id": 70}},
		"a number in a list":  map[string]any{"id": []any{1}, "customer": customer},
		"a text":              "x",
		"another, at no time": map[string]any{"id": "78", "created_at": "0000-00-00 00:00:00", "customer": customer, "product": "x"},
	} {
		w, partner := stockWorld(t)
		partner.set(func(s *stock) { s.mode, s.oddRow = fails, row })
		_, err := w.send()
		require.NoError(t, err)
		w.lookUntil(20 * time.Minute)
		f := w.forwarding()
		if name == "another, at no time" {
			require.True(t, db.NotThere(f), name)
			continue
		}
		require.False(t, db.NotThere(f), name)
		if f.Look == states.LookDone {
			require.Equal(t, "77", f.Candidates[0].PartnerSaleID, name)
			require.True(t, f.Candidates[0].Unread, name)
		} else {
			require.Equal(t, states.ReasonLookUnread, w.link().LookProblem, name)
			require.Error(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, f.ID), name)
		}
		second := w.forwardingOf(w.sellTo("els@voorbeeld.example", "Smit", "03-03-1970"))
		partner.set(func(s *stock) { s.mode = loses })
		w.in.ForwardingID = second.ID
		_, err = w.send()
		require.NoError(t, err)
		w.lookUntil(w.ahead + 20*time.Minute)
		require.Equal(t, states.ForwardingForwarded, w.forwarding().State, name)
	}
}

// What a list showed unreadably is looked at again after it waits for a person: a list that is mended settles it.
func TestAMendedListSettlesWhatWasOdd(t *testing.T) {
	t.Parallel()
	for mode, settled := range map[string]func(db.Forwarding) bool{
		loses: func(f db.Forwarding) bool { return f.State == states.ForwardingForwarded },
		fails: db.NotThere,
	} {
		w, partner := stockWorld(t)
		partner.set(func(s *stock) {
			s.mode, s.garbled = mode, true
			s.oddRow = map[string]any{"id": "77", "created_at": salesdock.FormatStamp(time.Now()), "customer": []any{"x"}, "product": map[string]any{"id": 70}}
		})
		_, err := w.send()
		require.NoError(t, err)
		w.lookUntil(20 * time.Minute)
		require.Equal(t, states.LookDone, w.forwarding().Look, mode)
		require.True(t, w.lookedFor(), mode)
		partner.set(func(s *stock) { s.garbled, s.oddRow = false, nil })
		w.lookUntil(w.ahead + 15*time.Minute)
		require.True(t, settled(w.forwarding()), mode)
		w.lookUntil(w.ahead + time.Hour)
		require.False(t, w.lookedFor(), mode)

		// A row that stays odd is left to a person after two days.
		partner.set(func(s *stock) {
			s.mode = fails
			s.oddRow = map[string]any{"id": "79", "created_at": salesdock.FormatStamp(w.svc.Now()), "customer": []any{"x"}, "product": map[string]any{"id": 70}}
		})
		w.in.ForwardingID = w.forwardingOf(w.sellTo("els@voorbeeld.example", "Smit", "03-03-1970")).ID
		_, err = w.send()
		require.NoError(t, err)
		_, before := partner.asked()
		w.lookUntil(w.ahead + 50*time.Hour)
		_, after := partner.asked()
		require.Equal(t, states.LookDone, w.forwarding().Look, mode)
		require.False(t, w.lookedFor(), mode)
		require.Less(t, after-before, 2*50*6, "at a quiet pace")
	}
}

// One walk serves every unknown; a sale that fits two of ours is certain for neither, and when one has it the other is
// looked for again.
func TestUnknownsAreLookedForTogether(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	partner.set(func(s *stock) { s.mode = loses })
	_, err := w.send()
	require.NoError(t, err)
	partner.set(func(s *stock) { s.mode = fails })
	second := w.sell()
	_, err = w.acts.SendSale(t.Context(), activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID, ForwardingID: second.ID})
	require.NoError(t, err)
	w.ahead = 2 * time.Minute
	w.look()
	_, lists := partner.asked()
	require.Equal(t, 1, lists, "one request for both")
	w.lookUntil(12 * time.Minute)
	require.Equal(t, states.LookDone, w.forwarding().Look)
	require.Len(t, w.forwarding().Candidates, 1)
	require.NoError(t, w.svc.Sales.AdoptSale(t.Context(), w.actor, w.in.ForwardingID, "1"))
	w.in.ForwardingID = second.ID
	require.True(t, db.LookedFor(w.forwarding()), "its only candidate is another's")
	require.Error(t, w.svc.Sales.AdoptSale(t.Context(), w.actor, second.ID, "1"))
	w.lookUntil(13 * time.Minute)
	require.True(t, db.NotThere(w.forwarding()))
}

// A partner that turns creates away with Retry-After gets them again by itself, after two looks that found nothing.
func TestWhatWasTurnedAwayGoesByItself(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	partner.set(func(s *stock) { s.mode = turnsAway })
	for round := range 3 {
		_, err := w.send()
		require.NoError(t, err)
		creates, _ := partner.asked()
		require.Equal(t, round+1, creates)
		began := w.ahead
		for !w.forwarding().MayResend {
			require.True(t, db.LookedFor(w.forwarding()), "nobody is asked")
			require.Less(t, w.ahead, began+time.Hour)
			w.lookUntil(w.ahead + time.Minute)
		}
		require.GreaterOrEqual(t, w.ahead, began+19*time.Minute, "two looks, apart")
	}
	w.resent(partner)

	// Made all the same, and shown between the two looks: adopted.
	w.in.ForwardingID = w.forwardingOf(w.sellTo("els@voorbeeld.example", "Smit", "03-03-1970")).ID
	partner.set(func(s *stock) { s.mode, s.lag = madeAndBusy, 15*time.Minute })
	_, err := w.send()
	require.NoError(t, err)
	w.lookUntil(w.ahead + time.Hour)
	require.Equal(t, states.ForwardingForwarded, w.forwarding().State)

	// One attempt of another kind, and a person decides.
	w.in.ForwardingID = w.forwardingOf(w.sellTo("piet@voorbeeld.example", "Bos", "04-04-1970")).ID
	partner.set(func(s *stock) { s.mode, s.lag = fails, 0 })
	_, err = w.send()
	require.NoError(t, err)
	w.lookUntil(w.ahead + time.Hour)
	require.NoError(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, w.in.ForwardingID))
	partner.set(func(s *stock) { s.mode = turnsAway })
	_, err = w.send()
	require.NoError(t, err)
	w.lookUntil(w.ahead + 24*time.Hour)
	require.True(t, db.NotThere(w.forwarding()))
}
