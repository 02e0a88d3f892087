package admin_test

import (
	"fmt"
	"html"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/ledger"
	"koppel/server/service"
	"koppel/states"
)

// jobFails writes down that a job failed, or that it went well again.
func (w *world) jobFails(a service.Actor, subject states.JobSubject, id int64, kind states.JobKind, reason states.Reason) {
	w.t.Helper()
	now := w.now()
	require.NoError(w.t, w.svc.Store.WithTx(w.t.Context(), a.EnvironmentID, func(tx *db.Tx) error {
		if reason == "" {
			return tx.BackgroundSucceeded(w.t.Context(), db.BackgroundSucceededParams{EnvironmentID: a.EnvironmentID, Subject: subject, SubjectID: id, Kind: kind, Finished: true, Now: &now, Before: now})
		}
		return tx.BackgroundFailed(w.t.Context(), db.BackgroundFailedParams{
			EnvironmentID: a.EnvironmentID, Subject: subject, SubjectID: id, Kind: kind, Reason: reason, Ref: "a1b2c3d4", Now: now, NextTryAt: new(now.Add(5 * time.Minute)),
		})
	}))
}

// Every job that fails is on its subject's page, on Actie vereist and on the overview, with the reason in words, until
// it goes well again; in the API it is with the link's status.
func TestEveryFailingJobIsShown(t *testing.T) {
	w := setup(t)
	w.fill()
	webhook, _, err := w.svc.Webhooks.Subscribe(t.Context(), w.owner, true, ledger.EventProductUpdated, "http://127.0.0.1:1/hook")
	require.NoError(t, err)
	at, of := w.person().signIn("zonwijs", "owner@zonwijs.example"), w.person().signIn("voltera", "owner@voltera.example")
	reasons := []states.Reason{
		states.ReasonUnreachable, states.ReasonDown, states.ReasonThrottled, states.ReasonRejected, states.ReasonForbidden, states.ReasonUnreadable,
		states.ReasonConflict, states.ReasonNotFound, states.ReasonInternal, states.ReasonReceiverUnreachable, states.ReasonReceiverRefused, states.ReasonMailUnreachable,
		states.ReasonTokenRefused, states.ReasonMoved, states.ReasonUnstorable, "one_of_tomorrow",
	}
	subjects := map[states.JobKind]struct {
		who     *person
		actor   service.Actor
		subject states.JobSubject
		id      int64
		page    string
	}{
		states.JobAnnounce:     {of, w.provider, states.SubjectLink, w.ids["incoming"], fmt.Sprintf("/incoming/%d", w.ids["incoming"])},
		states.JobWebhook:      {at, w.owner, states.SubjectWebhook, webhook.ID, "/webhooks"},
		states.JobMail:         {at, w.owner, states.SubjectEnvironment, 0, ""},
		states.JobOperation:    {at, w.owner, states.SubjectEnvironment, 0, ""},
		states.JobCancellation: {at, w.owner, states.SubjectIntegration, w.ids["integrations"], fmt.Sprintf("/integrations/%d", w.ids["integrations"])},
	}
	said := map[states.JobKind]bool{}
	for n, kind := range states.JobKinds {
		s, own := subjects[kind]
		if !own {
			s = subjects[states.JobCancellation]
		}
		for _, reason := range []states.Reason{reasons[n%len(reasons)], states.ReasonInternal} {
			w.jobFails(s.actor, s.subject, s.id, kind, reason)
			w.requireFailureShown(s.who, s.actor, s.page, kind, reason)
			w.jobFails(s.actor, s.subject, s.id, kind, "")
			require.NotContains(t, s.who.get("/o/"+s.actor.Account+"/action-required").body, "Lukt niet sinds", kind)
		}
		said[kind] = true
	}
	require.Len(t, said, len(states.JobKinds))
	for _, reason := range reasons { // each has its words
		w.jobFails(w.owner, states.SubjectIntegration, w.ids["integrations"], states.JobPoll, reason)
		require.Contains(t, at.get("/o/zonwijs/action-required").body, "Lukt niet sinds")
		require.NotContains(t, at.get("/o/zonwijs/action-required").body, "%!")
	}
}

