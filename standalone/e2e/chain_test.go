package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// linkTo links a reseller to a provider that exists already: everything granted, imported and mapped.
func linkTo(d *deployment, provider, reseller client, name string, products int) *link {
	l := &link{deployment: d, provider: provider, reseller: reseller}
	l.organisation = id(provider.post("account/organisations", object{"name": name}))
	provider.post(fmt.Sprintf("account/connect-organisation-to-products/%d", l.organisation), object{})
	flow := rows(provider.get("account/flows"))[0]["id"]
	provider.put(fmt.Sprintf("account/organisations/%d/flows", l.organisation), object{"flow_ids": []any{flow}})
	l.user = id(provider.post("account/users", object{"email": "koppeling@" + name + ".example", "firstname": "Koppeling", "role": "agent", "organisation_id": l.organisation}))
	l.token = provider.post(fmt.Sprintf("account/users/%d/tokens", l.user), object{"name": "Koppeling", "integration": true}).(object)["token"].(string)
	l.integration = id(reseller.post("account/integrations", object{"account_name": provider.account, "token": l.token}))
	l.importAll(products)
	l.mapAll()
	l.forwardAutomatically()
	return l
}

// TestChain sells at A what C offers, through B: the sale arrives once at each, with who made it first; C's status
// comes back to A. Sold in a ring, it is refused where it would come back.
func TestChain(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	a, b, c := d.environment("a-partij"), d.environment("b-partij"), d.environment("c-partij")
	for _, e := range []client{a, b, c} {
		setUpForms(e, "Incasso", "Factuur")
	}
	c.post("account/products", energyProduct(1))
	toC := linkTo(d, c, b, "b-partij", 1)
	toB := linkTo(d, b, a, "a-partij", 1)
	for _, l := range []*link{toB, toC} {
		l.mapQuestions(false)
		l.idle()
	}
	order := sale(rows(a.get("account/products"))[0]["id"], 1)
	order["questionData"].(object)["betaalwijze"] = "Incasso"
	ours := id(a.post(sellPath, order))
	sales := func(e client) []object { return rows(e.get("account/sales?extended=true")) }
	d.eventually("the sale is at C", func() bool { return len(sales(c)) == 1 })
	require.Len(t, sales(b), 1)
	theirs := sales(c)[0]
	stored := d.number(`SELECT count(*) FROM sales s JOIN environments e ON e.id = s.environment_id
		WHERE e.account = 'c-partij' AND s.submission -> 'fields' ->> 'initial_organisation_name' = 'a-partij' AND s.submission -> 'fields' ->> 'initial_created_at' <> ''`)
	require.EqualValues(t, 1, stored, "who made it first is carried along")
	c.post(fmt.Sprintf("account/sales/updatestatus/%v?status=accepted_by_supplier", theirs["id"]), nil)
	d.eventually("C's status is at A", func() bool { return toB.saleStatus(ours) == "accepted_by_supplier" })

	status, _ := a.request(http.MethodPost, "account/integrations", object{"account_name": "a-partij", "token": toB.token})
	require.Equal(t, http.StatusBadRequest, status, "an environment is not linked to itself")
	toA := linkTo(d, a, c, "c-partij", 1)
	toA.mapQuestions(false)
	toA.idle()
	var imported any
	for _, p := range rows(c.get("account/products")) {
		if p["identifier"] == "stroom-1" {
			imported = p["id"] // the last one is what came round
		}
	}
	order = sale(imported, 2)
	order["questionData"].(object)["betaalwijze"] = "Incasso"
	c.post(sellPath, order)
	d.eventually("B sees that it would come round", func() bool {
		return len(rows(b.get("account/forwardings?state=action_required&cause=loop"))) == 1
	})
	require.Len(t, sales(c), 2, "C's own, and the one that A sold")
	require.Len(t, sales(a), 2)
}
