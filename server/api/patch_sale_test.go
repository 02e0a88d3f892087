package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A sale is changed as the contract has it: the customer by its own names, answers and agreements added and taken away.
func TestASaleIsPatchedAsTheContractHasIt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.must("POST", "account/productquestions", object{"name": "Wensen", "identifier": "wensen", "input_type": "mc-multi", "options": "Groen\r\nVast"})
	body := s.sale()
	body["questionData"].(object)["wensen"] = []any{"Groen"}
	id := idOf(s.must("POST", sell, body))
	path := fmt.Sprintf("account/sales/%d", id)
	answered := s.must("PATCH", path, object{
		"valid_till": "31-12-2026",
		"customer": object{
			"business": true, "gender": "female", "lastname": "Bakker", "birthdate": nil, "company_name": "Bakker BV", "contact_person": "B. Bakker", "coc": "12345678", "vat": "NL1",
			"address": object{"postcode": "4321BA", "housenumber": "9", "suffix": "b", "streetname": "Laan", "city": "Zeist"}, "correspondence_address": object{"city": "Utrecht", "suffix": nil},
		},
		"product_questions": object{"delete": []any{"wensen"}, "upsert": object{"betaal": "Factuur", "vrij": []any{"a", "b"}}},
		"agreements":        object{"delete": []any{}, "upsert": object{"info": "1"}},
	})
	require.Equal(t, object{"sale_id": float64(id)}, answered)
	sale := s.must("GET", path, nil).(object)
	require.Equal(t, "2026-12-31 00:00:00", sale["offer_valid_till"])
	customer := sale["customer"].(object)
	require.Equal(t, []any{true, "female", "Jan", "Bakker", "01-02-1980", "Bakker BV", "12345678", "NL1"},
		[]any{customer["business"], customer["gender"], customer["firstname"], customer["lastname"], customer["birthdate"], customer["company_name"], customer["coc"], customer["vat"]})
	require.Equal(t, object{"postcode": "4321 BA", "housenumber": "9", "suffix": "b", "streetname": "Laan", "city": "Zeist"}, customer["address"])
	require.Equal(t, "1234 AB", customer["correspondence_address"].(object)["postcode"])
	require.Equal(t, object{"betaal": "Factuur", "vrij": []any{"a", "b"}}, s.must("GET", "account/sales/answers/"+fmt.Sprint(id), nil))
	require.Equal(t, object{"av": "1", "info": "1"}, sale["submitted"].(object)["agreements"])
	require.Equal(t, "1", s.one(fmt.Sprintf("SELECT count(*) FROM sales WHERE id = %d AND business", id)))
	s.must("PATCH", path, object{"agreements": object{"delete": []any{"info"}}})
	require.Equal(t, "0", s.must("GET", path, nil).(object)["submitted"].(object)["agreements"].(object)["info"])
}

// What cannot be changed so is refused at its field, and changes nothing; our own names go on being taken, and our own
// operation has an address of its own.
func TestWhatCannotBePatchedIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	path := fmt.Sprintf("account/sales/%d", idOf(s.must("POST", sell, s.sale())))
	for field, body := range map[string]object{
		"product_id": {"product_id": "5", "customer": object{"city": "Zeist"}}, "flow_telecom": {"flow_telecom": object{"products": object{}}}, "customers": {"customers": object{}},
		"customer.age": {"customer": object{"age": 5}}, "customer.address.country": {"customer": object{"address": object{"country": "NL"}}},
		"product_questions.insert": {"product_questions": object{"insert": object{}}}, "agreements.upsert": {"agreements": object{"upsert": []any{"x"}}},
		"product_questions.upsert.betaal": {"product_questions": object{"upsert": object{"betaal": object{"x": 1}}}}, "customer": {"customer": "Jan"},
		"questionData.betaal": {"product_questions": object{"delete": []any{"betaal"}}},
	} {
		status, answered := s.call("PATCH", path, body)
		require.Equal(t, 400, status, "%s: %v", field, answered)
		require.Contains(t, answered["errors"], field)
	}
	require.Equal(t, "Utrecht", s.must("GET", path, nil).(object)["customer"].(object)["address"].(object)["city"])
	s.must("PATCH", path, object{"customer": object{"city": "Zeist", "company_coc": "12345678"}, "answers": object{"betaal": "Factuur"}})
	own := s.must("PATCH", path+"/correction", object{"customer": object{"connection_city": "Houten"}}).(object)
	customer := own["customer"].(object)
	require.Equal(t, []any{"Houten", "Zeist", "12345678"}, []any{customer["address"].(object)["city"], customer["correspondence_address"].(object)["city"], customer["coc"]})
}