// requireFailureShown demands a job that fails on its subject's page, on Actie vereist and on the overview, and in the
// count of what waits.
func (w *world) requireFailureShown(who *person, actor service.Actor, page string, kind states.JobKind, reason states.Reason) {
	w.t.Helper()
	for _, page := range []string{page, "/action-required", ""} {
		shown := who.get("/o/" + actor.Account + page)
		require.Equal(w.t, http.StatusOK, shown.status)
		require.Contains(w.t, shown.body, "Lukt niet sinds", "%s on %q", kind, page)
		require.Contains(w.t, shown.body, "a1b2c3d4", "%s on %q", kind, page)
		if reason == states.ReasonInternal {
			require.Contains(w.t, shown.body, "Er gaat in Koppel zelf iets mis.", "%s on %q", kind, page)
		}
	}
	count, err := w.svc.Overview.WaitingCount(w.t.Context(), actor)
	require.NoError(w.t, err)
	o, err := w.svc.Overview.Read(w.t.Context(), actor)
	require.NoError(w.t, err)
	require.Equal(w.t, o.Waiting(), count)
	require.Positive(w.t, count)
}

// What should have run and did not is told as such, also when it never ran; a paused link is not late.
func TestAJobThatDoesNotRunIsShown(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := func() string {
		return html.UnescapeString(p.get(fmt.Sprintf("/o/zonwijs/integrations/%d", w.ids["integrations"])).body)
	}
	require.NotContains(t, page(), "Had moeten lopen om")
	later := time.Now().Add(db.JobSilentAfter + time.Hour)
	w.now = func() time.Time { return later }
	require.Contains(t, page(), "Had moeten lopen om")
	require.Contains(t, p.get("/o/zonwijs/action-required").body, "Had moeten lopen om")
	require.NoError(t, w.svc.Integrations.PauseIntegration(t.Context(), w.owner, w.ids["integrations"]))
	require.NotContains(t, page(), "Had moeten lopen om")
}

// A run that the brake held says what it took over, and what waits.
func TestARunSaysWhatItTookAndWhatWaits(t *testing.T) {
	w := setup(t)
	w.fill()
	env, link, run := w.owner.EnvironmentID, w.ids["integrations"], w.ids["runs"]
	require.NoError(t, w.svc.Store.WithTx(t.Context(), env, func(tx *db.Tx) error {
		_, err := tx.IntegrationProductsGone(t.Context(), db.IntegrationProductsGoneParams{EnvironmentID: env, IntegrationID: link, RunID: run, Ids: []int64{7}})
		require.NoError(t, err)
		_, err = tx.IntegrationProductsSelect(t.Context(), db.IntegrationProductsSelectParams{EnvironmentID: env, IntegrationID: link, Ids: []int64{7}})
		require.NoError(t, err)
		_, err = tx.SyncRunStart(t.Context(), db.SyncRunStartParams{EnvironmentID: env, ID: run, Now: new(w.now())})
		require.NoError(t, err)
		require.NoError(t, tx.SyncRunProgress(t.Context(), db.SyncRunProgressParams{EnvironmentID: env, ID: run, Added: 3, Changed: 5}))
		_, err = tx.SyncRunFinish(t.Context(), db.SyncRunFinishParams{EnvironmentID: env, ID: run, State: states.RunNeedsConfirmation, Now: new(w.now())})
		return err
	}))
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := p.get(fmt.Sprintf("/o/zonwijs/integrations/%d/runs/%d", link, run)).body
	require.Contains(t, page, "3 toegevoegd, 5 gewijzigd")
	require.Contains(t, page, "1 product dat bij de partner verdween, wacht op jouw besluit.")
}
