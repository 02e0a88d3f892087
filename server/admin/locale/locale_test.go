package locale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
	"koppel/server/admin/locale"
	"koppel/states"
)

// textArguments says which arguments of a call are texts of the interface.
var textArguments = map[string][]int{"t": {1}, "tr": {0}, "n": {2, 3}, "T": {0}, "N": {1, 2}, "done": {1}, "did": {2}, "resolveRun": {1}, "answerCancellation": {1}}

// used collects every text that the interface's code names.
func used(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	files := token.NewFileSet()
	for _, folder := range []string{"..", "../views", "."} {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			file, err := parser.ParseFile(files, name, source, 0)
			require.NoError(t, err)
			ast.Inspect(file, func(node ast.Node) bool {
				call, ok := node.(*ast.CallExpr)
				if !ok {
					return true
				}
				var called string
				switch f := call.Fun.(type) {
				case *ast.Ident:
					called = f.Name
				case *ast.SelectorExpr:
					called = f.Sel.Name
				}
				for _, i := range textArguments[called] {
					if i >= len(call.Args) {
						continue
					}
					if literal, ok := call.Args[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
						text, err := strconv.Unquote(literal.Value)
						require.NoError(t, err)
						if text != "" {
							texts[text] = files.Position(literal.Pos()).String()
						}
					}
				}
				return true
			})
		}
	}
	return texts
}

func TestEveryTextIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	texts, catalogue := used(t), locale.Texts()
	require.Greater(t, len(texts), 700)
	for text, where := range texts {
		translated, there := catalogue[text]
		if !there {
			t.Errorf("%s: the English catalogue lacks %q", where, text)
			continue
		}
		if strings.Count(text, "%s") != strings.Count(translated, "%s") {
			t.Errorf("%q and %q take different arguments", text, translated)
		}
	}
	for text := range catalogue {
		if _, there := texts[text]; !there {
			t.Errorf("the English catalogue has a text that nothing uses: %q", text)
		}
	}
}

// A sale is a transactie in Dutch and a sale in English. These three are labels that admins know by these names.
func TestASaleHasOneName(t *testing.T) {
	t.Parallel()
	labels := []string{"Sales", "Controleer updates van een sale", "Condities bij verwerken van een sale"}
	dutch, english := regexp.MustCompile(`(?i)\bsales?\b`), regexp.MustCompile(`(?i)\btransactions?\b`)
	for text, translated := range locale.Texts() {
		if !slices.Contains(labels, text) {
			require.NotRegexp(t, dutch, text)
		}
		require.NotRegexp(t, english, translated)
	}
}

func TestTimesAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 29, 14, 2, 0, 0, salesdock.Amsterdam) // the day summer time begins
	for ago, said := range map[time.Duration][2]string{
		20 * time.Second:     {"zojuist", "just now"},
		-2 * time.Second:     {"zojuist", "just now"}, // what the request did that this page answers
		-30 * time.Second:    {"over 1 minuut", "in 1 minute"},
		time.Minute:          {"1 minuut geleden", "1 minute ago"},
		59 * time.Minute:     {"59 minuten geleden", "59 minutes ago"},
		5 * time.Hour:        {"vandaag 09:02", "today 09:02"},
		20 * time.Hour:       {"gisteren 17:02", "yesterday 17:02"},
		49 * time.Hour:       {"2 dagen geleden", "2 days ago"},
		10 * 24 * time.Hour:  {"19 mrt. 2026", "19 Mar 2026"},
		-5 * time.Minute:     {"over 5 minuten", "in 5 minutes"},
		-20 * time.Hour:      {"morgen 10:02", "tomorrow 10:02"},
		-9 * 24 * time.Hour:  {"7 apr. 2026 14:02", "7 Apr 2026 14:02"},
		400 * 24 * time.Hour: {"22 feb. 2025", "22 Feb 2025"},
	} {
		for i, language := range states.Languages {
			p := locale.Printer{Language: language, Now: now}
			require.Equal(t, said[i], p.When(now.Add(-ago)), "%s ago", ago)
		}
	}
}

func TestNumbersAndMoney(t *testing.T) {
	t.Parallel()
	nl, en := locale.Printer{Language: states.Dutch}, locale.Printer{Language: states.English}
	require.Equal(t, "12.345", nl.Number(12345))
	require.Equal(t, "12,345", en.Number(12345))
	require.Equal(t, "€ 1.234,50", nl.Money("1234.5"))
	require.Equal(t, "€1,234.50", en.Money("1234.5"))
	require.Equal(t, "€ 0,25013", nl.Money("0.25013"))
	require.Equal(t, "op aanvraag", nl.Money("op aanvraag"))
	require.Equal(t, "", nl.Money(""))
	require.Equal(t, "1 product", nl.N(1, "%s product", "%s producten"))
	require.Equal(t, "2,000 products", en.N(2000, "%s product", "%s producten"))
}
