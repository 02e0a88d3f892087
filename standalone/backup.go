package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"koppel/cli"
	"koppel/db"
	"koppel/safekeeping"
	"koppel/states"
)

type backupCmd struct {
	dataFolder `embed:""`
	To         string `help:"File to write, or a folder for a file that is named by its time." required:"" type:"path"`
	Keep       int    `help:"In a folder, keep so many of its backups and remove older ones; 0 keeps all." default:"0"`
	WithKeys   bool   `help:"Put the encryption keys into the file too. Whoever has such a file can read everything, and act as these environments."`
	JSON       bool   `help:"Print JSON."`
}

// told is what is printed of a backup: what it says of itself, without its tables.
type told struct {
	File     string             `json:"file"`
	Bytes    int64              `json:"bytes,omitempty"`
	MadeAt   time.Time          `json:"made_at"`
	Counts   safekeeping.Counts `json:"counts"`
	Keys     []string           `json:"keys"`
	WithKeys bool               `json:"with_keys"`
}

// Run writes a backup, and writes down that it did.
func (c *backupCmd) Run(r *cli.Run) error {
	o, err := c.open(r)
	if err != nil {
		return err
	}
	defer o.close()
	if info, err := os.Stat(c.To); c.Keep > 0 && (err != nil || !info.IsDir()) {
		return fmt.Errorf("--keep is of a folder, and %s is none", c.To)
	}
	made, err := safekeeping.Make(r.Ctx, safekeeping.Source{Database: o.database, EncryptionKeys: o.keys, WithKeys: c.WithKeys, Program: cli.Version, Now: time.Now}, c.To)
	if err := errors.Join(err, keepInMind(r, o.database, states.SafekeepingBackup, kept{made.File, made.Bytes, made.Counts.Sales}, err)); err != nil {
		return err
	}
	if c.Keep > 0 {
		if err := safekeeping.RemoveOlder(c.To, c.Keep); err != nil {
			return err
		}
	}
	if c.JSON {
		return json.NewEncoder(r.Out).Encode(told{made.File, made.Bytes, made.MadeAt, made.Counts, made.Keys, made.WithKeys})
	}
	_, err = fmt.Fprintf(r.Out, "%s (%.1f MB) has everything as it was at %s: %d environments, %d products, %d sales.\n%s\n",
		made.File, float64(made.Bytes)/1e6, made.MadeAt.Local().Format(time.DateTime), made.Counts.Environments, made.Counts.Products, made.Counts.Sales, c.aboutKeys(made.Manifest))
	return err
}

func (c *backupCmd) aboutKeys(m safekeeping.Manifest) string {
	if m.WithKeys {
		return fmt.Sprintf("THE ENCRYPTION KEYS ARE IN IT (%q): whoever has this file can read everything, and act as these environments.", m.Keys)
	}
	return fmt.Sprintf("It is sealed with the encryption keys %q, which are not in it, and without which no partner can be called: keep %s too, in another place.", m.Keys, c.keys())
}

// kept is what is written down of a backup or a drill that succeeded.
type kept struct {
	file         string
	bytes, sales int64
}

// keepInMind writes down in the database how a backup or a drill went, for its page and its metric.
func keepInMind(r *cli.Run, database db.Options, kind states.Safekeeping, k kept, failed error) error {
	store, err := db.Open(r.Ctx, database)
	if err != nil {
		return err
	}
	defer store.Close()
	return store.WithSystemTx(r.Ctx, func(tx *db.Tx) error {
		now := time.Now()
		if failed != nil {
			return tx.SystemSafekeepingFailed(r.Ctx, db.SystemSafekeepingFailedParams{Kind: kind, Now: &now, Problem: failed.Error()})
		}
		return tx.SystemSafekeepingSucceeded(r.Ctx, db.SystemSafekeepingSucceededParams{Kind: kind, Now: &now, File: k.file, Bytes: k.bytes, Sales: k.sales})
	})
}

type restoreCmd struct {
	dataFolder `embed:""`
	From       string `help:"The backup's file." required:"" type:"existingfile"`
	JSON       bool   `help:"Print JSON."`
}

// unfinished is where a restore works until everything is there.
const unfinished = "restoring"

// Run restores a backup: everything, or nothing at all.
func (c *restoreCmd) Run(r *cli.Run) error {
	if err := c.empty(); err != nil {
		return err
	}
	backup, err := safekeeping.Open(c.From)
	if err != nil {
		return err
	}
	defer backup.Close() //nolint:errcheck // it was only read
	keys, err := keysFor(r, backup)
	if err != nil {
		return err
	}
	unlock, err := c.take(true)
	if err != nil {
		return err
	}
	defer unlock()
	into := filepath.Join(c.Data, unfinished)
	restored, err := c.restoreInto(r, backup, into, safekeeping.Target{EncryptionKeys: keys, Now: later(time.Now(), backup.MadeAt)})
	if err == nil {
		err = os.WriteFile(c.keys(), []byte(keys+"\n"), 0o600)
	}
	if err == nil {
		err = os.Rename(into, c.postgres())
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(into))
	}
	if c.JSON {
		return json.NewEncoder(r.Out).Encode(restored)
	}
	_, err = fmt.Fprintf(r.Out, `%s has everything as it was at %s: %d environments, %d products, %d sales; %d sealed values open.
What happened after that is lost. Everything that waited then may have gone since: no sale of it goes to a partner without keys before it was looked for there
(%d are looked for at the next start), and %d mails are not sent again. New numbers begin after a gap. Everybody signs in anew; tokens that were withdrawn since work again.
Make sure that the one which this is a backup of never starts again: two would work over the same links.
Start it: koppel-standalone --data %[1]s
`, c.Data, backup.MadeAt.Local().Format(time.DateTime), restored.Environments, restored.Products, restored.Sales, restored.Opened, restored.Looked, restored.Mails)
	return err
}

// empty refuses a folder that has anything. What a restore left that was broken off is removed.
func (c *restoreCmd) empty() error {
	found, err := os.ReadDir(c.Data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look into the data folder: %w", err)
	}
	for _, entry := range found {
		if entry.Name() != unfinished && entry.Name() != "lock" {
			return fmt.Errorf("%s is not empty: a backup is restored into an empty folder, or one that is not there yet (--data)", c.Data)
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// keysFor finds the encryption keys: those that are set, or those in the backup.
func keysFor(r *cli.Run, backup *safekeeping.Backup) (string, error) {
	if keys := string(r.Config.EncryptionKeys); keys != "" {
		return keys, nil
	}
	keys, err := backup.EncryptionKeys()
	if err == nil && keys == "" {
		err = fmt.Errorf("this backup is sealed with the encryption keys %q, which are not in it: name the file that they are kept in with KOPPEL_ENCRYPTION_KEYS_FILE (it was encryption-keys, in the data folder)", backup.Keys)
	}
	return keys, err
}
