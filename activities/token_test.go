package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/server/service/integrations"
	"koppel/server/service/overview"
	"koppel/server/service/sales"
	"koppel/states"
)

func (w *world) probe() activities.IntegrationPlan {
	w.t.Helper()
	plan, err := w.acts.ProbeToken(w.t.Context(), w.integration())
	require.NoError(w.t, err)
	return plan
}

// signalled says whether the forwarding is told to look again, and forgets it.
func (w *world) signalled() (told bool) {
	w.t.Helper()
	require.NoError(w.t, w.svc.Store.WithSystemTx(w.t.Context(), func(tx *db.Tx) error {
		lease := time.Now().Add(48 * time.Hour).Truncate(time.Microsecond)
		rows, err := tx.SystemOutboxTake(w.t.Context(), db.SystemOutboxTakeParams{PageSize: 1000, Now: time.Now().Add(24 * time.Hour), LeaseUntil: lease})
		if err != nil {
			return err
		}
		ids := make([]int64, len(rows))
		for n, row := range rows {
			ids[n] = row.ID
			told = told || row.Kind == states.OutboxForwarding && row.SubjectID == w.in.ForwardingID
		}
		return tx.SystemOutboxDone(w.t.Context(), ids, lease)
	}))
	return told
}

// refusals of a token: a proxy's page, the account's own in the contract's shape, and no word at all.
var refusals = map[string]string{"page": "<html>401 Authorization Required</html>", "account": `{"success": false, "message": "Unauthenticated."}`, "nothing": ""}

// One refusal is no proof: the link goes on until a second look says the same, and nothing is sent until then.
func TestOneRefusalOfATokenPausesNothing(t *testing.T) {
	t.Parallel()
	for name, body := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, false)
			w.partner.answers(refused(401, body))
			result, err := w.send()
			require.NoError(t, err)
			require.Equal(t, activities.SendSaleResult{State: states.ForwardingWaiting, Cause: states.ReasonTokenRefused}, result)
			require.Equal(t, "who_us", sales.WhoActs(w.forwarding()))
			require.Equal(t, states.IntegrationActive, w.link().State, "once is no proof")
			require.NotNil(t, w.link().TokenProbeAt)
			require.False(t, overview.TokenTrouble(w.link()))

			w.partner.answers(nil)
			result, err = w.send()
			require.NoError(t, err)
			require.Equal(t, states.ReasonTokenRefused, result.Cause, "it waits for the second look")
			require.Len(t, w.partner.sent(), 1)

			plan := w.probe()
			require.True(t, plan.ProbeAt.IsZero())
			require.Nil(t, w.link().TokenRefusedAt)
			result, err = w.send()
			require.NoError(t, err)
			require.Equal(t, states.ForwardingForwarded, result.State)
		})
	}
}

// A refusal that is confirmed pauses the link; it is looked at ever less often, and goes on by itself when the token is
// accepted again, with what waited. What says nothing of the token changes nothing.
func TestAPausedTokenIsProbedAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.partner.answers(refused(401, ""))
	_, err := w.send()
	require.NoError(t, err)
	w.partner.refuses(401)
	var waits []time.Duration
	for range 6 {
		plan := w.probe()
		require.Equal(t, states.IntegrationPaused, plan.State)
		waits = append(waits, plan.ProbeAt.Sub(w.acts.Now()).Round(10*time.Second))
	}
	require.Equal(t, []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour, time.Hour}, waits)
	require.True(t, overview.TokenTrouble(w.link()))
	for _, status := range []int{403, 404, 429, 500, 502, 301} {
		w.partner.refuses(status)
		require.Equal(t, states.IntegrationPaused, w.probe().State, "%d says nothing of the token", status)
	}
	w.signalled()
	w.partner.refuses(0)
	w.partner.answers(nil)
	plan := w.probe()
	require.Equal(t, states.IntegrationActive, plan.State)
	require.True(t, plan.ProbeAt.IsZero())
	require.True(t, w.signalled(), "what waits is told")
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
	require.Len(t, w.partner.sent(), 2)
	said := map[string]bool{}
	log, err := w.svc.AuditLog(t.Context(), w.actor, "integration")
	require.NoError(t, err)
	for _, entry := range log {
		said[entry.Action] = true
	}
	require.True(t, said["token_refused"] && said["token_accepted"], "the history says so: %v", said)
}

