// Package safekeeping makes backups and restores them: a file with everything that the database holds at one moment, which any PostgreSQL
// takes that the schema takes, and what a restore must do about the time that is lost with it.
package safekeeping

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"koppel/db"
)

// format is the version of the file's own form.
const format = 1

const (
	manifestName = "manifest.json"
	keysName     = "encryption-keys"
	tableSuffix  = ".copy"
)

// Errors of a backup's file.
var (
	ErrBroken  = errors.New("this is no whole backup of Koppel")
	ErrNewer   = errors.New("this backup was made by a newer version of Koppel: restore it with that version, or a later one")
	ErrLacking = errors.New("encryption keys are missing")
)

// Manifest says what is in a backup. It is written last: a file without it was broken off.
type Manifest struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // the version that made it
	MadeAt  time.Time `json:"made_at"`
	Counts  Counts    `json:"counts"`
	// Keys are the names of the encryption keys that something in it is sealed with; WithKeys: they are in the file themselves.
	Keys     []string          `json:"keys"`
	WithKeys bool              `json:"with_keys"`
	Sums     map[string]string `json:"sha256"` // of each file inside
	db.Copied
}

// Counts are what people know of what is kept.
type Counts struct {
	Environments int64 `json:"environments"`
	Products     int64 `json:"products"`
	Sales        int64 `json:"sales"`
	Forwardings  int64 `json:"forwardings"`
}

func countsOf(tables []db.CopiedTable) Counts {
	rows := func(name string) int64 {
		i := slices.IndexFunc(tables, func(t db.CopiedTable) bool { return t.Name == name })
		if i < 0 {
			return 0
		}
		return tables[i].Rows
	}
	return Counts{rows("environments"), rows("products"), rows("sales"), rows("forwardings")}
}

// writing is a backup that is being written, beside the place where it goes when it is whole.
type writing struct {
	path string
	file *os.File
	zip  *zip.Writer
	sums map[string]string
	last *summed
}

type summed struct {
	name string
	into io.Writer
	sum  hash.Hash
}

func (s *summed) Write(data []byte) (int, error) {
	s.sum.Write(data)
	return s.into.Write(data)
}

func begin(path string) (*writing, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // nobody else reads it: 0600
	if err != nil {
		return nil, fmt.Errorf("begin the backup: %w", err)
	}
	w := &writing{path: path, file: file, zip: zip.NewWriter(file), sums: map[string]string{}}
	w.zip.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	return w, nil
}

func (w *writing) next(name string) (io.Writer, error) {
	w.settle()
	into, err := w.zip.Create(name)
	if err != nil {
		return nil, err
	}
	w.last = &summed{name, into, sha256.New()}
	return w.last, nil
}

func (w *writing) settle() {
	if w.last != nil {
		w.sums[w.last.name] = hex.EncodeToString(w.last.sum.Sum(nil))
	}
	w.last = nil
}

// finish puts the file in its place, whole and on the disk.
func (w *writing) finish(m *Manifest) (size int64, err error) {
	w.settle()
	m.Sums = w.sums
	into, err := w.zip.Create(manifestName)
	if err != nil {
		return 0, err
	}
	encoder := json.NewEncoder(into)
	encoder.SetIndent("", "  ")
	if err := errors.Join(encoder.Encode(m), w.zip.Close(), w.file.Sync()); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	info, err := w.file.Stat()
	if err != nil {
		return 0, err
	}
	if err := errors.Join(w.file.Close(), os.Rename(w.file.Name(), w.path)); err != nil {
		return 0, fmt.Errorf("put the backup in its place: %w", err)
	}
	folder, err := os.Open(filepath.Dir(w.path))
	if err != nil {
		return 0, err
	}
	return info.Size(), errors.Join(folder.Sync(), folder.Close())
}

func (w *writing) giveUp() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name()) // where it was finished it has another name
}

// Backup is a backup's file that was read and found whole.
type Backup struct {
	Manifest
	zip *zip.ReadCloser
}

// Open reads a backup to its end: what is broken is refused before anything is done with it.
func Open(path string) (*Backup, error) {
	archive, err := zip.OpenReader(path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s is another file, or was broken off: %w", ErrBroken, path, err)
	}
	b := &Backup{zip: archive}
	if err := b.check(); err != nil {
		return nil, errors.Join(err, archive.Close())
	}
	return b, nil
}

// Close lets the file go.
func (b *Backup) Close() error { return b.zip.Close() }

func (b *Backup) check() error {
	text, err := b.read(manifestName)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &b.Manifest); err != nil {
		return fmt.Errorf("%w: its manifest cannot be read", ErrBroken)
	}
	if b.Format > format || b.Schema > db.Version() {
		return fmt.Errorf("%w (version %s)", ErrNewer, b.Program)
	}
	for _, table := range b.Tables {
		if b.Sums[table.Name+tableSuffix] == "" {
			return fmt.Errorf("%w: it lacks the table %s", ErrBroken, table.Name)
		}
	}
	for name, sum := range b.Sums {
		file, err := b.zip.Open(name)
		if err != nil {
			return fmt.Errorf("%w: it lacks %s", ErrBroken, name)
		}
		got := sha256.New()
		_, err = io.Copy(got, bufio.NewReader(file))
		if err := errors.Join(err, file.Close()); err != nil || hex.EncodeToString(got.Sum(nil)) != sum {
			return fmt.Errorf("%w: %s in it is damaged", ErrBroken, name)
		}
	}
	return nil
}

func (b *Backup) read(name string) ([]byte, error) {
	file, err := b.zip.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: it lacks %s", ErrBroken, name)
	}
	text, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("%w: %s in it is damaged", ErrBroken, name)
	}
	return text, nil
}

// EncryptionKeys are those in the file; nothing where it was made without.
func (b *Backup) EncryptionKeys() (string, error) {
	if !b.WithKeys {
		return "", nil
	}
	text, err := b.read(keysName)
	return string(text), err
}
