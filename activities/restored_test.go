package activities_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/db/dbtest"
	"koppel/safekeeping"
	"koppel/server/service"
	"koppel/server/service/services"
	"koppel/states"
)

// backedUp makes a backup of the world, and gives what goes back to it: everything as it was then, on another database.
func (w *world) backedUp() (restore func()) {
	w.t.Helper()
	source := safekeeping.Source{Database: db.Options{URL: w.database}, EncryptionKeys: w.key, Now: w.svc.Now}
	made, err := safekeeping.Make(w.t.Context(), source, w.t.TempDir())
	require.NoError(w.t, err)
	return func() {
		w.t.Helper()
		backup, err := safekeeping.Open(made.File)
		require.NoError(w.t, err)
		defer backup.Close()
		dbtest.Exec(w.t, w.database, "CREATE DATABASE restored_"+dbtest.One(w.t, w.database, "SELECT current_database()"))
		w.database = dbtest.Within(w.database, "restored_"+dbtest.One(w.t, w.database, "SELECT current_database()"))
		_, err = backup.Restore(w.t.Context(), safekeeping.Target{Database: db.Options{URL: w.database}, EncryptionKeys: w.key, Now: w.svc.Now()})
		require.NoError(w.t, err)
		store := dbtest.Open(w.t, w.database)
		w.svc = services.New(service.Kernel{Store: store, Vault: w.acts.Vault, Transport: w.acts.Transport, PublicURL: "http://us.example", Now: w.svc.Now})
		w.acts.Store, w.acts.Budget = store, w.freshBudget()
	}
}

func (w *world) sendIt(id int64) states.ForwardingState {
	w.t.Helper()
	result, err := w.acts.SendSale(w.t.Context(), activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID, ForwardingID: id})
	require.NoError(w.t, err)
	return result.State
}

func (w *world) stateOf(id int64) (f db.Forwarding) {
	w.t.Helper()
	f, _, err := w.svc.Sales.Forwarding(w.t.Context(), w.actor, id)
	require.NoError(w.t, err)
	return f
}

// What waited when a backup was made may have gone to a stock partner in the time that its restore loses: it is looked for there, and adopted.
// What is not there goes once a person has said so, and what is sold after the restore goes by itself.
func TestWhatMayHaveGoneInLostTime(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	var waits []int64
	for _, name := range []string{"anna", "bert", "carla", "dirk"} {
		waits = append(waits, w.forwardingOf(w.sellTo(name+"@voorbeeld.example", name, "05-06-1977")).ID)
	}
	gone, stays, turned, withdrawn := waits[0], waits[1], waits[2], waits[3]
	// One is known not to be there: in the lost time a person has it sent again.
	partner.set(func(s *stock) { s.mode = drops })
	require.Equal(t, states.ForwardingOutcomeUnknown, w.sendIt(turned))
	w.acts.Budget = w.freshBudget()
	w.lookUntil(12 * time.Minute)
	require.Equal(t, states.LookNotThere, w.stateOf(turned).Look)
	dbtest.Exec(t, w.database, "UPDATE forwardings SET state = 'withdrawn' WHERE id = "+strconv.FormatInt(withdrawn, 10))
	restore := w.backedUp()

	partner.set(func(s *stock) { s.mode = takes })
	w.ahead += time.Minute
	require.NoError(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, turned))
	dbtest.Exec(t, w.database, "UPDATE forwardings SET state = 'waiting' WHERE id = "+strconv.FormatInt(withdrawn, 10))
	for _, id := range []int64{gone, turned, withdrawn} {
		require.Equal(t, states.ForwardingForwarded, w.sendIt(id))
	}
	made := len(partner.times())
	w.ahead += time.Hour
	restore()

	require.Equal(t, states.ForwardingOutcomeUnknown, w.stateOf(turned).State)
	require.True(t, db.LookedFor(w.stateOf(turned)), "a look of before the lost time says nothing")
	require.Equal(t, "look_first_at", w.refusal(w.svc.Sales.ResendForwarding(t.Context(), w.actor, turned)))
	dbtest.Exec(t, w.database, "UPDATE forwardings SET state = 'waiting' WHERE id = "+strconv.FormatInt(withdrawn, 10)) // it qualifies again
	for _, id := range []int64{gone, stays, turned, withdrawn} {
		require.Equal(t, states.ForwardingOutcomeUnknown, w.sendIt(id))
	}
	require.Len(t, partner.times(), made, "nothing was sent")
	w.lookUntil(w.ahead + 12*time.Minute)
	for _, id := range []int64{gone, turned, withdrawn} {
		require.Equal(t, states.ForwardingForwarded, w.stateOf(id).State)
	}
	require.True(t, db.NotThere(w.stateOf(stays)))
	require.NoError(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, stays))
	require.Equal(t, states.ForwardingForwarded, w.sendIt(stays))
	require.Equal(t, states.ForwardingForwarded, w.sendIt(w.forwardingOf(w.sellTo("later@voorbeeld.example", "Later", "07-08-1979")).ID), "what is sold later goes by itself")
	for reference, times := range partner.times() {
		require.Equal(t, 1, times, reference)
	}
}

// Told apart by when it was made: a sale of the same customer that the partner had before the backup is none that went in the lost time.
func TestLostTimeBeginsWithTheBackup(t *testing.T) {
	t.Parallel()
	w, partner := stockWorld(t)
	partner.set(func(s *stock) { s.mode = takes })
	partner.plant("jan@voorbeeld.example", "Jansen", "01-02-1980", 70, w.svc.Now().Add(-20*time.Minute))
	restore := w.backedUp()
	w.ahead += 30 * time.Minute
	restore()
	require.Equal(t, states.ForwardingOutcomeUnknown, w.sendIt(w.in.ForwardingID))
	w.lookUntil(w.ahead + 12*time.Minute)
	f := w.forwarding()
	require.NotEqual(t, states.ForwardingForwarded, f.State)
	require.Empty(t, partner.times())
	_, attempts, err := w.svc.Sales.Forwarding(t.Context(), w.actor, f.ID)
	require.NoError(t, err)
	require.Equal(t, states.ReasonRestored, attempts[0].Reason)
}
