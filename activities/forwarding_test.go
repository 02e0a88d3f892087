package activities_test

import (
	"bytes"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

func TestSendSaleForwards(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
	require.Equal(t, "900", *w.forwarding().PartnerSaleID)
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State, "again does nothing")
	require.Len(t, w.partner.sent(), 1)
}

// An answer is lost at a partner of ours: the same bytes go again under the same key, and nothing else.
func TestLostAnswerIsResentByteForByte(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(lost)
	_, err := w.send()
	w.requireReason(err, states.ReasonUnreachable)
	require.Equal(t, states.ForwardingSending, w.forwarding().State)
	// What happens meanwhile does not change what was sent.
	w.partner.answers(refused(429, ""))
	_, err = w.send()
	w.requireReason(err, states.ReasonThrottled)
	require.Equal(t, states.ForwardingSending, w.forwarding().State, "the first attempt may have arrived")
	w.partner.answers(nil)
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
	require.Len(t, w.partner.sent(), 3)
	for _, r := range w.partner.sent() {
		require.NotEmpty(t, r.key)
		require.Equal(t, w.partner.sent()[0].key, r.key)
		require.True(t, bytes.Equal(w.partner.sent()[0].body, r.body))
	}
}

// The worker dies between any two steps: what a claim left behind goes on as an attempt whose outcome is not
// known.
func TestCrashAfterTheClaim(t *testing.T) {
	t.Parallel()
	for koppel, want := range map[bool]states.ForwardingState{true: states.ForwardingForwarded, false: states.ForwardingOutcomeUnknown} {
		w := setup(t, koppel)
		crash := *w.acts
		crash.Transport = roundTrip(func(*http.Request) (*http.Response, error) { panic("killed") })
		require.Panics(t, func() { _, _ = crash.SendSale(t.Context(), w.in) })
		require.Equal(t, states.ForwardingSending, w.forwarding().State)
		result, err := w.send()
		require.NoError(t, err)
		require.Equal(t, want, result.State)
		require.Equal(t, !koppel, w.lookedFor(), "the integration looks where there are no keys")
	}
}

func TestWhatAPartnerRefusesWaitsForAPerson(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(refused(400, `{"success": false, "message": "nee", "errors": {"iban": ["IBAN ontbreekt"]}}`))
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingActionRequired, result.State)
	f := w.forwarding()
	require.Equal(t, "IBAN ontbreekt", f.Problems[0].Detail)
	require.Nil(t, f.RequestSealed, "a definite refusal frees the request and its key")
	w.partner.answers(nil)
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
	require.NotEqual(t, w.partner.sent()[0].key, w.partner.sent()[1].key)
}

func TestAResumedLinkSendsWhatWaited(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(refused(401, `{"success": false, "message": "nee"}`))
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, activities.SendSaleResult{State: states.ForwardingWaiting, Cause: states.ReasonTokenRefused}, result)
	w.partner.refuses(401)
	w.probe()
	require.Equal(t, states.IntegrationPaused, w.link().State)
	w.partner.answers(nil)
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingWaiting, result.State, "paused: nothing is sent")
	require.Len(t, w.partner.sent(), 1)
	require.NoError(t, w.svc.Integrations.ResumeIntegration(t.Context(), w.actor, w.row.ID))
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
}

// The partner has a sale under our reference already: it is this one.
func TestAConflictIsAdoptedByReference(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(refused(409, `{"success": false, "message": "reference"}`))
	w.partner.lists([]map[string]any{{"id": 77}})
	_, err := w.send()
	require.Error(t, err, "tried again, to look it up")
	result, err := w.send()
	require.NoError(t, err)
	require.Len(t, w.partner.sent(), 1)
	require.Equal(t, states.ForwardingForwarded, result.State)
	require.Equal(t, "77", *w.forwarding().PartnerSaleID)
}

