package cli_test

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"koppel/cli"
	"koppel/db"
	"koppel/db/dbtest"
	"koppel/server/servicetest"
	"koppel/states"
)

// audited demands that the last line of the audit log of a kind is an operator's, and nobody else's.
func (o operator) audited(entity, action string) {
	o.t.Helper()
	log, err := o.w.AuditLog(o.t.Context(), o.w.Owner, entity)
	require.NoError(o.t, err)
	require.NotEmpty(o.t, log)
	require.Equal(o.t, action, log[0].Action)
	require.NotNil(o.t, log[0].Operator)
	require.Nil(o.t, log[0].UserID)
}

// Users from the command line: what it does is in the audit log as an operator's, and what it cannot do it says.
func TestUsersOnTheCommandLine(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	o := at(t, w)
	its := []string{"--account", "acme", "--email", "jan@acme.example"}
	with := func(command ...string) []string { return append(command, its...) }

	o.refused("--print-link", with("user", "create", "--role", "admin")...)
	link := o.does(with("user", "create", "--role", "admin", "--firstname", "Jan", "--print-link")...)
	require.Regexp(t, `(?m)^http://us\.example/\S+$`, link)
	o.audited("user", "invite")
	o.refused("role", "user", "create", "--account", "acme", "--email", "x@acme.example", "--role", "koning", "--print-link")
	o.refused("koppel environment list", "user", "list", "--account", "nergens")
	o.refused("koppel user list --account acme", "user", "disable", "--account", "acme", "--email", "niemand@acme.example")

	var users []struct {
		Email  string
		Active bool
		None   bool `json:"has_no_password"`
	}
	o.reads(&users, "user", "list", "--account", "acme")
	require.Len(t, users, 2)
	require.Equal(t, "jan@acme.example", users[1].Email)
	require.True(t, users[1].Active && users[1].None)

	dbtest.Exec(t, w.Database, "INSERT INTO sessions (environment_id, hash, user_id, created_at, seen_at) SELECT environment_id, 'x', id, now(), now() FROM users WHERE email = 'jan@acme.example'")
	require.Contains(t, o.does(with("user", "end-sessions")...), "signed out of 1 sessions")
	o.audited("user", "end_sessions")
	o.does(with("user", "disable")...)
	o.audited("user", "switch_off")
	require.Contains(t, o.does(with("user", "disable")...), "already")
	o.refused("koppel user enable", with("user", "reset-password", "--print-link")...)
	o.does(with("user", "enable")...)
	o.audited("user", "switch_on")
	o.refused("owner", "user", "disable", "--account", "acme", "--email", "owner@acme.example")

	require.Equal(t, "0", dbtest.One(t, w.Database, "SELECT count(*) FROM mails"), "no mail server is set, and what is printed is not mailed")
	var reset struct {
		Link   string
		Mailed bool
	}
	mail := []string{"--smtp-url", "smtp://127.0.0.1:1", "--mail-from", "koppel@us.example"}
	o.reads(&reset, append(with("user", "reset-password", "--print-link"), mail...)...)
	require.Regexp(t, `^http://us\.example/`, reset.Link)
	require.Equal(t, "0", dbtest.One(t, w.Database, "SELECT count(*) FROM mails"))
	require.Contains(t, o.does(append(with("user", "reset-password"), mail...)...), "mailed to jan@acme.example")
	require.Equal(t, "1", dbtest.One(t, w.Database, "SELECT count(*) FROM mails WHERE kind = 'invitation'"))
	o.audited("user", "invite")

	require.Regexp(t, `^kpl_`, o.does(with("token", "create")...))
	require.Equal(t, "create", dbtest.One(t, w.Database, "SELECT action FROM audit_log WHERE entity = 'token' AND operator IS NOT NULL"))
}

