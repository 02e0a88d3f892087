package activities_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"koppel/salesdock"
)

// fakePartner takes sales and keeps a ledger; answer decides what its caller hears.
type fakePartner struct {
	koppel bool
	mu     sync.Mutex
	ledger []received
	answer func(n int, w http.ResponseWriter) // nil: a proper one
	listed []map[string]any
	more   bool // the list has another page
	reads  int  // of the list
	refuse int  // every read is answered with this status and a page; 0 for none
}

func (p *fakePartner) refuses(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = status
}

type received struct {
	key  string
	body []byte
}

func (p *fakePartner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	say := func(status int, data any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"success": status < 300, "data": data, "message": "", "code": status})
	}
	switch {
	case p.refuse != 0 && r.Method == http.MethodGet:
		w.WriteHeader(p.refuse)
		_, _ = w.Write([]byte("<html>nee</html>"))
	case strings.HasSuffix(r.URL.Path, "/capabilities"):
		if !p.koppel {
			say(404, nil)
			return
		}
		say(200, salesdock.Capabilities{Product: "koppel", IdempotencyKeys: true, LimitsByTokenAlone: true})
	case strings.HasSuffix(r.URL.Path, "/statuses"):
		say(200, []any{})
	case strings.HasSuffix(r.URL.Path, "/user/sales"):
		p.reads++
		var next any
		if p.more {
			next = "more"
		}
		say(200, map[string]any{"data": p.listed, "next_page_url": next, "next_cursor": fmt.Sprint("c", p.reads)})
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body)
		p.ledger = append(p.ledger, received{r.Header.Get("Idempotency-Key"), body})
		if p.answer != nil {
			p.answer(len(p.ledger), w)
			return
		}
		say(201, map[string]any{"sale_id": 900})
	default:
		say(404, nil)
	}
}

func (p *fakePartner) answers(answer func(n int, w http.ResponseWriter)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *fakePartner) lists(sales []map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed = sales
}

func (p *fakePartner) pagesGoOn(more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = more
}

func (p *fakePartner) pages() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads
}

func (p *fakePartner) sent() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ledger)
}

func lost(_ int, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func refused(status int, body string) func(int, http.ResponseWriter) {
	return func(_ int, w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
