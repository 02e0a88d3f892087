package sealing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/vault"
)

// Keys are the encryption keys of a process, over the database that is sealed with them.
type Keys struct {
	Store *db.Store
	Vault *vault.Vault
	Log   *zap.Logger
}

const (
	// sayEvery is how often a process says which key it seals with, and quietFor how long nobody may have said so of a key that goes.
	sayEvery = 20 * time.Second
	quietFor = time.Minute
)

// MissingError is of keys that something may be sealed with, and that are not among ours, or have another secret here.
type MissingError struct{ Names []string }

func (e *MissingError) Error() string {
	return "the encryption keys lack " + strings.Join(e.Names, ", ") + ", which this database is sealed with"
}

// Check demands that we can open whatever may be there. With write it says which key we seal with from now on, before anything is sealed.
func (k *Keys) Check(ctx context.Context, write bool) error {
	return k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		missing, err := k.missing(ctx, tx)
		if err != nil {
			return err
		}
		// Written by every version; an earlier one knows no other proof.
		first, err := tx.SystemKeyCheck(ctx)
		switch {
		case err == nil:
			if _, err := k.Vault.Open(keyCheckRow, first); err != nil && !slices.Contains(missing, vault.KeyOf(first)) {
				missing = append(missing, vault.KeyOf(first))
			}
		case !errors.Is(err, db.ErrNotFound):
			return err
		case write && len(missing) == 0:
			if err := tx.SystemKeyCheckInsert(ctx, k.Vault.Seal(keyCheckRow, []byte("koppel"))); err != nil {
				return err
			}
		}
		if len(missing) > 0 {
			return &MissingError{missing}
		}
		if !write {
			return nil
		}
		return k.say(ctx, tx)
	})
}

// missing are the keys that others seal with, or did, and we cannot open anything of.
func (k *Keys) missing(ctx context.Context, tx *db.Tx) (names []string, err error) {
	known, err := tx.SystemEncryptionKeys(ctx)
	for _, key := range known {
		if _, err := k.Vault.Open(proofRow(key.Name), key.Proof); err != nil {
			names = append(names, key.Name)
		}
	}
	return names, err
}

func proofRow(name string) string { return "encryption_keys/" + name }

func (k *Keys) say(ctx context.Context, tx *db.Tx) error {
	name := k.Vault.Sealing()
	return tx.SystemEncryptionKeySeen(ctx, name, k.Vault.Seal(proofRow(name), []byte("koppel")))
}

// Say says again and again which key we seal with, until ctx ends.
func (k *Keys) Say(ctx context.Context) {
	for pause(ctx, sayEvery) == nil {
		var missing []string
		err := k.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
			if err = k.say(ctx, tx); err == nil {
				missing, err = k.missing(ctx, tx)
			}
			return err
		})
		switch {
		case err != nil && ctx.Err() == nil:
			k.Log.Warn("keys.say.failed", zap.Error(err))
		case len(missing) > 0: // another process seals with one that we have not got
			k.Log.Error("keys.missing", zap.Strings("names", missing))
		}
	}
}

// InUseError is of a key that a process seals with, other than ours.
type InUseError struct {
	Name string
	Ago  time.Duration
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("a process that seals with key %s was there %s ago: put %s behind the new key in every server and worker, then try again", e.Name, e.Ago.Round(time.Second), e.Name)
}

// Unused waits until nobody else can be sealing with another key than ours: a process that was there a moment ago may have been
// restarted since. One that says so again is there still.
func (k *Keys) Unused(ctx context.Context, waits func(*InUseError)) error {
	seen := map[string]time.Time{}
	for {
		uses, err := k.uses(ctx)
		if err != nil {
			return err
		}
		var inUse *InUseError
		for _, use := range uses {
			found := &InUseError{use.Name, time.Duration(use.Seconds * float64(time.Second))}
			if use.Name == k.Vault.Sealing() || found.Ago > quietFor {
				continue
			}
			if before, known := seen[use.Name]; known && !before.Equal(use.SeenAt) {
				return found
			}
			seen[use.Name], inUse = use.SeenAt, found
		}
		if inUse == nil {
			return nil
		}
		waits(inUse)
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

func (k *Keys) uses(ctx context.Context) (list []db.SystemEncryptionKeysRow, err error) {
	err = k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		list, err = tx.SystemEncryptionKeys(ctx)
		return err
	})
	return list, err
}

// Forget lets the earlier keys go that nobody seals with: a start does not ask for them any more.
func (k *Keys) Forget(ctx context.Context) error {
	return k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		_, err := tx.SystemEncryptionKeysForget(ctx, k.Vault.Sealing(), quietFor.Seconds())
		return err
	})
}

// Use is what is known of one key.
type Use struct {
	Key    string           `json:"key"`
	Known  bool             `json:"known"` // it is among ours
	Seals  bool             `json:"seals"` // it is our first one
	Values int64            `json:"values"`
	Kinds  map[string]int64 `json:"kinds,omitempty"` // values by kind
	// Seen is how many seconds ago a process said that it seals with it; nil: nobody did since everything was sealed anew.
	Seen *float64 `json:"seen_seconds_ago"`
}

// Gone says whether the key can be taken away.
func (u Use) Gone() bool { return u.Known && !u.Seals && u.Values == 0 && u.Seen == nil }

// Uses counts what is sealed with which key: ours in their order, then those that something else is sealed with.
func (k *Keys) Uses(ctx context.Context) (list []Use, err error) {
	for i, name := range k.Vault.Names() {
		list = append(list, Use{Key: name, Known: true, Seals: i == 0})
	}
	of := func(name string) *Use {
		i := slices.IndexFunc(list, func(u Use) bool { return u.Key == name })
		if i < 0 {
			i, list = len(list), append(list, Use{Key: name})
		}
		return &list[i]
	}
	err = k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		counts, err := tx.SystemSealedCounts(ctx)
		if err != nil {
			return err
		}
		for _, count := range counts {
			use := of(vault.KeyOf(count.Mark))
			if use.Kinds == nil {
				use.Kinds = map[string]int64{}
			}
			use.Values += count.Values
			use.Kinds[count.Kind] += count.Values
		}
		seen, err := tx.SystemEncryptionKeys(ctx)
		for _, key := range seen {
			of(key.Name).Seen = new(key.Seconds)
		}
		return err
	})
	return list, err
}