// What a person decides meanwhile stands, whatever a look that was under way comes back with.
func TestAPersonsDecisionStandsAboveAProbe(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.partner.answers(refused(401, ""))
	_, err := w.send()
	require.NoError(t, err)
	w.partner.refuses(401)
	w.probe()
	require.Equal(t, states.IntegrationPaused, w.link().State)
	require.NoError(t, w.svc.Integrations.PauseIntegration(t.Context(), w.actor, w.row.ID))
	require.Equal(t, states.PausedByPerson, w.link().PausedReason)
	w.partner.refuses(0)
	require.Equal(t, states.IntegrationPaused, w.probe().State, "a person paused it: nothing resumes it by itself")
	require.NoError(t, w.svc.Integrations.ResumeIntegration(t.Context(), w.actor, w.row.ID))
	require.Nil(t, w.link().TokenProbeAt)

	w.partner.answers(refused(401, ""))
	_, err = w.send()
	require.NoError(t, err)
	require.NotNil(t, w.link().TokenProbeAt)
	w.signalled()
	token := "new"
	_, err = w.svc.Integrations.UpdateIntegration(t.Context(), w.actor, w.row.ID, integrations.IntegrationPatch{Token: &token})
	require.NoError(t, err)
	require.Nil(t, w.link().TokenProbeAt, "another token is not in doubt")
	require.True(t, w.signalled(), "and what waited is told")
}

// A partner that takes the token for reads and refuses it for creates is asked ever less often, and a person hears of it.
func TestATokenThatIsRefusedForCreatesAlone(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.partner.answers(refused(401, ""))
	var waits []time.Duration
	for range 4 {
		_, err := w.send()
		require.NoError(t, err)
		waits = append(waits, w.link().TokenProbeAt.Sub(w.acts.Now()).Round(5*time.Second))
		w.probe()
	}
	require.Equal(t, []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}, waits)
	_, err := w.send()
	require.NoError(t, err)
	require.True(t, overview.TokenTrouble(w.link()))
	require.Equal(t, states.IntegrationActive, w.link().State, "reads go on")
}

// A partner that refuses the token now and then, and makes sales in between, is asked again soon each time.
func TestATokenThatIsRefusedNowAndThen(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	for n := range 4 {
		w.partner.answers(refused(401, ""))
		_, err := w.send()
		require.NoError(t, err)
		require.Equal(t, 5*time.Second, w.link().TokenProbeAt.Sub(w.acts.Now()).Round(5*time.Second))
		w.probe()
		w.partner.answers(refused(201, fmt.Sprintf(`{"success": true, "data": {"sale_id": %d}}`, 900+n)))
		_, err = w.send()
		require.NoError(t, err)
		w.in.ForwardingID = w.sell().ID
	}
}

// What a person wants sent again waits for the token like everything else, and goes with it.
func TestAResendWaitsForTheToken(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.partner.answers(lost)
	_, err := w.send()
	require.NoError(t, err)
	w.lookUntil(time.Hour)
	require.NoError(t, w.svc.Sales.ResendForwarding(t.Context(), w.actor, w.in.ForwardingID))
	w.partner.refuses(401)
	_, err = w.acts.PollStatuses(t.Context(), w.integration())
	require.NoError(t, err)
	w.probe()
	require.Equal(t, states.IntegrationPaused, w.link().State)
	w.partner.answers(nil)
	_, err = w.send()
	require.NoError(t, err)
	require.Len(t, w.partner.sent(), 1, "nothing is sent over a link whose token is refused")
	w.signalled()
	w.partner.refuses(0)
	w.probe()
	require.True(t, w.signalled(), "and it is told when the token is accepted")
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
}

// A read that is refused once goes on after the second look.
func TestARefusedReadIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.partner.refuses(401)
	plan, err := w.acts.PollStatuses(t.Context(), w.integration())
	require.NoError(t, err)
	require.False(t, plan.ProbeAt.IsZero())
	require.Equal(t, states.IntegrationActive, plan.State)
	require.Equal(t, states.IntegrationPaused, w.probe().State)
}
