// Package vault seals what must not be readable in the database: partner tokens, link secrets, stored
// requests. AES-256-GCM, with the id of the key in front, bound to the row that the text belongs to.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrWrongKey means that a sealed text cannot be opened with the keys at hand.
var ErrWrongKey = errors.New("sealed with a key that is not among the encryption keys")

// Vault holds the keys. The first one seals; all open.
type Vault struct {
	active string
	keys   map[string]cipher.AEAD
	secret []byte // of the active key, for Derive
}

// New reads keys written as "id:base64,id:base64"; a key has 32 bytes.
func New(keys string) (*Vault, error) {
	v := &Vault{keys: map[string]cipher.AEAD{}}
	for part := range strings.SplitSeq(keys, ",") {
		id, text, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok || id == "" || len(id) > 32 {
			return nil, errors.New(`encryption keys are written as "id:base64", several with commas between them`)
		}
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("encryption key %q is not 32 bytes in base64 (make one with: openssl rand -base64 32)", id)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("encryption key %q: %w", id, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("encryption key %q: %w", id, err)
		}
		if v.active == "" {
			v.active, v.secret = id, key
		}
		v.keys[id] = aead
	}
	return v, nil
}

// NewKey makes a key in the form that New reads.
func NewKey(id string) string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return id + ":" + base64.StdEncoding.EncodeToString(key)
}

// Seal encrypts text for one row; row names it, such as "integration/12/token".
func (v *Vault) Seal(row string, text []byte) []byte {
	aead := v.keys[v.active]
	sealed := append([]byte{byte(len(v.active))}, v.active...)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	sealed = append(sealed, nonce...)
	return aead.Seal(sealed, nonce, text, []byte(row))
}

// Open decrypts what Seal made for the same row.
func (v *Vault) Open(row string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || len(sealed) < 1+int(sealed[0]) {
		return nil, ErrWrongKey
	}
	rest := sealed[1+sealed[0]:]
	aead, ok := v.keys[string(sealed[1:1+sealed[0]])]
	if !ok || len(rest) < aead.NonceSize() {
		return nil, ErrWrongKey
	}
	text, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(row))
	if err != nil {
		return nil, ErrWrongKey
	}
	return text, nil
}

// Derive gives a secret of its own for one purpose. It follows from the key that seals.
func (v *Vault) Derive(purpose string) []byte {
	mac := hmac.New(sha256.New, v.secret)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}
