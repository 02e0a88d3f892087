package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// link is a provider and a reseller, linked as the domain describes it.
type link struct {
	*deployment
	provider, reseller client
	organisation, user int64
	flow               int64 // the provider's
	integration        int64
	token              string
}

const sellPath = "sales/flow/energie-consument/energie"

// setUpForms gives an environment a flow, three questions and an agreement.
func setUpForms(c client, options ...string) (flow int64) {
	flow = id(c.post("account/flows", object{"title": "Energie", "type": "energie-consument", "identifier": "energie"}))
	c.post("account/productquestions", object{"name": "Betaalwijze", "identifier": "betaalwijze", "input_type": "mc-single", "options": options, "required": true, "visible": true})
	c.post("account/productquestions", object{"name": "Opmerking", "identifier": "opmerking", "input_type": "text", "visible": true})
	c.post("account/productquestions", object{
		"name": "E-mail factuur", "identifier": "factuur_email", "input_type": "email", "visible": true, "rule_required": true,
		"rule": object{"type": "condition_group", "criterion": "ALL", "rules": []object{{"type": "condition", "identifier": "question.id", "name": "Betaalwijze", "operator": "=", "value": options[1]}}},
	})
	c.post("account/agreements", object{"identifier": "voorwaarden", "name": "Algemene voorwaarden", "text": "Akkoord.", "required": true})
	return flow
}

func energyProduct(n int) object {
	return object{
		"name": fmt.Sprintf("Stroom %d", n), "identifier": fmt.Sprintf("stroom-%d", n), "type": "energy_e", "active": 1, "business": "2", "retention": "2", "main": 1,
		"price_monthly": "6.99", "customfields": object{"tariff_single": "0.2510", "tariff_return": "0.07"}, "documents": []object{{"name": "Tarieven", "location": "https://provider.example/t.pdf"}},
	}
}

// newLink sets both sides up; base is where the reseller reaches the provider.
func newLink(d *deployment, products int, base string) *link {
	return linkBetween(d, d.environment("provider"), d.environment("reseller"), products, base)
}

// linkBetween links a provider, of another deployment too, and a reseller of this one.
func linkBetween(d *deployment, provider, reseller client, products int, base string) *link {
	l := &link{deployment: d, provider: provider, reseller: reseller}
	p := l.provider
	l.flow = setUpForms(p, "Incasso", "Factuur")
	setUpForms(l.reseller, "Automatisch", "Factuur")
	for n := range products {
		p.post("account/products", energyProduct(n+1))
	}
	p.post("account/statuses", object{"id": "in-behandeling", "name": "In behandeling", "type": "default"})
	l.organisation = id(p.post("account/organisations", object{"name": "Reseller"}))
	p.post(fmt.Sprintf("account/connect-organisation-to-products/%d", l.organisation), object{})
	p.put(fmt.Sprintf("account/organisations/%d/flows", l.organisation), object{"flow_ids": []int64{l.flow}})
	l.user = id(p.post("account/users", object{"email": "koppeling@reseller.example", "firstname": "Koppeling_reseller", "role": "agent", "organisation_id": l.organisation}))
	token := p.post(fmt.Sprintf("account/users/%d/tokens", l.user), object{"name": "Koppeling", "integration": true}).(object)
	l.token = token["token"].(string)
	l.integration = id(l.reseller.post("account/integrations", object{"account_name": "provider", "base_url": base, "token": l.token}))
	return l
}

func (l *link) path(rest string) string {
	return fmt.Sprintf("account/integrations/%d%s", l.integration, rest)
}

func (l *link) states() map[string]int {
	counts := map[string]int{}
	for _, p := range rows(l.reseller.get(l.path("/products"))) {
		counts[p["state"].(string)]++
	}
	return counts
}

// importAll imports everything the provider offers.
func (l *link) importAll(products int) {
	l.t.Helper()
	l.eventually("the provider's products are known", func() bool { return l.states()["new"] == products })
	var ids []any
	for _, p := range rows(l.reseller.get(l.path("/products"))) {
		ids = append(ids, p["id"])
	}
	l.reseller.put(l.path("/products"), object{"product_ids": ids})
	l.eventually("the products are imported", func() bool { return l.states()["imported"] == products })
}

// idle waits until no run is under way or queued.
func (l *link) idle() {
	l.t.Helper()
	l.eventually("nothing runs", func() bool {
		status := l.reseller.get(l.path("/status")).(object)
		return status["running"] == nil && status["queued"] == nil
	})
}

