package config_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/internal/config"
)

func valid() config.Config {
	c := config.Config{EncryptionKeys: "k1:x", Listen: "127.0.0.1:8080", PartnerRate: 1, WorkerConcurrency: 1}
	c.DatabaseURL = "postgres://koppel@localhost/koppel"
	return c
}

// An age is a number of days, and the audit log keeps its last month whatever is asked.
func TestAges(t *testing.T) {
	t.Parallel()
	for _, good := range []int{0, 31, 4000} {
		c := valid()
		c.StopTimeout = 1 << 40
		c.KeepAudit, c.KeepRuns = good, good
		require.NoError(t, c.Check(), good)
	}
	for _, bad := range []config.Retention{{KeepRuns: -1}, {KeepAudit: 30}, {KeepAudit: -1}, {KeepConcepts: -1}} {
		c := valid()
		c.StopTimeout = 1 << 40
		c.Retention = bad
		require.ErrorContains(t, c.Check(), "KOPPEL_KEEP_", "%+v", bad)
	}
}

// A secret never prints itself, the new ones as little as the old.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	c := valid()
	c.DatabasePassword, c.DatabaseDirectURL = "geheim", "postgres://koppel:geheim@localhost/koppel"
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, c), "geheim")
}
