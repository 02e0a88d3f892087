package api_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

// An integration token works between environments only: its calls are signed, the link keeps the first key that signs
// them, and another key is refused until an admin has the first one forgotten.
func TestIntegrationTokenIsBoundToAKey(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	token := s.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "koppeling", "integration": true}).(object)["token"].(string)
	signer := func(seed byte) *salesdock.Signer {
		key, err := salesdock.NewSigner(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
		require.NoError(t, err)
		return key
	}
	call := func(by *salesdock.Signer, method, path string, body any) (int, object) {
		data, err := json.Marshal(body)
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), method, s.base+"/api/acme/v1/"+path, bytes.NewReader(data))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		if by != nil {
			require.NoError(t, by.Sign(request, data, time.Now()))
		}
		return s.send(request)
	}
	status, answer := call(nil, "GET", "user/products", nil)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, answer["errors"], "signature")
	status, _ = call(signer(1), "GET", "user/products", nil)
	require.Equal(t, http.StatusOK, status, "before there is a link any key will do")

	link := object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"}
	status, answer = call(signer(1), "PUT", "user/link", link)
	require.Equal(t, http.StatusOK, status, answer)
	forget := func() { s.api.ForgetActors() } // what is remembered of a caller is good for a few seconds
	forget()
	links := func() object { return s.must("GET", "account/incoming-links", nil).([]any)[0].(object) }
	require.Equal(t, salesdock.Fingerprint(signer(1).PublicKey()), links()["key_fingerprint"])
	status, _ = call(signer(1), "GET", "user/products", nil)
	require.Equal(t, http.StatusOK, status)
	for _, other := range []*salesdock.Signer{nil, signer(2)} {
		status, _ = call(other, "GET", "user/products", nil)
		require.Equal(t, http.StatusUnauthorized, status, "a stolen token is useless alone")
	}

	s.must("POST", fmt.Sprintf("account/incoming-links/%v/reset-key", links()["id"]), nil)
	forget()
	status, _ = call(nil, "GET", "user/products", nil)
	require.Equal(t, http.StatusUnauthorized, status, "a link that was signed for is never unsigned again")
	status, _ = call(signer(2), "GET", "user/products", nil)
	require.Equal(t, http.StatusOK, status)
	forget()
	status, _ = call(signer(1), "GET", "user/products", nil)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, salesdock.Fingerprint(signer(2).PublicKey()), links()["key_fingerprint"])
}

// A link from before keys were asked for works unsigned, until its first signed call.
func TestLinksOfBeforePinAtTheirFirstSignedCall(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	created := s.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "koppeling", "integration": true}).(object)
	s.token = s.agent
	s.must("PUT", "user/link", object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"})
	s.exec(`UPDATE incoming_links SET key_required = false, partner_key = NULL`)
	s.api.ForgetActors()
	s.token = created["token"].(string)
	s.must("GET", "user/products", nil)
	signer, err := salesdock.NewSigner(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/acme/v1/user/products", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	require.NoError(t, signer.Sign(request, nil, time.Now()))
	status, _ := s.send(request)
	require.Equal(t, http.StatusOK, status)
	s.api.ForgetActors()
	status, _ = s.call("GET", "user/products", nil)
	require.Equal(t, http.StatusUnauthorized, status)
}
