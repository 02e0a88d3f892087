package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/server/api"
)

// post sends a body as it stands.
func (w *world) raw(method, path, kind, body string) (int, object) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.base+"/api/acme/v1/"+path, strings.NewReader(body))
	require.NoError(w.t, err)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	return w.send(request)
}

// What could be read in two ways is refused, in words and where it is; what programs really send is taken.
func TestJSONMeansOneThing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const json, form = "application/json", "application/x-www-form-urlencoded"
	for name, c := range map[string]struct{ kind, body, says string }{
		"a name twice":           {json, `{"name": "a", "name": "b"}`, "twee keer"},
		"a name twice, escaped":  {json, `{"name": "a", "n\u0061me": "b"}`, "twee keer"},
		"a name twice, below":    {json, `{"name": "a", "x": [{"y": 1, "y": 1}]}`, "twee keer"},
		"text after it":          {json, `{"name": "a"} tekst`, "meer dan één"},
		"a bracket after it":     {json, `{"name": "a"}}`, "meer dan één"},
		"another after it":       {json, `{"name": "a"}{"name": "b"}`, "meer dan één"},
		"text":                   {"text/plain", `{"name": "a"}`, "text/plain"},
		"XML":                    {"application/xml", `<name>a</name>`, "application/xml"},
		"too deep":               {json, `{"name": ` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "64 niveaus"},
		"too deep to end":        {json, `{"name": ` + strings.Repeat("[", 100_000), "64 niveaus"},
		"too many values":        {json, `{"name": [` + strings.Repeat("0,", 60_000) + `0]}`, "50000 waarden"},
		"too many empty objects": {json, `{"name": [` + strings.Repeat("{},", 60_000) + `{}]}`, "50000 waarden"},
		"too many in a form":     {form, strings.Repeat("name[]=&", 60_000), "50000 waarden"},
		"too large":              {json, `{"name": "` + strings.Repeat("a", 1<<20) + `"}`, "1024 kB"},
		"a comma too many":       {json, `{"name": "a",}`, "JSON"},
		"a comma too few":        {json, `{"name": "a" "description": "b"}`, "JSON"},
		"no name":                {json, `{1: "a"}`, "JSON"},
		"unfinished":             {json, `{"name": "a"`, "JSON"},
	} {
		status, answer := s.raw("POST", "account/suppliers", c.kind, c.body)
		require.Equal(t, http.StatusBadRequest, status, "%s: %v", name, answer)
		require.Contains(t, fmt.Sprint(answer), c.says, name)
	}
	for kind, body := range map[string]string{
		json: ` {"name": "a", "x": {"name": "b"}} ` + "\n", json + "; charset=UTF-8": `{"name": "b"}`, "": `{"name": "c"}`, "application/hal+json": `{"name": "d"}`, form: "name=e&name=f",
		"multipart/form-data; boundary=x": "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\ng\r\n--x--\r\n",
	} {
		status, answer := s.raw("POST", "account/suppliers", kind, body)
		require.Equal(t, http.StatusCreated, status, "%s: %v", kind, answer)
	}
}

// Where a contract or a file is taken a body may be large, and holds no more values for that.
func TestALargeBodyIsWhatItIsFor(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	status, answer := s.raw("POST", sell, "application/json", `{"x": [`+strings.Repeat("0,", 7<<20)+`0]}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, fmt.Sprint(answer), "50000 waarden")
	status, answer = s.raw("POST", sell, "application/json", `{"x": "`+strings.Repeat("a", 17<<20)+`"}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, fmt.Sprint(answer), "16384 kB")
	order := s.sale()
	order["contract_pdf"] = object{"content": strings.Repeat("AAAA", 2<<20), "extension": "pdf"}
	s.must("POST", sell, order)
	larger := 0
	for _, r := range api.Routes() {
		if api.TakesLargerBodies(r) {
			larger++
		}
	}
	require.Equal(t, api.LargerBodies(), larger, "each of the exceptions is a route")
}
