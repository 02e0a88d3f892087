package api_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// randomText is text that does not compress: PostgreSQL packs a repeated one into what an index holds.
func randomText(random *rand.Rand, length int, letters string) string {
	runes, text := []rune(letters), make([]rune, length)
	for i := range text {
		text[i] = runes[random.IntN(len(runes))]
	}
	return string(text)
}

const (
	latin = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	wide  = "äëïöüßø€漢字仮名交文한글조합🜁🜂🜃🜄𝔞𝔟𝔠𝔡"
)

// leaves gives each text in a body, with what puts another in its place.
func leaves(value any, path string, put func(any), found map[string]func(any)) {
	switch v := value.(type) {
	case object:
		for name, inner := range v {
			leaves(inner, path+"."+name, func(x any) { v[name] = x }, found)
		}
	case []any:
		for i, inner := range v {
			leaves(inner, fmt.Sprintf("%s.%d", path, i), func(x any) { v[i] = x }, found)
		}
	case string:
		found[path] = put
	}
}

func copied(t *testing.T, value any) (copied any) {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &copied))
	return copied
}

// takeTexts are operations that keep texts, and that this test must have fitted.
var takeTexts = []string{
	"POST /sales/flow/{flow_type}/{flow_identifier}", "POST /account/products", "PUT /account/products/{id}", "POST /account/suppliers", "POST /account/flows",
	"POST /account/productquestions", "POST /account/agreements", "POST /account/statuses", "POST /account/organisations", "PUT /account/organisations/{id}",
	"POST /account/users", "POST /account/users/{id}/tokens", "POST /account/concepttransaction", "POST /account/webhooks",
	"PATCH /account/sales/{id}", "POST /account/sales/{id}/optin",
}

// salesFirst has sales before the rest, as they carry the questions of their day, and what is there changed last.
func salesFirst(all []operation) []operation {
	slices.SortStableFunc(all, func(a, b operation) int {
		return cmp.Or(strings.Index(b.path, "/sales/flow")-strings.Index(a.path, "/sales/flow"), strings.Compare(a.method, b.method))
	})
	return all
}

// A text of any length in any field of any operation is taken or refused; it is never our fault. The texts are random: what
// an index refuses is what cannot be packed.
func TestNoLongTextIsOurFault(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	link(t, s)
	s.must("POST", sell, s.sale())
	g := &generator{random: rand.New(rand.NewPCG(14, 8)), shop: s, whole: true}
	// More than any field holds, in a body that is not too large as a whole; and what an index would take, if it were for its length.
	texts := func() []string {
		return []string{randomText(g.random, 3_000, pick(g, latin, wide)), randomText(g.random, 60_000, wide)}
	}
	fit := []string{}
	send := func(o operation, query url.Values, body any, what string) {
		data, err := json.Marshal(body)
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), o.method, s.base+"/api/acme/v1"+g.fill(o)+"?"+query.Encode(), bytes.NewReader(data))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		status, answer := s.send(request)
		require.Less(t, status, 500, "%s %s %s: %v", o.method, o.path, what, answer)
		if what == "" && status < 300 {
			fit = append(fit, o.method+" "+o.path)
		}
	}
	for _, o := range salesFirst(operations(document(t))) {
		if o.method == http.MethodDelete || strings.Contains(o.path, "user/link") {
			continue // what is deleted takes nothing
		}
		for _, ref := range o.parameters {
			if p := ref.Value; p.In == "query" && p.Schema.Value.Type.Is("string") {
				for _, text := range texts()[:1] {
					send(o, url.Values{p.Name: {text}}, nil, "?"+p.Name)
				}
			}
		}
		if o.RequestBody == nil || o.RequestBody.Value.Content["application/json"] == nil {
			continue
		}
		schema := o.RequestBody.Value.Content["application/json"].Schema
		found := map[string]func(any){}
		fitting := g.value(schema, 0)
		send(o, nil, fitting, "")
		leaves(copied(t, fitting), "", nil, found)
		for _, path := range slices.Sorted(maps.Keys(found)) {
			for i, text := range texts() {
				body, again := copied(t, g.value(schema, 0)), map[string]func(any){}
				leaves(body, "", nil, again)
				if put := again[path]; put != nil {
					put(text)
				}
				send(o, nil, body, fmt.Sprintf("%s (text %d)", path, i))
			}
		}
	}
	// A long text proves nothing in a request that does not fit otherwise.
	for _, written := range takeTexts {
		assert.True(t, slices.Contains(fit, written), written)
	}
}

