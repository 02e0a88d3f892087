package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/words"
)

// files gives every file of ours, by its address from here.
func files(t *testing.T, extension string) map[string]string {
	t.Helper()
	list := map[string]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "bin" || entry.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != extension {
			return nil
		}
		text, err := os.ReadFile(path)
		list[filepath.ToSlash(path)] = string(text)
		return err
	}))
	return list
}

// sources gives every file of ours that is not a test.
func sources(t *testing.T, extension string) map[string]string {
	t.Helper()
	list := files(t, extension)
	maps.DeleteFunc(list, func(path, _ string) bool { return strings.HasSuffix(path, "_test.go") })
	return list
}

// written gives every file that is written by hand, tests and views too.
func written(t *testing.T) map[string]string {
	t.Helper()
	list := files(t, ".go")
	maps.DeleteFunc(list, func(path, _ string) bool {
		return strings.HasPrefix(path, "db/dbsqlc/") || strings.HasSuffix(path, "_templ.go")
	})
	maps.Copy(list, files(t, ".templ"))
	return list
}

// tables are what is long because it is one list of rows, which is read row by row.
var tables = map[string]string{
	"server/admin/locale/english.go": "the words of the interface, a sentence a line",
	"db/types.go":                    "the names of what sqlc generates, a line each",
	"server/admin/routes.go Routes":  "the table of pages and actions, with who may",
	"server/api/routes.go Routes":    "the table of operations, with who may",

	"activities/errors_test.go TestClassify":                            "a row for every row of the table of errors",
	"linking/drift_test.go TestDrift":                                   "a row for every kind of change",
	"linking/formats_test.go TestKnownForms":                            "a row for every way to write a number",
	"salesdock/rows_test.go TestOddValues":                              "a row for every odd value",
	"server/api/api_test.go TestEveryFailureIsInTheContractsShape":      "a row for every failure",
	"server/api/bad_input_test.go TestBadInputIsExplained":              "a row for everything that cannot be taken",
	"server/api/documented_errors_test.go TestWhatSomeOperationsRefuse": "a row for every refusal",
}

// What is written fits: a file in 400 lines, a function or a component of a view in 60. What does not is a table, and one
// that fits again is none.
func TestFilesAndFunctionsAreShort(t *testing.T) {
	t.Parallel()
	long := map[string]int{}
	functions := 0
	for path, text := range written(t) {
		if lines := strings.Count(text, "\n"); lines > 400 {
			long[path] = lines
		}
		for name, lines := range functionLines(t, path, text) {
			functions++
			if lines > 60 {
				long[path+" "+name] = lines
			}
		}
	}
	require.Greater(t, functions, 2000)
	for what, lines := range long {
		require.Contains(t, tables, what, "%d lines: cut it by meaning", lines)
	}
	for what := range tables {
		require.Contains(t, long, what, "it fits: take it out of the tables")
	}
}

// component finds the components and functions of a view: each begins and ends at the beginning of a line.
var component = regexp.MustCompile(`(?ms)^(?:templ|func) (?:\([^)]*\) )?(\w+)[^\n]*\{\n.*?^}`)

// functionLines counts the lines of each function; of two methods of a name, the longer one's.
func functionLines(t *testing.T, path, text string) map[string]int {
	t.Helper()
	lines := map[string]int{}
	if filepath.Ext(path) == ".templ" {
		for _, found := range component.FindAllStringSubmatch(text, -1) {
			lines[found[1]] = strings.Count(found[0], "\n") + 1
		}
		return lines
	}
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, path, text, 0)
	require.NoError(t, err)
	for _, declared := range file.Decls {
		if function, is := declared.(*ast.FuncDecl); is {
			name := function.Name.Name
			lines[name] = max(lines[name], positions.Position(function.End()).Line-positions.Position(function.Pos()).Line+1)
		}
	}
	return lines
}

// A query that nothing calls is taken out, also one that only tests call.
func TestEveryQueryIsUsed(t *testing.T) {
	t.Parallel()
	called := map[string]bool{}
	for path, text := range sources(t, ".go") {
		if strings.HasPrefix(path, "db/dbsqlc/") {
			continue
		}
		for _, call := range regexp.MustCompile(`\.(\w+)\b`).FindAllStringSubmatch(text, -1) {
			called[call[1]] = true
		}
	}
	queries := 0
	for path, text := range sources(t, ".sql") {
		for _, query := range regexp.MustCompile(`(?m)^-- name: (\w+) `).FindAllStringSubmatch(text, -1) {
			queries++
			require.True(t, called[query[1]], "nothing calls %s of %s", query[1], path)
		}
	}
	require.Greater(t, queries, 100)
}

