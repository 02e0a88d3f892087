package safekeeping

import (
	"context"
	"errors"
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
		onward = gap(b.MadeAt, t.Now)
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
		if t.NothingLost {
			return store.WithSystemTx(ctx, func(tx *db.Tx) error { return tx.SystemLeasesEnd(ctx) })
		}
		return lost{b.MadeAt, t.Now, b.Copied, onward}.settle(ctx, store, &r)
	})
	return r, err
}

func gap(from, till time.Time) db.Onward {
	days := int64(max(0, till.Sub(from)/(24*time.Hour))) + 1
	return db.Onward{Numbers: days * numbersADay, Changes: days * changesADay}
}

// ErrAtWork means that something works on the database that is to be told that it was restored.
var ErrAtWork = errors.New("a server, a worker or a command worked on this database within the last minute: stop them all, try again after a minute, and start them after that")

// Declare does for a database that other means restored to a moment what a restore of a backup does: before anybody works on it.
func Declare(ctx context.Context, o db.Options, moment, now time.Time) (r Restored, err error) {
	if moment.After(now) {
		return r, fmt.Errorf("%s is yet to come: name the moment that the database was restored to", moment.Format(time.RFC3339))
	}
	err = within(ctx, o, func(store *db.Store) error {
		if err := store.WithSystemTx(ctx, func(tx *db.Tx) error { return quiet(ctx, tx) }); err != nil {
			return err
		}
		onward := gap(moment, now)
		known, err := db.GoOn(ctx, o, onward)
		if err != nil {
			return err
		}
		err = store.WithSystemTx(ctx, func(tx *db.Tx) error {
			there, err := tx.SystemCounts(ctx)
			r.Counts = Counts(there)
			return err
		})
		if err != nil {
			return err
		}
		return lost{moment, now, known, onward}.settle(ctx, store, &r)
	})
	return r, err
}

// quiet refuses where a process said a moment ago with which key it seals: each does so three times a minute.
func quiet(ctx context.Context, tx *db.Tx) error {
	keys, err := tx.SystemEncryptionKeys(ctx)
	for _, key := range keys {
		if key.Seconds < 60 {
			return ErrAtWork
		}
	}
	return err
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

// lost is time that a restore lost, and how far numbers and changes were before it.
type lost struct {
	since, until time.Time
	known        db.Copied
	onward       db.Onward
}

// settle does what follows from it. Whoever was signed in, and whoever held a lease, is gone in any case.
func (l lost) settle(ctx context.Context, store *db.Store, r *Restored) error {
	return store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
		if err := tx.SystemLeasesEnd(ctx); err != nil {
			return err
		}
		if _, err := tx.SystemSessionsEnd(ctx); err != nil {
			return err
		}
		err = tx.SystemRestorationInsert(ctx, db.SystemRestorationInsertParams{
			BackupAt: l.since, RestoredAt: l.until, SalesTo: l.known.Sequences["sales_id_seq"], ChangeFrom: l.known.Horizon, ChangeTo: l.known.Next + l.onward.Changes,
		})
		if err != nil {
			return err
		}
		if r.Looked, err = tx.SystemForwardingsPresumeSent(ctx, l.since, &l.until); err != nil {
			return err
		}
		if r.Mails, err = tx.SystemMailsPresumeSent(ctx, &l.until); err != nil {
			return err
		}
		return tx.SystemWebhooksSkip(ctx, l.onward.Numbers)
	})
}