// Of two attempts at once one sends.
func TestTwoAttemptsAtOnceSendOnce(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { _, _ = w.send() })
	}
	group.Wait()
	require.Len(t, w.partner.sent(), 1)
}

// An id of another environment is not found, whatever the input says.
func TestAForeignForwardingIsNotFound(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	_, err := w.svc.Access.CreateEnvironment(t.Context(), "other", "Other", "o@other.example", states.Dutch)
	require.NoError(t, err)
	_, err = w.acts.SendSale(t.Context(), activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID + 1, ForwardingID: w.in.ForwardingID})
	require.True(t, errors.Is(err, db.ErrNotFound))
	require.Empty(t, w.partner.sent())
}

// A correction that is being written when the sale is about to go is waited for: what was accepted is what is sent.
func TestACorrectionIsNotOvertaken(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	locked, commit := make(chan struct{}), make(chan struct{})
	corrected := make(chan error, 1)
	go func() {
		corrected <- w.svc.Store.WithTx(t.Context(), w.actor.EnvironmentID, func(tx *db.Tx) error {
			sale, err := tx.SaleLock(t.Context(), w.actor.EnvironmentID, w.forwarding().SaleID)
			if err != nil {
				return err
			}
			sale.Submission.Fields["city"] = "Zwolle"
			_, err = tx.SaleCorrect(t.Context(), db.SaleCorrectParams{EnvironmentID: sale.EnvironmentID, ID: sale.ID, Submission: sale.Submission, Now: time.Now()})
			close(locked)
			<-commit
			return err
		})
	}()
	<-locked
	sent := make(chan error, 1)
	go func() { _, err := w.send(); sent <- err }()
	select {
	case <-sent:
		t.Fatal("the sale went with what was being corrected")
	case <-time.After(500 * time.Millisecond): // it waits; without the lock it is sent in a fraction of this
	}
	close(commit)
	require.NoError(t, <-corrected)
	require.NoError(t, <-sent)
	require.Contains(t, string(w.partner.sent()[0].body), "Zwolle")
}

// A product that the partner no longer offers: nothing is sent, and the sale says so. Once it is offered again, the next look at the
// partner has the sale go.
func TestAVanishedProductHoldsItsSaleUntilItIsBack(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	ctx, env := t.Context(), w.actor.EnvironmentID
	run, err := w.svc.Integrations.SyncNow(ctx, w.actor, w.row.ID)
	require.NoError(t, err)
	w.tx(func(tx *db.Tx) error {
		_, err := tx.IntegrationProductsGone(ctx, db.IntegrationProductsGoneParams{EnvironmentID: env, IntegrationID: w.row.ID, Ids: []int64{70}, RunID: run.ID})
		return err
	})
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingActionRequired, result.State)
	require.Equal(t, states.ProblemProductGone, w.forwarding().Cause)
	require.Empty(t, w.partner.sent())

	content := linking.ProductContent{Name: "Stroom", Type: "energy_e"}
	w.tx(func(tx *db.Tx) error {
		_, err := tx.IntegrationProductStage(ctx, db.IntegrationProductStageParams{
			EnvironmentID: env, IntegrationID: w.row.ID, Ids: []int64{70}, Contents: [][]byte{content.Canonical()}, Owns: [][]byte{[]byte("{}")}, Hashes: [][]byte{content.Hash()}, Updated: []string{""}, RunID: run.ID, Now: w.svc.Now(),
		})
		return err
	})
	w.signalled()
	records := &activities.Records{Store: w.svc.Store, Now: w.svc.Now}
	in := activities.RunInput{EnvironmentID: env, IntegrationID: w.row.ID, RunID: run.ID}
	_, err = records.BeginSync(ctx, in)
	require.NoError(t, err)
	require.NoError(t, records.FinishSync(ctx, activities.FinishInput{RunInput: in, State: states.RunDone}))
	require.True(t, w.signalled(), "the sale looks again")
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
}
