package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// PostgreSQL keeps neither a NUL nor broken UTF-8: wherever they come in, that is the caller's mistake.
func TestTextThatNoDatabaseKeepsIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ask := func(method, address, kind, body string, header ...string) int {
		request, err := http.NewRequestWithContext(t.Context(), method, s.base+address, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+s.token)
		request.Header.Set("Content-Type", kind)
		for i := 0; i+1 < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		status, _ := s.send(request)
		return status
	}
	const forms = "application/x-www-form-urlencoded"
	for _, bad := range []string{"\x00", "\xff"} {
		escaped := url.QueryEscape(bad)
		require.Equal(t, http.StatusNotFound, ask("GET", "/api/a"+escaped+"/v1/user/products", "", ""))
		require.Equal(t, http.StatusNotFound, ask("DELETE", "/api/acme/v1/account/statuses/"+escaped, "", ""))
		require.Equal(t, http.StatusBadRequest, ask("GET", "/api/acme/v1/account/products?q="+escaped, "", ""))
		require.Equal(t, http.StatusBadRequest, ask("POST", "/api/acme/v1/account/suppliers", forms, "name=a"+escaped))
		require.Equal(t, http.StatusBadRequest, ask("POST", "/api/acme/v1/account/suppliers", forms, "na"+escaped+"me=a"))
	}
	// A hint's signature covers bytes that are read as JSON, whatever they are said to be.
	require.Equal(t, http.StatusUnauthorized, ask("POST", "/api/acme/v1/link-events", forms, `{"link_key":"a\u0000"}`))
	require.Equal(t, http.StatusBadRequest, ask("POST", "/api/acme/v1/link-events", "application/json", `{"link_key":"a\u0000"}`))
	require.Equal(t, http.StatusUnauthorized, ask("GET", "/api/acme/v1/user/products", "", "", "Authorization", "Bearer kpl_\xff"))
	require.Equal(t, http.StatusUnauthorized, ask("GET", "/api/acme/v1/user/products", "", "", "Authorization", "Bearer kpl_AAAAAAAAA\xff_x"))
	require.Equal(t, http.StatusBadRequest, ask("POST", "/api/acme/v1/account/suppliers", "application/json", `{"name":"a\u0000"}`))
	require.Equal(t, http.StatusBadRequest, ask("POST", "/api/acme/v1/"+sell, "application/json", `{}`, "Idempotency-Key", "k\xff"))
}
