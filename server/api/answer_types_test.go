package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/api"
	"koppel/server/httperr"
	"koppel/server/service/integrations"
	"koppel/server/service/sales"
)

// written are the types that write themselves: as which of the document's types, and whether as null too.
var written = map[reflect.Type]struct {
	kinds    []string
	nullable bool
}{
	reflect.TypeFor[salesdock.Flag]():     {kinds: []string{"string"}},
	reflect.TypeFor[salesdock.NullText](): {kinds: []string{"string"}, nullable: true},
	reflect.TypeFor[salesdock.Age]():      {kinds: []string{"string"}, nullable: true},
	reflect.TypeFor[salesdock.Months]():   {kinds: []string{"integer"}, nullable: true},
	reflect.TypeFor[salesdock.Stamp]():    {kinds: []string{"string"}, nullable: true},
	reflect.TypeFor[salesdock.Lines]():    {kinds: []string{"string"}},
	reflect.TypeFor[linking.Answer]():     {kinds: []string{"array", "string"}},
	reflect.TypeFor[linking.StatusSet]():  {kinds: []string{"array", "string"}},
	reflect.TypeFor[linking.RuleValues](): {kinds: []string{"array", "string"}},
}

// jsonField is a field as it is written.
type jsonField struct {
	typ    reflect.Type
	always bool // it is never left out
	filled bool // it is left out where it is null (omitempty)
}

// fieldsOf are the fields that a struct is written with, those of what it embeds included.
func fieldsOf(typ reflect.Type) map[string]jsonField {
	fields := map[string]jsonField{}
	for f := range typ.Fields() {
		if f.Anonymous && f.Tag.Get("json") == "" {
			embedded, always := f.Type, true
			if embedded.Kind() == reflect.Pointer {
				embedded, always = embedded.Elem(), false
			}
			for name, inner := range fieldsOf(embedded) {
				if _, outer := fields[name]; !outer {
					inner.always = inner.always && always
					fields[name] = inner
				}
			}
		}
	}
	for f := range typ.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			filled := strings.Contains(options, "omitempty")
			fields[name] = jsonField{f.Type, !filled, filled}
		}
	}
	return fields
}

// described is a schema with what it is made of (allOf) taken together.
type described struct {
	kinds      []string // none: anything
	nullable   bool
	properties map[string]*openapi3.SchemaRef
	required   []string
	items      *openapi3.SchemaRef
	values     *openapi3.SchemaRef // of an object whose keys are not known
}

func describe(schema *openapi3.Schema) described {
	d := described{nullable: schema.Nullable, properties: maps.Clone(schema.Properties), required: slices.Clone(schema.Required), items: schema.Items, values: schema.AdditionalProperties.Schema}
	if schema.Type != nil {
		d.kinds = slices.Clone(*schema.Type)
	}
	for _, one := range slices.Concat(schema.OneOf, schema.AnyOf) {
		part := describe(one.Value)
		d.kinds, d.nullable = append(d.kinds, part.kinds...), d.nullable || part.nullable
		if part.items != nil {
			d.items = part.items
		}
	}
	for _, part := range schema.AllOf {
		whole := describe(part.Value)
		if d.properties == nil {
			d.properties = map[string]*openapi3.SchemaRef{}
		}
		maps.Copy(d.properties, whole.properties)
		d.kinds, d.required, d.nullable = append(d.kinds, whole.kinds...), append(d.required, whole.required...), d.nullable || whole.nullable
		if whole.items != nil {
			d.items = whole.items
		}
	}
	slices.Sort(d.kinds)
	d.kinds = slices.Compact(d.kinds)
	return d
}

// differences holds a type against a schema, in both directions.
type differences struct {
	found []string
	seen  map[string]bool
}

func (d *differences) say(format string, args ...any) {
	d.found = append(d.found, fmt.Sprintf(format, args...))
}

func compared(where string, schema *openapi3.Schema, typ reflect.Type) []string {
	d := differences{seen: map[string]bool{}}
	d.hold(where, schema, jsonField{typ: typ, always: true})
	return d.found
}

