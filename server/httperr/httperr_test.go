package httperr_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/server/httperr"
	"koppel/server/service"
	"koppel/states"
)

// kinds reads every kind of refusal from where they are declared, so that a new one is not forgotten.
func kinds(t *testing.T) (list []service.Kind) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../service/refusal.go", nil, 0)
	require.NoError(t, err)
	for _, declared := range file.Decls {
		group, is := declared.(*ast.GenDecl)
		if !is || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			text, err := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			list = append(list, service.Kind(text))
		}
	}
	return list
}

func TestEveryKindOfRefusalHasAStatus(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	require.Len(t, all, 8)
	seen := map[int]service.Kind{}
	for _, kind := range all {
		failure := httperr.From(t.Context(), states.Dutch, service.Refuse(kind, "not_found"))
		require.NotEqual(t, http.StatusInternalServerError, failure.Status, kind)
		require.Empty(t, seen[failure.Status], "two kinds with one status: which of them it was, a client could not tell")
		seen[failure.Status] = kind
	}
}

func TestWhatIsNoKindIsOurMistake(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusInternalServerError, httperr.Status("one of tomorrow"))
	require.Equal(t, http.StatusInternalServerError, httperr.Status(""))
}
