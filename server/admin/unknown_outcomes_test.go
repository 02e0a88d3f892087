package admin_test

import (
	"fmt"
	"html"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

// unknown makes a sale whose answer did not arrive, as a walk of so long ago left it.
func (w *world) unknown(look states.Look, candidates ...linking.Candidate) (f db.Forwarding) {
	w.t.Helper()
	ctx, env, now := w.t.Context(), w.owner.EnvironmentID, w.now()
	sale := w.sell(w.owner)
	require.NoError(w.t, w.svc.Store.WithTx(ctx, env, func(tx *db.Tx) (err error) {
		if f, err = tx.ForwardingOfSale(ctx, db.ForwardingOfSaleParams{EnvironmentID: env, IntegrationID: w.ids["integrations"], SaleID: sale}); err != nil {
			return err
		}
		if _, err = tx.ForwardingClaim(ctx, db.ForwardingClaimParams{EnvironmentID: env, ID: f.ID, RequestSealed: []byte("x"), Now: now}); err != nil {
			return err
		}
		unknown := db.ForwardingUnknownParams{EnvironmentID: env, ID: f.ID, State: states.ForwardingOutcomeUnknown, Cause: states.ReasonUnknown, Look: states.LookLooking, Now: new(now.Add(-time.Hour))}
		if _, err = tx.ForwardingUnknown(ctx, unknown); err != nil {
			return err
		}
		if err = tx.ForwardingLooked(ctx, db.ForwardingLookedParams{EnvironmentID: env, ID: f.ID, Candidates: append([]linking.Candidate{}, candidates...), Look: look, LookedAt: &now}); err != nil {
			return err
		}
		return tx.IntegrationLook(ctx, db.IntegrationLookParams{EnvironmentID: env, ID: w.ids["integrations"], LookAt: new(now.Add(time.Hour)), LookProblem: states.ReasonLookCutShort})
	}))
	return f
}

// Each state of an unknown outcome is told as it is, with what can be done about it and nothing else; what is looked for
// waits for nobody.
func TestUnknownOutcomesSayWhatIsKnown(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	body := func(path string, args ...any) string {
		shown := p.get("/o/zonwijs" + fmt.Sprintf(path, args...))
		require.Equal(t, http.StatusOK, shown.status)
		require.NotContains(t, shown.body, "%!")
		return html.UnescapeString(shown.body)
	}
	waiting := func() int64 {
		count, err := w.svc.Overview.WaitingCount(t.Context(), w.owner)
		require.NoError(t, err)
		o, err := w.svc.Overview.Read(t.Context(), w.owner)
		require.NoError(t, err)
		require.Equal(t, o.Waiting(), count)
		return count
	}
	before := waiting()

	looked := w.unknown(states.LookWanted)
	require.Equal(t, before, waiting(), "nobody is asked")
	for _, page := range []string{body("/sales/%d", looked.SaleID), body("/action-required")} {
		require.Contains(t, page, "We kijken bij de partner")
		require.Contains(t, page, "Volgende keer:")
		require.Contains(t, page, "hield eerder op dan ze zei")
		require.NotContains(t, page, "pnieuw verzenden")
		require.NotContains(t, page, "opnieuw</button>")
	}
	require.Contains(t, body("/sales/%d", looked.SaleID), "Nummer bij de partner")
	refused := p.post(fmt.Sprintf("/o/zonwijs/forwardings/%d/resend", looked.ID))
	require.Equal(t, http.StatusSeeOther, refused.status)
	require.Contains(t, body("/action-required"), "Eerst moet bij de partner gekeken zijn")

	missing := w.unknown(states.LookNotThere)
	w.unknown(states.LookNotThere)
	require.Equal(t, before+2, waiting())
	require.Contains(t, body("/sales/%d", missing.SaleID), "Bij de partner staat deze order niet. Gekeken:")
	require.Contains(t, body("/sales/%d", missing.SaleID), "Opnieuw verzenden")
	require.Contains(t, body("/action-required"), "Stuur alle 2 opnieuw")

	chosen := w.unknown(states.LookDone, linking.Candidate{PartnerSaleID: "77", Customer: "Jan", Score: 2}, linking.Candidate{PartnerSaleID: "78", Unread: true})
	require.Equal(t, before+3, waiting())
	page := body("/sales/%d", chosen.SaleID)
	for _, text := range []string{"77", "2 van 3", "ander product", "op een ander moment", "Niet te vergelijken", "geen van de kandidaten"} {
		require.Contains(t, page, text)
	}
	require.NotContains(t, body("/action-required"), "maar één kandidaat past")
	w.unknown(states.LookDone, linking.Candidate{PartnerSaleID: "79", Score: 3, Product: true})
	require.Contains(t, body("/action-required"), "maar één kandidaat past")

	settled := p.post("/o/zonwijs/forwardings/settle", "integration_id", fmt.Sprint(w.ids["integrations"]), "action", "resend")
	require.Equal(t, http.StatusSeeOther, settled.status)
	page = body("/action-required")
	require.Contains(t, page, "2 transacties worden opnieuw verzonden")
	require.Contains(t, page, "0 van 2", "how far it is")
	require.NotContains(t, p.post("/o/zonwijs/forwardings/settle", "integration_id", fmt.Sprint(w.ids["integrations"]), "action", "abandon").body, "panic")
	require.Contains(t, body("/action-required"), "verplicht")
	w.missing.Range(func(text, _ any) bool { t.Errorf("no English for %q", text); return true })
}
