package api_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"koppel/linking"
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

// The wire types of both sides have the fields of their schemas, and no others.
func TestWireTypesAreTheDocuments(t *testing.T) {
	t.Parallel()
	schemas := document(t).Components.Schemas
	for name, value := range map[string]any{
		"Product": salesdock.Product{}, "Document": salesdock.Document{}, "ProductChanges": salesdock.CursorPage[salesdock.Product]{}, "Supplier": salesdock.Supplier{},
		"Flow": salesdock.Flow{}, "Section": salesdock.Section{}, "SectionProduct": salesdock.SectionProduct{}, "Question": salesdock.Question{}, "Agreement": salesdock.Agreement{},
		"Status": salesdock.Status{}, "SaleStatus": salesdock.SaleStatus{}, "SaleCreated": salesdock.SaleCreated{}, "Capabilities": salesdock.Capabilities{},
		"TokenDescription": salesdock.TokenDescription{}, "Link": salesdock.Link{}, "LinkAnswer": salesdock.LinkAnswer{}, "LinkEvent": salesdock.LinkEvent{}, "PageLink": salesdock.PageLink{}, "Candidate": linking.Candidate{},
		"CancellationAsked": salesdock.CancellationRequest{}, "CancellationState": salesdock.CancellationState{},
	} {
		documented := []string{}
		for field := range schemas[name].Value.Properties {
			documented = append(documented, field)
		}
		require.ElementsMatch(t, documented, jsonFields(reflect.TypeOf(value)), name)
	}
}

func jsonFields(typ reflect.Type) (names []string) {
	for field := range typ.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			names = append(names, jsonFields(embedded)...)
		case name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

// The lengths that the document tells of what is sent are the ones that are held.
func TestLengthsAreDocumented(t *testing.T) {
	t.Parallel()
	told := 0
	var read func(where string, schema *openapi3.Schema)
	read = func(where string, schema *openapi3.Schema) {
		for name, ref := range schema.Properties {
			read(where+"."+name, ref.Value)
			if limit := linking.MaxLength(name); limit > 0 && ref.Value.Type.Is("string") && len(ref.Value.Enum) == 0 && where != "OrganisationInput.logo" {
				if assert.NotNil(t, ref.Value.MaxLength, "%s.%s", where, name) {
					assert.EqualValues(t, limit, *ref.Value.MaxLength, "%s.%s", where, name)
				}
				told++
			}
		}
		if schema.Items != nil && schema.Items.Value != nil {
			read(where, schema.Items.Value)
		}
	}
	for name, body := range document(t).Components.RequestBodies {
		for _, content := range body.Value.Content {
			read(name, content.Schema.Value)
		}
	}
	require.Greater(t, told, 20)
}
