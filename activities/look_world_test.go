package activities_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// stockWorld is a reseller with one sale on its way to a stock partner.
func stockWorld(t *testing.T) (*world, *stock) {
	t.Helper()
	partner := &stock{now: time.Now, zone: salesdock.Amsterdam, size: 20, mode: takes}
	w := setupAt(t, partner)
	var ahead atomic.Int64 // ours, when the partner was asked: it answers elsewhere
	theirs := w.acts.Transport
	w.acts.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		ahead.Store(int64(w.ahead))
		return theirs.RoundTrip(r)
	})
	w.svc.Transport = w.acts.Transport
	partner.set(func(s *stock) { s.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	require.NoError(t, w.svc.Store.WithSystemTx(t.Context(), func(tx *db.Tx) error { return tx.SystemLimitGroupsRefresh(t.Context(), 60_000) })) // a partner that is left alone is a row
	return w, partner
}

func (w *world) link() (row db.Integration) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		row, err = tx.IntegrationByID(w.t.Context(), w.actor.EnvironmentID, w.row.ID)
		return err
	})
	return row
}

// lookedFor says whether the integration has a look planned.
func (w *world) lookedFor() bool { return w.link().LookAt != nil }

// look does what the integration's workflow does: a page, and the next, as long as one is due.
func (w *world) look() {
	w.t.Helper()
	for range 500 {
		if at := w.link().LookAt; at == nil || at.After(w.svc.Now()) {
			return
		}
		_, err := w.acts.LookForSales(w.t.Context(), w.integration())
		require.NoError(w.t, err)
	}
	w.t.Fatal("a look without an end")
}

// lookUntil lets the time pass, from look to look.
func (w *world) lookUntil(ahead time.Duration) {
	w.t.Helper()
	for w.ahead < ahead {
		at := w.link().LookAt
		if at == nil {
			w.ahead = ahead
			return
		}
		w.ahead = min(max(w.ahead+time.Second, time.Until(*at)+time.Millisecond), ahead)
		w.look()
	}
}

func (w *world) refusal(err error) string {
	w.t.Helper()
	var refused *service.Error
	require.ErrorAs(w.t, err, &refused)
	return refused.Key
}

// resent has the forwarding sent as its workflow would, after a person's word or a walk's.
func (w *world) resent(partner *stock) {
	w.t.Helper()
	partner.set(func(s *stock) { s.mode = takes })
	result, err := w.send()
	require.NoError(w.t, err)
	require.Equal(w.t, states.ForwardingForwarded, result.State)
	for reference, times := range partner.times() {
		require.Equal(w.t, 1, times, reference)
	}
}
