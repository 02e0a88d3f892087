package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A word of package states is written there once. Elsewhere it goes by its name: the compiler takes a bare word for it too,
// so a misspelt one would be found by nobody.

const statesPath = "koppel/states"

// wordChecker finds bare words with the compiler's own types. Packages that are not ours are empty to it: what they type is
// not a word of states.
type wordChecker struct {
	positions *token.FileSet
	folders   map[string][]*ast.File // by import path, without tests
	checked   map[string]*types.Package
	words     map[string][]string // by the type's name
	bare      []string
	named     int // times that a word went by its name
}

func newWordChecker(t *testing.T) *wordChecker {
	t.Helper()
	w := &wordChecker{positions: token.NewFileSet(), folders: map[string][]*ast.File{}, checked: map[string]*types.Package{}, words: map[string][]string{}}
	for address, text := range sources(t, ".go") {
		folder := path.Join("koppel", path.Dir(address))
		w.folders[folder] = append(w.folders[folder], w.parse(t, address, text))
	}
	declared, err := w.Import(statesPath)
	require.NoError(t, err)
	for _, name := range declared.Scope().Names() {
		if word, is := declared.Scope().Lookup(name).(*types.Const); is {
			text, err := strconv.Unquote(word.Val().ExactString())
			require.NoError(t, err)
			typeName := word.Type().(*types.Named).Obj().Name()
			w.words[typeName] = append(w.words[typeName], text)
		}
	}
	require.Greater(t, len(w.words), 30)
	return w
}

func (w *wordChecker) parse(t *testing.T, address, text string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(w.positions, address, text, parser.SkipObjectResolution)
	require.NoError(t, err)
	return file
}

// Import gives a package of ours, checked, and of others an empty one.
func (w *wordChecker) Import(name string) (*types.Package, error) {
	if known, is := w.checked[name]; is {
		return known, nil
	}
	if files := w.folders[name]; files != nil {
		w.checked[name] = w.check(name, files)
	} else {
		w.checked[name] = types.NewPackage(name, path.Base(name))
		w.checked[name].MarkComplete()
	}
	return w.checked[name], nil
}

func (w *wordChecker) check(name string, files []*ast.File) *types.Package {
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: w, FakeImportC: true, Error: func(error) {}} // what others lack is no matter
	checked, _ := config.Check(name, w.positions, files, info)
	if name == statesPath {
		return checked
	}
	for _, object := range info.Uses {
		if _, constant := object.(*types.Const); constant && wordType(object.Type()) != "" {
			w.named++
		}
	}
	for expression, typed := range info.Types {
		switch e := expression.(type) {
		case *ast.BasicLit:
			w.found(e, wordType(typed.Type))
		case *ast.BinaryExpr: // a word that was made text, and is compared as text
			if e.Op == token.EQL || e.Op == token.NEQ {
				w.found(e.Y, wordOf(info, e.X))
				w.found(e.X, wordOf(info, e.Y))
			}
		}
	}
	return checked
}

// found notes a literal that stands for a word. The tests say what becomes of a word that there is not.
func (w *wordChecker) found(expression ast.Expr, typeName string) {
	literal, is := expression.(*ast.BasicLit)
	if !is || literal.Kind != token.STRING || typeName == "" {
		return
	}
	at := w.positions.Position(literal.Pos())
	text, _ := strconv.Unquote(literal.Value)
	if text == "" || strings.HasSuffix(at.Filename, "_test.go") && !slices.Contains(w.words[typeName], text) {
		return
	}
	w.bare = append(w.bare, at.String()+": "+literal.Value+" is a states."+typeName)
}

func wordType(t types.Type) string {
	if named, is := t.(*types.Named); is && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == statesPath {
		return named.Obj().Name()
	}
	return ""
}

// wordOf is the type of what an expression makes text of: the Look in string(look).
func wordOf(info *types.Info, expression ast.Expr) string {
	call, is := expression.(*ast.CallExpr)
	if !is || len(call.Args) != 1 || !info.Types[call.Fun].IsType() {
		return ""
	}
	return wordType(info.Types[call.Args[0]].Type)
}

// In Go, in what is generated from views, and in tests.
func TestWordsOfStatesGoByTheirNames(t *testing.T) {
	t.Parallel()
	w := newWordChecker(t)
	for name := range w.folders {
		_, err := w.Import(name)
		require.NoError(t, err)
	}
	tests := map[string][]*ast.File{}
	for address, text := range files(t, ".go") {
		if strings.HasSuffix(address, "_test.go") {
			file := w.parse(t, address, text)
			key := path.Join("koppel", path.Dir(address)) + " " + file.Name.Name
			tests[key] = append(tests[key], file)
		}
	}
	for key, files := range tests {
		folder, name, _ := strings.Cut(key, " ")
		if !strings.HasSuffix(name, "_test") {
			files = append(files, w.folders[folder]...)
		}
		w.check(folder+"_test", files)
	}
	require.Empty(t, w.bare)
	require.Greater(t, w.named, 1500)
}

