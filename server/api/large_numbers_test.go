package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/words"
)

// A number that does not fit where it is kept is refused in words at its field, whatever field it is: never an error of ours.
func TestNumbersFit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	link(t, s)
	integration := "account/integrations/" + s.one(`SELECT max(id)::text FROM integrations`)
	product := object{"name": "x", "identifier": "x", "type": "simple"}
	question := object{"name": "x", "identifier": "x", "input_type": "text"}
	agreement := object{"name": "x", "identifier": "x", "text": "x"}
	with := func(of object, field string, value any) object {
		body := object{}
		for name, kept := range of {
			body[name] = kept
		}
		body[field] = value
		return body
	}
	fields := []struct {
		method, path, field string
		of                  object
	}{
		{"POST", "account/productquestions", "sort", question}, {"POST", "account/agreements", "sort", agreement},
		{"PATCH", integration, "sync_interval_minutes", object{}}, {"PATCH", integration, "status_poll_minutes", object{}}, {"PATCH", integration, "requests_per_minute", object{}},
		{"POST", "account/products", "supplier_id", product}, {"POST", "account/products", "duration", product},
		{"POST", sell, "product_id", s.sale()}, {"POST", "account/users", "organisation_id", object{"email": "x@voorbeeld.example", "role": "agent"}},
		{"POST", fmt.Sprintf("account/users/%d/tokens", s.user), "expires_at", object{"name": "x"}},
		{"PUT", fmt.Sprintf("account/organisations/%d/flows", s.organisation), "flow_ids", object{}},
		{"POST", fmt.Sprintf("account/connect-product-to-organisations/%d", s.product), "organisations", object{}},
	}
	for _, price := range []string{"price", "price_action", "price_monthly", "price_monthly_action"} {
		fields = append(fields, struct {
			method, path, field string
			of                  object
		}{"POST", "account/products", price, product}, struct {
			method, path, field string
			of                  object
		}{"PUT", fmt.Sprintf("account/products/%d", s.product), price, object{}})
	}
	unstorable := words.Keys()["unstorable_value"]
	for _, f := range fields {
		for _, large := range []any{json.Number("99999999999999999999"), "99999999999999999999", json.Number("9999999999"), json.Number("-9999999999")} {
			value := large
			if f.field == "flow_ids" || f.field == "organisations" {
				value = []any{large}
			}
			status, answer := s.call(f.method, f.path, with(f.of, f.field, value))
			if f.field == "duration" && status < 300 { // months are kept as they are, and fit
				continue
			}
			require.Contains(t, []int{http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity}, status, "%s %s %s %v: %v", f.method, f.path, f.field, large, answer)
			require.NotContains(t, unstorable, answer["message"], "%s %v", f.field, large)
		}
	}
	for _, path := range []string{
		"account/products?page=99999999999999999999", "account/sales?per_page=99999999999999999999", "account/sales/99999999999999999999", "account/products?supplier_id=99999999999999999999",
		"account/forwardings?integration_id=99999999999999999999", "account/cancellations?sale_id=99999999999999999999", "user/products/99999999999999999999",
	} {
		status, answer := s.call("GET", path, nil)
		require.Less(t, status, http.StatusInternalServerError, "%s: %v", path, answer)
	}
}
