package safekeeping_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/safekeeping"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/services"
	"koppel/server/servicetest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var number atomic.Int64

// empty makes a database that nothing is in.
func empty(t *testing.T, version dbtest.Version) db.Options {
	t.Helper()
	name := fmt.Sprintf("restored_%d", number.Add(1))
	dbtest.Exec(t, dbtest.Server(t, version), "CREATE DATABASE "+name)
	return db.Options{URL: dbtest.Within(dbtest.Server(t, version), name), MaxConns: 4}
}

func made(t *testing.T, database, keys string, with bool) safekeeping.Made {
	t.Helper()
	m, err := safekeeping.Make(t.Context(), safekeeping.Source{Database: db.Options{URL: database}, EncryptionKeys: keys, WithKeys: with, Program: "test", Now: time.Now}, t.TempDir())
	require.NoError(t, err)
	return m
}

func opened(t *testing.T, file string) *safekeeping.Backup {
	t.Helper()
	b, err := safekeeping.Open(file)
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// shop is one with a link, a sale that a partner has, and one that waits.
func shop(t *testing.T) (*servicetest.Shop, servicetest.Link) {
	t.Helper()
	s := servicetest.NewShop(t)
	link := s.Link()
	s.Sent(link, s.Sell(s.Owner, link.Product), "77")
	s.Sell(s.Owner, link.Product)
	dbtest.Exec(t, s.Database, "UPDATE forwardings SET request_sealed = NULL") // what a test wrote there is not sealed
	return s, link
}

// Everything comes back as it was, row for row, on the version that it was on and on another one.
func TestEverythingComesBack(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	m := made(t, s.Database, s.Key, false)
	info, err := os.Stat(m.File)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Equal(t, m.Bytes, info.Size())
	require.Equal(t, safekeeping.Counts{Environments: 1, Products: 2, Sales: 2, Forwardings: 2}, m.Counts)
	for _, version := range []dbtest.Version{dbtest.Installed, dbtest.PostgreSQL17} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			target := empty(t, version)
			restored, err := opened(t, m.File).Restore(t.Context(), safekeeping.Target{Database: target, EncryptionKeys: s.Key, Now: time.Now(), NothingLost: true})
			require.NoError(t, err)
			require.Equal(t, m.Counts, restored.Counts)
			require.Positive(t, restored.Opened)
			again := made(t, target.URL, s.Key, false)
			delete(again.Sums, "leases.copy")
			for name, sum := range again.Sums {
				require.Equal(t, m.Sums[name], sum, name)
			}
			require.Greater(t, len(again.Sums), 40)
			require.Equal(t, m.Sequences, again.Sequences, "nothing is lost, so numbers go on")
			require.GreaterOrEqual(t, again.Horizon, m.Next, "and so do changes")
		})
	}
}

// A backup of one moment is made while everything goes on: no row of it refers to one that is not in it.
func TestABackupIsOfOneMoment(t *testing.T) {
	t.Parallel()
	s, link := shop(t)
	stop, sold := make(chan struct{}), make(chan int)
	go func() {
		count := 0
		for {
			select {
			case <-stop:
				sold <- count
				return
			default:
				if _, err := s.Create(s.Owner, s.Order(link.Product)); err == nil {
					count++
				}
			}
		}
	}()
	var backups []safekeeping.Made
	for len(backups) < 5 {
		backups = append(backups, made(t, s.Database, s.Key, false))
	}
	close(stop)
	require.Positive(t, <-sold)
	for _, m := range backups {
		require.Equal(t, m.Counts.Sales, m.Counts.Forwardings)
		target := empty(t, dbtest.Installed)
		_, err := opened(t, m.File).Restore(t.Context(), safekeeping.Target{Database: target, EncryptionKeys: s.Key, Now: time.Now()})
		require.NoError(t, err)
		require.Equal(t, "0", dbtest.One(t, target.URL, "SELECT count(*)::text FROM sale_lines l WHERE NOT EXISTS (SELECT FROM sales s WHERE s.id = l.sale_id)"))
		require.Equal(t, "true", dbtest.One(t, target.URL, "SELECT (nextval('sales_id_seq') > (SELECT max(id) FROM sales) + 500000)::text"))
	}
}

