package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What cannot be taken is explained in the caller's language, at the field that it is about, and never in the words of a
// decoder.
func TestBadInputIsExplained(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	link(t, s)
	integration := "account/integrations/" + s.one(`SELECT max(id)::text FROM integrations`)
	const form = "application/x-www-form-urlencoded"
	order := func(change object) string {
		sale := s.sale()
		for field, value := range change {
			sale[field] = value
		}
		data, err := json.Marshal(sale)
		require.NoError(t, err)
		return string(data)
	}
	question := func(rule string) string {
		return `{"name":"x","identifier":"x","input_type":"text","rule":` + rule + `}`
	}
	deep := strings.Repeat(`{"type":"condition_group","criterion":"ALL","rules":[`, 25) + strings.Repeat(`]}`, 25)
	for _, c := range []struct{ kind, method, path, body, field, key string }{
		{"", "POST", "account/suppliers", `{"name":"x"`, "", "json_ends"},
		{"", "POST", "account/suppliers", `{"name":x}`, "", "json_syntax"},
		{"", "POST", "account/suppliers", `{"name":"x"} {}`, "", "json_more"},
		{"", "POST", "account/suppliers", `"x"`, "", "json_object"},
		{"", "POST", "account/suppliers", `{"name":"` + strings.Repeat("x", 17<<20) + `"}`, "", "too_large"},
		{form, "POST", "account/suppliers", `name=%zz`, "", "form_unreadable"},
		{"multipart/form-data; boundary=x", "POST", "account/suppliers", `nonsense`, "", "form_unreadable"},
		{form, "POST", "account/suppliers", strings.Repeat("a[]=1&", 10) + "b[c=1", "", "form_key"},
		{form, "POST", "account/suppliers", `a[b][c][d][e][f][g]=1`, "", "form_deep"},
		{form, "POST", "account/suppliers", `a[b]=1&a=2`, "", "form_both"},
		{"", "POST", "account/suppliers", `{"name":["x"]}`, "name", "problem.not_text"},
		{"", "POST", "account/suppliers", `{"name":"x","active":"misschien"}`, "active", "problem.not_yes_no"},
		{"", "POST", "account/products", `{"name":"x","identifier":"x","type":"simple","supplier_id":"drie"}`, "supplier_id", "problem.not_whole"},
		{"", "POST", "account/products", `{"name":"x","identifier":"x","type":"simple","price_monthly":"1,234"}`, "price_monthly", "problem.not_an_amount"},
		{"", "PUT", fmt.Sprintf("account/products/%d", s.product), `{"price":"veel"}`, "price", "problem.not_an_amount"},
		{"", "POST", fmt.Sprintf("account/connect-product-to-organisations/%d", s.product), `{"organisations":"geen lijst"}`, "organisations", "kind_list"},
		{"", "POST", "account/productquestions", `{"name":"x","identifier":"x","input_type":"gedicht"}`, "input_type", "problem.one_of"},
		{"", "POST", "account/productquestions", `{"name":"x","identifier":"x","input_type":"mc-multi"}`, "options", "problem.needs_options"},
		{"", "POST", "account/productquestions", question(`"geen regel"`), "rule", "problem.rule_unreadable"},
		{"", "POST", "account/productquestions", question(`{"type":"condition","identifier":"a","operator":"lijkt_op"}`), "operator", "problem.one_of"},
		{"", "POST", "account/productquestions", question(deep), "definition", "problem.rule_depth"},
		{"", "PATCH", integration, `{"sync_interval_minutes":1}`, "sync_interval_minutes", "problem.between"},
		{"", "PATCH", integration, `{"sync_interval_minutes":"veel"}`, "sync_interval_minutes", "kind_number"},
		{"", "PATCH", integration, `{"vanished_products":"bewaren"}`, "vanished_products", "problem.one_of"},
		{"", "PATCH", integration, `{"forwarding":{"enabled":"ja"}}`, "forwarding.enabled", "kind_bool"},
		{"", "PATCH", integration, `{"forwarding":{"statuses":"geen"}}`, "statuses", "problem.one_of"},
		{"", "PATCH", integration, `{"rules":[{"name":""}]}`, "rules.0.name", "problem.rule_name"},
		{"", "PATCH", integration, `{"rules":[{"name":"x","conditions":{"type":"?"}}]}`, "rules.0.conditions", "problem.one_of"},
		{"", "PATCH", integration, `{"rules":[` + strings.Repeat(`{"name":"x"},`, 200) + `{"name":"x"}]}`, "rules", "problem.too_many"},
		{"", "PATCH", integration, `{"name":7}`, "name", "kind_text"},
		{"", "POST", sell, order(object{"city": []string{"Utrecht"}}), "city", "kind_text"},
		{"", "POST", sell, order(object{"city": strings.Repeat("x", 5000)}), "city", "too_long"},
		{"", "POST", sell, order(object{"questionData": "Incasso"}), "questionData", "kind_object"},
		{"", "POST", sell, order(object{"related_products": object{"a": 1}}), "related_products", "kind_list"},
		{"", "POST", sell, order(object{"chain": strings.Split(strings.Repeat("x", 30), "")}), "chain", "too_many_values"},
		{"", "POST", sell, order(object{"contract_pdf": object{"content": "geen base64!", "extension": "pdf"}}), "contract_pdf.content", "base64_file"},
		{"", "POST", sell, order(object{"transaction_type": "koop"}), "transaction_type", "value_of"},
		{"", "POST", sell, order(object{"gender": "x"}), "gender", "value_of"},
		{"", "POST", sell, order(object{"email": "jan"}), "email", "not_an_email"},
		{"", "POST", sell, order(object{"birthdate": "1980-02-01"}), "birthdate", "not_a_birthdate"},
		{"", "POST", sell, order(object{"birthdate": s.svc.Now().AddDate(-18, 0, 2).Format("02-01-2006")}), "birthdate", "too_young"},
		{"", "POST", sell, order(object{"questionData": object{"betaal": "Ruil"}}), "questionData.betaal", "problem.not_an_option"},
		{"", "POST", sell, order(object{"questionData": object{}}), "questionData.betaal", "problem.required"},
		{"", "POST", sell, order(object{"agreements": object{}}), "agreements.av", "problem.not_accepted"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, s.base+"/api/acme/v1/"+c.path, strings.NewReader(c.body))
		require.NoError(t, err)
		if c.kind == "" {
			c.kind = "application/json"
		}
		request.Header.Set("Content-Type", c.kind)
		status, refusal := s.send(request)
		what := fmt.Sprintf("%s %s %.200s: %v", c.method, c.path, c.body, refusal)
		require.Equal(t, http.StatusBadRequest, status, what)
		said := refusal["message"]
		if c.field != "" {
			require.Contains(t, refusal["errors"], c.field, what)
			said = refusal["errors"].(object)[c.field].([]any)[0]
		}
		require.True(t, says(c.key, said), "%s, not %s", what, c.key)
		for _, decoders := range []string{"json:", "Go ", "EOF", "unmarshal", "invalid character"} {
			require.NotContains(t, fmt.Sprint(refusal), decoders)
		}
	}
}
