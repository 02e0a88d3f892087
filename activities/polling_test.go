package activities_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/server/service/integrations"
	"koppel/states"
)

// polled is a link to a stock account whose list moves, with sales of ours in it.
type polled struct {
	*world
	account *activities.MovingAccount
	sales   map[string]int64 // ours, by the partner's number
	next    int
}

// newPolled is a link to an account that is like nothing in particular; change makes it so.
func newPolled(t *testing.T, change func(*activities.MovingAccount)) *polled {
	t.Helper()
	p := &polled{world: setup(t, false), sales: map[string]int64{}}
	p.account = activities.Odd(rand.New(rand.NewPCG(1, 1)), func() time.Time { return p.acts.Now() })
	p.account.Ahead, p.account.Dateless, p.account.Zoned, p.account.Converts, p.account.Page, p.account.Order = 0, false, false, true, 20, "-id"
	p.account.Zone = zone(t, "Europe/Amsterdam")
	change(p.account)
	server := httptest.NewServer(p.account)
	t.Cleanup(server.Close)
	token := "t"
	_, err := p.svc.Integrations.UpdateIntegration(t.Context(), p.actor, p.row.ID, integrations.IntegrationPatch{BaseURL: &server.URL, Token: &token})
	require.NoError(t, err)
	return p
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

// forward sends a sale, and gives its number at the partner.
func (p *polled) forward() int {
	p.t.Helper()
	p.ahead += 2 * time.Second
	f := p.sell()
	result, err := p.acts.SendSale(p.t.Context(), activities.SendSaleInput{EnvironmentID: p.actor.EnvironmentID, ForwardingID: f.ID})
	require.NoError(p.t, err)
	require.Equal(p.t, states.ForwardingForwarded, result.State)
	p.next++
	p.sales[fmt.Sprint(999+p.next)] = f.SaleID
	return 999 + p.next
}

// poll reads until nothing is left to be read, and gives how many requests that took.
func (p *polled) poll() int {
	p.t.Helper()
	before := p.account.Requests
	for {
		plan, err := p.acts.PollStatuses(p.t.Context(), p.integration())
		require.NoError(p.t, err)
		if plan.PollAt.After(p.acts.Now()) {
			return p.account.Requests - before
		}
		require.Less(p.t, p.account.Requests-before, 500)
	}
}

// followed says how many of our sales have the status that the partner has.
func (p *polled) followed() (n int) {
	p.t.Helper()
	for id, status := range p.account.Statuses() {
		p.tx(func(tx *db.Tx) error {
			sale, err := tx.SaleByID(p.t.Context(), p.actor.EnvironmentID, p.sales[id])
			if sale.Status == status {
				n++
			}
			return err
		})
	}
	return n
}

// 25 sales changed, and one of the first page is changed again between two pages: all are followed, by that poll or the next.
func TestEveryStatusIsFollowedWhileTheListChanges(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"id", "-id", "updated", "-updated"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			p := newPolled(t, func(a *activities.MovingAccount) { a.Order = order })
			ids := make([]int, 25)
			for i := range ids {
				ids[i] = p.forward()
			}
			p.poll()
			p.ahead += time.Hour
			for _, id := range ids {
				p.ahead += time.Second
				p.account.Set("netto", id)
			}
			p.ahead += 20 * time.Minute // further than a reading reaches back
			first := map[string]int{"id": ids[0], "-id": ids[24], "updated": ids[0], "-updated": ids[24]}[order]
			p.account.Work = func() {
				p.account.Work = nil
				p.ahead += time.Second
				p.account.Set("verified", first)
			}
			require.LessOrEqual(t, p.poll(), 5)
			p.ahead += 15 * time.Minute
			require.LessOrEqual(t, p.poll(), 5)
			require.Equal(t, 25, p.followed())
			p.ahead += 24 * time.Hour
			require.Equal(t, 1, p.poll(), "an account that stands still takes one request")
		})
	}
}

