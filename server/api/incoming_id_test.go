package api_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// A sale is found by the number that who sent it gave it, also one with slashes, as environments of ours give; one that two
// sales have is refused.
func TestAPrincipalsNumberFindsItsSale(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	body := s.sale()
	body["external_reference"] = "reseller/1/5"
	id := idOf(s.must("POST", sell, body))
	path := "account/sales/updatestatus/incoming/" + url.PathEscape("reseller/1/5") + "?status=verified"
	require.Equal(t, []any{}, s.must("POST", path, nil))
	sale := s.must("GET", "account/sales", nil).(object)["data"].([]any)[0].(object)
	require.Equal(t, []any{float64(id), "verified", "reseller/1/5"}, []any{sale["id"], sale["status"], sale["incoming_id"]})
	_, made := s.callIn("acme", "POST", sell, body, s.agent)
	require.NotNil(t, made["data"], fmt.Sprint(made))
	status, answered := s.call("POST", path, nil)
	require.Equal(t, 400, status)
	require.Contains(t, answered["errors"], "incoming_id")
}
