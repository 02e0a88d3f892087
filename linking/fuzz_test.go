package linking_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

// FuzzBuildRequest gives any set-up of a partner, any mappings and any sale: a request comes out, or problems, and
// what is compared with itself has not drifted.
func FuzzBuildRequest(f *testing.F) {
	f.Add([]byte(`{"setup": {"flows": [{"id": 1, "type": "e", "identifier": "x", "consumer_order_iban_required": true}],
		"questions": [{"id": 2, "identifier": "q", "input_type": "mc-multi", "options": ["a", "b"], "required": true, "visible": true},
			{"id": 3, "identifier": "d", "input_type": "switchdate", "visible": true, "rule_required": true, "rule": {"type": "condition", "identifier": "question.id", "name": "q", "operator": "in", "value": ["a"]}}],
		"agreements": [{"identifier": "v", "required": true, "visible": true}], "statuses": [{"id": "x", "type": "default"}]},
		"mappings": {"Flows": {"7": 1}, "Questions": {"q": {"QuestionID": 5, "Options": {"een": "a"}}}, "Agreements": {"v": 9}, "Statuses": {}},
		"sale": {"Submission": {"transaction_type": "order", "fields": {"birthdate": "01-02-1980"}, "answers": {"onze": ["een", "twee"]}, "agreements": {"av": true}, "chain": ["https://a/b"]},
			"Sold": {"flow": {"id": 7, "title": "F"}, "questions": [{"id": 5, "identifier": "onze", "name": "Onze"}], "agreements": [{"id": 9, "identifier": "av"}]},
			"Lines": [{"product_id": 1, "quantity": 1, "partner_product_id": 4}], "Self": "https://wij/a", "Partner": "https://zij/b", "Keyed": true}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in struct {
			Setup    linking.PartnerSetup
			Mappings linking.Mappings
			Sale     linking.SaleToForward
		}
		if json.Unmarshal(data, &in) != nil || len(in.Sale.Lines) == 0 {
			return
		}
		request, problems := linking.BuildRequest(in.Sale, in.Setup, in.Mappings)
		if len(problems) == 0 {
			_, err := json.Marshal(request.Body)
			require.NoError(t, err)
			require.Equal(t, in.Sale.Reference, request.Body["external_reference"])
		}
		types := []string{"", "energy_e"}
		require.Empty(t, linking.DriftOf(in.Setup, in.Setup, in.Mappings, in.Sale.Sold.Questions, types))
		linking.DriftOf(linking.PartnerSetup{}, in.Setup, in.Mappings, in.Sale.Sold.Questions, types)
		linking.DriftOf(in.Setup, linking.PartnerSetup{}, in.Mappings, in.Sale.Sold.Questions, types)
		linking.Unmapped(in.Setup, in.Mappings, types)
	})
}
