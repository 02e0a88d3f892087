package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A dialer's opt-in data enters the sale that is made of its proposal, once; a sale keeps what it has, and takes its
// withdrawal.
func TestOptinOfADialer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	form := url.Values{
		"source": {"beller"}, "source_id": {"7"}, "firstname": {"Jan"}, "product_id": {fmt.Sprint(s.product)}, "optin": {"1"}, "optin_source": {"website"},
		"optin_obtained_at": {"2026-05-01 12:00:00"}, "optin_channels[0][type]": {"phone"}, "optin_channels[0][value]": {"0612345678"}, "optin_channels[0][topic]": {"energie"},
	}
	post := func(body string) (int, object) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/acme/v1/account/concepttransaction", strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return s.send(request)
	}
	status, envelope := post(form.Encode())
	require.Equal(t, http.StatusCreated, status, envelope)
	concept := envelope["data"].(object)
	require.Contains(t, concept["order_url"], "/o/acme/sales/new?concept="+concept["uuid"].(string))
	form.Del("optin_channels[0][type]")
	status, envelope = post(form.Encode())
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, envelope["errors"], "optin_channels.0.type")

	order := s.sale()
	order["concept_transaction"] = concept["uuid"]
	sale := idOf(s.must("POST", sell, order))
	again, refusal := s.call("POST", sell, order)
	require.Equal(t, http.StatusConflict, again, refusal)
	require.Contains(t, refusal["message"], fmt.Sprint(sale))
	path := fmt.Sprintf("account/sales/%d/optin", sale)
	channels := []object{{"type": "email", "value": "jan@voorbeeld.example"}}
	status, _ = s.call("POST", path, object{"channels": channels})
	require.Equal(t, http.StatusBadRequest, status, "a sale keeps its opt-in data")
	s.must("POST", path, object{"withdrawn_at": "2026-06-01 10:00:00"})
	status, _ = s.call("POST", path, object{"withdrawn_at": "2026-06-02 10:00:00"})
	require.Equal(t, http.StatusBadRequest, status)

	other := idOf(s.must("POST", sell, s.sale()))
	s.must("POST", fmt.Sprintf("account/sales/%d/optin", other), object{"source": "loket", "channels": channels})
	order = s.sale()
	order["concept_transaction"] = "7f1c0d66-0000-0000-0000-000000000000"
	status, envelope = s.call("POST", sell, order)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, envelope["errors"], "concept_transaction")
}
