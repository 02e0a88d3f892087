package activities

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
	"koppel/states"
)

// said is one answer on the wire: its status line, its headers, its body, and where the connection broke.
type said struct {
	status         int
	kind, encoding string
	body           string
	cut            string // "", "status line", "headers", "body"
}

func (s said) String() string {
	return fmt.Sprintf("%d %s%s %.60q cut %q", s.status, s.kind, s.encoding, s.body, s.cut)
}

// bytes is the answer as it is written; what was cut off is promised and never comes.
func (s said) bytes() string {
	head := fmt.Sprintf("HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n", s.status, s.kind, len(s.body))
	if s.encoding != "" {
		head += "Content-Encoding: " + s.encoding + "\r\n"
	}
	switch s.cut {
	case "status line":
		return "HTTP/1.1 " + fmt.Sprint(s.status)[:2]
	case "headers":
		return head
	case "body":
		return head + "\r\n" + s.body[:len(s.body)/2]
	}
	return head + "\r\n" + s.body
}

// refuses is the contract's and HTTP's own list of status lines by which nothing was done, written out again here.
var refuses = []int{400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 422, 426, 428, 429, 431, 451, 301, 307, 308}

const ray = `<html>504<hr>Ray ID: 8f1015ab</html>`

// bodies with what each tells a person who reads it: whether a sale was made.
var bodies = map[string]bool{
	"":  false,
	ray: false, "<html>error code: 1015</html>": false, "Error 1015: you are being rate limited": false, "null": false, "[]": false, `"nee"`: false,
	`{"success": false, "message": "nee"}`:                           false,
	`{"success": false, "message": "Invalid product", "code": 400}`:  false,
	`{"message": "x", "errors": {"sale_id": ["b"]}}`:                 false,
	`{"success": "0", "data": {"sale_id": null}, "message": "1015"}`: false,
	`{"success": true, "data": {"sale_id": 12}}`:                     true,
	`{"success": "1", "data": {"sale_id": "12"}}`:                    true,
	`{"success": true, "data": []}`:                                  true,
	`{"success": false, "data": {"sale_id": 12}}`:                    true,
	`{"sale_id": 12}`: true,
	"\ufeff" + `{"success": true, "data": {"sale_id": 12}}`:                 true,
	`<br>Warning: x in y.php<br>{"success": true, "data": {"sale_id": 12}}`: true,
	`[{"sale_id": 12}]`:                                                           true,
	`{"success": true, "data": {"sale_id": 12`:                                    true,
	`{"success": true, "data": {"sale_id": 12}} trailing`:                         true,
	`{"success": "misschien"}`:                                                    true,
	`<html><pre>{"success":true}</pre></html>`:                                    true,
	`{"success": false, "data": [{"id": 1, "sale_id": 12}], "message": "dubbel"}`: true,
}

func everyAnswer() (all []said) {
	for status := 200; status < 600; status++ {
		for _, body := range []string{"", ray, `{"success": false, "message": "nee"}`, `{"success": true, "data": {"sale_id": 12}}`} {
			all = append(all, said{status: status, kind: "text/html", body: body})
		}
	}
	for _, status := range append(slices.Clone(refuses), 200, 201, 302, 408, 409, 418, 425, 499, 500, 502, 503, 504, 520, 524, 599) {
		for body := range bodies {
			for _, kind := range []string{"application/json", "text/html; charset=utf-8", "", "application/problem+json", "nonsense;;"} {
				for _, cut := range []string{"", "status line", "headers", "body"} {
					all = append(all, said{status: status, kind: kind, body: body, cut: cut})
				}
			}
			all = append(all, said{status: status, kind: "application/json", encoding: "gzip", body: body})
		}
	}
	return all
}

