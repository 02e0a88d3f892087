// Package practice is a stock Salesdock account to test and practise against. It is made from the contract
// alone (contract/salesdock-api-v1.md) and imports nothing of ours: what our client and server believe of the
// contract, it does not. It knows no extension, has the contract's oddities, and faults that can be switched on.
package practice

import (
	"crypto/rand"
	"fmt"
	"maps"
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
	// PerMinute is how many requests an address, and a user, may make; 0 is no limit.
	PerMinute int
	Now       func() time.Time
}

// Partner is a stock account. It serves HTTP.
type Partner struct {
	cfg  Config
	zone *time.Location

	mu         sync.Mutex
	tokens     map[string]int64 // token → user
	products   []Product
	flows      []flow
	questions  []question
	agreements []agreement
	statuses   []status
	sales      []sale
	ledger     []Entry
	faults     Faults
	creates    int
	requests   int
	recent     map[string][]time.Time // requests of the last minute, by address and by user
	throttled  int
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
	createdAt, updatedAt time.Time
}

// Entry is a line of the ledger: a sale that was made. Lines are only ever added.
type Entry struct {
	SaleID    int64
	Reference string // the caller's external_reference; no answer tells it
	Email     string
	At        time.Time
}

// New makes an account with products, a flow, questions, an agreement and statuses.
func New(cfg Config) *Partner {
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic("practice: the time zones are embedded: " + err.Error())
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Partner{cfg: cfg, zone: zone, tokens: map[string]int64{}, recent: map[string][]time.Time{}}
	for n := range cfg.Products {
		p.products = append(p.products, Product{
			ID: int64(1000 + n), Name: fmt.Sprintf("Oefenstroom %d", n+1), Type: "energy_e", Active: true, Tariff: "0.25" + strconv.Itoa(100+n), Monthly: "6.99",
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
	token := rand.Text()
	p.tokens[token] = int64(len(p.tokens) + 1)
	return token
}

// SetFaults switches faults on and off.
func (p *Partner) SetFaults(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.creates = f, 0
}

// Ledger gives every sale that was made, in order.
func (p *Partner) Ledger() []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ledger)
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
			p.sales[i].status, p.sales[i].remark, p.sales[i].updatedAt = status, remark, p.cfg.Now()
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
			p.products[i].UpdatedAt = p.cfg.Now()
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
			return p.commit(s.user, body)
		}
	}
	return 0
}

// commit makes a sale; the lock is held.
func (p *Partner) commit(user int64, body map[string]any) int64 {
	now := p.cfg.Now()
	s := sale{id: int64(70000 + len(p.sales)), user: user, body: body, status: "new", createdAt: now, updatedAt: now}
	if text(body["transaction_type"]) == "offer" {
		s.status = "offer_pending"
	}
	p.sales = append(p.sales, s)
	p.ledger = append(p.ledger, Entry{SaleID: s.id, Reference: text(body["external_reference"]), Email: text(body["email"]), At: now})
	return s.id
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
