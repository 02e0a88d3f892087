package salesdock_test

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

func partner(t *testing.T, handler http.HandlerFunc) *salesdock.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), server.URL, "acme", "secret")
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestClientReadsEverySpelling(t *testing.T) {
	t.Parallel()
	c := partner(t, answer(200, `{"success": "1", "message": "", "data": {"id": "12", "name": 7, "type": "energy_e", "active": true, "business": 2, "supplier_id": null,
		"usp": "a\r\nb", "main": "1", "price": 12.50, "customfields": [], "documents": null, "created_at": "2026-05-31 14:02:00", "updated_at": "2026-05-31T12:02:00Z", "new_field": {"x": 1}}}`))
	p, err := c.Product(t.Context(), 12)
	require.NoError(t, err)
	content, own, err := p.Content()
	require.NoError(t, err)
	require.Equal(t, "7", content.Name)
	require.Equal(t, "12.50", content.Price)
	require.True(t, content.Main)
	require.Equal(t, "a\nb", own.USP)
	require.Equal(t, p.CreatedAt.Time, p.UpdatedAt.Time, "a naive time is Amsterdam's")
}

func TestClientTellsFailuresApart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		check   func(t *testing.T, err error)
	}{
		"fields as lists":       {answer(422, `{"message": "x", "errors": {"a": ["b", "c"]}}`), fields("a", "b")},
		"fields as text":        {answer(400, `{"success": false, "message": "x", "code": "400", "errors": {"a": "b"}}`), fields("a", "b")},
		"a list of errors":      {answer(400, `{"success": false, "message": "x", "errors": ["b"]}`), fields("", "b")},
		"throttled":             {answer(429, "<html>", "Retry-After", "7"), throttled(7 * time.Second)},
		"a proxy's 1015":        {answer(429, "<html>error code: 1015</html>"), throttled(0)},
		"1015 in another page":  {answer(504, "<html>504<hr>Ray ID: 8f1015ab</html>"), status(504)},
		"a page that refuses":   {answer(413, "<html>Request Entity Too Large</html>"), status(413)},
		"an HTML error":         {answer(502, "<html>Bad gateway</html>"), status(502)},
		"an HTML page":          {answer(200, "<html>"), is(salesdock.ErrUnreadable)},
		"a success that is not": {answer(200, `{"success": false, "message": "nee"}`), status(200)},
		"no envelope":           {answer(200, `{"data": 1}`), is(salesdock.ErrUnreadable)},
		"a redirect":            {answer(302, "", "Location", "https://elsewhere.example"), status(302)},
		"no sale id":            {answer(201, `{"success": true, "data": {}}`), is(salesdock.ErrUnreadable)},
		"a broken answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"success"`))
		}, is(salesdock.ErrNoAnswer)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := partner(t, c.handler).CreateSale(t.Context(), "f", "i", []byte("{}"), "")
			require.Error(t, err)
			c.check(t, err)
		})
	}
}

func fields(name, sentence string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		var failure *salesdock.Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, sentence, failure.Fields[name][0])
	}
}

func throttled(after time.Duration) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		var failure *salesdock.Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, http.StatusTooManyRequests, failure.Status)
		require.Equal(t, after, failure.RetryAfter)
	}
}

func status(want int) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		var failure *salesdock.Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, want, failure.Status)
	}
}

func is(want error) func(*testing.T, error) {
	return func(t *testing.T, err error) { require.ErrorIs(t, err, want) }
}

// What never left may be done again.
func TestClientKnowsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(answer(200, ""))
	address := server.URL
	server.Close()
	_, err := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), address, "a", "t").CreateSale(t.Context(), "f", "i", nil, "")
	require.ErrorIs(t, err, salesdock.ErrNotSent)
}

func TestClientCapsAnswers(t *testing.T) {
	t.Parallel()
	c := partner(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"success": true, "data": "`))
		for range 10 {
			_, _ = w.Write([]byte(strings.Repeat("x", 1<<20)))
		}
	})
	_, err := c.Product(t.Context(), 1)
	require.ErrorIs(t, err, salesdock.ErrUnreadable)
}

// The limit is of the text that is kept: what an answer becomes when it is read from another character set. A packed one,
// which nobody asked for, is not unpacked.
func TestTheLimitIsOfWhatIsKept(t *testing.T) {
	t.Parallel()
	in := func(letters int) string {
		return `{"success": true, "data": {"id": 1, "name": "Stroom", "x": "` + strings.Repeat("\xe9", letters) + `"}}`
	}
	var packed strings.Builder
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(in(9 << 20)))
	require.NoError(t, w.Close())
	latin1 := []string{"Content-Type", "application/json; charset=iso-8859-1"}
	_, err := partner(t, answer(200, in(3<<20), latin1...)).Product(t.Context(), 1)
	require.NoError(t, err, "6 MiB here")
	_, err = partner(t, answer(200, in(5<<20), latin1...)).Product(t.Context(), 1)
	require.ErrorIs(t, err, salesdock.ErrUnreadable, "5 MiB on the way, 10 here")
	_, err = partner(t, answer(200, packed.String(), "Content-Encoding", "gzip")).Product(t.Context(), 1)
	require.ErrorIs(t, err, salesdock.ErrUnreadable)
}

