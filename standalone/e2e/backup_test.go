package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// backedUp are two links of one standalone that is backed up: to a stock account, and to a Koppel elsewhere.
type backedUp struct {
	t      *testing.T
	folder string
	args   []string
	runs   *standalone
	links  map[*link]int // with how many were sold
	stock  stockLink
	koppel *link
}

func newBackedUp(t *testing.T) *backedUp {
	t.Helper()
	elsewhere := startStandalone(t, dataFolder(t)).deployment()
	b := &backedUp{t: t, folder: dataFolder(t), args: []string{"--listen", freeAddress(t), "--partner-hosts", "127.0.0.1", "--look-after", "15s"}}
	b.runs = startStandalone(t, b.folder, b.args...)
	d := b.runs.deployment()
	b.koppel = linkBetween(d, elsewhere.environment("provider"), d.environment("reseller"), 1, elsewhere.base)
	b.koppel.goes(1)
	b.stock = stockLinkOf(t, d, "verkoper", 1, func(partner http.Handler) http.Handler { return partner })
	b.links = map[*link]int{b.koppel: 0, b.stock.link: 0}
	return b
}

func (b *backedUp) sell(l *link) int64 {
	b.links[l]++
	return l.sell(b.links[l])
}

func (b *backedUp) all(what string) {
	b.t.Helper()
	for l := range b.links {
		l.reseller.post(l.path("/"+what), nil)
	}
}

// arrived waits until every sale that an environment has is at its partner.
func (b *backedUp) arrived(l *link) int {
	b.t.Helper()
	total := func() int { return int(l.reseller.get("account/sales").(object)["total"].(float64)) }
	l.eventually("every sale is at its partner", func() bool { return l.forwardings("forwarded") == total() })
	return total()
}

// What waits in a backup goes to its partner after it was made. The backup is restored on an empty machine and started: every sale that was
// accepted before it is there, none is twice at a partner, and what is sold after that goes.
func TestNothingGoesTwiceAfterARestore(t *testing.T) {
	t.Parallel()
	b := newBackedUp(t)
	accepted := map[*link][]int64{}
	for l := range b.links {
		accepted[l] = append(accepted[l], b.sell(l))
		b.arrived(l)
	}
	b.all("pause")
	for range 5 {
		for l := range b.links {
			accepted[l] = append(accepted[l], b.sell(l))
		}
	}
	made := make(chan string)
	go func() {
		output, err := command(b.folder, nil, "backup", "--data", ".koppel", "--to", "last.backup", "--json")
		if err != nil {
			output = err.Error() + output
		}
		made <- output
	}()
	var said string
	for said == "" { // sold while it is made
		select {
		case said = <-made:
		default:
			b.sell(b.koppel)
			b.sell(b.stock.link)
		}
	}
	var backup struct{ Counts struct{ Sales int } }
	require.NoError(t, json.Unmarshal([]byte(said), &backup), said)
	require.GreaterOrEqual(t, backup.Counts.Sales, 12)
	b.all("resume")
	for l := range b.links {
		require.Equal(t, b.links[l], b.arrived(l))
	}
	b.restored()
	for l, ids := range accepted {
		for _, id := range ids {
			l.reseller.get(fmt.Sprintf("account/sales/%d", id))
		}
	}
	b.all("resume")
	require.Equal(t, backup.Counts.Sales, b.arrived(b.koppel)+b.arrived(b.stock.link))
	require.Equal(t, b.links[b.stock.link], b.stock.onceEach(), "all of them went before, and none went again")
	b.koppel.requireNoneTwice(b.links[b.koppel])
	for l := range b.links {
		b.sell(l)
		b.arrived(l)
	}
	require.Equal(t, b.links[b.stock.link], b.stock.onceEach())
	b.koppel.requireNoneTwice(b.links[b.koppel])
}

// restored loses the machine, and restores its backup on another one.
func (b *backedUp) restored() {
	b.t.Helper()
	lost := b.folder
	b.folder = dataFolder(b.t)
	b.runs.stop(syscall.SIGKILL)
	output, err := command(b.folder, []string{"KOPPEL_ENCRYPTION_KEYS_FILE=" + filepath.Join(lost, ".koppel/encryption-keys")}, "restore", "--data", ".koppel", "--from", filepath.Join(lost, "last.backup"))
	require.NoError(b.t, err, output)
	b.runs = startStandalone(b.t, b.folder, b.args...)
}