// What is broken, from elsewhere or later is refused, and so are keys that do not open it.
func TestABackupThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	m := made(t, s.Database, s.Key, false)
	whole, err := os.ReadFile(m.File)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "broken")
	refused := func(data []byte, what string, expected error) {
		require.NoError(t, os.WriteFile(file, data, 0o600))
		_, err := safekeeping.Open(file)
		require.ErrorIs(t, err, expected, what)
	}
	for _, end := range []int{0, 1, len(whole) / 2, len(whole) - 1} {
		refused(whole[:end], fmt.Sprint("cut off at ", end), safekeeping.ErrBroken)
	}
	for at := 60; at < len(whole)-60; at += len(whole) / 40 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x55
		require.NoError(t, os.WriteFile(file, damaged, 0o600))
		b, err := safekeeping.Open(file)
		if err == nil { // the names of the files stand twice; a time of one says nothing
			require.Equal(t, m.Sums, b.Sums)
			require.NoError(t, b.Close())
			continue
		}
		require.ErrorIs(t, err, safekeeping.ErrBroken, "a bit at %d", at)
	}
	refused([]byte("-- PostgreSQL database dump"), "another file", safekeeping.ErrBroken)
	other := vault.NewKey("k2")
	for keys, expected := range map[string]string{other: "k1", "": "encryption keys are written as"} {
		_, err := opened(t, m.File).Restore(t.Context(), safekeeping.Target{Database: empty(t, dbtest.Installed), EncryptionKeys: keys, Now: time.Now()})
		require.ErrorContains(t, err, expected)
	}
	_, err = opened(t, m.File).Restore(t.Context(), safekeeping.Target{Database: empty(t, dbtest.Installed), EncryptionKeys: vault.NewKey("k1"), Now: time.Now()})
	require.ErrorContains(t, err, "none of the encryption keys opens", "another secret under the same name")
	_, err = safekeeping.Make(t.Context(), safekeeping.Source{Database: db.Options{URL: s.Database}, EncryptionKeys: other, Now: time.Now}, t.TempDir())
	require.ErrorIs(t, err, safekeeping.ErrLacking, "a backup that could not be used is not made")
	dbtest.Exec(t, s.Database, "UPDATE goose_db_version SET version_id = version_id + 1 WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
	_, err = safekeeping.Make(t.Context(), safekeeping.Source{Database: db.Options{URL: s.Database}, EncryptionKeys: s.Key, Now: time.Now}, t.TempDir())
	require.ErrorIs(t, err, db.ErrNotCurrent)
}

// The keys are in the file only where that was asked for.
func TestKeysAreInTheFileWhenAsked(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	for _, with := range []bool{false, true} {
		m := made(t, s.Database, s.Key, with)
		keys, err := opened(t, m.File).EncryptionKeys()
		require.NoError(t, err)
		require.Equal(t, map[bool]string{true: s.Key}[with], keys)
		require.Equal(t, []string{"k1"}, m.Keys)
	}
}

