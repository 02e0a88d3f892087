package activities

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"koppel/salesdock"
)

// MovingAccount is a stock account's list of sales while it is worked on: Work is called between any two requests.
// What accounts differ in is its fields.
type MovingAccount struct {
	mu                sync.Mutex
	Now               func() time.Time // the true time
	Ahead             time.Duration    // of the account's clock
	Dateless          bool             // its answers say nothing of its clock
	Zone              *time.Location   // what it writes times in
	Zoned             bool             // and whether changes say so
	Converts          bool             // filters are read in the zone, rather than held against the digits
	Page              int              // rows
	Order             string           // id, -id, updated, -updated or hash
	IDsAtMost         int              // sale_ids[] that it heeds: 0 is none
	Work              func()
	Requests, Changes int
	sales             []*movingSale
}

type movingSale struct {
	ID               int
	Status           string
	Created, Updated time.Time // by the account's clock
	Gone             bool
}

func (a *MovingAccount) clock() time.Time { return a.Now().Add(a.Ahead) }

// Make adds a sale and gives its number.
func (a *MovingAccount) Make() int {
	a.Changes++
	a.sales = append(a.sales, &movingSale{ID: 1000 + len(a.sales), Status: "new", Created: a.clock(), Updated: a.clock()})
	return a.sales[len(a.sales)-1].ID
}

// Set gives sales a status, all in the same second.
func (a *MovingAccount) Set(status string, ids ...int) {
	for _, id := range ids {
		a.Changes++
		a.sales[id-1000].Status, a.sales[id-1000].Updated = status, a.clock()
	}
}

// Remove takes a sale out of every list.
func (a *MovingAccount) Remove(id int) { a.sales[id-1000].Gone = true }

// Statuses gives what there is.
func (a *MovingAccount) Statuses() map[string]string {
	statuses := map[string]string{}
	for _, s := range a.sales {
		if !s.Gone {
			statuses[strconv.Itoa(s.ID)] = s.Status
		}
	}
	return statuses
}

func (a *MovingAccount) digits(at time.Time) string { return at.In(a.Zone).Format(time.DateTime) }

func (a *MovingAccount) within(s *movingSale, query url.Values) bool {
	if s.Gone {
		return false
	}
	at := s.Created
	switch query.Get("period_filter_on") {
	case "":
		return true
	case "updated_date":
		at = s.Updated
	}
	from, till := query.Get("period_start"), query.Get("period_end")
	if !a.Converts {
		return from <= a.digits(at) && a.digits(at) <= till
	}
	begin, errFrom := time.ParseInLocation(time.DateTime, from, a.Zone)
	end, errTill := time.ParseInLocation(time.DateTime, till, a.Zone)
	at = at.Truncate(time.Second)
	return errFrom == nil && errTill == nil && !at.Before(begin) && !at.After(end)
}

func (a *MovingAccount) less(x, y *movingSale) int {
	switch a.Order {
	case "-id":
		return y.ID - x.ID
	case "updated":
		return cmp.Or(x.Updated.Compare(y.Updated), x.ID-y.ID)
	case "-updated":
		return cmp.Or(y.Updated.Compare(x.Updated), x.ID-y.ID)
	case "hash":
		return cmp.Or(x.ID*7919%104729-y.ID*7919%104729, x.ID-y.ID)
	}
	return x.ID - y.ID
}

// List answers with a page.
func (a *MovingAccount) List(query url.Values) map[string]any {
	a.Requests++
	var found []*movingSale
	asked := map[string]bool{}
	for n := range a.IDsAtMost {
		if id := query.Get(fmt.Sprintf("sale_ids[%d]", n)); id != "" {
			asked[id] = true
		}
	}
	for _, s := range a.sales {
		if a.within(s, query) && (len(asked) == 0 || asked[strconv.Itoa(s.ID)]) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, a.less)
	number, _ := strconv.Atoi(query.Get("page"))
	number = max(1, number)
	begin, end := min((number-1)*a.Page, len(found)), min(number*a.Page, len(found))
	rows := make([]any, 0, a.Page)
	for _, s := range found[begin:end] {
		rows = append(rows, a.row(s))
	}
	var next any
	if end < len(found) {
		next = "more"
	}
	if a.Work != nil {
		a.Work()
	}
	return map[string]any{"data": rows, "next_page_url": next}
}

func (a *MovingAccount) row(s *movingSale) map[string]any {
	updated := a.digits(s.Updated)
	if a.Zoned {
		updated = s.Updated.In(a.Zone).Format(time.RFC3339)
	}
	return map[string]any{"id": strconv.Itoa(s.ID), "status": map[string]any{"status_identifier": s.Status}, "created_at": a.digits(s.Created), "updated_at": updated}
}

// Read gives a page as the client would.
func (a *MovingAccount) Read(period salesdock.Period, number int) (page salesdock.Page[salesdock.SaleUpdate]) {
	text, err := json.Marshal(a.List(url.Values{
		"period_filter_on": {"updated_date"}, "period_start": {period.From.Format(time.DateTime)}, "period_end": {period.Till.Format(time.DateTime)}, "page": {strconv.Itoa(number)},
	}))
	if err == nil {
		err = json.Unmarshal(text, &page)
	}
	if err != nil {
		panic(err)
	}
	return page
}

// ServeHTTP answers as the account does.
func (a *MovingAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header()["Date"] = nil
	if !a.Dateless {
		w.Header().Set("Date", a.clock().UTC().Format(http.TimeFormat))
	}
	say := func(status int, data any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"success": status < 300, "data": data, "message": "", "code": status})
	}
	var id int
	switch _, err := fmt.Sscanf(r.URL.Path, "/api/b/v1/user/sales/%d", &id); {
	case err == nil && id >= 1000 && id < 1000+len(a.sales) && !a.sales[id-1000].Gone:
		a.Requests++
		say(200, a.row(a.sales[id-1000]))
	case r.Method == http.MethodPost:
		say(201, map[string]any{"sale_id": a.Make()})
	case r.URL.Path == "/api/b/v1/user/sales":
		say(200, a.List(r.URL.Query()))
	case r.URL.Path == "/api/b/v1/user/statuses":
		say(200, []any{})
	default:
		say(404, nil)
	}
}

// Odd makes an account that differs in everything that accounts may differ in.
func Odd(random *rand.Rand, now func() time.Time) *MovingAccount {
	pick := func(names ...string) string { return names[random.IntN(len(names))] }
	zone, err := time.LoadLocation(pick("Europe/Amsterdam", "Europe/Amsterdam", "UTC", "Europe/London", "Europe/Helsinki"))
	if err != nil {
		panic(err)
	}
	return &MovingAccount{
		Now: now, Zone: zone, Ahead: time.Duration(random.IntN(3600)-1800) * time.Second * time.Duration(random.IntN(2)), Dateless: random.IntN(3) == 0,
		Zoned: random.IntN(2) == 0, Converts: random.IntN(2) == 0, Page: 5 + random.IntN(20), Order: pick("id", "-id", "updated", "-updated", "hash"),
	}
}