// fill gives an operation's path with what there is in the shop.
func (g *generator) fill(o operation) string {
	path := o.path
	for _, ref := range o.parameters {
		if ref.Value.In != "path" {
			continue
		}
		value := "1"
		switch {
		case ref.Value.Name == "flow_type":
			value = "energie"
		case ref.Value.Name == "flow_identifier":
			value = "e"
		case strings.Contains(path, "organisation"):
			value = fmt.Sprint(g.shop.organisation)
		case strings.Contains(path, "product"):
			value = fmt.Sprint(g.shop.product)
		case strings.Contains(path, "user"):
			value = fmt.Sprint(g.shop.user)
		}
		path = strings.ReplaceAll(path, "{"+ref.Value.Name+"}", value)
	}
	return path
}

// What has a limit is told at its field, with the limit, in the caller's language.
func TestALimitIsToldAtItsField(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	random := rand.New(rand.NewPCG(8, 14))
	sale := func(field string) func(string) any {
		return func(text string) any {
			order := s.sale()
			order[field] = text
			return order
		}
	}
	in := func(field string, rest object) func(string) any {
		return func(text string) any {
			body := maps.Clone(rest)
			body[field] = text
			return body
		}
	}
	named := object{"name": "x", "identifier": "x"}
	for _, c := range []struct {
		method, path, field string
		limit               int
		body                func(string) any
	}{
		{"POST", sell, "external_reference", 255, sale("external_reference")},
		{"POST", sell, "lastname", 500, sale("lastname")},
		{"POST", sell, "city", 4000, sale("city")},
		{"POST", "account/suppliers", "name", 500, in("name", named)},
		{"POST", "account/suppliers", "identifier", 255, in("identifier", named)},
		{"POST", "account/products", "name", 500, in("name", object{"identifier": "x", "type": "simple"})},
		{"POST", "account/products", "identifier", 255, in("identifier", object{"name": "x", "type": "simple"})},
		{"POST", "account/products", "type", 255, in("type", named)},
		{"POST", "account/flows", "title", 500, in("title", object{"type": "x", "identifier": "x"})},
		{"POST", "account/flows", "type", 255, in("type", object{"title": "x", "identifier": "x"})},
		{"POST", "account/flows", "identifier", 255, in("identifier", object{"title": "x", "type": "x"})},
		{"POST", "account/productquestions", "identifier", 255, in("identifier", object{"name": "x", "input_type": "text"})},
		{"POST", "account/agreements", "identifier", 255, in("identifier", named)},
		{"POST", "account/organisations", "name", 500, in("name", named)},
		{"POST", "account/organisations", "identifier", 255, in("identifier", named)},
		{"POST", "account/integrations", "account_name", 255, in("account_name", object{"token": "x"})},
		{"POST", "account/integrations", "base_url", 255, in("base_url", object{"token": "x", "account_name": "x"})},
		{"POST", fmt.Sprintf("account/users/%d/tokens", s.user), "name", 500, in("name", object{})},
		{"POST", "account/concepttransaction", "source_id", 255, in("source_id", object{"source": "x"})},
	} {
		for _, letters := range []string{latin, wide} {
			status, refusal := s.call(c.method, c.path, c.body(randomText(random, c.limit+1, letters)))
			require.Equal(t, http.StatusBadRequest, status, "%s %s: %v", c.path, c.field, refusal)
			require.Contains(t, fmt.Sprint(refusal["errors"].(object)[c.field]), fmt.Sprintf("hooguit %d tekens", c.limit), c.path)
			status, refusal = s.call(c.method, c.path, c.body(randomText(random, c.limit, letters)))
			if status >= 300 {
				require.NotContains(t, fmt.Sprint(refusal), "hooguit", "%s %s takes its limit", c.path, c.field)
			}
			require.Less(t, status, 500, "%s %s: %v", c.path, c.field, refusal)
		}
	}
}
