package salesdock_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"koppel/salesdock"
	"koppel/states"
)

// read is what came of a list: the rows that count, and what was set aside.
type read struct {
	taken []string
	odd   []salesdock.Unreadable
}

// lists are all readers of lists: the row of each, and how the rows are wrapped.
var lists = map[string]struct {
	row  map[string]any
	page bool
	read func(context.Context, *salesdock.Client) (read, error)
}{
	"products": {productRow, false, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		err = c.Products(ctx, func(p salesdock.Product) error { r.product(p); return nil }, func(u salesdock.Unreadable) error { r.odd = append(r.odd, u); return nil })
		return r, err
	}},
	"product changes": {productRow, true, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		page, err := c.ProductChanges(ctx, "1")
		r.odd = page.Unreadable
		for _, p := range page.Data {
			r.product(p)
		}
		return r, err
	}},
	"flows": {map[string]any{
		"id": 31, "title": "Flow", "type": "energie", "identifier": "x", "minimum_age_customer": nil, "created_at": "2026-01-02 03:04:05", "consumer_order_iban_required": "0",
		"sections": []any{map[string]any{"id": 1, "title": "Deel", "products": []any{map[string]any{"id": "7", "maximum_quantity": 2}}}},
	}, false, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		list, err := c.Flows(ctx)
		r.odd = list.Unreadable
		for _, f := range list.Rows {
			r.taken = append(r.taken, fmt.Sprint(f.ID))
		}
		return r, err
	}},
	"questions": {map[string]any{
		"id": 41, "name": "Vraag", "identifier": "x", "input_type": "text", "required": "1", "rule": "", "options": "a\r\nb", "extra": "", "updated_at": "2026-01-02 03:04:05",
	}, false, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		list, err := c.Questions(ctx)
		r.odd = list.Unreadable
		for _, q := range list.Rows {
			_, unread := q.Meaning()
			r.meaning(int64(q.ID), unread)
		}
		return r, err
	}},
	"agreements": {map[string]any{
		"id": 51, "name": "Akkoord", "identifier": "x", "text": "Ik ga akkoord", "required": 1, "rule": nil, "archive": false, "sort": "3",
	}, false, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		list, err := c.Agreements(ctx)
		r.odd = list.Unreadable
		for _, a := range list.Rows {
			_, unread := a.Meaning()
			r.meaning(int64(a.ID), unread)
		}
		return r, err
	}},
	"statuses": {map[string]any{"id": "new", "source": "sale", "name": "Nieuw", "text": nil, "type": "default"}, false, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		list, err := c.Statuses(ctx)
		r.odd = list.Unreadable
		for _, s := range list.Rows {
			r.taken = append(r.taken, string(s.ID))
		}
		return r, err
	}},
	"sale changes": {saleRow, true, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		page, err := c.SaleChanges(ctx, "1")
		return sales(page.Data, page.Unreadable), err
	}},
	"sales by number": {saleRow, true, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		page, err := c.SalesByIDs(ctx, []string{"1"})
		return sales(page.Data, page.Unreadable), err
	}},
	"sales by reference": {saleRow, true, func(ctx context.Context, c *salesdock.Client) (r read, err error) {
		page, err := c.SaleByReference(ctx, "x")
		return sales(page.Data, page.Unreadable), err
	}},
}

var (
	productRow = map[string]any{
		"id": 7, "name": "Stroom", "identifier": "x", "type": "energy_e", "usp": "a\r\nb", "active": "1", "business": "2", "valid_from": nil, "valid_till": "2027-01-01", "created_at": "2026-01-02 03:04:05",
		"updated_at": "2026-01-02T03:04:05+01:00", "duration": "12", "price": "1.50", "customfields": map[string]any{"tariff": 0.25}, "documents": []any{map[string]any{"name": "T", "location": "https://x.example/t"}},
	}
	saleRow = map[string]any{
		"id": 900, "status": map[string]any{"status_identifier": "new", "status": "Nieuw", "status_remark": nil}, "created_at": "2026-01-02 03:04:05", "updated_at": "2026-01-02 03:04:05",
		"customer": map[string]any{"firstname": "Jan", "lastname": "Geheim", "email": "jan@geheim.example", "birthdate": "01-02-1990"}, "product": map[string]any{"id": "7"},
	}
)

func (r *read) product(p salesdock.Product) {
	_, _, err := p.Content()
	r.meaning(int64(p.ID), err)
}