// TestOnlyARefusalProvesThatNothingWasMade gives every combination of status line, headers, body and broken connection as
// the answer to a create. Whatever of them can come with a sale that was made is never sent again by itself, nor called
// refused; and what a status line refuses, whatever page comes with it, is no riddle.
func TestOnlyARefusalProvesThatNothingWasMade(t *testing.T) {
	t.Parallel()
	var next atomic.Pointer[said]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(connection, next.Load().bytes())
			_ = connection.Close()
		}
	}))
	t.Cleanup(server.Close)
	client := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), server.URL, "b", "t")
	for _, s := range everyAnswer() {
		next.Store(&s)
		id, err := client.CreateSale(t.Context(), "f", "i", []byte(`{}`), "")
		if err == nil {
			require.True(t, s.status >= 200 && s.status < 300 && bodies[s.body] && s.cut == "", "%s is not made", s)
			require.Equal(t, "12", id)
			continue
		}
		stock, keyedPartner := classify(err, asCreate), classify(err, asKeyedCreate)
		whole := s.encoding == "" && (s.cut == "" || s.cut == "body" && s.body == "") // what did not come may have told of a sale
		switch {
		case slices.Contains(refuses, s.status) && whole && !bodies[s.body]:
			require.Contains(t, []Disposition{Person, Pause, Retry}, stock.Disposition, "%s is refused", s)
			require.Equal(t, s.status == http.StatusTooManyRequests, stock.Disposition == Retry, "%s: only this one goes again by itself", s)
			require.Equal(t, s.status == http.StatusUnauthorized, stock.Disposition == Pause, "%s", s)
			require.Equal(t, s.status, stock.Status, "%s", s)
		default:
			require.Equal(t, Unknown, stock.Disposition, "%s may have made it", s)
			require.NotContains(t, []Disposition{Person, Pause}, keyedPartner.Disposition, "%s may have made it", s)
		}
	}
}

// A proxy's page that holds the digits of a throttle proves nothing: one order became seven by it.
func TestDigitsInAPageProveNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 403, 500, 502, 503, 504, 520, 524} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, ray)
		}))
		_, err := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), server.URL, "b", "t").CreateSale(t.Context(), "f", "i", []byte(`{}`), "")
		server.Close()
		require.NotEqual(t, states.ReasonThrottled, classify(err, asCreate).Reason, "%d", status)
		require.NotEqual(t, Retry, classify(err, asCreate).Disposition, "%d", status)
	}
}

// A partner's page is read by its status line, also where nothing would have been made.
func TestAPageInPlaceOfAReadIsReadByItsStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Classified{
		301: {Reason: states.ReasonMoved, Disposition: Person}, 308: {Reason: states.ReasonMoved, Disposition: Person}, 302: {Reason: states.ReasonUnreadable, Disposition: Retry},
		400: {Reason: states.ReasonRejected, Disposition: Person}, 401: {Reason: states.ReasonTokenRefused, Disposition: Pause}, 403: {Reason: states.ReasonForbidden, Disposition: Person},
		404: {Reason: states.ReasonNotFound, Disposition: Person}, 413: {Reason: states.ReasonRejected, Disposition: Person}, 429: {Reason: states.ReasonThrottled, Disposition: Retry, Delay: throttledDelay},
		408: {Reason: states.ReasonUnreachable, Disposition: Retry}, 500: {Reason: states.ReasonUnreachable, Disposition: Retry}, 504: {Reason: states.ReasonUnreachable, Disposition: Retry},
		200: {Reason: states.ReasonUnreadable, Disposition: Retry},
	} {
		for _, body := range []string{"", "<html>nee</html>", ray, `{"success": false, "message": "nee"}`} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}))
			_, err := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), server.URL, "b", "t").Statuses(t.Context())
			server.Close()
			if status == 200 && strings.HasPrefix(body, "{") {
				want.Reason, want.Disposition = states.ReasonRejected, Person // the account itself says no
			}
			want.Status = status
			require.Equal(t, want, classify(err, asRead), "%d %s", status, body)
		}
	}
}

func TestRetryAfterIsReadByThePartnersClock(t *testing.T) {
	t.Parallel()
	theirs := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for given, want := range map[string]time.Duration{
		"7": 7 * time.Second, " 7 ": 7 * time.Second, "99999999999": time.Hour, "0": 0, "-3": 0, "soon": 0, "": 0,
		theirs.Add(40 * time.Second).Format(http.TimeFormat): 40 * time.Second,
		theirs.Add(-time.Minute).Format(http.TimeFormat):     0,
		theirs.Add(48 * time.Hour).Format(http.TimeFormat):   time.Hour,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", theirs.Format(http.TimeFormat))
			w.Header().Set("Retry-After", given)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		_, err := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}, nil), server.URL, "b", "t").Statuses(t.Context())
		server.Close()
		require.Equal(t, want, classify(err, asRead).Delay, given)
	}
}
