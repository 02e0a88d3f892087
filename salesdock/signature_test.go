package salesdock_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

func signed(t *testing.T, now time.Time, body string) (*http.Request, *salesdock.Signer) {
	t.Helper()
	signer, err := salesdock.NewSigner(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://partner.example/api/acme/v1/sales/flow/e/f?extended=true&sale_ids%5B0%5D=1", strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer kpl_x_y")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "sleutel")
	require.NoError(t, signer.Sign(r, []byte(body), now))
	return r, signer
}

// What is signed is written as RFC 9421 has it, so that any implementation can check it.
func TestSignatureHasTheFormOfTheStandard(t *testing.T) {
	t.Parallel()
	r, signer := signed(t, time.Unix(1618884473, 0), `{"hello": "world"}`)
	require.Equal(t, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", r.Header.Get("Content-Digest"), "the digest of RFC 9530's example")
	parameters := strings.TrimPrefix(r.Header.Get("Signature-Input"), "koppel=")
	require.Regexp(t, `^\("@method" "@path" "@query" "authorization" "content-digest" "content-type" "idempotency-key"\);created=1618884473;nonce="[A-Z2-7]{26}";keyid="6kpsY\+KcUgq\+9VB7Ey7F\+ZVHdq6\+vnuSQh7qaRRG0iw=";alg="ed25519"$`, parameters)
	require.Equal(t, "SHA256:", salesdock.Fingerprint(signer.PublicKey())[:7])
	base := `"@method": POST
"@path": /api/acme/v1/sales/flow/e/f
"@query": ?extended=true&sale_ids%5B0%5D=1
"authorization": Bearer kpl_x_y
"content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
"content-type": application/json
"idempotency-key": sleutel
"@signature-params": ` + parameters
	var signature []byte
	for _, part := range strings.Split(r.Header.Get("Signature"), ":")[1:2] {
		signature = decode(t, part)
	}
	require.True(t, ed25519.Verify(signer.PublicKey(), []byte(base), signature))
}

// A request that was changed on its way, is too old, or is signed for less, does not hold.
func TestSignatureHoldsForWhatWasSigned(t *testing.T) {
	t.Parallel()
	now := time.Unix(1780000000, 0)
	body := []byte(`{"a": 1}`)
	verify := func(change func(*http.Request), body []byte, at time.Time) error {
		r, signer := signed(t, now, `{"a": 1}`)
		change(r)
		by, err := salesdock.VerifyRequest(r, body, at)
		if err == nil {
			require.Equal(t, signer.PublicKey(), by.Key)
		}
		return err
	}
	same := func(*http.Request) {}
	require.NoError(t, verify(same, body, now))
	require.NoError(t, verify(same, body, now.Add(4*time.Minute)))
	require.ErrorIs(t, verify(same, body, now.Add(6*time.Minute)), salesdock.ErrBadSignature)
	require.ErrorIs(t, verify(same, body, now.Add(-6*time.Minute)), salesdock.ErrBadSignature)
	require.ErrorIs(t, verify(same, []byte(`{"a": 2}`), now), salesdock.ErrBadSignature)
	for name, change := range map[string]func(*http.Request){
		"method":           func(r *http.Request) { r.Method = http.MethodPut },
		"path":             func(r *http.Request) { r.URL.Path = "/api/other/v1/sales/flow/e/f" },
		"query":            func(r *http.Request) { r.URL.RawQuery = "" },
		"token":            func(r *http.Request) { r.Header.Set("Authorization", "Bearer kpl_x_z") },
		"content type":     func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"no content type":  func(r *http.Request) { r.Header.Del("Content-Type") },
		"key":              func(r *http.Request) { r.Header.Set("Idempotency-Key", "andere") },
		"no key":           func(r *http.Request) { r.Header.Del("Idempotency-Key") },
		"what was not had": func(r *http.Request) { r.Header.Set("If-None-Match", `"x"`) },
		"nonce": func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), `nonce="`, `nonce="A`, 1))
		},
		"no nonce": func(r *http.Request) {
			r.Header.Set("Signature-Input", regexp.MustCompile(`;nonce="\w+"`).ReplaceAllString(r.Header.Get("Signature-Input"), ""))
		},
		"digest": func(r *http.Request) { r.Header.Set("Content-Digest", "sha-256=:AAAA:") },
		"less": func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), ` "content-digest"`, "", 1))
		},
		"another key": func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), "6kpsY", "7kpsY", 1))
		},
		"garbage":  func(r *http.Request) { r.Header.Set("Signature-Input", "koppel=(((") },
		"no input": func(r *http.Request) { r.Header.Del("Signature-Input") },
	} {
		require.ErrorIs(t, verify(change, body, now), salesdock.ErrBadSignature, name)
	}
	require.ErrorIs(t, verify(func(r *http.Request) { r.Header.Del("Signature") }, body, now), salesdock.ErrNotSigned)
}

func FuzzSignature(f *testing.F) {
	f.Add(`koppel=("@method" "@path");created=1;keyid="a";alg="ed25519"`, "koppel=:AAAA:")
	f.Add(`koppel=("@method";req "x" 1);created="x"`, "koppel")
	f.Fuzz(func(t *testing.T, input, signature string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://partner.example/x", nil)
		require.NoError(t, err)
		r.Header["Signature-Input"], r.Header["Signature"] = []string{input}, []string{signature}
		if _, err := salesdock.VerifyRequest(r, nil, time.Now()); err == nil {
			t.Fatal("nobody signed this")
		}
	})
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return data
}
