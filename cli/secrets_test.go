package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/cli"
	"koppel/internal/config"
)

// Every secret may be in a file, and then it is what the file says, without the end of its line.
func TestSecretsFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("se/cr@t:%\n"), 0o600))
	names := []string{"DATABASE_URL", "KOPPEL_DATABASE_DIRECT_URL", "KOPPEL_DATABASE_PASSWORD", "KOPPEL_ENCRYPTION_KEYS", "KOPPEL_SMTP_URL"}
	for _, name := range names {
		t.Setenv(name, "")
		t.Setenv(name+"_FILE", file)
	}
	var commands cli.Commands
	program := cli.Program{Name: "koppel", Commands: &commands, Config: func() *config.Config { return &commands.Config }, PartnerRate: 1}
	require.Zero(t, cli.Main(program, []string{"version"}))
	c := commands.Config
	for _, secret := range []config.Secret{c.DatabaseURL, c.DatabaseDirectURL, c.DatabasePassword, c.EncryptionKeys, c.SMTPURL} {
		require.Equal(t, "se/cr@t:%", string(secret))
	}
	require.Zero(t, cli.Main(program, []string{"version", "--database-password", "typed"}))
	require.Equal(t, "typed", string(commands.DatabasePassword), "what is typed counts first")
}
