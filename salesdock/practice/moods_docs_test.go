package practice_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/salesdock/practice"
)

// expand gives the names that one with {a,b} in it stands for.
func expand(name string) (names []string) {
	before, rest, found := strings.Cut(name, "{")
	if !found {
		return []string{name}
	}
	choices, after, _ := strings.Cut(rest, "}")
	for _, choice := range strings.Split(choices, ",") {
		names = append(names, expand(before+choice+after)...)
	}
	return names
}

// Each mood is in the documentation of what a partner does wrong, and each that is named there exists.
func TestTheDocumentationNamesEachMood(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## What a partner does wrong, and what to do\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			documented = append(documented, expand(name[1])...)
		}
	}
	var known []string
	for _, mood := range practice.All() {
		known = append(known, mood.Name)
	}
	slices.Sort(documented)
	slices.Sort(known)
	require.Equal(t, known, documented)
}
