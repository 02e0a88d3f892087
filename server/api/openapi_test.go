package api_test

import (
	"regexp"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"koppel/salesdock"
	"koppel/server/api"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(salesdock.OpenAPI)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return doc
}

var pathParameter = regexp.MustCompile(`:(\w+)`)

// The table of routes and the document say the same operations.
func TestRoutesAreTheDocument(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	served := map[string]bool{"POST /link-events": true}
	for _, r := range api.Routes() {
		served[r.Method+" "+pathParameter.ReplaceAllString(r.Path, "{$1}")] = true
	}
	require.Equal(t, documented, served)
}
