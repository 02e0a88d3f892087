package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who is refused again and again is refused without a look, whether the account is there or not; who was let in from the same address goes
// on, and what costs much has a limit of its own.
func TestStrangersAreHeldOff(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.svc.RequestsPerMinute = 1000
	s.must("GET", "user/products", nil)
	ask := func(account, token string) (int, http.Header) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/"+account+"/v1/user/products", nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode, response.Header
	}
	held := 0
	for n := range 200 {
		account := []string{"acme", "nergens"}[n%2]
		status, header := ask(account, fmt.Sprintf("kpl_AAAAAAAA%02d_x", n%100))
		if status != http.StatusTooManyRequests {
			require.Equal(t, http.StatusUnauthorized, status)
			require.Zero(t, held, "once held off, it stays so for a while")
			continue
		}
		held++
		require.NotEmpty(t, header.Get("Retry-After"))
	}
	require.Greater(t, held, 100)
	before := s.svc.Store.Transactions()
	for _, account := range []string{"acme", "nergens"} {
		status, _ := ask(account, "kpl_BBBBBBBBBB_x")
		require.Equal(t, http.StatusTooManyRequests, status)
	}
	status, _ := s.call("POST", "link-events", object{"link_key": "x"})
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Equal(t, before, s.svc.Store.Transactions(), "nothing was looked up")
	s.must("GET", "user/products", nil)
}

// What takes much to do may be asked for so often, and says when again.
func TestWhatCostsMuchHasALimit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.svc.RequestsPerMinute = 1000
	refused := 0
	for range 12 {
		status, envelope := s.call("POST", "account/persons/export", object{"email": "niemand@voorbeeld.example"})
		if status == http.StatusTooManyRequests {
			refused++
			require.Contains(t, envelope["message"], "hooguit 10 keer")
			continue
		}
		require.Equal(t, http.StatusOK, status)
	}
	require.NotZero(t, refused)
	s.must("POST", "account/persons/find", object{"email": "niemand@voorbeeld.example"})
	s.svc.RequestsPerMinute = 0
	s.must("POST", "account/persons/export", object{"email": "niemand@voorbeeld.example"})
}
