// Package practice is a stock Salesdock account to test and practise against. It is made from the contract
// alone and imports nothing of ours: what our client and server believe of the contract, it does not. It knows no extension, has the contract's oddities, and faults that can be switched on.
package practice

import (
	"cmp"
	cryptorand "crypto/rand"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
	_ "time/tzdata" // Amsterdam must be known on every machine
)

// Config of a practice account.
type Config struct {
	Account  string
	Products int
	// FirstProduct is the number of the first one, 1000 by default.
	FirstProduct int64
	// PerMinute is how many requests an address, and a user, may make; 0 is no limit.
	PerMinute int
	// Slow is how long the mood of that name waits, a second by default, and ShownAfter when a sale that is shown late is,
	// half a minute by default.
	Slow, ShownAfter time.Duration
	Now              func() time.Time
}

var amsterdam = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic("practice: the time zones are embedded: " + err.Error())
	}
	return zone
}()

// Partner is a stock account. It serves HTTP.
type Partner struct {
	cfg Config

	mu         sync.Mutex
	tokens     map[string]int64 // token → user
	products   []Product
	flows      []flow
	questions  []question
	agreements []agreement
	statuses   []status
	sales      []sale
	lines      []Entry
	requests   int
	recent     map[string][]time.Time // requests of the last minute, by address and by user
	throttled  int

	moods                     map[string]float64
	seed                      uint64
	random                    *rand.Rand
	spoilt                    map[string]*Mood // by resource and id
	refusedOnce               bool
	ahead                     time.Duration // of the account's clock
	noDate                    bool
	zoneOfRows, zoneOfPeriods *time.Location
}

// Product is one product of the account.
type Product struct {
	ID        int64
	Name      string
	Type      string
	Active    bool
	Tariff    string // tariff_single: only the detail tells it
	Monthly   string
	UpdatedAt time.Time
	CreatedAt time.Time
}

type flow struct {
	id                      int64
	title, kind, identifier string
}

type question struct {
	id                          int64
	name, identifier, inputType string
	options                     []string
	required                    bool
	rule                        map[string]any // decides whether it is required
}

type agreement struct {
	id               int64
	identifier, name string
}

type status struct{ id, name, kind string }

type sale struct {
	id                   int64
	user                 int64
	body                 map[string]any
	status, remark       string
	createdAt, updatedAt time.Time // on the account's clock
	shownFrom            time.Time
}

// Entry is a line of the ledger: a create, and the sale that it made or none. Lines are only ever added.
type Entry struct {
	SaleID    int64     `json:"sale_id"`   // 0: nothing was made
	Reference string    `json:"reference"` // the caller's external_reference; no answer tells it
	Email     string    `json:"email"`
	At        time.Time `json:"at"`
	Met       string    `json:"met"`    // the moods that the request met
	Status    int       `json:"status"` // what it was answered with; 0 is nothing, or a sale that somebody entered
}

// New makes an account with products, a flow, questions, an agreement and statuses.
func New(cfg Config) *Partner {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Slow, cfg.ShownAfter = cmp.Or(cfg.Slow, time.Second), cmp.Or(cfg.ShownAfter, 30*time.Second)
	p := &Partner{cfg: cfg, tokens: map[string]int64{}, recent: map[string][]time.Time{}, spoilt: map[string]*Mood{}}
	if err := p.SetMoods(1, nil); err != nil {
		panic("practice: a healthy account has no mood: " + err.Error())
	}
	for n := range cfg.Products {
		p.products = append(p.products, Product{
			ID: cmp.Or(cfg.FirstProduct, 1000) + int64(n), Name: fmt.Sprintf("Oefenstroom %d", n+1), Type: "energy_e", Active: true, Tariff: "0.25" + strconv.Itoa(100+n), Monthly: "6.99",
			CreatedAt: cfg.Now().Add(-48 * time.Hour), UpdatedAt: cfg.Now().Add(-24 * time.Hour),
		})
	}
	p.flows = []flow{{31, "Oefenflow", "energie-consument", "oefen"}}
	p.questions = []question{
		{41, "Betaalwijze", "betaalwijze", "mc-single", []string{"Incasso", "Factuur"}, true, nil},
		{42, "Opmerking", "opmerking", "text", nil, false, nil},
		{43, "E-mail factuur", "factuur_email", "email", nil, false, map[string]any{
			"type": "condition_group", "criterion": "ALL", "visibility": true, "rules": []any{
				map[string]any{"type": "condition", "name": "Betaalwijze", "identifier": "question.id", "operator": "=", "value": "Factuur"},
			},
		}},
	}
	p.agreements = []agreement{{51, "voorwaarden", "Algemene voorwaarden"}}
	p.statuses = []status{
		{"new", "Nieuw", "default"}, {"cancelled", "Geannuleerd", "cancelled"}, {"netto", "Netto", "netto"}, {"offer_pending", "Openstaande offerte", "default"},
		{"in-behandeling", "In behandeling", "default"}, {"verwerkt", "Verwerkt", "default"},
	}
	return p
}

