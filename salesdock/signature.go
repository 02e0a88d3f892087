package salesdock

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// Between our environments requests are signed with HTTP Message Signatures (RFC 9421), by ed25519: a token that is
// stolen is useless alone. The signature covers method, path, query, token, body and whatever header decides what comes of
// the request, and names its key. Its nonce tells a request that is repeated from one that is played back.
const (
	signatureLabel = "koppel"
	// SignatureAge is how far the clocks of two environments, and a request's way, may be apart.
	SignatureAge = 5 * time.Minute
)

// signedComponents are covered by every signature, in this order.
var signedComponents = []string{"@method", "@path", "@query", "authorization", "content-digest"}

// decisiveHeaders are covered where a request has them.
var decisiveHeaders = []string{"content-type", "idempotency-key", "if-none-match"}

// mustCover gives what the signature of a request has to cover.
func mustCover(r *http.Request) []string {
	names := slices.Clone(signedComponents)
	for _, name := range decisiveHeaders {
		if len(r.Header.Values(name)) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// Errors of a request's signature.
var (
	ErrNotSigned    = errors.New("the request is not signed")
	ErrBadSignature = errors.New("the request's signature does not hold")
)

// Signer signs requests with an environment's key.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner makes a signer of a key's seed (32 bytes, RFC 8032).
func NewSigner(seed []byte) (*Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("a signing key has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	return &Signer{ed25519.NewKeyFromSeed(seed)}, nil
}

// PublicKey is what the other side knows the signer by.
func (s *Signer) PublicKey() ed25519.PublicKey {
	return s.key.Public().(ed25519.PublicKey) //nolint:forcetypeassert // ed25519's public key is one
}

// Fingerprint is a key as people compare it: the SHA-256 of its bytes, as OpenSSH writes fingerprints.
func Fingerprint(key []byte) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// Sign adds a request's digest (RFC 9530) and signature.
func (s *Signer) Sign(r *http.Request, body []byte, now time.Time) error {
	r.Header.Set("Content-Digest", digest(body))
	covered := httpsfv.InnerList{Params: httpsfv.NewParams()}
	for _, name := range mustCover(r) {
		covered.Items = append(covered.Items, httpsfv.NewItem(name))
	}
	covered.Params.Add("created", now.Unix())
	covered.Params.Add("nonce", rand.Text())
	covered.Params.Add("keyid", base64.StdEncoding.EncodeToString(s.PublicKey()))
	covered.Params.Add("alg", "ed25519")
	input := httpsfv.NewDictionary()
	input.Add(signatureLabel, covered)
	header, err := httpsfv.Marshal(input)
	if err != nil {
		return fmt.Errorf("signature input: %w", err)
	}
	base, err := signatureBase(r, covered)
	if err != nil {
		return err
	}
	value := httpsfv.NewDictionary()
	value.Add(signatureLabel, httpsfv.NewItem(ed25519.Sign(s.key, base)))
	signature, err := httpsfv.Marshal(value)
	if err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	r.Header.Set("Signature-Input", header)
	r.Header.Set("Signature", signature)
	return nil
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// signatureBase is what is signed (RFC 9421, 2.5).
func signatureBase(r *http.Request, covered httpsfv.InnerList) ([]byte, error) {
	var base bytes.Buffer
	for _, item := range covered.Items {
		name, _ := item.Value.(string)
		value, known := component(r, name)
		if !known {
			return nil, fmt.Errorf("%w: %q cannot be covered", ErrBadSignature, name)
		}
		fmt.Fprintf(&base, "%q: %s\n", name, value)
	}
	params, err := httpsfv.Marshal(httpsfv.List{covered})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadSignature, err)
	}
	base.WriteString(`"@signature-params": ` + params)
	return base.Bytes(), nil
}

func component(r *http.Request, name string) (string, bool) {
	switch name {
	case "@method":
		return r.Method, true
	case "@path":
		return r.URL.EscapedPath(), true
	case "@query":
		return "?" + r.URL.RawQuery, true
	case "@authority":
		host := r.Host
		if host == "" {
			host = r.URL.Host
		}
		return strings.ToLower(host), true
	}
	values := r.Header.Values(name)
	if len(values) == 0 || strings.HasPrefix(name, "@") {
		return "", false
	}
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return strings.Join(values, ", "), true
}

// Signature is who signed a request, and what tells it from every other one.
type Signature struct {
	Key   ed25519.PublicKey
	Nonce string
}

// VerifyRequest gives the signature of a request. ErrNotSigned: it has no signature of ours; ErrBadSignature: it
// covers too little, is too old, or does not hold.
func VerifyRequest(r *http.Request, body []byte, now time.Time) (signed Signature, err error) {
	if r.Header.Get("Signature") == "" {
		return signed, ErrNotSigned
	}
	bad := func(why string) (Signature, error) { return signed, fmt.Errorf("%w: %s", ErrBadSignature, why) }
	covered, signature, ok := readSignature(r.Header)
	if !ok {
		return bad("Signature and Signature-Input cannot be read")
	}
	names := map[string]bool{}
	for _, item := range covered.Items {
		name, isText := item.Value.(string)
		if !isText || len(item.Params.Names()) > 0 {
			return bad("a component cannot be read")
		}
		names[name] = true
	}
	for _, name := range mustCover(r) {
		if !names[name] {
			return bad("it does not cover " + name)
		}
	}
	by, created, ok := signatureParams(covered)
	if !ok {
		return bad("created, nonce, keyid or alg is missing or not known")
	}
	if age := now.Sub(created); age > SignatureAge || age < -SignatureAge {
		return bad("it was made more than five minutes ago, or will be")
	}
	if r.Header.Get("Content-Digest") != digest(body) {
		return bad("Content-Digest is not the body's")
	}
	base, err := signatureBase(r, covered)
	if err != nil {
		return signed, err
	}
	if !ed25519.Verify(by.Key, base, signature) {
		return bad("the key says otherwise")
	}
	return by, nil
}

func readSignature(header http.Header) (covered httpsfv.InnerList, signature []byte, ok bool) {
	inputs, errInput := httpsfv.UnmarshalDictionary(header.Values("Signature-Input"))
	values, errValue := httpsfv.UnmarshalDictionary(header.Values("Signature"))
	if errInput != nil || errValue != nil {
		return covered, nil, false
	}
	input, hasInput := inputs.Get(signatureLabel)
	value, hasValue := values.Get(signatureLabel)
	if !hasInput || !hasValue {
		return covered, nil, false
	}
	covered, isList := input.(httpsfv.InnerList)
	item, isItem := value.(httpsfv.Item)
	if !isList || !isItem {
		return covered, nil, false
	}
	signature, ok = item.Value.([]byte)
	return covered, signature, ok
}

func signatureParams(covered httpsfv.InnerList) (by Signature, created time.Time, ok bool) {
	at, _ := covered.Params.Get("created")
	nonce, _ := covered.Params.Get("nonce")
	id, _ := covered.Params.Get("keyid")
	alg, _ := covered.Params.Get("alg")
	seconds, isNumber := at.(int64)
	name, isText := id.(string)
	once, hasNonce := nonce.(string)
	if !isNumber || !isText || !hasNonce || once == "" || alg != "ed25519" {
		return by, created, false
	}
	key, err := base64.StdEncoding.DecodeString(name)
	return Signature{key, once}, time.Unix(seconds, 0), err == nil && len(key) == ed25519.PublicKeySize
}
