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
	"slices"
	"strings"
)

// ErrWrongKey means that a sealed text cannot be opened with the keys at hand.
var ErrWrongKey = errors.New("sealed with a key that is not among the encryption keys")

// Vault holds the keys. The first one seals; all open.
type Vault struct {
	names []string // as they were given
	keys  map[string]key
}

type key struct {
	aead   cipher.AEAD
	secret []byte // for Derive
}

// New reads keys written as "id:base64,id:base64"; a key has 32 bytes.
func New(keys string) (*Vault, error) {
	v := &Vault{keys: map[string]key{}}
	for part := range strings.SplitSeq(keys, ",") {
		id, text, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok || id == "" || len(id) > 32 {
			return nil, errors.New(`encryption keys are written as "id:base64", several with commas between them`)
		}
		if _, twice := v.keys[id]; twice {
			return nil, fmt.Errorf("there are two encryption keys %q: a new key has a name of its own", id)
		}
		secret, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(secret) != 32 {
			return nil, fmt.Errorf("encryption key %q is not 32 bytes in base64 (make one with: openssl rand -base64 32)", id)
		}
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, fmt.Errorf("encryption key %q: %w", id, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("encryption key %q: %w", id, err)
		}
		v.names = append(v.names, id)
		v.keys[id] = key{aead, secret}
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
	aead, sealed := v.keys[v.Sealing()].aead, v.Mark()
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	sealed = append(sealed, nonce...)
	return aead.Seal(sealed, nonce, text, []byte(row))
}

// Names are the keys' names; the first one's seals.
func (v *Vault) Names() []string { return slices.Clone(v.names) }

// Sealing is the name of the key that seals.
func (v *Vault) Sealing() string { return v.names[0] }

// Mark is what everything begins with that is sealed now.
func (v *Vault) Mark() []byte { return append([]byte{byte(len(v.Sealing()))}, v.Sealing()...) }

// KeyOf is the name of the key that something was sealed with, by the mark that it begins with; empty where it has none.
func KeyOf(sealed []byte) string {
	if len(sealed) == 0 || len(sealed) < 1+int(sealed[0]) {
		return ""
	}
	return string(sealed[1 : 1+sealed[0]])
}

// Open decrypts what Seal made for the same row.
func (v *Vault) Open(row string, sealed []byte) ([]byte, error) {
	name := KeyOf(sealed)
	key, ok := v.keys[name]
	if !ok {
		return nil, ErrWrongKey
	}
	aead, rest := key.aead, sealed[1+len(name):]
	if len(rest) < aead.NonceSize() {
		return nil, ErrWrongKey
	}
	text, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(row))
	if err != nil {
		return nil, ErrWrongKey
	}
	return text, nil
}

// Derive gives a secret of its own for one purpose, from each key: the first follows from the one that seals. Nothing that is kept may
// hang on it, as a key is taken away one day.
func (v *Vault) Derive(purpose string) (secrets [][]byte) {
	for _, name := range v.names {
		mac := hmac.New(sha256.New, v.keys[name].secret)
		mac.Write([]byte(purpose))
		secrets = append(secrets, mac.Sum(nil))
	}
	return secrets
}
