package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The vendor's own collection sends further products as an object with numbers for names, without a section, and rows with
// nothing in them.
func TestFurtherProductsAsTheCollectionSendsThem(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	extra := idOf(s.must("POST", "account/products", object{"name": "Extra", "identifier": "extra", "type": "energy_e"}))
	s.must("POST", fmt.Sprintf("account/connect-organisation-to-products/%d", s.organisation), object{})
	body := s.sale()
	body["related_products"] = object{"0": object{"product_id": fmt.Sprint(extra)}, "1": object{"product_id": ""}, "10": object{"product_id": s.product}, "2": object{"product_id": extra, "quantity": "2"}}
	products := func(sections []any) (told []any) {
		s.must("PUT", fmt.Sprintf("account/flows/%d", s.flow), object{"sections": sections})
		id := idOf(s.must("POST", sell, body))
		for _, line := range s.must("GET", fmt.Sprintf("account/sales/%d", id), nil).(object)["products"].([]any) {
			told = append(told, line.(object)["id"], line.(object)["quantity"], line.(object)["section_identifier"])
		}
		return told
	}
	main, other := float64(s.product), float64(extra)
	require.Equal(t, []any{main, 1.0, nil, other, 1.0, nil, other, 2.0, nil, main, 1.0, nil}, products([]any{}), "a flow without sections")
	sections := []any{object{"title": "A", "identifier": "a", "products": []any{object{"id": s.product}}}, object{"title": "B", "identifier": "b", "products": []any{object{"id": extra}}}}
	require.Equal(t, []any{main, 1.0, nil, other, 1.0, "b", other, 2.0, "b", main, 1.0, "a"}, products(sections), "in the section that offers it")
	body["related_products"] = []any{object{"product_id": extra}}
	s.must("PUT", fmt.Sprintf("account/flows/%d", s.flow), object{"sections": sections[:1]})
	status, answered := s.call("POST", sell, body)
	require.Equal(t, 400, status)
	require.Contains(t, answered["errors"], "product_id", "no section offers it")
}

// A date is answered as people write it or as programs do, and read back as the contract has it.
func TestADateIsAnsweredEitherWay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for identifier, kind := range map[string]string{"inhuizing": "date", "overstap": "switchdate", "vrij": "text"} {
		s.must("POST", "account/productquestions", object{"name": identifier, "identifier": identifier, "input_type": kind})
	}
	body := s.sale()
	body["questionData"] = object{"betaal": "Incasso", "inhuizing": "2026-12-31", "overstap": "2026-02-01", "overstap_switchdate_option": "custom", "vrij": "2026-12-31"}
	id := idOf(s.must("POST", sell, body))
	answers := s.must("GET", fmt.Sprintf("user/sales/answers/%d", idOf(object{"id": float64(id)})), nil).(object)
	require.Equal(t, []any{"31-12-2026", "01-02-2026", "custom", "2026-12-31"}, []any{answers["inhuizing"], answers["overstap"], answers["overstap_switchdate_option"], answers["vrij"]})
	body["questionData"].(object)["inhuizing"] = "2026-02-31"
	status, _ := s.call("POST", sell, body)
	require.Equal(t, 400, status)
}

// A form's empty field for files is none, and a supplier that nothing is sold of can go.
func TestSuppliersAndAttachmentsAsTheCollectionSendsThem(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	form := url.Values{"name": {"X"}, "identifier": {"x"}, "type": {"simple"}, "attachments": {""}, "image[content]": {""}, "image[extension]": {""}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/acme/v1/account/products", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, answered := s.send(request)
	require.Equal(t, 201, status, "%v", answered)

	made := s.must("POST", "account/suppliers", object{"name": "Tijdelijk", "identifier": "t"}).(object)
	require.Equal(t, made["id"], made["supplier_id"])
	path := fmt.Sprintf("account/suppliers/%v", made["supplier_id"])
	product := idOf(s.must("POST", "account/products", object{"name": "Y", "identifier": "y", "type": "simple", "supplier_id": made["id"]}))
	status, _ = s.call("DELETE", path, nil)
	require.Equal(t, 409, status, "something is sold of it")
	s.must("DELETE", fmt.Sprintf("account/products/%d", product), nil)
	require.Equal(t, made["supplier_id"], s.must("DELETE", path, nil).(object)["supplier_id"])
	status, _ = s.call("DELETE", path, nil)
	require.Equal(t, 404, status)
}

// An organisation's numbers have the contract's names, and ours.
func TestNumbersOfAnOrganisation(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	made := s.must("POST", "account/organisations", object{"name": "BV", "coc": "KvK 12345678", "vat": "NL1"}).(object)
	require.Equal(t, made["id"], made["organisation_id"])
	path := fmt.Sprintf("account/organisations/%v", made["organisation_id"])
	told := func() []any {
		o := s.must("GET", path, nil).(object)
		return []any{o["coc"], o["company_coc"], o["vat"], o["company_vat"]}
	}
	require.Equal(t, []any{"12345678", "12345678", "NL1", "NL1"}, told())
	require.Equal(t, made["id"], s.must("PUT", path, object{"company_coc": "87654321"}).(object)["organisation_id"])
	require.Equal(t, []any{"87654321", "87654321", "NL1", "NL1"}, told())
	s.must("PUT", path, object{"coc": "12345678", "company_vat": ""})
	require.Equal(t, []any{"12345678", "12345678", nil, nil}, told())
	require.Equal(t, made["id"], s.must("DELETE", path, nil).(object)["organisation_id"])
}

// What nothing needs any more is removed; what lacks its name is told so.
func TestWhatNothingNeedsIsRemoved(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	question := idOf(s.must("POST", "account/productquestions", object{"name": "Weg", "identifier": "weg", "input_type": "text"}))
	s.must("DELETE", fmt.Sprintf("account/productquestions/%d", question), nil)
	s.must("POST", "account/statuses", object{"id": "weg", "name": "Weg", "type": "default"})
	s.must("DELETE", "account/statuses/weg", nil)
	status, answered := s.call("POST", "account/organisations", object{"identifier": "weg"})
	require.Equal(t, 422, status)
	require.Contains(t, answered["errors"], "name")
}