func (r *read) meaning(id int64, err error) {
	if err == nil {
		r.taken = append(r.taken, fmt.Sprint(id))
		return
	}
	odd, _ := err.(salesdock.Unreadable) //nolint:errorlint // anything else fails the test
	r.odd = append(r.odd, odd)
}

// sales counts a sale as taken when it can be put to both uses.
func sales(rows []salesdock.SaleUpdate, odd []salesdock.Unreadable) read {
	r := read{odd: odd}
	for i := range rows {
		switch status, identity := rows[i].StatusOdd(), rows[i].IdentityOdd(); {
		case status != nil:
			r.odd = append(r.odd, *status)
		case identity != nil:
			r.odd = append(r.odd, *identity)
		case len(rows[i].Odd) > 0:
			r.odd = append(r.odd, rows[i].Odd...)
		default:
			r.taken = append(r.taken, string(rows[i].ID))
		}
	}
	return r
}

// listOf writes a list of rows; row n has the number n+1. One of them may have a field with some JSON of its own.
func listOf(t *testing.T, page bool, row map[string]any, size, odd int, field, value string) string {
	t.Helper()
	rows := make([]string, size)
	for n := range rows {
		fields := maps.Clone(row)
		fields["id"] = n + 1
		texts := []string{}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			data, err := json.Marshal(fields[name])
			require.NoError(t, err)
			if n == odd && name == field {
				data = []byte(value)
			}
			texts = append(texts, fmt.Sprintf("%q: %s", name, data))
		}
		rows[n] = "{" + strings.Join(texts, ", ") + "}"
	}
	return wrapped(page, rows)
}

func wrapped(page bool, rows []string) string {
	list := "[" + strings.Join(rows, ", ") + "]"
	if page {
		list = `{"current_page": 1, "next_page_url": null, "per_page": "20", "data": ` + list + `}`
	}
	return `{"success": true, "message": "", "data": ` + list + `}`
}

func served(t *testing.T, contentType, body string) *salesdock.Client {
	return partner(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body))
	})
}

// Whatever one field of one row holds, in whatever list and wherever in it: the other rows are taken, and the row itself is
// taken or named, with its number and that field. Nothing of a customer is told.
func TestOneOddRowSpoilsNoOther(t *testing.T) {
	t.Parallel()
	odd := []string{
		`[]`, `{}`, `null`, `""`, `true`, `[1, "x"]`, `{"a": {"b": 1}}`, `"drie"`, `-7`, `1.5`, `1e400`, `"6,99"`, `"12 maanden"`, `"0000-00-00 00:00:00"`,
		"\"B\xf6hmer\"", `"B\ud800hmer"`, `"B\udc00\ud800"`, `"` + strings.Repeat("x", 3000) + `"`, `{"id": []}`, `"geheim"`,
	}
	const size = 3
	for name, list := range lists {
		for field := range list.row {
			for _, value := range odd {
				for at := range size {
					body := listOf(t, list.page, list.row, size, at, field, value)
					got, err := list.read(t.Context(), served(t, "application/json", body))
					what := fmt.Sprintf("%s: %s = %.80q in row %d", name, field, value, at+1)
					require.NoError(t, err, what)
					own := fmt.Sprint(at + 1)
					for n := range size {
						if n != at {
							require.Contains(t, got.taken, fmt.Sprint(n+1), what)
						}
					}
					if len(got.odd) == 0 {
						require.Len(t, got.taken, size, what)
						continue
					}
					require.Len(t, got.taken, size-1, what)
					require.Equal(t, field, strings.Split(got.odd[0].Field, ".")[0], what)
					require.NotEmpty(t, got.odd[0].Reason, what)
					require.LessOrEqual(t, len(got.odd[0].Value), 200, what)
					if field != "id" {
						require.Equal(t, own, got.odd[0].ID, what)
					}
					if field == "customer" {
						require.Empty(t, got.odd[0].Value, what)
					}
				}
			}
		}
	}
}