// A database that other means restored is told so: files of a moment, or a dump in a server that counts from the beginning.
func TestARestoreByOtherMeans(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	now := time.Now()
	m := made(t, s.Database, s.Key, false)
	copied := empty(t, dbtest.PostgreSQL17) // a young server: its own transactions are behind those of the rows
	_, err := opened(t, m.File).Restore(t.Context(), safekeeping.Target{Database: copied, EncryptionKeys: s.Key, Now: now, NothingLost: true})
	require.NoError(t, err)
	dbtest.Exec(t, copied.URL, "CREATE OR REPLACE FUNCTION koppel_change_start() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 0::bigint; SET session_replication_role = replica; UPDATE sales SET changed = 900000000000; DELETE FROM encryption_keys")
	before := dbtest.One(t, copied.URL, "SELECT last_value::text FROM sales_id_seq")
	_, err = safekeeping.Declare(t.Context(), copied, now.Add(time.Hour), now)
	require.ErrorContains(t, err, "yet to come")
	dbtest.Exec(t, copied.URL, "INSERT INTO encryption_keys (name, proof, seen_at) VALUES ('k1', '', now())")
	_, err = safekeeping.Declare(t.Context(), copied, now.Add(-time.Hour), now)
	require.ErrorIs(t, err, safekeeping.ErrAtWork)
	dbtest.Exec(t, copied.URL, "UPDATE encryption_keys SET seen_at = now() - interval '2 minutes'")
	r, err := safekeeping.Declare(t.Context(), copied, now.Add(-time.Hour), now)
	require.NoError(t, err)
	require.Equal(t, m.Counts, r.Counts)
	for _, holds := range []string{
		"SELECT (koppel_change_horizon() > 900000000000 + 500000000)::text FROM sales LIMIT 1",
		"SELECT (sales_to = " + before + " AND change_from BETWEEN 900000000000 AND 900000000100)::text FROM restorations",
		"SELECT (nextval('sales_id_seq') > " + before + " + 500000)::text",
	} {
		require.Equal(t, "true", dbtest.One(t, copied.URL, holds), holds)
	}
}

// Of a folder's backups the newest stay; what has another name is somebody else's.
func TestOlderBackupsGo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"koppel-20260103-000000.backup", "koppel-20260101-000000.backup", "koppel-20260102-120000.backup", "koppel-before-upgrade.backup", "notes"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	require.NoError(t, safekeeping.RemoveOlder(folder, 2))
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	require.Equal(t, []string{"koppel-20260102-120000.backup", "koppel-20260103-000000.backup", "koppel-before-upgrade.backup", "notes"}, left)
}

// A cursor of before the backup goes on; one of the time that is lost begins anew, and one of after the restore goes on again.
func TestCursorsAcrossARestore(t *testing.T) {
	t.Parallel()
	s, _ := shop(t)
	read := func(on *services.Services, database string, from service.Cursor) (next service.Cursor, products int, full bool) {
		dbtest.UntilReadable(t, database)
		page, next, _, full, err := on.Catalogue.ProductChanges(t.Context(), s.Agent, from)
		require.NoError(t, err)
		return next, len(page), full
	}
	before, _, _ := read(s.Services, s.Database, service.Cursor{})
	m := made(t, s.Database, s.Key, false)
	_, err := s.Catalogue.GrantProducts(t.Context(), s.Owner, s.Organisation, []int64{})
	require.NoError(t, err)
	lost, _, _ := read(s.Services, s.Database, before)
	target := empty(t, dbtest.Installed)
	_, err = opened(t, m.File).Restore(t.Context(), safekeeping.Target{Database: target, EncryptionKeys: s.Key, Now: time.Now()})
	require.NoError(t, err)
	keys, err := vault.New(s.Key)
	require.NoError(t, err)
	restored := services.New(service.Kernel{Store: dbtest.Open(t, target.URL), Vault: keys, Transport: salesdock.NewTransport(nil, nil), Now: time.Now})
	_, products, full := read(restored, target.URL, before)
	require.Zero(t, products)
	require.False(t, full)
	after, products, full := read(restored, target.URL, lost)
	require.Equal(t, 1, products, "what the lost time took away is there again")
	require.True(t, full)
	_, err = restored.Catalogue.GrantProducts(t.Context(), s.Owner, s.Organisation, []int64{})
	require.NoError(t, err)
	for _, cursor := range []service.Cursor{before, after} {
		_, products, full = read(restored, target.URL, cursor)
		require.Equal(t, 1, products)
		require.False(t, full)
	}
}