// A restore that cannot be done is refused in words, and leaves nothing. A drill tries the last backup beside what runs.
func TestABackupIsTried(t *testing.T) {
	t.Parallel()
	folder := dataFolder(t)
	s := startStandalone(t, folder, "--demo=static")
	s.seeded()
	refused := func(says string, env []string, args ...string) {
		output, err := command(folder, env, args...)
		require.Error(t, err)
		require.Contains(t, output, says)
	}
	refused("no backup was made yet", nil, "drill", "--data", ".koppel")
	refused("nothing of koppel-standalone", nil, "backup", "--data", "nowhere", "--to", "x.backup")
	output, err := command(folder, nil, "backup", "--data", ".koppel", "--to", "x.backup")
	require.NoError(t, err, output)
	require.Contains(t, output, "are not in it")
	output, err = command(folder, nil, "drill", "--data", ".koppel", "--json")
	require.NoError(t, err, output)
	var found struct {
		Counts struct{ Environments, Products, Sales int }
		Opened int
	}
	require.NoError(t, json.Unmarshal([]byte(output), &found), output)
	require.Equal(t, 2, found.Counts.Environments)
	require.Greater(t, found.Counts.Sales, 9)
	require.Greater(t, found.Opened, 2)
	_, err = os.Stat(filepath.Join(folder, ".koppel/drill"))
	require.ErrorIs(t, err, os.ErrNotExist)
	refused("is of a folder", nil, "backup", "--data", ".koppel", "--to", "x.backup", "--keep", "2")
	require.NoError(t, os.Mkdir(filepath.Join(folder, "kept"), 0o700))
	for range 3 {
		output, err := command(folder, nil, "backup", "--data", ".koppel", "--to", "kept", "--keep", "1", "--with-keys")
		require.NoError(t, err, output)
		require.Contains(t, output, "THE ENCRYPTION KEYS ARE IN IT")
	}
	kept, err := filepath.Glob(filepath.Join(folder, "kept/*"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	output, err = command(folder, nil, "restore", "--data", "whole", "--from", kept[0])
	require.NoError(t, err, output)
	keys := []string{"KOPPEL_ENCRYPTION_KEYS_FILE=.koppel/encryption-keys"}
	refused("is not empty", keys, "restore", "--data", ".koppel", "--from", "x.backup")
	refused("encryption keys", nil, "restore", "--data", "other", "--from", "x.backup")
	whole, err := os.ReadFile(filepath.Join(folder, "x.backup"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cut.backup"), whole[:len(whole)-100], 0o600))
	refused("no whole backup", keys, "restore", "--data", "other", "--from", "cut.backup")
	refused("no whole backup", nil, "drill", "--data", ".koppel", "--from", "cut.backup")
	_, err = os.Stat(filepath.Join(folder, "other"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Data of another version of PostgreSQL says what to do, and a command does it: to a newer one, and back.
func TestDataOfAnotherPostgreSQL(t *testing.T) {
	t.Parallel()
	folder := dataFolder(t)
	require.NoError(t, os.CopyFS(filepath.Join(folder, "17"), os.DirFS(dbtest.Programs(t, dbtest.PostgreSQL17)))) // PostgreSQL's user can enter
	version := func() string {
		text, err := os.ReadFile(filepath.Join(folder, ".koppel/postgres/data/PG_VERSION"))
		require.NoError(t, err)
		return strings.TrimSpace(string(text))
	}
	s := startStandalone(t, folder)
	c := s.deployment().environment("acme")
	product := id(c.post("account/products", energyProduct(1)))
	installed := version()
	require.NotEqual(t, "17", installed, "the system has another version than the one that comes for tests")
	starts := func(args ...string) {
		s = startStandalone(t, folder, args...)
		c.base = s.ready.API
		require.Equal(t, "Stroom 1", c.get(fmt.Sprintf("account/products/%d", product)).(object)["name"])
	}
	refused := func(made string, args ...string) {
		output, err := command(folder, nil, append([]string{"--data", ".koppel", "--listen", "127.0.0.1:0", "--temporal-listen", "127.0.0.1:0", "--temporal-ui", "127.0.0.1:0"}, args...)...)
		require.Error(t, err)
		require.Contains(t, output, "made by PostgreSQL "+made)
		require.Contains(t, output, "the package postgresql-"+made)
		require.Contains(t, output, "upgrade-data")
	}
	newer := []string{"--postgres-programs", "17/bin"}
	output, err := command(folder, nil, append([]string{"upgrade-data", "--data", ".koppel"}, newer...)...)
	require.Error(t, err)
	require.Contains(t, output, "another koppel-standalone runs", "not while it runs")
	s.stop(syscall.SIGTERM)
	refused(installed, newer...)
	output, err = command(folder, nil, append([]string{"upgrade-data", "--data", ".koppel"}, newer...)...)
	require.NoError(t, err, output)
	require.Equal(t, "17", version())
	starts(newer...)
	c.post("account/products", energyProduct(2))
	s.stop(syscall.SIGTERM)
	refused("17")
	output, err = command(folder, nil, "upgrade-data", "--data", ".koppel")
	require.Error(t, err)
	require.Contains(t, output, "--old-programs")
	output, err = command(folder, nil, "upgrade-data", "--data", ".koppel", "--old-programs", "17/bin")
	require.NoError(t, err, output)
	require.Equal(t, installed, version())
	starts()
	require.Len(t, rows(c.get("account/products")), 2)
	require.Greater(t, id(c.post("account/products", energyProduct(3))), product)
}