func (d *differences) hold(where string, schema *openapi3.Schema, field jsonField) {
	typ := field.typ
	key := fmt.Sprintf("%p %v", schema, typ)
	if d.seen[key] { // a rule has rules
		return
	}
	d.seen[key] = true
	doc := describe(schema)
	if self, known := written[typ]; known {
		d.null(where, doc, self.nullable, self.nullable)
		d.kind(where, doc, self.kinds...)
		return
	}
	switch {
	case typ == reflect.TypeFor[json.RawMessage](), typ.Kind() == reflect.Interface:
		d.null(where, doc, false, true)
		return
	case typ.Kind() == reflect.Pointer:
		d.null(where, doc, !field.filled, !field.filled)
		typ = typ.Elem()
		if self, known := written[typ]; known {
			d.kind(where, doc, self.kinds...)
			return
		}
	default: // a list or an object that was never made is null too
		d.null(where, doc, false, typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map)
	}
	if typ.Implements(reflect.TypeFor[json.Marshaler]()) {
		d.say("%s: %v writes itself, and the test does not know how", where, typ)
		return
	}
	d.value(where, doc, typ)
}

func (d *differences) value(where string, doc described, typ reflect.Type) {
	switch typ.Kind() {
	case reflect.Struct:
		d.kind(where, doc, "object")
		d.object(where, doc, fieldsOf(typ))
	case reflect.Map:
		d.kind(where, doc, "object")
		switch {
		case doc.values != nil:
			d.hold(where+".*", doc.values.Value, jsonField{typ: typ.Elem(), always: true})
		case typ.Elem().Kind() != reflect.Interface:
			d.say("%s: the document does not say what its values are", where)
		}
	case reflect.Slice:
		d.kind(where, doc, "array")
		if doc.items != nil {
			d.hold(where+"[]", doc.items.Value, jsonField{typ: typ.Elem(), always: true})
		}
	case reflect.String:
		d.kind(where, doc, "string")
	case reflect.Bool:
		d.kind(where, doc, "boolean")
	case reflect.Int, reflect.Int32, reflect.Int64:
		d.kind(where, doc, "integer")
	default:
		d.say("%s: the test does not know %v", where, typ)
	}
}

func (d *differences) object(where string, doc described, fields map[string]jsonField) {
	for name, field := range fields {
		property, documented := doc.properties[name]
		if !documented {
			d.say("%s.%s: the document does not have it", where, name)
			continue
		}
		d.hold(where+"."+name, property.Value, field)
	}
	for name := range doc.properties {
		if _, is := fields[name]; !is {
			d.say("%s.%s: the type does not have it", where, name)
		}
	}
	for name, field := range fields {
		_, documented := doc.properties[name]
		switch required := slices.Contains(doc.required, name); {
		case !documented: // said above
		case required && !field.always:
			d.say("%s.%s: it is required, and the type may leave it out", where, name)
		case field.always && !required:
			d.say("%s.%s: it is always there, and the document does not require it", where, name)
		}
	}
}

// null holds that what may be null is said to be, and that what is said to be null may be.
func (d *differences) null(where string, doc described, is, may bool) {
	if is && !doc.nullable {
		d.say("%s: it may be null, and the document does not say so", where)
	}
	if doc.nullable && !may {
		d.say("%s: the document says that it may be null, and it never is", where)
	}
}

func (d *differences) kind(where string, doc described, kinds ...string) {
	if len(doc.kinds) > 0 && !slices.Equal(doc.kinds, kinds) {
		d.say("%s: it is %v, and the document says %v", where, kinds, doc.kinds)
	}
}

// documentedAnswers are the schemas of what an operation answers when it succeeds; nil among them: a file.
func documentedAnswers(o *openapi3.Operation) (list []*openapi3.Schema) {
	for status, response := range o.Responses.Map() {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		body, isJSON := response.Value.Content["application/json"]
		if !isJSON {
			list = append(list, nil)
			continue
		}
		data := describe(body.Schema.Value).properties["data"].Value
		several := slices.Concat(data.OneOf, data.AnyOf)
		for _, one := range several {
			list = append(list, one.Value)
		}
		if len(several) == 0 {
			list = append(list, data)
		}
	}
	return list
}

