package api_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A request that nobody answered in time has expired, for both sides: it cannot be answered any more, and another can be made.
func TestACancellationRequestExpires(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var ahead atomic.Int64
	s.svc.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	as := func(token, method, path string, body any) (int, object) {
		return s.call(method, path, body, "Authorization", "Bearer "+token)
	}
	status, answer := as(s.agent, "PUT", "user/link", object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"})
	require.Equal(t, http.StatusOK, status, answer)
	_, made := as(s.agent, "POST", sell, s.sale())
	path := fmt.Sprintf("user/sales/%d/cancellation-request", idOf(made["data"]))
	ask := func(reference string) object {
		status, answer := as(s.agent, "PUT", path, object{"reference": reference, "reason": "Klant ziet ervan af"})
		require.Less(t, status, 300, answer)
		return answer["data"].(object)
	}
	require.Equal(t, "open", ask("een")["state"])
	open := s.must("GET", "account/cancellation-requests", nil).(object)["data"].([]any)
	require.Len(t, open, 1)
	request := fmt.Sprintf("account/cancellation-requests/%v", open[0].(object)["id"])

	ahead.Store(int64(15 * 24 * time.Hour))
	list := func(states string) []any {
		return s.must("GET", "account/cancellation-requests?states="+states, nil).(object)["data"].([]any)
	}
	require.Empty(t, list("open"))
	require.Equal(t, "expired", list("expired")[0].(object)["state"], "a list says so before any row does")
	_, answer = as(s.agent, "GET", path+"?reference=een", nil)
	require.Equal(t, "expired", answer["data"].(object)["state"])
	for _, action := range []string{"/accept", "/reject"} {
		status, answer = as(s.token, "POST", request+action, object{"reason": "te laat"})
		require.Equal(t, http.StatusConflict, status, answer)
		require.Contains(t, answer["message"], "verlopen")
	}
	_, sale := as(s.token, "GET", fmt.Sprintf("account/sales/%d", idOf(made["data"])), nil)
	require.Equal(t, "new", sale["data"].(object)["status"].(object)["status_identifier"], "nothing was cancelled")
	require.Equal(t, "expired", ask("een")["state"], "the same request stays what it is")
	require.Equal(t, "open", ask("twee")["state"])
}
