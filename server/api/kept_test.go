package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a client sends with a sale is read back: under the names it was sent by, and where the contract's own answers have it.
func TestWhateverComesWithASaleIsReadBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	body := s.sale()
	sent := object{
		"return": "1800", "has_return": "1", "usage_e_single": "2500", "electricity_ean": "871687000000000016", "e_connection_type": "1x35A", "g_region": "3",
		"initials": "J.", "infix": "van", "valid_till": "2026-12-31", "company_coc_branch_number": "000012345678", "contract_date": "01-05-2026",
		"initial_user_firstname": "Vera", "initial_user_lastname": "Koper", "initial_organisation_name": "Deur BV", "relation_id": "77",
		"panel_count": 12, "panels": []any{object{"id": 5, "names": []any{"a", nil}}}, "leeg": "", "niets": nil, "waar": true, "bedrag": "01.50",
	}
	for name, value := range sent {
		body[name] = value
	}
	id := idOf(s.must("POST", sell, body))
	sale := s.must("GET", fmt.Sprintf("account/sales/%d", id), nil).(object)
	for name, value := range sent {
		if number, is := value.(int); is {
			value = float64(number)
		}
		if name == "panels" {
			value = []any{object{"id": 5.0, "names": []any{"a", nil}}}
		}
		require.Equal(t, value, sale["submitted"].(object)[name], name)
	}
	require.Equal(t, object{"betaal": "Incasso"}, sale["submitted"].(object)["questionData"])
	require.Equal(t, object{"av": "1"}, sale["submitted"].(object)["agreements"])
	customer, site := sale["customer"].(object), sale["flow_data_energy"].(object)["sites"].([]any)[0].(object)
	require.Equal(t, []any{"J.", "van"}, []any{customer["initials"], customer["infix"]})
	require.Equal(t, "2026-12-31 00:00:00", sale["offer_valid_till"])
	require.Equal(t, object{"name": "Vera Koper", "organisation": "Deur BV", "account": nil}, sale["sales_representative"])
	electricity := site["electricity"].(object)
	require.Equal(t, []any{"871687000000000016", 2500.0, 1800.0, "1x35A", false},
		[]any{electricity["ean_code"], electricity["usage_single"], electricity["return_single"], electricity["connection"], electricity["double_meter"]})
	require.Equal(t, 3.0, site["gas"].(object)["gasregion"])
	require.Equal(t, 0.25, sale["products"].([]any)[0].(object)["price_data"].(object)["tariff_single"])
	row := s.must("GET", "account/sales", nil).(object)["data"].([]any)[0].(object)
	require.Equal(t, []any{"000012345678", 77.0, "sale", "order", "J."}, []any{row["coc_branch_number"], row["relation_id"], row["type"], row["sub_type"], row["initials"]})
	extended := s.must("GET", "account/sales?extended=true", nil).(object)["data"].([]any)[0].(object)
	require.Len(t, extended["products"], 1, "the list tells the products too")
	require.NotContains(t, extended, "submitted")
}
