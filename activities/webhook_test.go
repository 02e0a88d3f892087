package activities_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
)

// A receiver that fails for three days is left alone until somebody resumes its webhook; nothing that waited is lost. Whose
// user is switched off hears nothing meanwhile.
func TestWebhookIsPausedAfterThreeDaysAndGoesOn(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	ctx := t.Context()
	var answer, calls atomic.Int64
	answer.Store(http.StatusInternalServerError)
	receiver := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		out.WriteHeader(int(answer.Load()))
	}))
	t.Cleanup(receiver.Close)
	owner, err := w.svc.CreateUser(ctx, w.actor, service.UserInput{Email: "hook@acme.example", Role: "admin"})
	require.NoError(t, err)
	hooked := w.actor
	hooked.UserID, hooked.Role = owner.ID, "admin"
	hook, _, err := w.svc.Subscribe(ctx, hooked, true, db.EventProductUpdated, receiver.URL)
	require.NoError(t, err)
	_, err = w.svc.CreateProduct(ctx, w.actor, service.ProductInput{Content: linking.ProductContent{Name: "Gas", Identifier: "gas", Type: "energy_g", Business: "2", Retention: "2"}, Active: true})
	require.NoError(t, err)

	in := activities.WebhookInput{EnvironmentID: w.actor.EnvironmentID, WebhookID: hook.ID}
	deliver := func() activities.WebhookResult {
		result, err := w.acts.DeliverWebhook(ctx, in)
		require.NoError(t, err)
		return result
	}
	state := func() (row db.Webhook) {
		w.tx(func(tx *db.Tx) (err error) {
			row, err = tx.WebhookByID(ctx, in.EnvironmentID, in.WebhookID)
			return err
		})
		return row
	}
	began := w.ahead
	for result := deliver(); !result.Ended; result = deliver() {
		require.Positive(t, result.Wait)
		require.LessOrEqual(t, result.Wait, 3*time.Hour)
		w.ahead += result.Wait
	}
	require.Equal(t, "paused", state().State)
	require.InDelta(t, 72, (w.ahead - began).Hours(), 3)
	tried := calls.Load()
	require.Greater(t, tried, int64(20))
	require.True(t, deliver().Ended)
	require.Equal(t, tried, calls.Load(), "a paused webhook is left alone")

	switched := func(active bool) {
		_, err := w.svc.UpdateUser(ctx, w.actor, owner.ID, service.UserInput{Email: "hook@acme.example", Role: "admin"}, active)
		require.NoError(t, err)
	}
	answer.Store(http.StatusOK)
	require.NoError(t, w.svc.ResumeWebhook(ctx, w.actor, true, hook.UUID.String()))
	w.ahead += 4 * time.Hour
	switched(false)
	require.True(t, deliver().Ended)
	require.Equal(t, tried, calls.Load(), "who is switched off hears nothing")
	switched(true)
	for result := deliver(); !result.Ended; result = deliver() {
		w.ahead += result.Wait
	}
	require.Equal(t, tried+1, calls.Load(), "what waited is told, once")
	require.Equal(t, "active", state().State)
}