// Token makes a token of a new user.
func (p *Partner) Token() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	token := cryptorand.Text()
	p.tokens[token] = int64(len(p.tokens) + 1)
	return token
}

// Ledger gives every sale that was made, in order.
func (p *Partner) Ledger() []Entry {
	made := slices.DeleteFunc(p.Creates(), func(e Entry) bool { return e.SaleID == 0 })
	slices.SortFunc(made, func(a, b Entry) int { return cmp.Compare(a.SaleID, b.SaleID) })
	return made
}

// Creates gives every line: the ledger's, and those of creates that made nothing.
func (p *Partner) Creates() []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// Took gives the body of the sale that has this external_reference; nil when there is none.
func (p *Partner) Took(reference string) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sales {
		if text(s.body["external_reference"]) == reference {
			return maps.Clone(s.body)
		}
	}
	return nil
}

// Requests is how many requests came in.
func (p *Partner) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// Throttled is how many requests were refused because there were too many.
func (p *Partner) Throttled() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.throttled
}

// SetStatus moves a sale, as somebody at the account would.
func (p *Partner) SetStatus(saleID int64, status, remark string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.sales {
		if p.sales[i].id == saleID {
			p.sales[i].status, p.sales[i].remark, p.sales[i].updatedAt = status, remark, p.now()
			return true
		}
	}
	return false
}

// ChangeProduct changes a product, as somebody at the account would.
func (p *Partner) ChangeProduct(id int64, change func(*Product)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.products {
		if p.products[i].ID == id {
			change(&p.products[i])
			p.products[i].UpdatedAt = p.now()
		}
	}
}

// RemoveProducts takes products away from everybody.
func (p *Partner) RemoveProducts(ids ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.products = slices.DeleteFunc(p.products, func(x Product) bool { return slices.Contains(ids, x.ID) })
}

// Plant makes a sale that looks like another one and is not ours: somebody at the account entered it.
func (p *Partner) Plant(like int64) (id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sales {
		if s.id == like {
			body := maps.Clone(s.body)
			delete(body, "external_reference")
			line := p.write(body, "")
			p.lines[line].SaleID = p.commit(s.user, body, 0)
			return p.lines[line].SaleID
		}
	}
	return 0
}

// commit makes a sale; the lock is held.
func (p *Partner) commit(user int64, body map[string]any, hidden time.Duration) int64 {
	now := p.now()
	s := sale{id: int64(70000 + len(p.sales)), user: user, body: body, status: "new", createdAt: now, updatedAt: now, shownFrom: p.cfg.Now().Add(hidden)}
	if text(body["transaction_type"]) == "offer" {
		s.status = "offer_pending"
	}
	p.sales = append(p.sales, s)
	return s.id
}

// write begins a line of the ledger; the lock is held.
func (p *Partner) write(body map[string]any, met string) (line int) {
	p.lines = append(p.lines, Entry{Reference: text(body["external_reference"]), Email: text(body["email"]), At: p.cfg.Now(), Met: met})
	return len(p.lines) - 1
}

// text reads whatever a client sends as text: the contract's booleans and numbers come in several shapes.
func text(value any) string {
	switch x := value.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		if x {
			return "1"
		}
		return "0"
	}
	return fmt.Sprint(value)
}

// within says whether an address or user may make one more request in this minute, a sliding one; the lock is held.
func (p *Partner) within(who string) bool {
	now := p.cfg.Now()
	recent := slices.DeleteFunc(p.recent[who], func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	allowed := len(recent) < p.cfg.PerMinute
	if allowed {
		recent = append(recent, now)
	} else {
		p.throttled++
	}
	p.recent[who] = recent
	return allowed
}
