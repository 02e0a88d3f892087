package demo

import (
	"context"
	"fmt"
)

// question is a product question of the demo.
type question struct {
	id, name, kind, validator string
	options                   []string
	required                  bool
	types                     []string
	rule                      any // decides when it is required
}

func condition(identifier, name, value string) object {
	return object{"type": "condition", "identifier": identifier, "name": name, "operator": "=", "value": value}
}

func all(rules ...any) object {
	return object{"type": "condition_group", "criterion": "ALL", "visibility": true, "rules": rules}
}

func oneOf(rules ...any) object {
	return object{"type": "condition_group", "criterion": "ANY", "visibility": true, "rules": rules}
}

var (
	energy  = []string{"energy_e_g", "energy_e", "energy_g"}
	telecom = []string{"telecom_3p"}
)

// questions of the provider: every input type, some with rules.
var questions = []question{
	{id: "betaalwijze", name: "Betaalwijze", kind: "mc-single", options: []string{"Automatische incasso", "Factuur per e-mail"}, required: true},
	{id: "overstapdatum", name: "Gewenste overstapdatum", kind: "switchdate", types: energy},
	{id: "ingangsdatum", name: "Ingangsdatum", kind: "date", types: telecom},
	{id: "reden", name: "Reden van overstap", kind: "mc-single", options: []string{"Prijs", "Verhuizing", "Service"}, types: energy},
	{id: "verhuisdatum", name: "Verhuisdatum", kind: "date", types: energy, rule: all(condition("question.id", "Reden van overstap", "Verhuizing"))},
	{id: "meterstand", name: "Slimme meter aanwezig", kind: "mc-single", options: []string{"Ja", "Nee"}, types: energy, required: true},
	{id: "zonnepanelen", name: "Zonnepanelen", kind: "mc-single", options: []string{"Ja", "Nee"}, types: energy},
	{id: "aantal_panelen", name: "Aantal panelen", kind: "text", validator: "integer", types: energy, rule: all(condition("question.id", "Zonnepanelen", "Ja"))},
	{id: "extra_diensten", name: "Extra diensten", kind: "mc-multi", options: []string{"Groene stroom", "Onderhoud", "Inzicht-app"}, types: energy},
	{id: "factuur_email", name: "E-mailadres voor facturen", kind: "email", rule: all(condition("question.id", "Betaalwijze", "Factuur per e-mail"))},
	{id: "zakelijk_contact", name: "Contactpersoon facturatie", kind: "text", rule: all(condition("profile.type", "", "business"))},
	{id: "bedrijfsgrootte", name: "Aantal medewerkers", kind: "text", validator: "integer", rule: all(condition("profile.type", "", "business"), oneOf(condition("product.type", "", "energy_e_g"), condition("product.type", "", "energy_e")))},
	{id: "vorige_leverancier", name: "Huidige leverancier", kind: "text", types: energy},
	{id: "klantnummer", name: "Klantnummer bij huidige leverancier", kind: "text", types: energy},
	{id: "contracteinde", name: "Einddatum huidig contract", kind: "date"},
	{id: "telefoonnummer_behouden", name: "Telefoonnummer behouden", kind: "mc-single", options: []string{"Ja", "Nee"}, types: telecom},
	{id: "huidig_nummer", name: "Te behouden nummer", kind: "text", validator: "phone", types: telecom, rule: all(condition("question.id", "Telefoonnummer behouden", "Ja"))},
	{id: "tv_pakket", name: "Tv-pakket", kind: "mc-single", options: []string{"Basis", "Plus", "Compleet"}, types: telecom},
	{id: "monteur", name: "Installatie door monteur", kind: "mc-single", options: []string{"Ja", "Nee"}, types: telecom},
	{id: "identiteitsbewijs", name: "Kopie identiteitsbewijs", kind: "file"},
	{id: "handtekening", name: "Handtekening", kind: "signature"},
	{id: "gezinsleden", name: "Gezinsleden", kind: "array"},
	{id: "tussenpersoon", name: "Tussenpersoon", kind: "relation"},
	{id: "kop_aanvullend", name: "Aanvullende gegevens", kind: "h2"},
	{id: "uitleg_aanvullend", name: "Vul in wat van toepassing is.", kind: "p"},
}

func (q question) body(sort int) object {
	body := object{"name": q.name, "identifier": q.id, "input_type": q.kind, "options": q.options, "required": q.required, "visible": true, "validator": q.validator, "sort": sort}
	if q.types != nil {
		body["extra"] = extra(q.types)
	}
	if q.rule != nil {
		body["rule"], body["rule_required"] = q.rule, true
	}
	return body
}

func extra(types []string) string {
	text := ""
	for i, t := range types {
		if i > 0 {
			text += ","
		}
		text += `"` + t + `"`
	}
	return `{"product_types": [` + text + `]}`
}

type agreement struct{ id, name, text string }

var agreements = []agreement{
	{"voorwaarden", "Algemene voorwaarden", "Ik ga akkoord met de algemene voorwaarden."},
	{"machtiging", "Machtiging overstap", "Ik machtig de leverancier mijn huidige contract op te zeggen."},
}

