package admin_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/server/service/catalogue"
	"koppel/states"
)

// fillCustomer fills in who buys.
func fillCustomer(form url.Values, birthdate string) {
	for _, name := range linking.RequiredFields {
		if !strings.HasPrefix(name, "connection_") {
			form.Set(name, dbtest.Filled(name))
		}
	}
	form.Set("birthdate", birthdate)
	form.Set("email", "klant@voorbeeld.example")
}

// TestAnOrderWithSections sells what the flow's sections offer beside the product.
func TestAnOrderWithSections(t *testing.T) {
	w := setup(t)
	w.fill()
	ctx := t.Context()
	extra, err := w.svc.Catalogue.CreateProduct(ctx, w.owner, catalogue.ProductInput{Content: linking.ProductContent{Name: "Zonnepaneel", Identifier: "paneel", Type: "solar", Business: "2", Retention: "2"}, Active: true})
	require.NoError(t, err)
	flow, err := w.svc.Catalogue.SaveFlow(ctx, w.owner, 0, linking.Flow{
		Title: "Zon", Type: "default", Identifier: "zon", TransactionType: states.SaleOrder, ProductTypes: []string{"energy_e", "solar"},
		Sections: []linking.Section{{ID: 1, Title: "Erbij", Identifier: "erbij", Products: []linking.SectionProduct{{ID: extra.ID, MaximumQuantity: 3}}}},
	})
	require.NoError(t, err)
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/sales/new?product=%d&flow=%d", w.ids["products"], flow.ID)
	page := p.get(address)
	require.Contains(t, page.body, "Zonnepaneel")
	require.Contains(t, page.body, "Hooguit 3.")
	field := fmt.Sprintf("related.erbij.%d", extra.ID)
	form := url.Values{"transaction_type": {"order"}, "business": {"0"}, "questionData.betaalwijze": {"Incasso"}, "agreements.voorwaarden": {"1"}, "usage_g": {"1200"}, field: {"4"}}
	fillCustomer(form, "28-02-1980")
	a := p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, fmt.Sprintf(`href="#f-related-erbij-%d"`, extra.ID), "told at the field")
	form.Set(field, "3")
	a = p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	sale := p.get(a.location).body
	require.Contains(t, sale, "Zonnepaneel")
	require.Contains(t, sale, "× 3")
	require.Contains(t, sale, "1200")
}

// TestFilesAndSwitchDates are asked for, kept when the form is refused, sold and shown.
func TestFilesAndSwitchDates(t *testing.T) {
	w := setup(t)
	w.fill()
	ctx := t.Context()
	for i, q := range []linking.Question{
		{Name: "Kopie legitimatie", Identifier: "legitimatie", InputType: "file", Required: true, Visible: true},
		{Name: "Overstap", Identifier: "overstap", InputType: "switchdate", Options: []string{"Op deze datum", "Zo snel mogelijk"}, Visible: true},
	} {
		_, err := w.svc.Catalogue.SaveQuestion(ctx, w.owner, 0, q, 10+i)
		require.NoError(t, err)
	}
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/sales/new?product=%d&flow=%d", w.ids["products"], w.ids["flows"])
	page := p.get(address).body
	require.Contains(t, page, `name="file.questionData.legitimatie" type="file"`)
	require.Contains(t, page, "Zo snel mogelijk")
	form := url.Values{
		"transaction_type": {"order"}, "business": {"0"}, "questionData.betaalwijze": {"Incasso"}, "agreements.voorwaarden": {"1"},
		"questionData.overstap": {"01-03-2027"}, "questionData.overstap_switchdate_option": {"Zo snel mogelijk"},
	}
	fillCustomer(form, "31-02-1980")
	a := p.upload(address, form, nil)
	require.Equal(t, http.StatusUnprocessableEntity, a.status, a.body)
	require.Contains(t, a.body, `href="#f-questionData-legitimatie"`, "it must be answered")
	file := "%PDF-1.4 een kopie"
	a = p.upload(address, form, map[string]string{"file.questionData.legitimatie": file})
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.NotContains(t, a.body, `href="#f-questionData-legitimatie"`)
	kept := regexp.MustCompile(`<input type="hidden" name="questionData.legitimatie" value="([^"]+)"`).FindStringSubmatch(a.body)
	require.NotNil(t, kept, "what was chosen is kept")
	form.Set("questionData.legitimatie", html.UnescapeString(kept[1]))
	form.Set("birthdate", "28-02-1980")
	a = p.upload(address, form, nil)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)

	sale := p.get(a.location).body
	require.Contains(t, sale, "bestand van 1 kB")
	require.NotContains(t, sale, kept[1])
	require.Contains(t, sale, "(Zo snel mogelijk)")
	link := a.location + "/files/legitimatie"
	got := p.get(link)
	require.Equal(t, file, got.body)
	require.Regexp(t, `^attachment; filename=\d+-legitimatie.pdf$`, got.header.Get("Content-Disposition"))
	require.Equal(t, http.StatusNotFound, p.get(a.location+"/files/overstap").status)
	require.Equal(t, http.StatusNotFound, w.person().signIn("zonwijs", "agent@partner.example").get(link).status, "another's sale")

	correct := p.get(a.location + "/correct").body
	require.Contains(t, correct, kept[1])
	other := p.upload(a.location+"/correct", form, map[string]string{"file.questionData.legitimatie": "anders"})
	require.Equal(t, http.StatusSeeOther, other.status, other.body)
	require.Equal(t, "anders", p.get(link).body)
}

