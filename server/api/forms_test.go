package api_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
)

// What has a known form is kept in it however it was typed; what is wrong is refused with the form that is expected, wherever
// it comes in: with a sale, its correction, a dialer's proposal, an organisation.
func TestKnownFormsWhereverTheyComeIn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := func(change object) object {
		sale := s.sale()
		for field, value := range change {
			sale[field] = value
		}
		return sale
	}
	sale := idOf(s.must("POST", sell, order(object{
		"iban": "nl91 abna 0417 1643 00", "phone": "+31 6-12345678", "postcode": "1234ab", "connection_postcode": " 1234 AB", "electricity_ean": "8716 8700 0000 0000 09", "gas_ean": 871687000000000016,
		"transaction_type": "Order", "gender": "Female", "sale_channel": "ONLINE", "questionData": object{"betaal": "incasso"},
	})))
	kept := s.one(fmt.Sprintf(`SELECT concat_ws('|', f ->> 'iban', f ->> 'phone', f ->> 'postcode', f ->> 'connection_postcode', f ->> 'electricity_ean', f ->> 'gas_ean', f ->> 'gender', f ->> 'sale_channel', submission -> 'answers' ->> 'betaal')
		FROM sales, LATERAL (SELECT submission -> 'fields' AS f) x WHERE id = %d`, sale))
	require.Equal(t, "NL91ABNA0417164300|0612345678|1234 AB|1234 AB|871687000000000009|871687000000000016|female|online|Incasso", kept)

	organisation := fmt.Sprintf("account/organisations/%d", s.organisation)
	for _, c := range []struct{ field, text, says string }{
		{"iban", "NL00BANK0123456789", "IBAN klopt niet: het controlegetal"},
		{"iban", "123", "Verwacht: NL00 BANK 0123 4567 89"},
		{"electricity_ean", "8,71687E+17", "EAN moet 18 cijfers hebben"},
		{"gas_ean", "8712345678906", "EAN moet 18 cijfers hebben"},
		{"gas_ean", "871687000000000017", "controlecijfer"},
		{"postcode", "1234 A", "Verwacht: 1234 AB"},
		{"connection_postcode", "Utrecht", "Verwacht: 1234 AB"},
		{"phone", "abc", "Verwacht: 0612345678"},
		{"housenumber", "huis", "met een cijfer beginnen"},
		{"company_coc", "1234567", "KvK-nummer moet 8 cijfers hebben"},
	} {
		for _, place := range []struct {
			method, path string
			body         object
		}{
			{"POST", sell, order(object{c.field: c.text})},
			{"POST", "account/concepttransaction", object{"source": "beller", c.field: c.text}},
			{"PATCH", fmt.Sprintf("account/sales/%d", sale), object{"customer": object{c.field: c.text}}},
			{"PUT", organisation, object{c.field: c.text}},
		} {
			if place.method == "PUT" && (c.field == "connection_postcode" || c.field == "electricity_ean" || c.field == "gas_ean") || place.method == "PATCH" && (c.field == "electricity_ean" || c.field == "gas_ean") {
				continue // not a field of these
			}
			status, refusal := s.call(place.method, place.path, place.body)
			require.Equal(t, http.StatusBadRequest, status, "%s %s: %v", place.path, c.field, refusal)
			require.Contains(t, refusal["errors"], c.field, place.path)
			require.Contains(t, fmt.Sprint(refusal["errors"].(object)[c.field]), c.says, place.path)
		}
	}
	s.must("PUT", organisation, object{"phone": "030 123 45 67", "postcode": "3511aa", "iban": "BE68 5390 0754 7034"})
	require.Equal(t, "0301234567|3511 AA|BE68539007547034", s.one(`SELECT concat_ws('|', details ->> 'phone', details ->> 'postcode', details ->> 'iban') FROM organisations WHERE details IS NOT NULL`))
	s.must("PATCH", fmt.Sprintf("account/sales/%d", sale), object{"customer": object{"phone": "+32 470 12 34 56"}})
	require.Equal(t, "+32470123456", s.one(`SELECT submission -> 'fields' ->> 'phone' FROM sales`))

	// What was kept before forms were checked stays, and does not keep anybody from correcting something else.
	s.exec(`UPDATE sales SET submission = jsonb_set(submission, '{fields,gas_ean}', '"8,71687E+17"')`)
	s.must("PATCH", fmt.Sprintf("account/sales/%d", sale), object{"customer": object{"city": "Zeist"}})
	require.Equal(t, "8,71687E+17", s.one(`SELECT submission -> 'fields' ->> 'gas_ean' FROM sales`))
}

// A spelling that can mean one thing only means that: an account's name, a host, a status, an e-mail address in capitals.
func TestCapitalsMeanTheSame(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	link(t, s)
	status, answer := s.callIn("ACME", "GET", "user/products", nil, s.token)
	require.Equal(t, http.StatusOK, status, answer)
	connection := object{"name": "B", "account_name": " Other ", "base_url": s.base + "/", "token": s.one(`SELECT 'x'`)}
	status, answer = s.call("POST", "account/integrations/test", connection)
	require.Equal(t, http.StatusOK, status, answer)
	require.Equal(t, "bad_token", answer["data"].(object)["reason"], "the account is found, the token is not its own")
	s.must("POST", "account/users", object{"email": "Jan@acme.example", "role": "admin", "password": "lang genoeg wachtwoord"})
	_, actor, err := s.svc.Access.SignIn(t.Context(), " Acme ", " jAN@ACME.example ", "lang genoeg wachtwoord", netip.MustParseAddr("127.0.0.1"))
	require.NoError(t, err)
	require.Equal(t, "acme", actor.Account)
	sale := idOf(s.must("POST", sell, s.sale()))
	s.must("POST", fmt.Sprintf("account/sales/updatestatus/%d", sale), object{"status": "Verified"})
	require.Equal(t, "verified", s.one(`SELECT status FROM sales`))
}

// A sale is found by its customer's number and postcode in any spelling, whichever it is kept in.
func TestASaleIsFoundInAnySpelling(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.sale()
	order["phone"], order["postcode"] = "06-12345678", "1234ab"
	s.must("POST", sell, order)
	s.must("POST", sell, s.sale())
	s.exec(`UPDATE sales SET submission = jsonb_set(submission, '{fields,postcode}', '"1234AB"') WHERE id = (SELECT max(id) FROM sales)`) // from before
	owner := service.Actor{EnvironmentID: 1, Role: states.RoleOwner}
	for q, found := range map[string]int{
		"1234 AB": 2, "1234ab": 2, "1234": 2, "0612345678": 2, "06-1234 5678": 2, "06 12345678": 2, "Jansen 1234ab": 2, "1234 AC": 0, "1235AB": 0, "06-12345679": 0, "Jansen 1234ac": 0,
		"%": 2, "jan_en": 0, "'); DROP": 0, strings.Repeat("é", 5000): 0, strings.Repeat("q ", 5000): 0,
	} {
		page, err := s.svc.Sales.SalePage(t.Context(), owner, sales.SaleSearch{Q: q})
		require.NoError(t, err, "%.30q", q)
		require.Len(t, page.Rows, found, "%.30q", q)
	}
}
