package safekeeping

import (
	"context"
	"fmt"
	"io"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/sealing"
)

// In time that a restore loses, numbers were given out and changes told of that the backup does not know. Nobody may be told of another thing
// under one of them: numbers go on after a gap of so many for each day that was begun, more than anybody gives out.
const (
	numbersADay = 1_000_000
	changesADay = 1_000_000_000
)

// Target is where a backup is restored.
type Target struct {
	Database       db.Options // an empty database, as its superuser
	EncryptionKeys string
	Now            time.Time
	// NothingLost: nobody worked since the backup was made, as when data moves to another version of PostgreSQL.
	NothingLost bool
}

// Restored says what was restored.
type Restored struct {
	Counts
	Opened int64 `json:"opened"` // values that were sealed, and that the keys open
	Looked int64 `json:"looked"` // forwardings that are looked for at the partner
	Mails  int64 `json:"mails"`  // mails that are not sent again
}

// Restore fills an empty database with a backup, brings it up to date, and holds it against what the backup says. What may have happened in the
// time that is lost is taken to have happened (decision 38).
func (b *Backup) Restore(ctx context.Context, t Target) (r Restored, err error) {
	keys, err := vault.New(t.EncryptionKeys)
	if err != nil {
		return r, fmt.Errorf("the encryption keys: %w", err)
	}
	if err := lacking(b.Manifest, keys); err != nil {
		return r, err
	}
	if err := db.MigrateTo(ctx, t.Database, b.Schema); err != nil {
		return r, err
	}
	onward := db.Onward{}
	if !t.NothingLost {
		days := int64(max(0, t.Now.Sub(b.MadeAt)/(24*time.Hour))) + 1
		onward = db.Onward{Numbers: days * numbersADay, Changes: days * changesADay}
	}
	if err := db.CopyIn(ctx, t.Database, b.Copied, onward, func(table string) (io.ReadCloser, error) { return b.zip.Open(table + tableSuffix) }); err != nil {
		return r, err
	}
	if err := db.Migrate(ctx, t.Database); err != nil {
		return r, err
	}
	err = within(ctx, t.Database, func(store *db.Store) error {
		if err := b.compare(ctx, store, &r); err != nil {
			return err
		}
		if r.Opened, err = (&sealing.Keys{Store: store, Vault: keys}).Open(ctx); err != nil {
			return err
		}
		return b.settle(ctx, store, t, onward, &r)
	})
	return r, err
}

func (b *Backup) compare(ctx context.Context, store *db.Store, r *Restored) error {
	err := store.WithSystemTx(ctx, func(tx *db.Tx) error {
		there, err := tx.SystemCounts(ctx)
		r.Counts = Counts(there)
		return err
	})
	if err == nil && r.Counts != b.Counts {
		err = fmt.Errorf("%w: %+v instead of %+v", errDifferent, r.Counts, b.Counts)
	}
	return err
}

// settle does what follows from the time that is lost. Whoever was signed in, and whoever held a lease, is gone in any case.
func (b *Backup) settle(ctx context.Context, store *db.Store, t Target, onward db.Onward, r *Restored) error {
	return store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
		if err := tx.SystemLeasesEnd(ctx); err != nil || t.NothingLost {
			return err
		}
		if _, err := tx.SystemSessionsEnd(ctx); err != nil {
			return err
		}
		err = tx.SystemRestorationInsert(ctx, db.SystemRestorationInsertParams{
			BackupAt: b.MadeAt, RestoredAt: t.Now, SalesTo: b.Sequences["sales_id_seq"], ChangeFrom: b.Horizon, ChangeTo: b.Next + onward.Changes,
		})
		if err != nil {
			return err
		}
		if r.Looked, err = tx.SystemForwardingsPresumeSent(ctx, b.MadeAt, &t.Now); err != nil {
			return err
		}
		if r.Mails, err = tx.SystemMailsPresumeSent(ctx, &t.Now); err != nil {
			return err
		}
		return tx.SystemWebhooksSkip(ctx, onward.Numbers)
	})
}
