package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"koppel/cli"
	"koppel/db"
	"koppel/internal/pgcluster"
	"koppel/safekeeping"
	"koppel/standalone/embedded"
)

type upgradeCmd struct {
	dataFolder  `embed:""`
	OldPrograms string `help:"Folder of the programs of the version that made the data; by default they are looked for." type:"existingdir"`
	JSON        bool   `help:"Print JSON."`
}

// moved is what a move to another version came to.
type moved struct {
	From   int                `json:"from"`
	To     int                `json:"to"`
	Counts safekeeping.Counts `json:"counts"`
	Old    string             `json:"old"` // where the data of before is kept
}

// Run moves the data to the newest version here, or to the one that is named. What was there stays beside it.
func (c *upgradeCmd) Run(r *cli.Run) error {
	made, err := pgcluster.MadeBy(c.postgres())
	if err != nil {
		return err
	}
	if made == 0 {
		return fmt.Errorf("%s: %w", c.Data, errNothingThere)
	}
	to, old, err := c.programs(made)
	if err != nil {
		return err
	}
	if to.Version == made {
		_, err := fmt.Fprintf(r.Out, "The data is of PostgreSQL %d, the newest version here: there is nothing to do.\n", made)
		return err
	}
	unlock, err := c.take(true)
	if err != nil {
		return err
	}
	defer unlock()
	done := moved{From: made, To: to.Version, Old: fmt.Sprintf("%s-%d", c.postgres(), made)}
	if _, err := os.Stat(done.Old); err == nil {
		return fmt.Errorf("%s is there already, of an earlier move: remove it, or put it elsewhere", done.Old)
	}
	if err := os.RemoveAll(c.upgraded()); err != nil { // of a move that was broken off before it took the other's place
		return err
	}
	if done.Counts, err = c.move(r, old, to); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(c.postgres(), done.Old), c.finishUpgrade()); err != nil {
		return fmt.Errorf("put the moved data in its place: %w", err)
	}
	if c.JSON {
		return json.NewEncoder(r.Out).Encode(done)
	}
	_, err = fmt.Fprintf(r.Out, "The data is of PostgreSQL %d now: %d environments, %d products, %d sales. That of PostgreSQL %d is in %s: remove it once everything is well.\n",
		done.To, done.Counts.Environments, done.Counts.Products, done.Counts.Sales, done.From, done.Old)
	return err
}

// programs finds those of the version to move to, and those that can read what is there.
func (c *upgradeCmd) programs(made int) (to, old pgcluster.Programs, err error) {
	here := pgcluster.Installed()
	if c.OldPrograms != "" {
		if old, err = pgcluster.ProgramsIn(c.OldPrograms); err != nil {
			return to, old, err
		}
	} else if i := slices.IndexFunc(here, func(p pgcluster.Programs) bool { return p.Version == made }); i >= 0 {
		old = here[i]
	}
	switch {
	case c.PostgresPrograms != "":
		if to, err = pgcluster.ProgramsIn(c.PostgresPrograms); err != nil {
			return to, old, err
		}
	case len(here) > 0:
		to = here[0]
	default:
		return to, old, pgcluster.ErrNoBinaries
	}
	if to.Version != made && old.Version != made {
		err = fmt.Errorf("the data is of PostgreSQL %d, and only its own programs can read it: install them (on Debian and Ubuntu the package postgresql-%d), or name their folder with --old-programs", made, made)
	}
	return to, old, err
}

// move copies everything from one to the other, as a backup does, and holds one against the other.
func (c *upgradeCmd) move(r *cli.Run, old, to pgcluster.Programs) (counts safekeeping.Counts, err error) {
	keys, err := keptKeys(c.keys())
	if err != nil {
		return counts, err
	}
	if r.Config.EncryptionKeys != "" {
		keys = r.Config.EncryptionKeys
	}
	address, stop, err := embedded.StartPostgres(r.Ctx, c.postgres(), old.Dir)
	if err != nil {
		return counts, err
	}
	defer stop()
	database := db.Options{URL: address}
	if err := db.Migrate(r.Ctx, database); err != nil {
		return counts, err
	}
	file := filepath.Join(c.Data, "upgrade.backup")
	if _, err := safekeeping.Make(r.Ctx, safekeeping.Source{Database: database, EncryptionKeys: string(keys), Program: cli.Version, Now: time.Now}, file); err != nil {
		return counts, err
	}
	defer os.Remove(file) //nolint:errcheck // it was on the way only
	backup, err := safekeeping.Open(file)
	if err != nil {
		return counts, err
	}
	defer backup.Close() //nolint:errcheck // it was only read
	into := c.postgres() + ".new"
	restored, err := dataFolder{c.Data, to.Dir}.restoreInto(r, backup, into, safekeeping.Target{EncryptionKeys: string(keys), Now: backup.MadeAt, NothingLost: true})
	if err != nil {
		return counts, errors.Join(err, os.RemoveAll(into))
	}
	return restored.Counts, os.Rename(into, c.upgraded())
}

// finishUpgrade puts moved data in its place, also where that was broken off between two steps.
func (d dataFolder) finishUpgrade() error {
	if _, err := os.Stat(d.postgres()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(d.upgraded()); err != nil {
		return nil //nolint:nilerr // the usual case: nothing was moved
	}
	return os.Rename(d.upgraded(), d.postgres())
}