// Environments are listed, and one that is made says by whom.
func TestEnvironmentsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	o := at(t, w)
	o.does("environment", "create", "--account", "zonwijs", "--name", "Zonwijs", "--owner-email", "o@zonwijs.example")
	require.Equal(t, "1", dbtest.One(t, w.Database, "SELECT count(*) FROM audit_log WHERE entity = 'environment' AND action = 'create' AND operator IS NOT NULL"))
	o.refused("already", "environment", "create", "--account", "zonwijs", "--name", "Zonwijs", "--owner-email", "o@zonwijs.example")
	var list []struct {
		Account string
		Users   int `json:"active_users"`
	}
	o.reads(&list, "environment", "list")
	require.Len(t, list, 2)
	require.Equal(t, "zonwijs", list[1].Account)
	require.Equal(t, 1, list[1].Users)
	require.Contains(t, o.does("environment", "list"), "zonwijs")
}

// Sales that are stuck are counted by reason; one of them is looked at again as by the button.
func TestStuckSalesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	o := at(t, s.World)
	require.Contains(t, o.does("sales", "stuck"), "Nothing is stuck.")
	link := s.Link()
	sale, other := s.Sell(s.Owner, link.Product), s.Sell(s.Agent, s.Product)
	f := s.Forwarding(link, sale)
	s.Tx(func(tx *db.Tx) error {
		_, err := tx.ForwardingRelease(t.Context(), db.ForwardingReleaseParams{EnvironmentID: f.EnvironmentID, ID: f.ID, State: states.ForwardingActionRequired, Cause: states.ReasonRejected, Problems: f.Problems, Now: s.Now()})
		return err
	})
	var stuck []struct {
		Account, Standing, Reason string
		Sales                     int
		First                     int64 `json:"first_sale_id"`
	}
	o.reads(&stuck, "sales", "stuck", "--account", "acme")
	require.Len(t, stuck, 1)
	require.Equal(t, "person", stuck[0].Standing)
	require.Equal(t, string(states.ReasonRejected), stuck[0].Reason)
	require.Equal(t, sale, stuck[0].First)
	require.Contains(t, o.does("sales", "stuck"), "partner_rejected")

	before := dbtest.One(t, s.Database, "SELECT count(*) FROM outbox WHERE kind = 'forwarding' AND signal = 'look-again'")
	require.Contains(t, o.does("sales", "retry", "--account", "acme", "--sale", strconv.FormatInt(sale, 10)), "1 forwardings")
	o.audited("forwarding", "retry")
	require.NotEqual(t, before, dbtest.One(t, s.Database, "SELECT count(*) FROM outbox WHERE kind = 'forwarding' AND signal = 'look-again'"))
	_, complaint, code := o.run("sales", "retry", "--account", "acme", "--sale", strconv.FormatInt(other, 10))
	require.Equal(t, 1, code)
	require.NotContains(t, complaint, "sale_no_integration", "it is said in words")
	o.refused("koppel:", "sales", "retry", "--account", "acme", "--sale", "99999")
}

// Every command that `koppel --help` lists is in the table of docs/operations.md, and no other.
func TestEveryCommandIsInTheDocuments(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	parser, err := cli.Program{Name: "koppel", Commands: &cli.Commands{}, PartnerRate: 1}.Parser(kong.Writers(&help, &help), kong.Exit(func(int) {}))
	require.NoError(t, err)
	_, _ = parser.Parse([]string{"--help"})
	_, list, found := strings.Cut(help.String(), "Commands:\n")
	require.True(t, found, help.String())
	var commands []string
	for _, line := range regexp.MustCompile(`(?m)^  ([a-z-]+(?: [a-z][a-z-]*)*)`).FindAllStringSubmatch(list, -1) {
		commands = append(commands, line[1])
	}
	require.Greater(t, len(commands), 15)
	document, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(document), "\n## Commands\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var described []string
	for _, row := range regexp.MustCompile("(?m)^\\| `koppel ([a-z-]+(?: [a-z][a-z-]*)*)").FindAllStringSubmatch(section, -1) {
		described = append(described, row[1])
	}
	require.ElementsMatch(t, commands, described)
}
