package safekeeping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/sealing"
)

// Source is what a backup is made of.
type Source struct {
	Database db.Options
	// EncryptionKeys are those of the deployment. They go into the file with WithKeys alone: whoever has such a file reads everything.
	EncryptionKeys string
	WithKeys       bool
	Program        string
	Now            func() time.Time
}

// Made is a backup that was made.
type Made struct {
	Manifest
	File  string
	Bytes int64
}

// Make writes a backup of a database that may be worked in meanwhile. The file is there whole, or not at all; in a folder it is named by its
// time, and a file of its name gives way.
func Make(ctx context.Context, s Source, to string) (Made, error) {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, namedBegin+s.Now().UTC().Format("20060102-150405")+namedEnd)
	}
	w, err := begin(to)
	if err != nil {
		return Made{}, err
	}
	defer w.giveUp()
	m := Manifest{Format: format, Program: s.Program, WithKeys: s.WithKeys}
	m.Copied, err = db.CopyOut(ctx, s.Database, func(table string) (io.Writer, error) { return w.next(table + tableSuffix) })
	if err != nil {
		return Made{}, err
	}
	m.MadeAt, m.Counts = m.At, countsOf(m.Tables)
	if m.Keys, err = sealedWith(ctx, s); err != nil {
		return Made{}, err
	}
	if s.WithKeys {
		into, err := w.next(keysName)
		if err != nil {
			return Made{}, err
		}
		if _, err := io.WriteString(into, s.EncryptionKeys); err != nil {
			return Made{}, err
		}
	}
	size, err := w.finish(&m)
	return Made{m, to, size}, err
}

// A backup in a folder is named by its time: the names are in the order of their times.
const namedBegin, namedEnd = "koppel-", ".backup"

// RemoveOlder removes the oldest of a folder's backups, but for so many.
func RemoveOlder(folder string, keep int) error {
	found, err := filepath.Glob(filepath.Join(folder, namedBegin+strings.Repeat("[0-9]", 8)+"-"+strings.Repeat("[0-9]", 6)+namedEnd))
	if err != nil {
		return err
	}
	slices.Sort(found)
	for len(found) > keep {
		err, found = errors.Join(err, os.Remove(found[0])), found[1:]
	}
	return err
}

// sealedWith names the keys that something is sealed with. One that is not at hand makes a backup that cannot be used as a whole.
func sealedWith(ctx context.Context, s Source) (names []string, err error) {
	keys, err := vault.New(s.EncryptionKeys)
	if err != nil {
		return nil, fmt.Errorf("the encryption keys: %w", err)
	}
	err = within(ctx, s.Database, func(store *db.Store) error {
		uses, err := (&sealing.Keys{Store: store, Vault: keys}).Uses(ctx)
		for _, use := range uses {
			if use.Values > 0 || use.Seals || use.Seen != nil {
				names = append(names, use.Key)
			}
			if use.Values > 0 && !use.Known {
				return fmt.Errorf("%w: %d values are sealed with %q, which is not among them", ErrLacking, use.Values, use.Key)
			}
		}
		return err
	})
	return names, err
}

func within(ctx context.Context, o db.Options, do func(*db.Store) error) error {
	o.MaxConns = max(o.MaxConns, 2)
	store, err := db.Open(ctx, o)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(store)
}

// lacking refuses keys that do not open everything in a backup.
func lacking(m Manifest, keys *vault.Vault) error {
	missing := slices.DeleteFunc(slices.Clone(m.Keys), func(name string) bool { return slices.Contains(keys.Names(), name) })
	if len(missing) > 0 {
		return fmt.Errorf("%w: %q, which this backup is sealed with", ErrLacking, missing)
	}
	return nil
}

var errDifferent = errors.New("what was restored is not what the backup says")