// Whatever a partner sends is read or refused, and never makes us fall over.
func FuzzProduct(f *testing.F) {
	f.Add([]byte(`{"id": "1", "name": "x", "type": "y", "usp": ["a"], "customfields": {"a": {"b": 1}}, "price": "1e5", "documents": [{}]}`))
	f.Add([]byte(`{"id": 1, "created_at": "2026-03-29 02:30:00", "customfields": []}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p salesdock.Product
		if json.Unmarshal(data, &p) != nil {
			return
		}
		content, own, err := p.Content()
		if err != nil {
			return
		}
		hash := content.Hash()
		p.SetContent(content, own, true)
		again, _, err := p.Content()
		require.NoError(t, err)
		require.Equal(t, hash, again.Hash(), "reading what we write changes nothing")
	})
}

func FuzzQuestionAndEnvelope(f *testing.F) {
	f.Add([]byte(`{"id": 1, "identifier": "x", "rule": "{}", "options": "a\r\nb", "extra": "{\"product_types\": [\"x\"]}", "required": "1"}`))
	f.Add([]byte(`{"success": "1", "errors": {"a": {"b": ["c"]}}, "code": "404"}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var q salesdock.Question
		if json.Unmarshal(data, &q) == nil {
			_, _ = q.Meaning()
		}
		var a salesdock.Agreement
		if json.Unmarshal(data, &a) == nil {
			_, _ = a.Meaning()
		}
		var fl salesdock.Flow
		if json.Unmarshal(data, &fl) == nil {
			_ = fl.Meaning()
		}
		var e salesdock.Envelope
		_ = json.Unmarshal(data, &e)
		var u salesdock.Page[salesdock.SaleUpdate]
		_ = json.Unmarshal(data, &u)
	})
}

// FuzzAnswers gives a partner's whole answer, with any status and any body, to everything that reads one.
func FuzzAnswers(f *testing.F) {
	f.Add(200, []byte(`{"success": true, "data": [{"id": 1, "name": "x", "customfields": {"a": "1"}}]}`))
	f.Add(429, []byte(`<html>Error 1015</html>`))
	f.Add(422, []byte(`{"message": "x", "errors": {"questionData.a": ["b"]}}`))
	f.Add(201, []byte(`{"success": "1", "data": {"sale_id": "12"}}`))
	f.Add(200, []byte(`{"success": 1, "data": {"data": [{"id": "7", "status": "new", "customer": []}], "next_page_url": null, "per_page": "20"}}`))
	var status int
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	f.Cleanup(server.Close)
	client := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), server.URL, "b", "t")
	f.Fuzz(func(t *testing.T, code int, data []byte) {
		if code < 200 || code > 599 {
			return
		}
		status, body = code, data
		ctx := t.Context()
		_, _ = client.Capabilities(ctx)
		_ = client.Products(ctx, func(p salesdock.Product) error { _, _, _ = p.Content(); return nil }, func(salesdock.Unreadable) error { return nil })
		_, _ = client.SaleChanges(ctx, "")
		_, _ = client.Flows(ctx)
		_, _ = client.Statuses(ctx)
		if questions, err := client.Questions(ctx); err == nil {
			for _, q := range questions.Rows {
				_, _ = q.Meaning()
			}
		}
		if id, err := client.CreateSale(ctx, "f", "i", []byte("{}"), ""); err == nil {
			require.NotEmpty(t, id)
			require.Less(t, code, 300, "only a success makes a sale")
		}
	})
}

// A list counts only when it was read to its end.
func TestClientStreamsListsToTheirEnd(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"message": "", "data": [{"id": 1}, {"id": "2"}], "success": true, "more": {"x": [1]}}`: 2,
		`{"success": true, "data": []}`:                               0,
		`{"success": true, "data": [{"id": 1}, {"id": 2}`:             -1,
		`{"success": true, "data": [{"id": 1}, {"id": "drie"}]}`:      1,
		`{"success": true, "data": {"0": {"id": 1}, "2": {"id": 2}}}`: 2,
		`{"success": false, "data": [{"id": 1}]}`:                     -1,
		`{"success": true}`:                                           -1,
		`{"success": true, "data": {"id": 1}}`:                        -1,
		`<html>`:                                                      -1,
	} {
		count := 0
		err := partner(t, answer(200, body)).Products(t.Context(), func(salesdock.Product) error { count++; return nil }, func(salesdock.Unreadable) error { return nil })
		if want < 0 {
			require.ErrorIs(t, err, salesdock.ErrUnreadable, body)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want, count)
	}
	err := partner(t, answer(401, `{"success": false, "message": "nee"}`)).Products(t.Context(), nil, nil)
	status(401)(t, err)
}

// A stock account writes a page's numbers as it likes: per_page is a text.
func TestPagesWithNumbersAsText(t *testing.T) {
	t.Parallel()
	var page salesdock.Page[salesdock.SaleUpdate]
	require.NoError(t, json.Unmarshal([]byte(`{"current_page": "2", "data": [], "from": null, "last_page": 3, "links": [], "next_page_url": "https://x.example?page=3", "per_page": "20", "to": "40", "total": "41"}`), &page))
	require.Equal(t, salesdock.Int(20), page.PerPage)
	require.Equal(t, salesdock.Int(41), page.Total)
	require.Nil(t, page.From)
	require.Equal(t, "https://x.example?page=3", *page.NextPageURL)
}