// mapAll maps flows, questions (one option differs), and agreements.
func (l *link) mapAll() {
	l.t.Helper()
	flows := l.reseller.get(l.path("/mappings/flows")).(object)
	ours, theirs := flows["mappings"].([]any)[0].(object), flows["partner_flows"].([]any)[0].(object)
	l.reseller.put(l.path("/mappings/flows"), []object{{"flow_id": ours["flow_id"], "partner_flow_id": theirs["id"]}})
	l.mapQuestions(true)
	agreement := rows(l.reseller.get("account/agreements"))[0]
	l.reseller.put(l.path("/mappings/agreements"), []object{{"partner_identifier": "voorwaarden", "agreement_id": agreement["id"]}})
}

func (l *link) mapQuestions(withOption bool) {
	l.t.Helper()
	pairs := []object{}
	for _, q := range rows(l.reseller.get("account/productquestions")) {
		pair := object{"partner_identifier": q["identifier"], "question_id": q["id"]}
		if q["identifier"] == "betaalwijze" && withOption {
			pair["options"] = object{"Automatisch": "Incasso"}
		}
		pairs = append(pairs, pair)
	}
	l.reseller.put(l.path("/mappings/questions"), pairs)
}

func (l *link) forwardAutomatically() {
	l.t.Helper()
	l.reseller.patch(l.path(""), object{"forwarding": object{"enabled": true, "automatic": true, "statuses": "all"}})
}

// sale is a complete order; personal data carries a mark that tests look for.
func sale(productID any, n int) object {
	return object{
		"transaction_type": "order", "product_id": productID, "business": 0, "firstname": "Geheim", "lastname": fmt.Sprintf("Persoonsgegeven%d", n),
		"email": fmt.Sprintf("geheim%d@persoonsgegeven.example", n), "phone": "0612345678", "birthdate": time.Date(1960, 1, 1+n%10_000, 0, 0, 0, 0, time.UTC).Format("02-01-2006"),
		"postcode": "1234AB", "housenumber": "1", "streetname": "Dorpsstraat", "city": "Utrecht", "suffix": nil,
		"connection_postcode": "1234AB", "connection_housenumber": "1", "connection_streetname": "Dorpsstraat", "connection_city": "Utrecht", "connection_suffix": nil,
		"questionData": object{"betaalwijze": "Automatisch", "opmerking": "Geheime opmerking"}, "agreements": object{"voorwaarden": "1"},
	}
}

func (l *link) product() any { return rows(l.reseller.get("user/products"))[0]["id"] }

func (l *link) sell(n int) int64 {
	l.t.Helper()
	return id(l.reseller.post(sellPath, sale(l.product(), n)))
}

// providerSales counts what the provider's ledger holds.
func (l *link) providerSales() int {
	l.t.Helper()
	return int(l.provider.get("account/sales").(object)["total"].(float64))
}

func (l *link) forwardings(state string) int {
	l.t.Helper()
	return int(l.reseller.get("account/forwardings?state=" + state).(object)["total"].(float64))
}

// requireNoneTwice reads the provider's whole ledger: every reference once.
func (l *link) requireNoneTwice(sales int) {
	l.t.Helper()
	require.Equal(l.t, sales, l.providerSales())
	seen := map[any]bool{}
	for page := 1; ; page++ {
		data := l.provider.get(fmt.Sprintf("account/sales?per_page=100&page=%d", page)).(object)
		for _, s := range rows(data) {
			require.False(l.t, seen[s["lastname"]], "%v is there twice", s["lastname"])
			seen[s["lastname"]] = true
		}
		if data["next_page_url"] == nil {
			break
		}
	}
	require.Len(l.t, seen, sales)
}

func ready(t testing.TB, products int, env ...string) *link {
	t.Helper()
	return readyOn(deploy(t, env...), products)
}

// readyOn links two environments of a deployment, so that sales go by themselves.
func readyOn(d *deployment, products int) *link {
	d.t.Helper()
	l := newLink(d, products, d.base)
	l.goes(products)
	return l
}

// goes imports and maps everything, so that sales go by themselves.
func (l *link) goes(products int) {
	l.t.Helper()
	l.importAll(products)
	l.mapAll()
	l.forwardAutomatically()
	l.idle()
}

func (l *link) saleStatus(saleID int64) string {
	l.t.Helper()
	row := l.reseller.get(fmt.Sprintf("account/sales/%d", saleID)).(object)
	return row["status"].(object)["status_identifier"].(string)
}
