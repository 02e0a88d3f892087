package e2e

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// twoProviders is a reseller that sells what two providers offer.
type twoProviders struct {
	d        *deployment
	a, b, c  client // the reseller, and its providers
	toB, toC *link
	ids      map[any]any // A's products, by their identifiers
}

func newTwoProviders(t *testing.T) *twoProviders {
	t.Helper()
	d := deploy(t)
	w := &twoProviders{d: d, a: d.environment("reseller"), b: d.environment("provider"), c: d.environment("second"), ids: map[any]any{}}
	for _, e := range []client{w.a, w.b, w.c} {
		setUpForms(e, "Incasso", "Factuur")
		e.post("account/productquestions", object{"name": "Wensen", "identifier": "wensen", "input_type": "mc-multi", "options": []string{"Groen", "Lokaal", "Vast"}, "visible": true})
		e.post("account/productquestions", object{"name": "Legitimatie", "identifier": "legitimatie", "input_type": "file", "visible": true})
		e.post("account/productquestions", object{"name": "Overstap", "identifier": "overstap", "input_type": "switchdate", "visible": true})
	}
	w.b.post("account/products", energyProduct(1))
	w.c.post("account/products", energyProduct(2))
	w.toB, w.toC = linkTo(d, w.b, w.a, "reseller-b", 1), linkTo(d, w.c, w.a, "reseller-c", 1)
	for _, l := range []*link{w.toB, w.toC} {
		l.mapQuestions(false)
		l.reseller.patch(l.path(""), object{"send_optin": true})
		l.idle()
	}
	for _, p := range rows(w.a.get("account/products")) {
		w.ids[p["identifier"]] = p["id"]
	}
	flow := rows(w.a.get("account/flows"))[0]["id"]
	w.a.put(fmt.Sprintf("account/flows/%v", flow), object{"sections": []object{
		{"title": "Stroom", "identifier": "stroom", "products": []object{{"id": w.ids["stroom-1"], "maximum_quantity": 1}}},
		{"title": "Extra", "identifier": "extra", "products": []object{{"id": w.ids["stroom-2"], "maximum_quantity": 3}}},
	}})
	w.c.put(fmt.Sprintf("account/flows/%v", rows(w.c.get("account/flows"))[0]["id"]), object{"title": "Energie"})
	return w
}

// completeOffer is an offer of both providers' products with everything that a sale can have.
func (w *twoProviders) completeOffer(file string) object {
	order := sale(w.ids["stroom-1"], 1)
	order["transaction_type"] = "offer"
	order["questionData"] = object{
		"betaalwijze": "Incasso", "opmerking": "Geheim", "wensen": []string{"Groen", "Vast"}, "legitimatie": file, "overstap": "01-03-2027", "overstap_switchdate_option": "date",
	}
	order["related_products"] = []object{{"product_id": w.ids["stroom-2"], "quantity": 2, "section_identifier": "extra"}}
	order["contract_date"], order["contract_pdf"] = "01-05-2026", object{"content": base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 contract")), "extension": "pdf", "created_at": "2026-05-01 10:00:00"}
	concept := w.a.post("account/concepttransaction", object{
		"source": "beller", "firstname": "Geheim", "optin": "1", "optin_source": "website", "optin_channels": []object{{"type": "phone", "value": "0612345678", "topic": "energie"}},
	}).(object)
	order["concept_transaction"] = concept["uuid"]
	return order
}

// optins counts the opt-in data that an account has of the customer.
func (w *twoProviders) optins(account string) int64 {
	return w.d.number(`SELECT count(*) FROM sale_optins o JOIN environments e ON e.id = o.environment_id
		WHERE e.account = '` + account + `' AND o.optin -> 'channels' -> 0 ->> 'value' = '0612345678'`)
}

// TestWhatGoes sells at one reseller what two providers offer: a sale with products of both goes to each with its own
// products; offers, completed contracts, answers of several choices and files, and opt-in data arrive as they were
// given; opt-in data that was withdrawn stays.
func TestWhatGoes(t *testing.T) {
	t.Parallel()
	w := newTwoProviders(t)
	file := base64.StdEncoding.EncodeToString([]byte("een kopie"))
	ours := id(w.a.post(sellPath, w.completeOffer(file)))
	for _, provider := range []client{w.b, w.c} {
		w.d.eventually("the sale is at "+provider.account, func() bool { return len(rows(provider.get("account/sales"))) == 1 })
		row := rows(provider.get("account/sales?extended=true"))[0]
		detail := provider.get(fmt.Sprintf("account/sales/%v", row["id"])).(object)
		require.Equal(t, "offer", detail["type"])
		require.NotNil(t, detail["finalized_at"], "a contract makes it complete: nobody is mailed")
		answers := provider.get(fmt.Sprintf("account/sales/answers/%v", row["id"])).(object)
		require.Equal(t, []any{"Groen", "Vast"}, answers["wensen"])
		require.Equal(t, file, answers["legitimatie"])
		require.Equal(t, "01-03-2027", answers["overstap"])
		require.Equal(t, "date", answers["overstap_switchdate_option"])
		require.Len(t, detail["products"], 1, "its own products only")
	}
	require.Equal(t, "stroom-2", rows(w.c.get("account/sales?extended=true"))[0]["product"].(object)["identifier"])
	for _, f := range rows(w.a.get("account/forwardings?state=forwarded")) {
		require.Equal(t, "sent", f["optin"])
	}
	require.EqualValues(t, 1, w.optins("provider"))
	require.EqualValues(t, 1, w.optins("second"))
	require.Len(t, rows(w.a.get("account/forwardings?state=forwarded")), 2, "sale %d, one forwarding each", ours)
	w.withdrawnOptinStays(t)
}

func (w *twoProviders) withdrawnOptinStays(t *testing.T) {
	t.Helper()
	w.toB.reseller.patch(w.toB.path(""), object{"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"}})
	order := sale(w.ids["stroom-1"], 2)
	order["questionData"].(object)["betaalwijze"] = "Incasso"
	withdrawn := id(w.a.post(sellPath, order))
	w.a.post(fmt.Sprintf("account/sales/%d/optin", withdrawn), object{"channels": []object{{"type": "phone", "value": "0612345678"}}})
	preview := func() any {
		return w.a.post(fmt.Sprintf("account/sales/%d/forward/preview", withdrawn), nil).([]any)[0].(object)["optin"]
	}
	require.Equal(t, "sent", preview())
	w.a.post(fmt.Sprintf("account/sales/%d/optin", withdrawn), object{"withdrawn_at": "2026-05-02 10:00:00"})
	require.Equal(t, "withdrawn", preview())
	w.a.post(fmt.Sprintf("account/sales/%d/forward", withdrawn), nil)
	w.d.eventually("the sale is at B", func() bool { return len(rows(w.b.get("account/sales"))) == 2 })
	require.EqualValues(t, 1, w.optins("provider"), "what was withdrawn stays")
}
