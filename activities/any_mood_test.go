package activities_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock/practice"
	"koppel/states"
)

// inAnyMood is a reseller of a practice partner, a person who believes the page, and a clock that runs.
type inAnyMood struct {
	*world
	partner *practice.Partner
	random  *rand.Rand
	open    []int64
	refs    map[int64]string // our forwarding → what the partner knows it by
}

func newInAnyMood(t *testing.T, seed uint64) *inAnyMood {
	t.Helper()
	m := &inAnyMood{random: rand.New(rand.NewPCG(seed, 3)), refs: map[int64]string{}}
	m.partner = practice.New(practice.Config{Account: "b", Products: 1, FirstProduct: 70, Slow: time.Millisecond, ShownAfter: 5 * time.Minute, Now: func() time.Time {
		if m.world == nil {
			return time.Now()
		}
		return m.svc.Now()
	}})
	token := m.partner.Token()
	m.world = setupAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+token)
		if r.Method == http.MethodPost {
			asTheyAsk(r)
		}
		m.partner.ServeHTTP(w, r)
	}))
	require.NoError(t, m.svc.Store.WithSystemTx(t.Context(), func(tx *db.Tx) error { return tx.SystemLimitGroupsRefresh(t.Context(), 60_000) }))
	m.sold(m.forwarding())
	return m
}

// asTheyAsk completes an order with what the partner's own flow asks for, which is not what these tests are about.
func asTheyAsk(r *http.Request) {
	r.URL.Path = "/api/b/v1/sales/flow/energie-consument/oefen"
	body := map[string]any{}
	if data, err := io.ReadAll(r.Body); err == nil {
		_ = json.Unmarshal(data, &body)
	}
	for _, field := range []string{"phone", "postcode", "housenumber", "streetname", "city"} {
		body[field], body["connection_"+field] = "1", "1"
	}
	body["questionData"], body["agreements"] = map[string]any{"betaalwijze": "Incasso"}, map[string]any{"voorwaarden": "1"}
	data, _ := json.Marshal(body) // it was JSON
	r.Body = io.NopCloser(bytes.NewReader(data))
}

func (m *inAnyMood) sold(f db.Forwarding) {
	m.open = append(m.open, f.ID)
	m.refs[f.ID] = linking.Reference(m.actor.Account, m.row.ID, f.SaleID)
}

// sellSome sells to customers of whom each buys once.
func (m *inAnyMood) sellSome(count int) {
	m.t.Helper()
	for range count {
		n := len(m.refs)
		m.sold(m.forwardingOf(m.sellTo(fmt.Sprintf("k%d@voorbeeld.example", n), fmt.Sprintf("Klant%d", n), fmt.Sprintf("%02d-%02d-1970", n%28+1, n/28%12+1))))
	}
}

// step lets some time pass, and does what workflows and a person would do by then.
func (m *inAnyMood) step() {
	m.ahead += time.Duration(m.random.IntN(150)) * time.Second
	for at := m.link().LookAt; at != nil && !at.After(m.svc.Now()); at = m.link().LookAt {
		_, err := m.acts.LookForSales(m.t.Context(), m.integration())
		require.NoError(m.t, err)
	}
	m.open = slices.DeleteFunc(m.open, m.forward)
}

// forward has a sale that may go sent, or settled by a person, and says whether it is at the partner.
func (m *inAnyMood) forward(id int64) (done bool) {
	m.in.ForwardingID = id
	f := m.forwarding()
	switch {
	case f.State == states.ForwardingForwarded:
		return true
	case f.State == states.ForwardingWaiting, f.State == states.ForwardingActionRequired, f.MayResend:
		if m.random.IntN(3) == 0 {
			_, _ = m.acts.SendSale(m.t.Context(), m.in) // as Temporal and people do it: again, whatever came of it
		}
	case db.LookedFor(f):
		require.Error(m.t, m.svc.Sales.ResendForwarding(m.t.Context(), m.actor, id), "not before a look that can be trusted")
	case db.NotThere(f):
		require.Zero(m.t, len(m.theirs(id)), "%s was made, and the page says that it is not there", m.refs[id])
		require.NoError(m.t, m.svc.Sales.ResendForwarding(m.t.Context(), m.actor, id))
	default:
		m.choose(f)
	}
	return false
}

// theirs are the partner's sales of one of ours.
func (m *inAnyMood) theirs(id int64) (numbers []string) {
	for _, line := range m.partner.Ledger() {
		if line.Reference == m.refs[id] {
			numbers = append(numbers, strconv.FormatInt(line.SaleID, 10))
		}
	}
	return numbers
}

