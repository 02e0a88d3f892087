package api_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

// integration is a partner's environment with a token of ours.
type integration struct {
	*shop
	token string
}

func (s *shop) integration() integration {
	s.t.Helper()
	return integration{s, s.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "koppeling", "integration": true}).(object)["token"].(string)}
}

func signer(t *testing.T, seed byte) *salesdock.Signer {
	t.Helper()
	key, err := salesdock.NewSigner(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	require.NoError(t, err)
	return key
}

// request is a call that is signed, or not: seed 0.
func (i integration) request(seed byte, method, path string, body any) *http.Request {
	i.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(i.t, err)
	request, err := http.NewRequestWithContext(i.t.Context(), method, i.base+"/api/acme/v1/"+path, bytes.NewReader(data))
	require.NoError(i.t, err)
	request.Header.Set("Authorization", "Bearer "+i.token)
	request.Header.Set("Content-Type", "application/json")
	if seed != 0 {
		require.NoError(i.t, signer(i.t, seed).Sign(request, data, time.Now()))
	}
	return request
}

// says gives the status of a call, and what it says about the signature.
func (i integration) says(seed byte, method, path string, body any) string {
	i.t.Helper()
	status, answer := i.send(i.request(seed, method, path, body))
	if status == http.StatusUnauthorized {
		require.Contains(i.t, answer["errors"], "signature")
	}
	return fmt.Sprint(status)
}

var aLink = object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"}

// An integration token works between environments only: its calls are signed, and the first key that signs one is its
// key, before there is a link, while there is one and after it. A stolen token is useless alone.
func TestIntegrationTokenIsBoundToAKey(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	i := s.integration()
	onlyBy := func(right byte, when string) {
		t.Helper()
		for _, seed := range []byte{0, 1, 2, 3} {
			status := map[bool]string{true: "200", false: "401"}[seed == right]
			require.Equal(t, status, i.says(seed, "GET", "user/products", nil), "%s, key %d", when, seed)
		}
	}
	require.Equal(t, "401", i.says(0, "GET", "user/products", nil))
	require.Equal(t, "200", i.says(1, "GET", "user/products", nil), "the first key")
	onlyBy(1, "before there is a link")
	require.Equal(t, "401", i.says(2, "PUT", "user/link", aLink), "who stole the token cannot take the link")
	require.Equal(t, "200", i.says(1, "PUT", "user/link", aLink))
	links := func() object { return s.must("GET", "account/incoming-links", nil).([]any)[0].(object) }
	require.Equal(t, salesdock.Fingerprint(signer(t, 1).PublicKey()), links()["key_fingerprint"])
	onlyBy(1, "while there is a link")
	require.Equal(t, "200", i.says(1, "DELETE", "user/link", nil))
	onlyBy(1, "after the link ended")
	require.Equal(t, "401", i.says(2, "PUT", "user/link", aLink))
	require.Equal(t, "200", i.says(1, "PUT", "user/link", aLink))

	s.must("POST", fmt.Sprintf("account/incoming-links/%v/reset-key", links()["id"]), nil)
	require.Equal(t, "401", i.says(0, "GET", "user/products", nil), "a link that was signed for is never unsigned again")
	require.Equal(t, "200", i.says(2, "GET", "user/products", nil))
	onlyBy(2, "after an admin had the key forgotten")
	require.Equal(t, salesdock.Fingerprint(signer(t, 2).PublicKey()), links()["key_fingerprint"])
	i = s.integration()
	onlyBy(2, "with a new token for the same link")
}

// Whoever had the token before its rightful owner did has no say in the next one.
func TestANewTokenForgetsTheKeyOfBefore(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	stolen := s.integration()
	require.Equal(t, "200", stolen.says(9, "GET", "user/products", nil))
	require.Equal(t, "401", stolen.says(1, "PUT", "user/link", aLink))
	i := s.integration()
	require.Equal(t, "200", i.says(1, "PUT", "user/link", aLink))
	require.Equal(t, "401", stolen.says(9, "GET", "user/products", nil))
}

// Of many first calls at once one key is kept, and each of the others is told.
func TestOneOfManyFirstKeysIsKept(t *testing.T) {
	t.Parallel()
	i := newShop(t).integration()
	statuses := make([]string, 8)
	var all sync.WaitGroup
	for n := range statuses {
		all.Go(func() { statuses[n] = i.says(byte(n+1), "GET", "user/products", nil) })
	}
	all.Wait()
	slices.Sort(statuses)
	require.Equal(t, append([]string{"200"}, slices.Repeat([]string{"401"}, 7)...), statuses)
}

// A signed call that changes something is taken once; one that carries an Idempotency-Key gives what it gave; reading again is reading.
func TestSignedCallsAreNotPlayedBack(t *testing.T) {
	t.Parallel()
	i := newShop(t).integration()
	again := func(request *http.Request) (statuses []string) {
		body, err := io.ReadAll(request.Body)
		require.NoError(t, err)
		for range 2 {
			request.Body = io.NopCloser(bytes.NewReader(body))
			status, answer := i.send(request)
			if status == http.StatusUnauthorized {
				require.Contains(t, fmt.Sprint(answer["errors"]), "al eens")
			}
			statuses = append(statuses, fmt.Sprint(status))
		}
		return statuses
	}
	require.Equal(t, []string{"200", "401"}, again(i.request(1, "PUT", "user/link", aLink)))
	keyed := i.request(1, "PUT", "user/link", aLink)
	keyed.Header.Set("Idempotency-Key", "k")
	data, err := json.Marshal(aLink)
	require.NoError(t, err)
	require.NoError(t, signer(t, 1).Sign(keyed, data, time.Now()))
	require.Equal(t, []string{"200", "401"}, again(keyed), "a key that nobody keeps")
	require.Equal(t, []string{"200", "200"}, again(i.request(1, "GET", "user/products", nil)))
	require.Equal(t, []string{"200", "401"}, again(i.request(1, "DELETE", "user/link", nil)))
	require.Equal(t, "200", i.says(1, "DELETE", "user/link", nil), "signed anew it is another call")
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
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/acme/v1/user/products", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	require.NoError(t, signer(t, 1).Sign(request, nil, time.Now()))
	status, _ := s.send(request)
	require.Equal(t, http.StatusOK, status)
	status, _ = s.call("GET", "user/products", nil)
	require.Equal(t, http.StatusUnauthorized, status)
}
