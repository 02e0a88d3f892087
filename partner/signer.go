package partner

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/salesdock"
)

// SignerOf gives an environment's signer, and makes its key when there is none yet.
func SignerOf(ctx context.Context, tx *db.Tx, keys *vault.Vault, environmentID int64, now time.Time) (*salesdock.Signer, error) {
	signer, err := Existing(ctx, tx, keys, environmentID)
	if !errors.Is(err, db.ErrNotFound) {
		return signer, err
	}
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails (crypto/rand)
	sealed := keys.Seal(vault.SigningKeyRow(environmentID), seed)
	if err = tx.EnvironmentKeyInsert(ctx, db.EnvironmentKeyInsertParams{EnvironmentID: environmentID, SeedSealed: sealed, Now: now}); err != nil {
		return nil, err
	}
	return Existing(ctx, tx, keys, environmentID) // of two who made one, the first
}

// Existing gives the signer of an environment that has a key.
func Existing(ctx context.Context, tx *db.Tx, keys *vault.Vault, environmentID int64) (*salesdock.Signer, error) {
	row, err := tx.EnvironmentKey(ctx, environmentID)
	if err != nil {
		return nil, err
	}
	seed, err := keys.Open(vault.SigningKeyRow(environmentID), row.SeedSealed)
	if err != nil {
		return nil, err
	}
	return salesdock.NewSigner(seed)
}

// Signers keeps signers that were read before: an environment's key never changes.
type Signers struct{ signers sync.Map }

// Signer gives an environment's signer, and reads it when it is not known yet.
func (k *Signers) Signer(environmentID int64, read func() (*salesdock.Signer, error)) (*salesdock.Signer, error) {
	if k == nil {
		return read()
	}
	if known, ok := k.signers.Load(environmentID); ok {
		return known.(*salesdock.Signer), nil //nolint:forcetypeassert // nothing else is put in
	}
	signer, err := read()
	if err == nil {
		k.signers.Store(environmentID, signer)
	}
	return signer, err
}
