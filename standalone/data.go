package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"koppel/cli"
	"koppel/db"
	"koppel/internal/config"
	"koppel/internal/pgcluster"
	"koppel/internal/vault"
	"koppel/standalone/embedded"
)

// dataFolder is where everything is kept, and what keeps it.
type dataFolder struct {
	Data             string `help:"Folder for everything that is kept." default:".koppel" type:"path"`
	PostgresPrograms string `help:"Folder of PostgreSQL's programs (initdb, postgres, pg_ctl); by default they are looked for." type:"existingdir" env:"KOPPEL_POSTGRES_PROGRAMS"`
}

func (d dataFolder) postgres() string { return filepath.Join(d.Data, "postgres") }
func (d dataFolder) keys() string     { return filepath.Join(d.Data, "encryption-keys") }
func (d dataFolder) address() string  { return filepath.Join(d.Data, "database-url") }

// upgraded is a PostgreSQL of another version that has everything, and takes the other one's place.
func (d dataFolder) upgraded() string { return d.postgres() + ".upgraded" }

// take makes the folder where there is none, and keeps every other process off it.
func (d dataFolder) take(ownPostgres bool) (unlock func(), err error) {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 && ownPostgres {
		mode = 0o711 // PostgreSQL's user must be able to enter, and sees nothing
	}
	if err := os.MkdirAll(d.Data, mode); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	return lock(filepath.Join(d.Data, "lock"))
}

// startPostgres starts what keeps the data. It says what to do about data of another version.
func (d dataFolder) startPostgres(ctx context.Context) (address string, stop func(), err error) {
	if err := d.finishUpgrade(); err != nil {
		return "", nil, err
	}
	address, stop, err = embedded.StartPostgres(ctx, d.postgres(), d.PostgresPrograms)
	if different, is := errors.AsType[*pgcluster.VersionError](err); is {
		return "", nil, fmt.Errorf("%w. Install the programs of PostgreSQL %d beside them (on Debian and Ubuntu the package postgresql-%d), and it starts as before; koppel-standalone upgrade-data --data %s then moves the data to the newest version here. "+
			"Or restore a backup into another folder: it takes any version (koppel-standalone restore --help)", different, different.Made, different.Made, d.Data)
	}
	return address, stop, err
}

// opened is a database to work with, running or not, and the keys that it is sealed with.
type opened struct {
	database db.Options
	keys     string
	close    func()
}

var errNothingThere = errors.New("there is nothing of koppel-standalone in it: --data names its folder")

// open finds the database: the one that is configured, the one of a standalone that runs, or its own, which is then started for as long.
func (d dataFolder) open(r *cli.Run) (o opened, err error) {
	o = opened{database: cli.Database(r.Config), keys: string(r.Config.EncryptionKeys), close: func() {}}
	if o.keys == "" {
		text, err := os.ReadFile(d.keys())
		if errors.Is(err, os.ErrNotExist) {
			return o, fmt.Errorf("%s: %w", d.Data, errNothingThere)
		}
		if err != nil {
			return o, fmt.Errorf("read the encryption keys: %w", err)
		}
		o.keys = strings.TrimSpace(string(text))
	}
	if o.database.URL != "" {
		return o, nil
	}
	if _, err := os.Stat(d.postgres()); err != nil {
		return o, fmt.Errorf("%s: %w", d.Data, errNothingThere)
	}
	o.database.DirectURL, o.database.Password = "", "" // of another one, if they are set
	unlock, err := d.take(true)
	if errors.Is(err, errRuns) {
		address, err := os.ReadFile(d.address())
		if err != nil {
			return o, fmt.Errorf("read where the running database is: %w", err)
		}
		o.database.URL = strings.TrimSpace(string(address))
		return o, nil
	}
	if err != nil {
		return o, err
	}
	address, stop, err := d.startPostgres(r.Ctx)
	if err != nil {
		unlock()
		return o, err
	}
	o.database.URL, o.close = address, func() { stop(); unlock() }
	if err := db.Migrate(r.Ctx, o.database); err != nil {
		o.close()
		return o, err
	}
	return o, nil
}

var errRuns = errors.New("another koppel-standalone runs")

// lock keeps a second process off the same data.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(path)
		_ = file.Close()
		return nil, fmt.Errorf("%w (process %s) on %s: end it, or choose another folder with --data", errRuns, strings.TrimSpace(string(holder)), filepath.Dir(path))
	}
	if err := errors.Join(file.Truncate(0), writeAt(file, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return func() { _ = file.Close() }, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// keptKeys reads the encryption key of this data folder, and makes it the first time.
func keptKeys(path string) (config.Secret, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		key := vault.NewKey("k1")
		if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("keep the encryption key: %w", err)
		}
		return config.Secret(key), nil
	}
	if err != nil {
		return "", fmt.Errorf("read the encryption key: %w", err)
	}
	return config.Secret(strings.TrimSpace(string(data))), nil
}
