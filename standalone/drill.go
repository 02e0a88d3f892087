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
	"koppel/internal/pgcluster"
	"koppel/safekeeping"
	"koppel/standalone/embedded"
	"koppel/states"
)

// restoreInto restores a backup with a PostgreSQL of its own that runs for as long, in a folder that nothing else is in.
func (d dataFolder) restoreInto(r *cli.Run, backup *safekeeping.Backup, folder string, t safekeeping.Target) (restored safekeeping.Restored, err error) {
	if err := pgcluster.Remove(r.Ctx, folder, d.PostgresPrograms); err != nil { // of one that was broken off
		return restored, err
	}
	address, stop, err := embedded.StartPostgres(r.Ctx, folder, d.PostgresPrograms)
	if err != nil {
		return restored, err
	}
	defer stop()
	t.Database = db.Options{URL: address}
	return backup.Restore(r.Ctx, t)
}

type drillCmd struct {
	dataFolder `embed:""`
	From       string `help:"The backup's file; by default the last one that was made." type:"existingfile"`
	JSON       bool   `help:"Print JSON."`
}

// drilled is what a drill found.
type drilled struct {
	told
	Opened  int64   `json:"opened"` // sealed values that the keys open
	Seconds float64 `json:"seconds"`
}

// Run restores a backup beside what runs, with a database of its own that nothing works on, and writes down how it went.
func (c *drillCmd) Run(r *cli.Run) error {
	o, err := c.open(r)
	if err != nil {
		return err
	}
	defer o.close()
	found, err := c.drill(r, o)
	if err := errors.Join(err, keepInMind(r, o.database, states.SafekeepingDrill, kept{found.File, found.Bytes, found.Counts.Sales}, err)); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(r.Out).Encode(found)
	}
	_, err = fmt.Fprintf(r.Out, "%s can be restored: %d environments, %d products and %d sales, as it says itself, as they were at %s. The encryption keys open all of its %d sealed values. It took %s.\n",
		found.File, found.Counts.Environments, found.Counts.Products, found.Counts.Sales, found.MadeAt.Local().Format(time.DateTime), found.Opened, time.Duration(found.Seconds*float64(time.Second)).Round(time.Second))
	return err
}

func (c *drillCmd) drill(r *cli.Run, o opened) (found drilled, err error) {
	began := time.Now()
	if found.File, err = c.file(r, o.database); err != nil {
		return found, err
	}
	unlock, err := lock(filepath.Join(c.Data, "drill.lock"))
	if err != nil {
		return found, err
	}
	defer unlock()
	backup, err := safekeeping.Open(found.File)
	if err != nil {
		return found, err
	}
	defer backup.Close() //nolint:errcheck // it was only read
	if info, err := os.Stat(found.File); err == nil {
		found.Bytes = info.Size()
	}
	found.MadeAt, found.Counts, found.Keys, found.WithKeys = backup.MadeAt, backup.Counts, backup.Keys, backup.WithKeys
	folder := filepath.Join(c.Data, "drill")
	restored, err := c.restoreInto(r, backup, folder, safekeeping.Target{EncryptionKeys: o.keys, Now: later(began, backup.MadeAt)})
	found.Opened, found.Seconds = restored.Opened, time.Since(began).Seconds()
	return found, errors.Join(err, os.RemoveAll(folder))
}

// file is the backup that is asked for, or the last one that was made.
func (c *drillCmd) file(r *cli.Run, database db.Options) (file string, err error) {
	if c.From != "" {
		return c.From, nil
	}
	store, err := db.Open(r.Ctx, database)
	if err != nil {
		return "", err
	}
	defer store.Close()
	err = store.WithSystemTx(r.Ctx, func(tx *db.Tx) error {
		rows, err := tx.SystemSafekeeping(r.Ctx)
		for _, row := range rows {
			if row.Kind == states.SafekeepingBackup {
				file = row.File
			}
		}
		return err
	})
	if err == nil && file == "" {
		err = errors.New("no backup was made yet: make one with koppel-standalone backup, or name a file with --from")
	}
	return file, err
}
