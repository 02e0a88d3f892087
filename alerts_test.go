package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever an alert wakes finds a line on what to do, and no line is of an alert that there is not.
func TestEveryAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	names := func(path, pattern string) (list []string) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
			list = append(list, string(found[1]))
		}
		return list
	}
	alerts := names("deploy/prometheus/koppel.rules.yml", `(?m)^ +- alert: (\w+)$`)
	require.Greater(t, len(alerts), 15)
	require.Equal(t, alerts, names("docs/operations.md", "(?m)^\\| `(Koppel\\w+)` \\| .{20,} \\|$"), "in the order of the rules")
}
