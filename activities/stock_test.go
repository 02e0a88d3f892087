package activities_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Ways in which a stock partner takes a create.
const (
	takes       = "takes"
	loses       = "loses"        // made, and the answer is lost
	page504     = "page504"      // made, and a proxy answers with a page
	fails       = "fails"        // 500, nothing made
	drops       = "drops"        // the connection ends, nothing made
	turnsAway   = "turns away"   // 503 with Retry-After, nothing made
	madeAndBusy = "made and 503" // 503 with Retry-After, and made all the same
)

// stock is a partner without keys: its own clock and zone, a list with pages, and sales that show late.
type stock struct {
	mu       sync.Mutex
	now      func() time.Time
	offset   time.Duration // its clock is so far ahead of ours
	zone     *time.Location
	size     int
	rows     []stockSale
	mode     string
	lag      time.Duration // after which what it makes is in its list
	down     bool          // its list answers 502
	empty    bool          // its list is empty, whatever it made
	moving   bool          // its list loses a row of an earlier page whenever a page is read
	creates  int
	listed   int
	spelling func(map[string]any)
	garbled  bool // its list shows what it made unreadably
	oddRow   any  // stands in its list beside what it made
}

type stockSale struct {
	id        int
	at, shown time.Time
	reference string
	customer  map[string]any
	product   any
}

func (s *stock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Date", s.now().Add(s.offset).UTC().Format(http.TimeFormat))
	switch {
	case r.Method == http.MethodPost:
		s.create(w, r)
	case strings.HasSuffix(r.URL.Path, "/user/sales"):
		s.list(w, r)
	case strings.HasSuffix(r.URL.Path, "/statuses"):
		say(w, 200, []any{})
	default:
		say(w, 404, nil)
	}
}

func say(w http.ResponseWriter, status int, data any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"success": status < 300, "data": data, "message": "", "code": status})
}

func (s *stock) create(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	data, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(data, &body)
	s.creates++
	if slices.Contains([]string{takes, loses, page504, madeAndBusy}, s.mode) {
		customer := map[string]any{}
		for _, field := range []string{"firstname", "lastname", "email", "birthdate"} {
			customer[field] = body[field]
		}
		if s.spelling != nil {
			s.spelling(customer)
		}
		s.make(fmt.Sprint(body["external_reference"]), customer, body["product_id"], s.now())
	}
	switch s.mode {
	case takes:
		say(w, 201, map[string]any{"sale_id": s.rows[len(s.rows)-1].id})
	case loses, drops:
		lost(0, w)
	case page504:
		w.WriteHeader(504)
		_, _ = w.Write([]byte("<html>504<hr>Ray ID: 8f1015ab</html>"))
	case turnsAway, madeAndBusy:
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(503)
	default:
		w.WriteHeader(500)
	}
}

// make puts a sale in the ledger; the lock is held.
func (s *stock) make(reference string, customer map[string]any, product any, at time.Time) {
	s.rows = append(s.rows, stockSale{len(s.rows) + 1, at, s.now().Add(s.lag), reference, customer, product})
}

// plant has somebody at the partner enter a sale.
func (s *stock) plant(email, lastname, birthdate string, product int, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.make("", map[string]any{"firstname": "x", "lastname": lastname, "email": email, "birthdate": birthdate}, product, at)
	s.rows[len(s.rows)-1].shown = at
}

func (s *stock) list(w http.ResponseWriter, r *http.Request) {
	s.listed++
	if s.down {
		w.WriteHeader(502)
		return
	}
	query := r.URL.Query()
	bound := func(name string, otherwise time.Time) time.Time {
		at, err := time.ParseInLocation(time.DateTime, query.Get(name), s.zone)
		if err != nil {
			return otherwise
		}
		return at
	}
	from, till := bound("period_start", time.Time{}), bound("period_end", s.now().Add(24*time.Hour))
	found := []any{}
	for _, sale := range slices.Backward(s.rows) {
		at := sale.at.Add(s.offset).Truncate(time.Second)
		asked := query["sale_ids[0]"] == nil || query.Get("sale_ids[0]") == strconv.Itoa(sale.id)
		if s.empty || sale.shown.After(s.now()) || at.Before(from) || at.After(till) || !asked {
			continue
		}
		if s.garbled {
			found = append(found, map[string]any{"id": strconv.Itoa(sale.id), "created_at": "0000-00-00 00:00:00", "product": "x", "customer": []any{"x"}})
			continue
		}
		found = append(found, map[string]any{
			"id": strconv.Itoa(sale.id), "created_at": at.In(s.zone).Format(time.DateTime), "product": map[string]any{"id": sale.product}, "customer": sale.customer,
		})
	}
	if s.oddRow != nil {
		found = append(found, s.oddRow)
	}
	number, _ := strconv.Atoi(query.Get("page"))
	number = max(number, 1)
	begin, end := min((number-1)*s.size, len(found)), min(number*s.size, len(found))
	if s.moving && number > 1 { // a row left the pages before: the first row of this one went there
		begin = min(begin+1, end)
	}
	var next any
	if end < len(found) {
		next = "http://" + r.Host + "/?page=" + strconv.Itoa(number+1)
	}
	say(w, 200, map[string]any{"data": found[begin:end], "next_page_url": next, "current_page": number})
}

func (s *stock) set(change func(*stock)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// times says how often each of our sales was made.
func (s *stock) times() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := map[string]int{}
	for _, sale := range s.rows {
		if sale.reference != "" {
			count[sale.reference]++
		}
	}
	return count
}

func (s *stock) asked() (creates, lists int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.creates, s.listed
}
