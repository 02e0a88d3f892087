package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/internal/mailer/smtptest"
	"koppel/internal/vault"
	"koppel/server/servicetest"
)

// Of each part that is not there, or not as it should be, doctor says which and what to do, never a secret, and goes on to the
// next part where it can.
func TestDoctorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	s.Link() // its token is sealed
	o, mails := at(t, s.World), smtptest.New(t)
	o.does("token", "create", "--account", "acme", "--email", "owner@acme.example")
	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"Temporal is away":          {nil, []string{"wrong  Temporal at 127.0.0.1:1", "TEMPORAL_ADDRESS", "ok     no mail server is set"}},
		"a mail server":             {[]string{"--smtp-url", mails.URL, "--mail-from", "koppel@acme.example"}, []string{"ok     the mail server"}},
		"a mail server that is not": {[]string{"--smtp-url", "smtp://jan:geheim@127.0.0.1:1", "--mail-from", "koppel@acme.example"}, []string{"wrong  the mail server", "KOPPEL_SMTP_URL"}},
		"mail from nobody":          {[]string{"--smtp-url", mails.URL}, []string{"wrong  the mail server", "KOPPEL_MAIL_FROM"}},
		"no address":                {[]string{"--smtp-url", "smtp://jan:geheim@%zz", "--mail-from", "koppel@acme.example"}, []string{"wrong  the mail server"}},
		"no database":               {[]string{"--database-url", "postgres://jan:geheim@127.0.0.1:1/koppel"}, []string{"wrong  database", "DATABASE_URL"}},
		"other keys":                {[]string{"--encryption-keys", vault.NewKey("k1")}, []string{"wrong  encryption keys fit the database", "put the key back"}},
		"keys that are none":        {[]string{"--encryption-keys", "geheim"}, []string{"wrong  encryption keys are readable", "id:base64 of 32 bytes"}},
	} {
		said, complaint, code := o.run(append([]string{"doctor", "--temporal-address", "127.0.0.1:1"}, c.args...)...)
		require.Equal(t, 1, code, name)
		for _, says := range c.says {
			require.Contains(t, said, says, name)
		}
		require.NotContains(t, said+complaint, "geheim", name)
	}
}
