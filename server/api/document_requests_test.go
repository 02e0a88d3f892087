package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"koppel/internal/phpform"
)

// FuzzRequests makes a request of every operation from the document: values that fit and values that do not, in every
// encoding, by everybody. Whatever is asked, the answer is one that the document knows, never our fault, and another
// environment keeps what it has. The seed is all that is fuzzed: a request has to be nearly right to get anywhere.
func FuzzRequests(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		s := newShop(t)
		foreignIDs(t, s)
		owned := func() string {
			return s.one(`SELECT concat_ws(' ', (SELECT count(*) FROM products p WHERE p.environment_id = e.id AND p.deleted_at IS NULL), (SELECT count(*) FROM sales WHERE environment_id = e.id),
				(SELECT count(*) FROM users WHERE environment_id = e.id), (SELECT count(*) FROM flows WHERE environment_id = e.id), (SELECT count(*) FROM audit_log WHERE environment_id = e.id),
				(SELECT max(xmin::text::bigint) FROM sales WHERE environment_id = e.id)) FROM environments e WHERE e.account = 'other'`)
		}
		before := owned()
		g := generator{random: rand.New(rand.NewPCG(seed, 0)), shop: s}
		asked := operations(document(t))
		g.random.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
		taken := 0
		for _, o := range asked {
			request, text := g.request(o)
			status, answer, _ := s.sendHeader(request)
			require.Less(t, status, 500, "seed %d: %s: %v", seed, text, answer)
			if status < 300 {
				taken++
			} else {
				require.NotEmpty(t, answer["message"], text)
				require.EqualValues(t, status, answer["code"], text)
			}
		}
		require.Greater(t, taken, 10, "the requests are not all nonsense")
		require.Equal(t, before, owned(), "another environment's")
	})
}

type operation struct {
	method, path string
	parameters   openapi3.Parameters
	*openapi3.Operation
}

// operations lists the document's, in a fixed order.
func operations(doc *openapi3.T) (list []operation) {
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Map()[path]
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			list = append(list, operation{method, path, slices.Concat(item.Parameters, item.Operations()[method].Parameters), item.Operations()[method]})
		}
	}
	return list
}

// generator makes requests; what it draws follows from its seed.
type generator struct {
	random *rand.Rand
	shop   *shop
	whole  bool // every field, and nothing that does not fit
}

func (g *generator) often(percent int) bool { return g.random.IntN(100) < percent }

// oddly is often, but never in a request that is to fit.
func (g *generator) oddly(percent int) bool { return !g.whole && g.often(percent) }

func pick[T any](g *generator, of ...T) T { return of[g.random.IntN(len(of))] }

// nonsense are values that fit nowhere, or hardly anywhere.
func (g *generator) nonsense() any {
	deep := any("x")
	for range 200 {
		deep = []any{deep}
	}
	return pick[any](g, nil, true, "", " ", "0", "1", -1, 1e30, 1.5, "9223372036854775808", "31-02-2026", "nul \x00 in it", "kapot \xff", "\u202e💥", strings.Repeat("lang ", 5000),
		[]any{}, object{}, []any{object{"a": nil}}, object{"0": "x"}, deep, "' OR 1=1 --", "<script>", "%s%d")
}

func (g *generator) number() any {
	return pick[any](g, g.shop.product, g.shop.flow, g.shop.organisation, g.shop.user, 1, 2, "1", 0, 99, -1)
}

// value makes one by a schema, now and then another.
func (g *generator) value(ref *openapi3.SchemaRef, depth int) any {
	if ref == nil || ref.Value == nil || depth > 6 || g.oddly(6) {
		return g.nonsense()
	}
	schema := ref.Value
	switch {
	case len(schema.AllOf) > 0 && g.whole:
		made := object{}
		for _, part := range schema.AllOf {
			of, _ := g.value(part, depth+1).(object)
			maps.Copy(made, of)
		}
		return made
	case len(schema.AllOf) > 0:
		return g.value(schema.AllOf[0], depth+1)
	case len(schema.OneOf) > 0:
		return g.value(pick(g, schema.OneOf...), depth+1)
	case len(schema.AnyOf) > 0:
		return g.value(pick(g, schema.AnyOf...), depth+1)
	case len(schema.Enum) > 0:
		return pick(g, schema.Enum...)
	case schema.Type.Is("object"):
		made := object{}
		for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
			if slices.Contains(schema.Required, name) && g.often(95) || g.often(50) || g.whole {
				made[name] = g.named(name, schema.Properties[name], depth)
			}
		}
		return made
	case schema.Type.Is("array"):
		made := []any{}
		items := g.random.IntN(3)
		if g.whole {
			items = 1
		}
		for range items {
			made = append(made, g.value(schema.Items, depth+1))
		}
		return made
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return g.number()
	case schema.Type.Is("boolean"):
		return pick[any](g, true, false, "1", "0", 1)
	}
	return g.text()
}

func (g *generator) text() any {
	if g.whole {
		return "tekst"
	}
	return pick[any](g, "tekst", "1", "01-02-1980", "2026-01-02 03:04:05", "klant@voorbeeld.example", "https://x.example/pad", "ZA==", "energie", "order", "verified", "0612345678", "a-b_c", g.nonsense())
}

