package sales_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/server/service/sales"
	"koppel/server/servicetest"
)

// kept sells a body, and gives the sale as it is read back.
func kept(s *servicetest.Shop, body map[string]any) sales.SaleView {
	s.T.Helper()
	id, err := s.Create(s.Agent, body)
	require.NoError(s.T, err)
	view, err := s.Sales.Sale(s.T.Context(), s.Agent, id, false)
	require.NoError(s.T, err)
	return view
}

// What a client sends with a sale is kept: under the contract's name where it has a meaning, and as it was written where it
// has none, numbers and what is empty included.
func TestWhateverComesWithASaleIsKept(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	body := s.Order(s.Product)
	for _, name := range linking.OptionalFields {
		if _, needsForm := map[string]bool{"gender": true, "sale_channel": true, "iban": true, "company_coc": true, "electricity_ean": true, "gas_ean": true}[name]; !needsForm {
			body[name] = "7"
		}
	}
	body["panel_count"], body["energy_tariff"], body["dynamic_pricing"], body["type_of_roof"] = json.Number("12"), json.Number("0.2500"), true, nil
	body["option_products"] = []any{map[string]any{"product_id": json.Number("5"), "quantity": "01"}}
	view := kept(s, body)
	for _, name := range linking.OptionalFields {
		if text, sent := body[name].(string); sent {
			require.Equal(t, text, view.Submission.Fields[name], name)
		}
	}
	require.Equal(t, map[string]string{"panel_count": "12", "energy_tariff": "0.2500", "dynamic_pricing": "true", "type_of_roof": "null", "option_products": `[{"quantity": "01", "product_id": 5}]`},
		texts(view.Submission.More))
}

func texts(more map[string]json.RawMessage) map[string]string {
	read := map[string]string{}
	for name, raw := range more {
		read[name] = string(raw)
	}
	return read
}

// The names that we invented go on being taken. The contract's wins where both came.
func TestInventedNamesAreTheContracts(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	body := s.Order(s.Product)
	body["grid_operator_e"], body["grid_operator_g"], body["g_gridoperator"] = "liander", "stedin", "enexis"
	view := kept(s, body)
	require.Equal(t, "liander", view.Submission.Fields["e_gridoperator"])
	require.Equal(t, "enexis", view.Submission.Fields["g_gridoperator"])
	require.NotContains(t, view.Submission.Fields, "grid_operator_e")
	require.Empty(t, view.Submission.More)
}

// What came along has limits, and is refused at its field; a credential that was put into the body is nobody's to keep.
func TestWhatComesAlongHasLimits(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	for name, c := range map[string]struct {
		value any
		says  string
	}{
		"groot":                    {strings.Repeat("x", 1<<20), "too_long"},
		"getal":                    {json.Number("1e200000"), "field_invalid"},
		"diep":                     {[]any{map[string]any{"a": json.Number("-1E+101")}}, "field_invalid"},
		"cijfers":                  {json.Number(strings.Repeat("1", 200)), "field_invalid"},
		strings.Repeat("naam", 99): {"x", "too_long"},
	} {
		body := s.Order(s.Product)
		body[name] = c.value
		_, err := s.Create(s.Agent, body)
		s.RefusedField(name, c.says, err)
	}
	body := s.Order(s.Product)
	for i := range 501 {
		body[fmt.Sprintf("veld-%d", i)] = "x"
	}
	_, err := s.Create(s.Agent, body)
	s.RefusedField("veld-99", "too_many_values", err)
	body = s.Order(s.Product)
	body["api_token"], body["_method"] = "geheim", "PUT"
	require.Empty(t, kept(s, body).Submission.More)
}
