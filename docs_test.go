package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A test, a fuzzer or a benchmark that a document names is there: what is claimed is held.
func TestDocumentsNameTestsThatAre(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for path, text := range files(t, ".go") {
		if strings.HasSuffix(path, "_test.go") {
			all.WriteString(text)
		}
	}
	named := 0
	for document, text := range files(t, ".md") {
		for _, name := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`").FindAllStringSubmatch(text, -1) {
			named++
			require.Contains(t, all.String(), "func "+name[1]+"(", "%s names it", document)
		}
	}
	require.Greater(t, named, 30)
}

// `make fuzz` runs every fuzzer that there is.
func TestEveryFuzzerIsRun(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	_, run, _ := strings.Cut(string(makefile), "for target in ")
	fuzzers := 0
	for path, text := range files(t, ".go") {
		for _, name := range regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\)`).FindAllStringSubmatch(text, -1) {
			fuzzers++
			require.Regexp(t, regexp.QuoteMeta(filepath.ToSlash(filepath.Dir(path))+":"+name[1])+`[ ;]`, run)
		}
	}
	require.Greater(t, fuzzers, 10)
}