// fewest compares something with all that it may be, and gives what is wrong with the nearest.
func fewest[T any](all []T, compare func(T) []string) (nearest []string) {
	for i, one := range all {
		if found := compare(one); i == 0 || len(found) < len(nearest) {
			nearest = found
		}
	}
	return nearest
}

// What an operation answers is what the document says, field by field, in both directions.
func TestAnswersAreTheDocuments(t *testing.T) {
	t.Parallel()
	doc := document(t)
	for _, r := range api.Routes() {
		path := pathParameter.ReplaceAllString(r.Path, "{$1}")
		o := doc.Paths.Value(path).GetOperation(r.Method)
		types, documented := api.AnswersOf(r), documentedAnswers(o)
		compare := func(typ reflect.Type, schema *openapi3.Schema) []string {
			switch {
			case typ == nil && schema != nil && schema.Nullable && schema.Type == nil, typ == api.File && schema == nil:
				return nil
			case typ == nil || typ == api.File || schema == nil:
				return []string{fmt.Sprintf("%v is not what is documented", typ)}
			}
			return compared(o.OperationID, schema, typ)
		}
		for _, typ := range types {
			assert.Empty(t, fewest(documented, func(schema *openapi3.Schema) []string { return compare(typ, schema) }), "%s: %v", o.OperationID, typ)
		}
		for _, schema := range documented {
			assert.Empty(t, fewest(types, func(typ reflect.Type) []string { return compare(typ, schema) }), "%s: what is documented", o.OperationID)
		}
	}
}

// A refusal has one envelope, and data of two kinds.
func TestRefusalsAreTheDocuments(t *testing.T) {
	t.Parallel()
	failure := document(t).Components.Schemas["Failure"].Value
	said := compared("Failure", failure, reflect.TypeFor[httperr.Envelope]())
	require.Empty(t, said)
	data := map[string]jsonField{}
	for _, typ := range []reflect.Type{reflect.TypeFor[sales.KnownSale](), reflect.TypeFor[integrations.RefusedConnection]()} {
		for name, field := range fieldsOf(typ) {
			data[name] = jsonField{typ: field.typ} // a refusal has the one or the other
		}
	}
	d := differences{seen: map[string]bool{}}
	d.object("Failure.data", describe(failure.Properties["data"].Value), data)
	require.Empty(t, d.found)
}

// The test of types finds what it is for.
func TestDifferencesAreFound(t *testing.T) {
	t.Parallel()
	type row struct {
		ID      int64      `json:"id"`
		Name    *string    `json:"name"`
		Extra   string     `json:"extra"`
		Maybe   string     `json:"maybe,omitempty"`
		Moment  *time.Time `json:"moment"`
		Entries []int      `json:"entries"`
	}
	integer, text := openapi3.NewIntegerSchema(), openapi3.NewStringSchema()
	schema := openapi3.NewObjectSchema().WithProperty("id", text).WithProperty("name", text).WithProperty("gone", integer).
		WithProperty("maybe", openapi3.NewStringSchema()).WithProperty("moment", openapi3.NewStringSchema().WithNullable()).WithProperty("entries", openapi3.NewArraySchema().WithItems(text)).WithRequired([]string{"maybe", "id", "name", "entries"})
	found := compared("row", schema, reflect.TypeFor[row]())
	slices.Sort(found)
	require.Equal(t, []string{
		"row.entries[]: it is [integer], and the document says [string]",
		"row.extra: the document does not have it",
		"row.gone: the type does not have it",
		"row.id: it is [integer], and the document says [string]",
		"row.maybe: it is required, and the type may leave it out",
		"row.moment: it is always there, and the document does not require it",
		"row.moment: time.Time writes itself, and the test does not know how",
		"row.name: it may be null, and the document does not say so",
	}, found)
}