// A refusal is a kind of the domain. Its status is httperr's, and what a partner answered is salesdock's.
func TestTheServiceKnowsNoHTTP(t *testing.T) {
	t.Parallel()
	seen := 0
	for path, text := range sources(t, ".go") {
		if !strings.HasPrefix(path, "server/service/") {
			continue
		}
		seen++
		parsed, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range parsed.Imports {
			require.NotContains(t, spec.Path.Value, "net/http", path)
		}
	}
	require.Greater(t, seen, 30)
}

// What a refusal says is a sentence of words: its key is one, and what is filled in is no sentence by itself.
func TestSentencesAreWords(t *testing.T) {
	t.Parallel()
	keyAt := map[string]int{"Refuse": 1, "Conflict": 0, "Invalid": 1}
	sentence := regexp.MustCompile(`[a-z]+ [a-z]+ [a-z]+`)
	said := 0
	for path, text := range sources(t, ".go") {
		if !strings.HasPrefix(path, "server/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			call, is := node.(*ast.CallExpr)
			if !is {
				return true
			}
			at, refuses := keyAt[called(call)]
			for i, argument := range call.Args {
				literal, is := argument.(*ast.BasicLit)
				if !refuses || !is || i < at {
					continue
				}
				value := strings.Trim(literal.Value, `"`)
				if i == at {
					said++
					require.Contains(t, words.Keys(), value, path)
				}
				require.NotRegexp(t, sentence, value, path)
			}
			return true
		})
	}
	require.Greater(t, said, 80)
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// The table of layers in docs/architecture.md names every package, and what of ours it imports.
func TestTheTableOfLayersIsTheImports(t *testing.T) {
	t.Parallel()
	imports := map[string][]string{}
	for path, text := range sources(t, ".go") {
		parsed, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		require.NoError(t, err)
		folder := filepath.ToSlash(filepath.Dir(path))
		if imports[folder] == nil {
			imports[folder] = []string{}
		}
		for _, spec := range parsed.Imports {
			if ours, is := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), "koppel/"); is && !slices.Contains(imports[folder], ours) {
				imports[folder] = append(imports[folder], ours)
			}
		}
	}
	document, err := os.ReadFile("docs/architecture.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(document), "| package | holds | imports |")
	table, _, _ = strings.Cut(table, "\n\n")
	name := regexp.MustCompile("`([^`]+)`")
	names := func(cell string) (list []string) {
		for _, found := range name.FindAllStringSubmatch(cell, -1) {
			list = append(list, found[1])
		}
		return list
	}
	described := map[string]bool{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) < 5 {
			continue
		}
		for _, folder := range names(cells[1]) {
			described[folder] = true
			if !strings.Contains(cells[3], "everything") {
				require.ElementsMatch(t, imports[folder], names(cells[3]), "what %s imports", folder)
			}
		}
	}
	for folder := range imports {
		// Parts of a package that has a row, tools for building and testing, and what is wired together.
		part := slices.ContainsFunc([]string{".", "db/dbsqlc", "db/dbtest", "internal/mailer/smtptest", "server/admin/locale", "server/admin/views", "server/servicetest"}, func(p string) bool { return p == folder })
		if !part && !strings.HasPrefix(folder, "tools/") && !strings.HasPrefix(folder, "standalone") {
			require.True(t, described[folder], "docs/architecture.md says nothing of %s", folder)
		}
	}
}

// A seed of a fuzzer that is kept once failed, and its name says with what. What fuzzing grew stays with who fuzzed.
func TestEverySeedSaysWhatItReproduces(t *testing.T) {
	t.Parallel()
	seeds, err := filepath.Glob("*/testdata/fuzz/*/*")
	require.NoError(t, err)
	deeper, err := filepath.Glob("*/*/testdata/fuzz/*/*")
	require.NoError(t, err)
	seeds = append(seeds, deeper...)
	require.NotEmpty(t, seeds)
	for _, seed := range seeds {
		require.NotRegexp(t, `^[0-9a-f]{16}$`, filepath.Base(seed), "%s: name it after what it found, or leave it out", seed)
	}
}

// Migrations that were written side by side must not share a number: none of the programs would start.
func TestEveryMigrationHasItsNumber(t *testing.T) {
	t.Parallel()
	numbers := map[string]string{}
	for path := range files(t, ".sql") {
		name, is := strings.CutPrefix(path, "db/migrations/")
		if !is {
			continue
		}
		number, _, _ := strings.Cut(name, "_")
		require.Empty(t, numbers[number], "%s has it too", path)
		numbers[number] = path
	}
	require.Greater(t, len(numbers), 20)
}
