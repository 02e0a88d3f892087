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
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service/access"
	"koppel/server/service/catalogue"
	"koppel/states"
)

// hooked is an environment with a webhook whose receiver answers as it is told, and an event that waits for it.
type hooked struct {
	*world
	answer, calls atomic.Int64
	owner         int64 // whose webhook it is
	hook          db.Webhook
}

func newHooked(t *testing.T) *hooked {
	t.Helper()
	h := &hooked{world: setup(t, false)}
	ctx := t.Context()
	h.answer.Store(http.StatusInternalServerError)
	receiver := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		h.calls.Add(1)
		out.WriteHeader(int(h.answer.Load()))
	}))
	t.Cleanup(receiver.Close)
	owner, err := h.svc.Access.CreateUser(ctx, h.actor, access.UserInput{Email: "hook@acme.example", Role: states.RoleAdmin})
	require.NoError(t, err)
	h.owner = owner.ID
	actor := h.actor
	actor.UserID, actor.Role = owner.ID, states.RoleAdmin
	h.hook, _, err = h.svc.Webhooks.Subscribe(ctx, actor, true, ledger.EventProductUpdated, receiver.URL)
	require.NoError(t, err)
	_, err = h.svc.Catalogue.CreateProduct(ctx, h.actor, catalogue.ProductInput{Content: linking.ProductContent{Name: "Gas", Identifier: "gas", Type: "energy_g", Business: "2", Retention: "2"}, Active: true})
	require.NoError(t, err)
	return h
}

func (h *hooked) deliver() activities.WebhookResult {
	h.t.Helper()
	result, err := h.acts.DeliverWebhook(h.t.Context(), activities.WebhookInput{EnvironmentID: h.actor.EnvironmentID, WebhookID: h.hook.ID})
	require.NoError(h.t, err)
	return result
}

func (h *hooked) state() (row db.Webhook) {
	h.t.Helper()
	h.tx(func(tx *db.Tx) (err error) {
		row, err = tx.WebhookByID(h.t.Context(), h.actor.EnvironmentID, h.hook.ID)
		return err
	})
	return row
}

// switched switches the webhook's user on or off.
func (h *hooked) switched(active bool) {
	h.t.Helper()
	_, err := h.svc.Access.UpdateUser(h.t.Context(), h.actor, h.owner, access.UserInput{Email: "hook@acme.example", Role: states.RoleAdmin}, active)
	require.NoError(h.t, err)
}

// A receiver that fails for three days is left alone until somebody resumes its webhook; nothing that waited is lost. Whose
// user is switched off hears nothing meanwhile.
func TestWebhookIsPausedAfterThreeDaysAndGoesOn(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	began := h.ahead
	for result := h.deliver(); !result.Ended; result = h.deliver() {
		require.Positive(t, result.Wait)
		require.LessOrEqual(t, result.Wait, 3*time.Hour)
		h.ahead += result.Wait
	}
	require.Equal(t, states.WebhookPaused, h.state().State)
	require.InDelta(t, 72, (h.ahead - began).Hours(), 3)
	tried := h.calls.Load()
	require.Greater(t, tried, int64(20))
	require.True(t, h.deliver().Ended)
	require.Equal(t, tried, h.calls.Load(), "a paused webhook is left alone")

	h.answer.Store(http.StatusOK)
	require.NoError(t, h.svc.Webhooks.ResumeWebhook(t.Context(), h.actor, true, h.hook.UUID.String()))
	h.ahead += 4 * time.Hour
	h.switched(false)
	require.True(t, h.deliver().Ended)
	require.Equal(t, tried, h.calls.Load(), "who is switched off hears nothing")
	h.switched(true)
	for result := h.deliver(); !result.Ended; result = h.deliver() {
		h.ahead += result.Wait
	}
	require.Equal(t, tried+1, h.calls.Load(), "what waited is told, once")
	require.Equal(t, states.WebhookActive, h.state().State)
}