// TestASecondClickOnSave makes one sale.
func TestASecondClickOnSave(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := p.get(fmt.Sprintf("/o/zonwijs/sales/new?product=%d", w.ids["products"]))
	require.Equal(t, http.StatusOK, page.status, page.body)
	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
	form := url.Values{"key": {key}, "transaction_type": {"order"}, "business": {"0"}, "questionData.betaalwijze": {"Incasso"}, "agreements.voorwaarden": {"1"}}
	fillCustomer(form, "31-02-1980")
	address := fmt.Sprintf("/o/zonwijs/sales/new?product=%d&flow=%d", w.ids["products"], w.ids["flows"])
	a := p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, `href="#f-birthdate"`, "the summary leads to the field")
	require.Contains(t, a.body, `aria-invalid="true"`)
	form.Set("birthdate", "28-02-1980")
	one, two := p.do(http.MethodPost, address, form), p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusSeeOther, one.status, one.body)
	require.Equal(t, one.location, two.location)
}

// The order form says at its field what is wrong with a number, with the form that is expected, and keeps what was typed.
func TestTheOrderFormSaysWhatIsExpected(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/sales/new?product=%d&flow=%d", w.ids["products"], w.ids["flows"])
	form := url.Values{"transaction_type": {"order"}, "business": {"0"}, "questionData.betaalwijze": {"Incasso"}, "agreements.voorwaarden": {"1"}}
	fillCustomer(form, "28-02-1980")
	for field, typed := range map[string]string{"iban": "NL00BANK0123456789", "electricity_ean": "8,71687E+17", "postcode": "1234 A", "phone": "abc", "housenumber": "huis"} {
		good := form.Get(field)
		form.Set(field, typed)
		answer := p.upload(address, form, nil)
		require.Equal(t, http.StatusUnprocessableEntity, answer.status, field)
		require.Contains(t, answer.body, `href="#f-`+field+`"`, "told at the field")
		require.Regexp(t, `Verwacht: |klopt niet: |moet `, answer.body)
		require.Contains(t, answer.body, `value="`+typed+`"`)
		form.Set(field, good)
	}
	form.Set("iban", "nl91 abna 0417 1643 00")
	answer := p.upload(address, form, nil)
	require.Equal(t, http.StatusSeeOther, answer.status, answer.body)
	require.Contains(t, p.get(answer.location).body, "NL91ABNA0417164300")
}