// Whatever a partner's clock says, and in whatever zone: the next poll follows, and its clock is learned.
func TestStatusesAreFollowedWhateverThePartnersClockSays(t *testing.T) {
	t.Parallel()
	clocks := []struct {
		name  string
		zone  string
		ahead time.Duration
	}{
		{"right", "Europe/Amsterdam", 0}, {"a quarter ahead", "Europe/Amsterdam", 15 * time.Minute}, {"a quarter behind", "Europe/Amsterdam", -15 * time.Minute},
		{"an hour ahead", "Europe/Amsterdam", time.Hour}, {"an hour behind", "Europe/Amsterdam", -time.Hour}, {"in UTC", "UTC", 0}, {"in UTC, and behind", "UTC", -15 * time.Minute},
	}
	nights := []time.Time{{}, time.Date(2027, 10, 30, 23, 40, 0, 0, time.UTC), time.Date(2027, 3, 28, 0, 10, 0, 0, time.UTC)}
	for n, c := range clocks {
		for m, night := range nights {
			zoned := (n+m)%2 == 1
			t.Run(fmt.Sprint(c.name, night.Month(), zoned), func(t *testing.T) {
				t.Parallel()
				p := newPolled(t, func(a *activities.MovingAccount) {
					a.Zone, a.Ahead, a.Zoned, a.Dateless = zone(t, c.zone), c.ahead, zoned, n%2 == 1
				})
				if !night.IsZero() {
					p.ahead = time.Until(night)
				}
				ids := []int{p.forward(), p.forward()}
				p.poll()
				for i, status := range []string{"sent", "verified", "netto", "sent", "closed", "paid", "netto", "sent", "verified"} {
					p.ahead += 7 * time.Minute
					p.account.Set(status, ids[i%2])
					p.ahead += 8 * time.Minute
					if i == 6 && !p.account.Dateless { // its clock is put right
						p.account.Ahead = 0
					}
					p.poll()
					require.Equal(t, 2, p.followed(), "%d: %s", i, status)
				}
				p.tx(func(tx *db.Tx) error {
					row, err := tx.IntegrationByID(t.Context(), p.actor.EnvironmentID, p.row.ID)
					if night.IsZero() && (!p.account.Dateless || c.ahead.Abs() < time.Minute || c.ahead == -time.Hour) {
						require.Less(t, row.ClockMargin, int32(600), "its clock is known")
					}
					return err
				})
			})
		}
	}
}

// An account may answer for fewer numbers than it was asked for, or heed none: every outstanding sale is asked for all the same.
func TestSweepAsksForEveryNumber(t *testing.T) {
	t.Parallel()
	for atMost, page := range map[int]int{0: 20, 1: 20, 7: 5, 20: 5, 100: 20} {
		t.Run(fmt.Sprint(atMost, " of ", page), func(t *testing.T) {
			t.Parallel()
			p := newPolled(t, func(a *activities.MovingAccount) { a.IDsAtMost, a.Page = atMost, page })
			for range 23 {
				p.forward()
			}
			p.ahead += time.Minute
			p.account.Remove(1011)
			for id := range p.account.Statuses() {
				var n int
				_, err := fmt.Sscan(id, &n)
				require.NoError(t, err)
				p.account.Set("netto", n)
			}
			for requests := 0; ; requests++ {
				plan, err := p.acts.SweepStatuses(t.Context(), p.integration())
				require.NoError(t, err)
				if plan.SweepAt.After(p.acts.Now()) {
					break
				}
				require.Less(t, requests, 3*23)
			}
			require.Equal(t, 22, p.followed())
		})
	}
}

// A hint that comes while the partner is being asked is about something newer than the answer: it signals, and
// is looked into.
func TestAHintDuringAPollIsNotLost(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.hint(false, true)
	acts := *w.acts
	acts.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
		require.Positive(t, w.hint(false, true), "it signals")
		body := `{"success": true, "data": {"next_cursor": "x", "data": []}}`
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})
	plan, err := acts.PollStatuses(t.Context(), w.integration())
	require.NoError(t, err)
	require.False(t, plan.PollAt.After(time.Now()), "it is polled again at once")
}

// A partner that announces and then does not answer is left alone for a while, and not forgotten.
func TestAFailedCheckRests(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.tx(func(tx *db.Tx) error {
		return tx.IntegrationChecked(t.Context(), db.IntegrationCheckedParams{EnvironmentID: w.actor.EnvironmentID, ID: w.row.ID, ProductCursor: "c", Now: new(time.Now()), NextSyncAt: time.Now()})
	})
	acts := *w.acts
	acts.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })
	plan, err := acts.CheckProducts(t.Context(), w.integration())
	require.NoError(t, err)
	require.True(t, plan.CheckAt.After(time.Now().Add(time.Minute)))
}