func TestABareWordIsFound(t *testing.T) {
	t.Parallel()
	w := newWordChecker(t)
	w.check("koppel/bare", []*ast.File{w.parse(t, "bare.go", `package bare
import "koppel/states"
type row struct { Look states.Look; Note string }
func f(r row, said func(states.Language)) bool {
	switch r.Look { case "done": return true }
	said("nl")
	r.Look = "wanted"
	_ = []row{{Look: "looking", Note: "wanted"}}
	_ = map[states.SaleType]string{"order": "order"}
	return r.Look != "not_there" || string(r.Look) == "resending" || r.Look == states.LookDone || r.Look == "" || r.Note == "done"
}`)})
	require.Len(t, w.bare, 7, w.bare)
	require.Equal(t, 1, w.named)
}

// inForms are words that mean something else in a form: every status, and a button's action.
var inForms = []string{"all", "remove"}

// What a view writes as HTML is text to the compiler.
func TestWordsOfStatesGoByTheirNamesInForms(t *testing.T) {
	t.Parallel()
	known := slices.Concat(slices.Collect(maps.Values(newWordChecker(t).words))...)
	values, seen := regexp.MustCompile(`\bvalue="(\w+)"|\{"(\w+)", t\(`), 0
	for address, text := range files(t, ".templ") {
		for _, found := range values.FindAllStringSubmatch(text, -1) {
			seen++
			if word := found[1] + found[2]; !slices.Contains(inForms, word) {
				require.NotContains(t, known, word, address)
			}
		}
	}
	require.Greater(t, seen, 20)
}

// otherWords are the words of queries that are not of states: of partners, of filters and of lists.
var otherWords = []string{
	"granted", "new", "imported", "vanished", // what an organisation is granted, and what is offered to us
	"candidates",       // why what was retried is held
	"not_due",          // why a sale waits, to operators
	"closed", "simple", // a type of statuses, a type of products
	"updated_date", "finalized_at", "cancelled_date", "sent_date", // what a period is of
	"offer_accepted", "offer_rejected", "offer_rejected_alternative", "offer_expired", "offer_pending",
}

// In a query a word is one of the column's type, and anywhere else one of some type.
func TestWordsOfQueriesAreKnown(t *testing.T) {
	t.Parallel()
	words := newWordChecker(t).words
	columns := columnWords(t, words)
	known := slices.Concat(slices.Concat(slices.Collect(maps.Values(words))...), otherWords)
	// Names of parameters, of keys of JSON and of tables are no words.
	names := regexp.MustCompile(`--.*|sqlc\.n?arg\('\w+'\)|->>? '\w+'|jsonb_build_object\('\w+'|pg_get_serial_sequence\([^)]*\)`)
	literal := regexp.MustCompile(`'([a-z][a-z_]+)'`)
	compared := regexp.MustCompile(`\b(\w+) (?:=|<>|IN) (\((?:'\w*'(?:, )?)+\)|'\w*')`)
	seen := 0
	for address, text := range sources(t, ".sql") {
		if !strings.HasPrefix(address, "db/queries/") {
			continue
		}
		text = names.ReplaceAllString(text, "")
		for _, found := range literal.FindAllStringSubmatch(text, -1) {
			seen++
			require.Contains(t, known, found[1], address)
		}
		for _, found := range compared.FindAllStringSubmatch(text, -1) {
			for _, word := range literal.FindAllStringSubmatch(found[2], -1) {
				if typed := columns[found[1]]; typed != nil {
					require.Contains(t, typed, word[1], "%s: %s", address, found[0])
				}
			}
		}
	}
	require.Greater(t, seen, 200)
}

// columnWords gives the words of every column that sqlc.yaml gives a type of states, by the column's name.
func columnWords(t *testing.T, words map[string][]string) map[string][]string {
	t.Helper()
	config, err := os.ReadFile("sqlc.yaml")
	require.NoError(t, err)
	columns := map[string][]string{}
	for _, found := range regexp.MustCompile(`column: \w+\.(\w+), go_type: \{import: koppel/states, type: (\w+)\}`).FindAllStringSubmatch(string(config), -1) {
		require.NotEmpty(t, words[found[2]], found[0])
		columns[found[1]] = append(columns[found[1]], words[found[2]]...)
	}
	require.Greater(t, len(columns), 15)
	return columns
}
