package cli_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/cli"
	"koppel/db/dbtest"
	"koppel/internal/config"
	"koppel/internal/vault"
	"koppel/server/servicetest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// operator is somebody at the command line of a deployment.
type operator struct {
	t    *testing.T
	w    *servicetest.World
	keys string
}

func at(t *testing.T, w *servicetest.World) operator {
	t.Helper()
	return operator{t, w, w.Key}
}

// run runs a command, and gives what it printed, what it complained of, and its exit code.
func (o operator) run(args ...string) (said, complaint string, code int) {
	o.t.Helper()
	var out, errs bytes.Buffer
	var commands cli.Commands
	program := cli.Program{Name: "koppel", Commands: &commands, Config: func() *config.Config { return &commands.Config }, RequestsPerMinute: 120, PartnerRate: 1, Out: &out, Err: &errs}
	code = cli.Main(program, append([]string{"--database-url", o.w.Database, "--encryption-keys", o.keys, "--public-url", "http://us.example", "--log-level", "error"}, args...))
	return out.String(), errs.String(), code
}

// does demands that a command succeeds.
func (o operator) does(args ...string) string {
	o.t.Helper()
	said, complaint, code := o.run(args...)
	require.Zero(o.t, code, complaint)
	return said
}

// reads demands that a command succeeds, and reads the JSON that it prints.
func (o operator) reads(into any, args ...string) {
	o.t.Helper()
	require.NoError(o.t, json.Unmarshal([]byte(o.does(append(args, "--json")...)), into))
}

// refused demands that a command fails, and says this.
func (o operator) refused(complaint string, args ...string) {
	o.t.Helper()
	_, said, code := o.run(args...)
	require.Equal(o.t, 1, code)
	require.Contains(o.t, said, complaint)
}

// The steps of docs/operations.md, one after the other: with the new key behind the old one, in front of it, and alone.
func TestKeysAreRotatedToTheEnd(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	s.Link()
	o, fresh := at(t, s.World), vault.NewKey("k2")
	o.does("token", "create", "--account", "acme", "--email", "owner@acme.example")
	doctor := func(keys string) string {
		o.keys = keys
		said, _, _ := o.run("doctor", "--temporal-address", "127.0.0.1:1") // Temporal is no matter here
		return said
	}
	require.Contains(t, doctor(s.Key), "ok     sealed with key k1: 4 rows, which seals from now on")
	require.Contains(t, doctor(s.Key+","+fresh), "ok     nothing is sealed with key k2")
	require.Contains(t, doctor(fresh+","+s.Key), "ok     sealed with key k1: 4 rows; run koppel keys rotate")
	dbtest.Exec(t, s.Database, "UPDATE encryption_keys SET seen_at = now() - interval '2 minutes'") // every process was restarted a while ago
	o.keys = fresh + "," + s.Key
	var done struct {
		Key       string
		Removable []string
		Sealed    []struct {
			Kind   string
			Sealed int64
		}
	}
	o.reads(&done, "keys", "rotate")
	require.Equal(t, "k2", done.Key)
	require.Equal(t, []string{"k1"}, done.Removable)
	sum := int64(0)
	for _, kind := range done.Sealed {
		sum += kind.Sealed
	}
	require.EqualValues(t, 4, sum)
	require.Contains(t, o.does("keys", "rotate"), "Nothing is with k1 any more: it can be removed")
	require.Contains(t, doctor(fresh+","+s.Key), "ok     nothing is sealed with key k1 any more: it can be removed")
	require.Contains(t, doctor(fresh), "ok     sealed with key k2: 4 rows")
	o.keys = fresh
	o.does("token", "create", "--account", "acme", "--email", "owner@acme.example")
	o.keys = s.Key
	o.refused("KOPPEL_ENCRYPTION_KEYS: the encryption keys lack k2", "token", "create", "--account", "acme", "--email", "owner@acme.example")
}
