package practice

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// Mood is one thing that a partner does wrong, or in a way of its own. An account without any is a healthy one.
type Mood struct {
	Name string `json:"name"`
	Does string `json:"does"` // in one sentence

	// At most one of these is set; a mood without any is asked for by its name, where it matters.
	create *creating                                              // what becomes of a create, and of its answer
	answer func(w http.ResponseWriter, r *http.Request)           // takes the place of any answer
	row    func(row map[string]any) bool                          // spoils one row of an answer; false: it has no such field
	list   func(rows []map[string]any) []map[string]any           // changes a list
	body   func(header http.Header, body []byte) (changed []byte) // changes the bytes of an answer that has rows
	clock  func(a *Partner)                                       // sets the account's clock, for as long as the mood is on
}

// All are the moods that an account can have, by name.
func All() []Mood { return slices.Clone(all) }

var (
	all   = slices.SortedFunc(slices.Values(slices.Concat(createMoods(), answerMoods(), rowMoods(), listMoods, bodyMoods, clockMoods)), func(a, b Mood) int { return cmp.Compare(a.Name, b.Name) })
	named = func() map[string]*Mood {
		byName := map[string]*Mood{}
		for i := range all {
			byName[all[i].Name] = &all[i]
		}
		return byName
	}()
)

// SetMoods gives the account the moods that are named, each with its probability for every request that it can
// befall, and takes the others from it. A clock is off or is not: that is drawn now. The same seed and the same
// requests in the same order give the same answers.
func (p *Partner) SetMoods(seed uint64, moods map[string]float64) error {
	for name, probability := range moods {
		if named[name] == nil {
			return fmt.Errorf("there is no mood %q; GET /practice/moods lists them", name)
		}
		if !(probability >= 0 && probability <= 1) { // NaN too
			return fmt.Errorf("the probability of %q is from 0 to 1", name)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moods, p.seed, p.random = map[string]float64{}, seed, rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a seed is to be repeated
	p.ahead, p.noDate, p.zoneOfRows, p.zoneOfPeriods, p.refusedOnce = 0, false, amsterdam, amsterdam, false
	for _, mood := range all {
		probability := moods[mood.Name]
		if probability == 0 {
			continue
		}
		p.moods[mood.Name] = probability
		if mood.clock != nil && p.random.Float64() < probability {
			mood.clock(p)
		}
	}
	return nil
}

// SpoilRow puts a mood of rows at one row for good, in lists and in its detail: ("products", "1001", "price-with-comma").
// An empty mood mends it.
func (p *Partner) SpoilRow(resource, id, mood string) error {
	m := named[mood]
	if mood != "" && (m == nil || m.row == nil) {
		return fmt.Errorf("there is no mood of rows %q", mood)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoilt[resource+"/"+id] = m
	return nil
}

// turn is what one request meets.
type turn struct {
	answer *Mood   // takes the place of the answer, or nil
	also   []*Mood // what else is wrong with it
	random *rand.Rand
}

// draw decides what a request meets. Of what takes the answer's place it is one at most, with the probabilities
// told; where they are more than one together, in their proportion.
func (p *Partner) draw(create bool) turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := turn{random: rand.New(rand.NewPCG(p.random.Uint64(), 1))} //nolint:gosec // a seed is to be repeated
	var sum float64
	var answers []*Mood
	for i := range all {
		mood := &all[i]
		probability := p.moods[mood.Name]
		switch {
		case probability == 0 || mood.clock != nil || mood.create != nil && !create:
		case mood.create != nil || mood.answer != nil:
			sum += probability
			answers = append(answers, mood)
		case p.random.Float64() < probability:
			t.also = append(t.also, mood)
		}
	}
	at := p.random.Float64() * max(1, sum)
	for _, mood := range answers {
		if at -= p.moods[mood.Name]; at < 0 {
			t.answer = mood
			break
		}
	}
	return t
}

func (t turn) has(name string) bool {
	return slices.ContainsFunc(t.also, func(m *Mood) bool { return m.Name == name })
}

// names says what a request met, for the ledger.
func (t turn) names() string {
	var names []string
	for _, m := range t.also {
		names = append(names, m.Name)
	}
	if t.answer != nil {
		names = append(names, t.answer.Name)
	}
	return strings.Join(names, ", ")
}