var providerStatuses = []object{
	{"id": "in-behandeling", "name": "In behandeling", "type": "default"},
	{"id": "wacht-op-netbeheerder", "name": "Wacht op netbeheerder", "type": "action_required"},
	{"id": "verwerkt", "name": "Verwerkt", "type": "netto"},
	{"id": "afgekeurd", "name": "Afgekeurd", "type": "cancelled"},
}

const productCount = 100

// product makes one of the provider's products, with tariffs that are plausible and differ.
func product(n int, suppliers map[string]int64) object {
	kinds := []struct{ kind, supplier, name string }{
		{"energy_e_g", "voltera", "Voltera Stroom & Gas"}, {"energy_e", "voltera", "Voltera Stroom"}, {"energy_g", "noordgas", "Noordgas"}, {"telecom_3p", "glasnet", "Glasnet Alles-in-1"},
	}
	k := kinds[n%len(kinds)]
	years := []int{1, 2, 3, 5}[n/4%4]
	business := []string{"0", "1", "2"}[n%3]
	name := fmt.Sprintf("%s %d jaar vast %02d", k.name, years, n/4+1)
	body := object{
		"name": name, "identifier": fmt.Sprintf("%s-%03d", k.supplier, n+1), "type": k.kind, "active": true, "supplier_id": suppliers[k.supplier], "business": business, "retention": "0", "main": 1,
		"duration": years * 12, "usp": "Vaste tarieven\r\nGeen overstapkosten", "description": "Zekerheid voor " + fmt.Sprint(years) + " jaar.", "price": "0",
	}
	if k.kind == "telecom_3p" {
		body["price_monthly"] = fmt.Sprintf("%d.50", 39+n/4)
		body["price_monthly_action"] = fmt.Sprintf("%d.00", 25+n/4)
		body["price_monthly_action_type"], body["price_monthly_action_value"] = "months", 6
		body["customfields"] = object{"download_mbit": fmt.Sprint(200 + 100*(n%9)), "upload_mbit": fmt.Sprint(200 + 100*(n%9))}
	} else {
		body["price_monthly"] = "6.99"
		body["customfields"] = object{
			"tariff_single": fmt.Sprintf("0.2%03d", 150+7*n), "tariff_high": fmt.Sprintf("0.2%03d", 350+6*n), "tariff_low": fmt.Sprintf("0.1%03d", 900+n), "tariff_return": "0.0650",
			"tariff_fixed_e": "0.2300", "tariff_g": fmt.Sprintf("1.1%03d", 100+8*n), "tariff_fixed_g": "0.2300", "cashback": fmt.Sprint(25 * (n % 8)),
		}
	}
	body["documents"] = []object{{"name": "Tarievenblad", "location": "https://voltera.example/tarieven/" + body["identifier"].(string) + ".pdf"}}
	return body
}

// setUpProvider makes the provider's environment: suppliers, products, flows, questions, agreements, statuses.
func (d *Demo) setUpProvider(ctx context.Context) error {
	p := d.provider()
	suppliers := map[string]int64{}
	for _, s := range []object{
		{"name": "Voltera", "identifier": "voltera"}, {"name": "Noordgas", "identifier": "noordgas"}, {"name": "Glasnet", "identifier": "glasnet"},
	} {
		var made struct {
			ID int64 `json:"id"`
		}
		if err := p.post(ctx, "account/suppliers", s, &made); err != nil {
			return err
		}
		suppliers[s["identifier"].(string)] = made.ID
	}
	d.say("suppliers of energy and telecom")
	for n := range productCount {
		if err := p.post(ctx, "account/products", product(n, suppliers), nil); err != nil {
			return err
		}
	}
	d.say("%d products with tariffs and documents", productCount)
	if err := setUpForms(ctx, p); err != nil {
		return err
	}
	for _, s := range providerStatuses {
		if err := p.post(ctx, "account/statuses", s, nil); err != nil {
			return err
		}
	}
	d.say("2 flows, %d questions, %d agreements, %d statuses", len(questions), len(agreements), len(providerStatuses))
	return nil
}

// setUpForms makes flows, questions and agreements; the reseller's are set up as the provider's are.
func setUpForms(ctx context.Context, c client) error {
	for _, f := range []object{
		{"title": "Energie particulier", "type": "energie-consument", "identifier": "energie", "transaction_type": "all", "verification_method": "none", "product_types": energy, "minimum_age_customer": 18},
		{"title": "Alles-in-1", "type": "telecom", "identifier": "alles-in-1", "transaction_type": "all", "verification_method": "none", "product_types": telecom, "minimum_age_customer": 18},
	} {
		if err := c.post(ctx, "account/flows", f, nil); err != nil {
			return err
		}
	}
	for i, q := range questions {
		if err := c.post(ctx, "account/productquestions", q.body(i), nil); err != nil {
			return err
		}
	}
	for i, a := range agreements {
		body := object{"identifier": a.id, "name": a.name, "text": a.text, "required": true, "visible": true, "sort": i}
		if err := c.post(ctx, "account/agreements", body, nil); err != nil {
			return err
		}
	}
	return nil
}
