package activities_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/states"
)

// TestNeverTwiceWhateverHappens plays sales to a stock partner that loses, turns away and fails, shows late, is down and
// has a clock of its own, with look-alikes in its list. The person in it does what the page says, and tries to send
// again at any time.
func TestNeverTwiceWhateverHappens(t *testing.T) {
	t.Parallel()
	clocks := []struct {
		offset time.Duration
		zone   *time.Location
	}{{0, salesdock.Amsterdam}, {-time.Hour, salesdock.Amsterdam}, {15 * time.Minute, salesdock.Amsterdam}, {0, time.UTC}}
	for n, clock := range clocks {
		t.Run(fmt.Sprint(clock.offset, clock.zone), func(t *testing.T) {
			t.Parallel()
			w, partner := stockWorld(t)
			partner.set(func(s *stock) { s.offset, s.zone, s.size = clock.offset, clock.zone, 4 })
			p := play{w: w, partner: partner, rand: rand.New(rand.NewPCG(uint64(n), 14))}
			p.begin(8)
			for range 2000 {
				if p.step() {
					break
				}
			}
			p.check()
		})
	}
}

type play struct {
	w       *world
	partner *stock
	rand    *rand.Rand
	began   time.Time
	open    []int64
	refs    map[int64]string
}

func (p *play) begin(sales int) {
	p.began, p.refs = p.w.svc.Now(), map[int64]string{}
	for n := range sales {
		// Two of them are of one customer.
		f := p.w.forwardingOf(p.w.sellTo(fmt.Sprintf("k%d@voorbeeld.example", max(n, 1)), fmt.Sprintf("Klant%d", max(n, 1)%5), fmt.Sprintf("%02d-03-1970", max(n, 1)%7+1)))
		p.open = append(p.open, f.ID)
		p.refs[f.ID] = linking.Reference(p.w.actor.Account, p.w.row.ID, f.SaleID)
	}
}

// step takes the play a moment on, and says whether it is over.
func (p *play) step() bool {
	w, r := p.w, p.rand
	w.ahead += time.Duration(r.IntN(150)) * time.Second
	modes := []string{takes, loses, page504, fails, drops, turnsAway, madeAndBusy}
	p.partner.set(func(s *stock) {
		s.mode, s.lag = modes[r.IntN(len(modes))], time.Duration(r.IntN(9))*time.Minute
		if r.IntN(6) == 0 {
			s.down = r.IntN(3) == 0
		}
		s.moving = r.IntN(5) == 0
	})
	if r.IntN(12) == 0 { // a look-alike: of the same name and birthday, another product, or long ago
		k := 1 + r.IntN(7)
		email, product, at := fmt.Sprintf("k%d@voorbeeld.example", k), 71, w.svc.Now()
		switch r.IntN(3) {
		case 0:
			email, product = "iemand@anders.example", 70
		case 1:
			product, at = 70, p.began.Add(-time.Hour)
		}
		p.partner.plant(email, fmt.Sprintf("Klant%d", k%5), fmt.Sprintf("%02d-03-1970", k%7+1), product, at)
	}
	for at := w.link().LookAt; at != nil && !at.After(w.svc.Now()); at = w.link().LookAt {
		_, err := w.acts.LookForSales(w.t.Context(), w.integration())
		require.NoError(w.t, err)
		if r.IntN(20) == 0 {
			break // the worker stops in the middle of a walk
		}
	}
	r.Shuffle(len(p.open), func(i, j int) { p.open[i], p.open[j] = p.open[j], p.open[i] })
	p.open = slices.DeleteFunc(p.open, p.forward)
	return len(p.open) == 0
}

// forward does what a workflow and a person would do now, and says whether the sale is there.
func (p *play) forward(id int64) (done bool) {
	w := p.w
	w.in.ForwardingID = id
	f := w.forwarding()
	switch {
	case f.State == states.ForwardingForwarded:
		return true
	case f.State == states.ForwardingWaiting || f.MayResend:
		if p.rand.IntN(3) == 0 {
			_, _ = w.acts.SendSale(w.t.Context(), w.in)
		}
	case db.LookedFor(f):
		require.Error(w.t, w.svc.Sales.ResendForwarding(w.t.Context(), w.actor, id), "not before a look that can be trusted")
	case p.rand.IntN(4) == 0:
		require.NotNil(w.t, f.LookedAt)
		p.decide(f)
	}
	return false
}

// decide is a person who knows the customer's order at the partner when it is shown, and believes the page.
func (p *play) decide(f db.Forwarding) {
	for _, c := range f.Candidates {
		if p.owner(c.PartnerSaleID) == p.refs[f.ID] {
			require.NoError(p.w.t, p.w.svc.Sales.AdoptSale(p.w.t.Context(), p.w.actor, f.ID, c.PartnerSaleID))
			return
		}
	}
	require.Zero(p.w.t, p.partner.times()[p.refs[f.ID]], "it was made, and the page does not show it")
	require.NoError(p.w.t, p.w.svc.Sales.ResendForwarding(p.w.t.Context(), p.w.actor, f.ID))
}

func (p *play) owner(partnerSaleID string) (reference string) {
	p.partner.set(func(s *stock) {
		for _, sale := range s.rows {
			if fmt.Sprint(sale.id) == partnerSaleID {
				reference = sale.reference
			}
		}
	})
	return reference
}

func (p *play) check() {
	times := p.partner.times()
	for id, reference := range p.refs {
		require.Equal(p.w.t, 1, times[reference], "made once: %s", reference)
		f, _, err := p.w.svc.Sales.Forwarding(p.w.t.Context(), p.w.actor, id)
		require.NoError(p.w.t, err)
		require.Equal(p.w.t, states.ForwardingForwarded, f.State)
		require.Equal(p.w.t, reference, p.owner(*f.PartnerSaleID), "and under its own number")
	}
}