// named gives a property what its name asks for, so that requests get past the first check.
func (g *generator) named(name string, schema *openapi3.SchemaRef, depth int) any {
	if g.oddly(15) {
		return g.value(schema, depth+1)
	}
	fit, fits := fitting[name]
	switch {
	case g.whole && fits:
		return fit
	case name == "products" || name == "product_ids":
		return []any{g.shop.product}
	case name == "product_id":
		return g.shop.product
	case name == "flow_ids":
		return []any{g.shop.flow}
	case name == "organisation_id":
		return g.shop.organisation
	case name == "questionData":
		return object{"betaal": "Incasso"}
	case name == "agreements" && len(schema.Value.Properties) == 0:
		return object{"av": "1"}
	case name == "transaction_type":
		return "order"
	case strings.HasSuffix(name, "email"):
		return fmt.Sprintf("klant%d@voorbeeld.example", g.random.IntN(1000))
	case name == "birthdate":
		return "01-02-1980"
	case name == "input_type":
		return pick(g, "text", "date", "file")
	case name == "identifier" || name == "name":
		return fmt.Sprintf("naam-%d", g.random.IntN(1000))
	case g.whole && (strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "valid_till")):
		return "2027-01-02"
	case name == "role":
		return pick(g, "agent", "admin", "teamleader")
	}
	return g.value(schema, depth+1)
}

// fitting are values that some fields ask for.
var fitting = object{
	"phone": "0612345678", "postcode": "1234 AB", "connection_postcode": "1234 AB", "housenumber": "1", "connection_housenumber": "1", "gender": "male", "business": "0", "iban": "NL91ABNA0417164300",
	"status": "verified", "role": "admin", "optin": "1", "optin_channels": []any{object{"type": "phone", "value": "0612345678"}}, "channels": []any{object{"type": "phone", "value": "0612345678"}},
	"event": "sale.cancelled", "target_url": "https://x.example/hook", "base_url": "http://127.0.0.1:9", "contractor": "yes", "ip_allowlist": []any{"127.0.0.1"}, "sale_channel": "online",
	"image": object{"content": "ZA==", "extension": "png"}, "logo": object{"content": "ZA==", "extension": "png"}, "attachments": []any{object{"name": "x", "content": "ZA==", "extension": "pdf"}},
	"customfields": object{"tariff_single": "0.25"}, "transaction_type": "order", "supplier_id": nil, "duration": 12, "retention": "0", "required": "0", "password": "lang genoeg wachtwoord", "integration": "0", "mark_processed": "0",
	"contract_pdf": object{"content": "ZA==", "extension": "pdf"}, "optin_proof": object{"content": "ZA==", "extension": "pdf"}, "proof": object{"content": "ZA==", "extension": "pdf"}, "related_products": []any{},
	"electricity_ean": "871687000000000009", "gas_ean": "871687000000000016", "company_coc": "12345678", "coc": "12345678", "website": "https://x.example", "valid_from": "2026-01-01", "rule": nil, "language": "nl", "chain": nil,
	"price": "1.00", "price_action": "1.00", "price_monthly": "1.00", "price_monthly_action": "1.00", "active": "1", "birthdate": "01-02-1980", "contract_date": "01-02-2026", "concept_transaction": nil,
}

func (g *generator) request(o operation) (*http.Request, string) {
	path, query := o.path, url.Values{}
	for _, ref := range o.parameters {
		p := ref.Value
		switch {
		case p.In == "path":
			value := fmt.Sprint(g.number())
			switch p.Name {
			case "flow_type":
				value = "energie"
			case "flow_identifier":
				value = "e"
			}
			if g.oddly(10) {
				value = pick(g, "x", "0", "-1", "9223372036854775808", "1e3", "..", "\x00", "\xff", "é", "1;2")
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case p.In == "query" && g.often(30):
			query.Set(p.Name+pick(g, "", "", "[]", "[0]"), fmt.Sprint(g.value(p.Schema, 4)))
		}
	}
	body, kind := g.body(o)
	address := g.shop.base + "/api/acme/v1" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(g.shop.t.Context(), o.method, address, bytes.NewReader(body))
	require.NoError(g.shop.t, err)
	if len(body) > 0 || kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	request.Header.Set("Authorization", "Bearer "+pick(g, g.shop.token, g.shop.token, g.shop.token, g.shop.agent))
	if o.method == http.MethodPost && g.often(20) {
		request.Header.Set("Idempotency-Key", pick(g, "k", "", strings.Repeat("k", 300)))
	}
	return request, fmt.Sprintf("%s %s %s %.300q", o.method, address, kind, body)
}

func (g *generator) body(o operation) ([]byte, string) {
	if o.RequestBody == nil {
		return nil, ""
	}
	content := o.RequestBody.Value.Content
	kind := pick(g, slices.Sorted(maps.Keys(content))...)
	value := g.value(content[kind].Schema, 0)
	data, err := json.Marshal(value)
	require.NoError(g.shop.t, err)
	if fields, isObject := value.(object); isObject && kind != "application/json" {
		data, kind = []byte(phpform.Values(fields).Encode()), "application/x-www-form-urlencoded"
	}
	if g.often(4) {
		data = data[:g.random.IntN(len(data)+1)]
	}
	if g.often(4) {
		kind = pick(g, "", "text/xml", "application/json; charset=latin1", "multipart/form-data", "multipart/form-data; boundary=x", "nonsense;;")
	}
	return data, kind
}