// choose is a person who asks the partner on the phone which of the candidates it is, if any.
func (m *inAnyMood) choose(f db.Forwarding) {
	theirs := m.theirs(f.ID)
	for _, c := range f.Candidates {
		if slices.Contains(theirs, c.PartnerSaleID) {
			require.NoError(m.t, m.svc.Sales.AdoptSale(m.t.Context(), m.actor, f.ID, c.PartnerSaleID))
			return
		}
	}
	require.Empty(m.t, theirs, "%s was made, and is not among the candidates", m.refs[f.ID])
	require.NoError(m.t, m.svc.Sales.ResendForwarding(m.t.Context(), m.actor, f.ID))
}

func (m *inAnyMood) check(why string) {
	m.t.Helper()
	for id, reference := range m.refs {
		theirs := m.theirs(id)
		require.LessOrEqual(m.t, len(theirs), 1, "%s: %s was made twice", why, reference)
		m.in.ForwardingID = id
		if f := m.forwarding(); f.State == states.ForwardingForwarded {
			require.Equal(m.t, theirs, []string{*f.PartnerSaleID}, "%s: %s", why, reference)
		}
	}
}

// ofThisWorld leaves out what is tested where workflows run: silence, which takes half a minute of real time, and refused tokens.
func ofThisWorld(name string) bool {
	return !strings.HasSuffix(name, "silent") && !strings.Contains(name, "401") && !strings.HasPrefix(name, "token-")
}

// Whatever befalls creates and looks, each by chance, under each clock: no sale is made twice, none is told not to be there
// that is, and when the partner is mended all arrive.
func TestNeverTwiceInAnyMood(t *testing.T) {
	t.Parallel()
	clocks := []string{"", "clock-an-hour-behind", "clock-15-minutes-ahead", "rows-in-utc", "account-in-utc", "no-date"}
	for seed, clock := range clocks {
		t.Run("clock "+clock, func(t *testing.T) {
			t.Parallel()
			m := newInAnyMood(t, uint64(seed))
			healthy := map[string]float64{}
			if clock != "" {
				healthy[clock] = 1
			}
			moods := maps.Clone(healthy)
			for _, mood := range practice.All() {
				switch {
				case !ofThisWorld(mood.Name) || strings.HasPrefix(mood.Name, "clock-") || strings.HasSuffix(mood.Name, "-in-utc") || mood.Name == "no-date":
				case strings.HasPrefix(mood.Name, "made-"), strings.HasPrefix(mood.Name, "not-made-"), strings.HasPrefix(mood.Name, "refused-"):
					moods[mood.Name] = 0.006
				default:
					moods[mood.Name] = 0.02
				}
			}
			require.NoError(t, m.partner.SetMoods(uint64(seed), moods))
			for range 60 {
				m.sellSome(m.random.IntN(2))
				m.step()
			}
			m.check("while everything goes wrong")
			require.NoError(t, m.partner.SetMoods(1, healthy))
			for steps := 0; len(m.open) > 0; steps++ {
				require.Less(t, steps, 300, "all arrive; open are %d", len(m.open))
				m.step()
			}
			m.check("in the end")
		})
	}
}

// Each mood of what a partner lists, for every answer: a sale that the partner made is never told not to be there.
func TestNoListMakesASaleGoTwice(t *testing.T) {
	t.Parallel()
	for _, mood := range practice.All() {
		name := mood.Name
		if !ofThisWorld(name) || strings.HasPrefix(name, "made-") || strings.HasPrefix(name, "not-made-") || strings.HasPrefix(name, "refused-") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newInAnyMood(t, 1)
			require.NoError(t, m.partner.SetMoods(1, map[string]float64{"made-then-reset": 1}))
			m.sellSome(2)
			for _, id := range m.open {
				m.in.ForwardingID = id
				_, err := m.acts.SendSale(t.Context(), m.in)
				require.NoError(t, err)
			}
			lost := slices.Clone(m.open)
			require.NoError(t, m.partner.SetMoods(1, nil))
			m.sellSome(45) // the lost ones are on the last page
			for _, id := range m.open[len(lost):] {
				m.in.ForwardingID = id
				_, err := m.acts.SendSale(t.Context(), m.in)
				require.NoError(t, err)
			}
			m.open = lost
			require.NoError(t, m.partner.SetMoods(1, map[string]float64{name: 1}))
			for range 40 {
				m.step()
			}
			m.check(name)
		})
	}
}