// What the issue reported, and its neighbours: what is certain is read, what is not is named.
func TestOddValues(t *testing.T) {
	t.Parallel()
	const taken = ""
	for _, c := range []struct {
		list, field, value, oddField string
		reason                       states.Reason
	}{
		{"products", "created_at", `"0000-00-00 00:00:00"`, taken, ""},
		{"products", "created_at", `"2026-01-02T03:04:05+0000"`, taken, ""},
		{"products", "updated_at", `"2026-01-02 03:04:05 +01:00"`, taken, ""},
		{"products", "updated_at", `"gisteren"`, "updated_at", states.ProblemNotATime},
		{"products", "updated_at", `"01/02/2026"`, "updated_at", states.ProblemNotATime},
		{"products", "duration", `"12 maanden"`, taken, ""},
		{"products", "duration", `"1 jaar"`, taken, ""},
		{"products", "duration", `"onbepaald"`, "duration", states.ProblemNotWhole},
		{"products", "price", `"6,99"`, taken, ""},
		{"products", "price", `"1,234"`, "price", states.ProblemNotAnAmount},
		{"products", "price", `"gratis"`, "price", states.ProblemNotAnAmount},
		{"products", "valid_till", `"01-01-2027"`, taken, ""},
		{"products", "valid_till", `"0000-00-00"`, taken, ""},
		{"products", "valid_till", `"volgend jaar"`, "valid_till", states.ProblemNotATime},
		{"products", "name", `"` + strings.Repeat("é", 501) + `"`, "name", states.ProblemTooLong},
		{"products", "name", `"` + strings.Repeat("é", 500) + `"`, taken, ""},
		{"products", "identifier", `"` + strings.Repeat("x", 3000) + `"`, "identifier", states.ProblemTooLong},
		{"products", "description", `"` + strings.Repeat("x", 3000) + `"`, taken, ""},
		{"questions", "name", `"` + strings.Repeat("x", 3000) + `"`, "name", states.ProblemTooLong},
		{"products", "name", `null`, "name", states.ProblemRequired},
		{"products", "name", "\"B\xf6hmer\"", "name", states.ProblemBrokenText},
		{"products", "name", `"B\ud800hmer"`, "name", states.ProblemBrokenText},
		{"products", "name", `"\ud83d\ude00 \\ud800"`, taken, ""}, // a pair, and an escaped backslash
		{"products", "documents", `[{"name": {}, "location": "x"}]`, "documents.0.name", states.ProblemNotText},
		{"products", "customfields", `[]`, taken, ""},
		{"products", "id", `"drie"`, "id", states.ProblemNotWhole},
		{"questions", "rule", `"{\"type\""`, "rule", states.ProblemRule},
		{"questions", "required", `"misschien"`, "required", states.ProblemNotYesNo},
		{"questions", "required", `"ja"`, taken, ""},
		{"flows", "sections", `[]`, taken, ""},
		{"flows", "sections", `"geen"`, "sections", states.ProblemNotList},
		{"flows", "sections", `{"1": {"id": 1, "products": {"4": {"id": 7}}}}`, taken, ""},
		{"agreements", "sort", `"hoog"`, "sort", states.ProblemNotWhole},
		{"statuses", "name", `["x"]`, "name", states.ProblemNotText},
		{"sale changes", "product", `[]`, taken, ""},
		{"sale changes", "customer", `[]`, taken, ""},
		{"sale changes", "status", `"new"`, taken, ""},
		{"sale changes", "status", `[]`, "status", states.ProblemRequired},
		{"sale changes", "status", `{"status_identifier": ["new"]}`, "status.status_identifier", states.ProblemNotText},
		{"sale changes", "customer", `{"email": ["jan@geheim.example"]}`, "customer.email", states.ProblemNotText},
		{"sale changes", "updated_at", `"0000-00-00"`, "updated_at", states.ProblemRequired},
	} {
		list := lists[c.list]
		got, err := list.read(t.Context(), served(t, "", listOf(t, list.page, list.row, 2, 0, c.field, c.value)))
		what := fmt.Sprintf("%s: %s = %q", c.list, c.field, c.value)
		require.NoError(t, err, what)
		if c.oddField == taken {
			require.Empty(t, got.odd, what)
			continue
		}
		require.Len(t, got.odd, 1, what)
		require.Equal(t, c.oddField, got.odd[0].Field, what)
		require.Equal(t, c.reason, got.odd[0].Reason, what)
		require.NotContains(t, fmt.Sprintf("%+v", got.odd), "geheim", what)
	}
}

// A row that is no object is named by what it is: nothing.
func TestRowsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, list := range lists {
		body := listOf(t, list.page, list.row, 2, -1, "", "")
		for _, none := range []string{`null`, `[]`, `"geheim"`, `7`} {
			got, err := list.read(t.Context(), served(t, "", strings.Replace(body, `"data": [`, `"data": [`+none+`, `, 1)))
			require.NoError(t, err, name)
			require.Len(t, got.taken, 2, name)
			require.Equal(t, []salesdock.Unreadable{{Reason: states.ProblemNotObject}}, got.odd, name)
		}
	}
}

