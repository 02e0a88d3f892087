package e2e

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatGoes sells at one reseller what two providers offer: a sale with products of both goes to each with its own
// products; offers, completed contracts, answers of several choices and files, and opt-in data arrive as they were
// given; opt-in data that was withdrawn stays.
func TestWhatGoes(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	a, b, c := d.environment("reseller"), d.environment("provider"), d.environment("second")
	for _, e := range []client{a, b, c} {
		setUpForms(e, "Incasso", "Factuur")
		e.post("account/productquestions", object{"name": "Wensen", "identifier": "wensen", "input_type": "mc-multi", "options": []string{"Groen", "Lokaal", "Vast"}, "visible": true})
		e.post("account/productquestions", object{"name": "Legitimatie", "identifier": "legitimatie", "input_type": "file", "visible": true})
		e.post("account/productquestions", object{"name": "Overstap", "identifier": "overstap", "input_type": "switchdate", "visible": true})
	}
	b.post("account/products", energyProduct(1))
	c.post("account/products", energyProduct(2))
	toB, toC := linkTo(d, b, a, "reseller-b", 1), linkTo(d, c, a, "reseller-c", 1)
	for _, l := range []*link{toB, toC} {
		l.mapQuestions(false)
		l.reseller.patch(l.path(""), object{"send_optin": true})
		l.idle()
	}
	ids := map[any]any{}
	for _, p := range rows(a.get("account/products")) {
		ids[p["identifier"]] = p["id"]
	}
	flow := rows(a.get("account/flows"))[0]["id"]
	a.put(fmt.Sprintf("account/flows/%v", flow), object{"sections": []object{
		{"title": "Stroom", "identifier": "stroom", "products": []object{{"id": ids["stroom-1"], "maximum_quantity": 1}}},
		{"title": "Extra", "identifier": "extra", "products": []object{{"id": ids["stroom-2"], "maximum_quantity": 3}}},
	}})
	c.put(fmt.Sprintf("account/flows/%v", rows(c.get("account/flows"))[0]["id"]), object{"title": "Energie"})

	file := base64.StdEncoding.EncodeToString([]byte("een kopie"))
	order := sale(ids["stroom-1"], 1)
	order["transaction_type"] = "offer"
	order["questionData"] = object{
		"betaalwijze": "Incasso", "opmerking": "Geheim", "wensen": []string{"Groen", "Vast"}, "legitimatie": file, "overstap": "01-03-2027", "overstap_switchdate_option": "date",
	}
	order["related_products"] = []object{{"product_id": ids["stroom-2"], "quantity": 2, "section_identifier": "extra"}}
	order["contract_date"], order["contract_pdf"] = "01-05-2026", object{"content": base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 contract")), "extension": "pdf", "created_at": "2026-05-01 10:00:00"}
	concept := a.post("account/concepttransaction", object{
		"source": "beller", "firstname": "Geheim", "optin": "1", "optin_source": "website", "optin_channels": []object{{"type": "phone", "value": "0612345678", "topic": "energie"}},
	}).(object)
	order["concept_transaction"] = concept["uuid"]
	ours := id(a.post(sellPath, order))
	for _, provider := range []client{b, c} {
		d.eventually("the sale is at "+provider.account, func() bool { return len(rows(provider.get("account/sales"))) == 1 })
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
	require.Equal(t, "stroom-2", rows(c.get("account/sales?extended=true"))[0]["product"].(object)["identifier"])
	for _, f := range rows(a.get("account/forwardings?state=forwarded")) {
		require.Equal(t, "sent", f["optin"])
	}
	optins := func(account string) int64 {
		return d.number(`SELECT count(*) FROM sale_optins o JOIN environments e ON e.id = o.environment_id
			WHERE e.account = '` + account + `' AND o.optin -> 'channels' -> 0 ->> 'value' = '0612345678'`)
	}
	require.EqualValues(t, 1, optins("provider"))
	require.EqualValues(t, 1, optins("second"))
	require.Len(t, rows(a.get("account/forwardings?state=forwarded")), 2, "sale %d, one forwarding each", ours)

	toB.reseller.patch(toB.path(""), object{"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"}})
	order = sale(ids["stroom-1"], 2)
	order["questionData"].(object)["betaalwijze"] = "Incasso"
	withdrawn := id(a.post(sellPath, order))
	a.post(fmt.Sprintf("account/sales/%d/optin", withdrawn), object{"channels": []object{{"type": "phone", "value": "0612345678"}}})
	preview := func() any {
		return a.post(fmt.Sprintf("account/sales/%d/forward/preview", withdrawn), nil).([]any)[0].(object)["optin"]
	}
	require.Equal(t, "sent", preview())
	a.post(fmt.Sprintf("account/sales/%d/optin", withdrawn), object{"withdrawn_at": "2026-05-02 10:00:00"})
	require.Equal(t, "withdrawn", preview())
	a.post(fmt.Sprintf("account/sales/%d/forward", withdrawn), nil)
	d.eventually("the sale is at B", func() bool { return len(rows(b.get("account/sales"))) == 2 })
	require.EqualValues(t, 1, optins("provider"), "what was withdrawn stays")
}
