package admin_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/server/service/integrations"
)

// A workflow's id has slashes: unescaped, Temporal's Web UI finds nothing.
func TestOperatorsReachTheWorkflow(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := p.get(fmt.Sprintf("/o/zonwijs/sales/%d", w.ids["sales"])).body
	require.Contains(t, page, fmt.Sprintf("http://temporal.example/namespaces/default/workflows/forward-sale%%2F%d%%2F%d%%2F%d", w.owner.EnvironmentID, w.ids["integrations"], w.ids["sales"]))
}

// A sale that waits is put right where its reason is, and says what of ours becomes what of theirs.
func TestCorrectingSaysWhyAtTheField(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	sale := fmt.Sprintf("/o/zonwijs/sales/%d", w.ids["sales"])
	dbtest.Exec(t, w.database, fmt.Sprintf(`UPDATE forwardings SET state = 'action_required', cause = 'phone_form', problems = '[{"code": "phone_form", "field": "phone", "detail": "abc"},
		{"code": "option_unmapped", "field": "questionData.meter", "subject": "Betaalwijze", "detail": "Incasso"}]' WHERE sale_id = %d`, w.ids["sales"]))
	page := p.get(sale + "/correct").body
	require.Regexp(t, `id="f-phone-e".*“abc” is geen telefoonnummer`, page)
	require.Regexp(t, `id="f-questionData-betaalwijze-e".*bij de partner geen keuze`, page)
	dbtest.Exec(t, w.database, `UPDATE integration_products SET offered = false`)
	require.Contains(t, p.get(sale+"/correct").body, "(biedt de partner niet meer aan)")
	require.Contains(t, p.get(sale+"/preview").body, "De partner biedt “Gas 1 jaar” niet meer aan.")
	require.Contains(t, p.get("/o/zonwijs/products/"+dbtest.One(t, w.database, `SELECT local_product_id::text FROM integration_products WHERE local_product_id IS NOT NULL`)).body, "niet meer op aanbod")
}

// Verzenden is offered where it will not be refused; why a sale did not go is said before anybody clicks.
func TestASaleSaysWhyItWasNotSent(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	sale, ctx := fmt.Sprintf("/o/zonwijs/sales/%d", w.ids["sales"]), t.Context()
	set := func(settings string) {
		_, err := w.svc.Integrations.UpdateIntegration(ctx, w.owner, w.ids["integrations"], integrations.IntegrationPatch{Settings: []byte(settings)})
		require.NoError(t, err)
	}
	set(`{"forwarding": {"enabled": false}, "rules": []}`)
	page := p.get(sale).body
	require.Contains(t, page, "Nog niet verzonden, en dat kan nu ook niet.")
	require.Contains(t, page, "Algemene instelling: saleverwerking staat uit.")
	require.NotContains(t, page, sale+"/forward\"")
	set(`{"forwarding": {"enabled": true, "automatic": false}}`)
	page = p.get(sale).body
	require.Contains(t, page, "met Verzenden wel")
	require.Contains(t, page, "automatische saleverwerking staat uit")
	require.Contains(t, page, sale+"/forward\"")
}