// Text arrives as it was meant: by the character set that is declared, after a byte-order mark or not. What is no text in
// that set is never repaired.
func TestCharacterSets(t *testing.T) {
	t.Parallel()
	latin, err := charmap.ISO8859_1.NewEncoder().String("Böhmer")
	require.NoError(t, err)
	for _, c := range []struct{ contentType, name, want string }{
		{"application/json", "Böhmer", "Böhmer"},
		{"application/json; charset=utf-8", "Böhmer", "Böhmer"},
		{"application/json; charset=ISO-8859-1", latin, "Böhmer"},
		{"application/json; charset=windows-1252", "B\xf6hmer \x80", "Böhmer €"},
		{`application/json; charset="latin1"`, latin, "Böhmer"},
		{"application/json", latin, ""},
		{"application/json; charset=UTF-8", latin, ""},
		{"application/json; charset=klingon", latin, ""},
		{"application/json; charset=iso-8859-7", "\xff", ""}, // no letter has this byte
	} {
		for _, mark := range []string{"", "\xef\xbb\xbf"} {
			if mark != "" && strings.Contains(c.contentType, "charset") && !strings.Contains(strings.ToLower(c.contentType), "utf-8") {
				continue // the mark is no text there
			}
			body := mark + wrapped(false, []string{`{"id": 1, "name": "` + c.name + `", "type": "x"}`, `{"id": 2, "name": "goed", "type": "x"}`})
			var names []string
			var odd []salesdock.Unreadable
			err := served(t, c.contentType, body).Products(t.Context(),
				func(p salesdock.Product) error { names = append(names, string(p.Name)); return nil }, func(u salesdock.Unreadable) error { odd = append(odd, u); return nil })
			require.NoError(t, err, c.contentType)
			if c.want != "" {
				require.Equal(t, []string{c.want, "goed"}, names, c.contentType)
				continue
			}
			require.Equal(t, []string{"goed"}, names, c.contentType)
			require.Len(t, odd, 1)
			require.Equal(t, states.ProblemBrokenText, odd[0].Reason)
		}
	}
}

// FuzzOneRow: a list with one row of anything never loses the rows beside it.
func FuzzOneRow(f *testing.F) {
	for _, row := range []string{`{"id": 1}`, `[]`, `{"id": "1", "product": [], "status": "new"}`, `{"id": 7, "created_at": "0000-00-00", "duration": "12 maanden", "sections": {"0": {}}}`} {
		f.Add([]byte(row))
	}
	f.Fuzz(func(t *testing.T, odd []byte) {
		if !json.Valid(odd) {
			return // a list of it could not be read at all
		}
		for name, list := range lists {
			rows := []string{}
			for n := range 2 {
				fields := maps.Clone(list.row)
				fields["id"] = 9000001 + n
				data, err := json.Marshal(fields)
				require.NoError(t, err)
				rows = append(rows, string(data))
			}
			got, err := list.read(t.Context(), served(t, "", wrapped(list.page, []string{rows[0], string(odd), rows[1]})))
			require.NoError(t, err, name)
			require.Contains(t, got.taken, "9000001", name)
			require.Contains(t, got.taken, "9000002", name)
			require.GreaterOrEqual(t, len(got.taken)+len(got.odd), 3, "%s: the odd row is taken or named", name)
		}
	})
}

// An address that a browser would run leads nowhere.
func TestDocumentsLeadToAddresses(t *testing.T) {
	t.Parallel()
	for location, kept := range map[string]bool{
		"https://x.example/t": true, "http://x.example/t": true, "/files/1": true, "HTTPS://x.example": true, "": true,
		"javascript:alert(1)": false, "JavaScript:alert(1)": false, " javascript:alert(1)": false, "data:text/html,x": false, "vbscript:x": false, "java\tscript:alert(1)": false,
	} {
		product := salesdock.Product{ID: 1, Name: "x", Type: "y", ProductDetail: &salesdock.ProductDetail{Documents: []salesdock.Document{{Name: "d", Location: salesdock.Text(location)}}}}
		content, _, err := product.Content()
		require.NoError(t, err)
		require.Equal(t, kept && location != "", content.Documents[0].Location != "", location)
	}
}

// A pace that nobody means would not fit where it is kept, and every link's pace is read from there.
func TestAPartnersPaceFits(t *testing.T) {
	t.Parallel()
	for said, kept := range map[string]int{"120": 120, "99999999999": 60_000, "-5": 0} {
		var c salesdock.Capabilities
		require.NoError(t, json.Unmarshal([]byte(`{"product": "koppel", "requests_per_minute": `+said+`}`), &c))
		require.Equal(t, kept, c.RequestsPerMinute)
		require.Equal(t, "koppel", c.Product)
	}
}
