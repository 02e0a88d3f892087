package activities

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// following is polling without a database: what was read last of each sale.
type following struct {
	account  *MovingAccount
	now      *time.Time
	cursor   string
	since    time.Time
	clock    partnerClock
	statuses map[string]string
}

// poll reads to the end, and gives how many requests that took.
func (f *following) poll() (requests int) {
	for more := true; more; requests++ {
		at := parsePolling(f.cursor, f.clock, f.since, *f.now)
		page := f.account.Read(at.Within.part(), at.Within.Page)
		for _, row := range page.Data {
			f.statuses[string(row.ID)] = string(row.Status.StatusIdentifier)
		}
		at, more = at.next(f.clock, *f.now, page)
		f.cursor = at.String()
		if requests > 20000 {
			panic(fmt.Sprint("it does not end: ", f.cursor))
		}
	}
	return requests
}

// mostRequests bounds a reading, by how many sales there are or come, and how many are on a page.
func mostRequests(sales, page int) int { return 20 * (sales/page + 1) }

// Whatever an account's order, pages, zone and clock, and whatever is changed, removed and made between any two requests,
// also on the nights when clocks change: once it is quiet, one poll has every status.
func TestEveryChangeIsRead(t *testing.T) {
	t.Parallel()
	begins := []time.Time{
		time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 22, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 0, 20, 0, 0, time.UTC), time.Date(2027, 3, 27, 22, 30, 0, 0, time.UTC),
	}
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 14))
		now := begins[random.IntN(len(begins))].Add(time.Duration(random.IntN(3600)) * time.Second)
		account := Odd(random, func() time.Time { return now })
		f := following{account: account, now: &now, since: now, clock: clockOf(known(random, account, now)), statuses: map[string]string{}}
		for range random.IntN(80) + 1 {
			now = now.Add(time.Duration(random.IntN(40)) * time.Second)
			account.Make()
		}
		status := 0
		work := func() {
			now = now.Add(time.Duration(random.IntN(20_000)) * time.Millisecond)
			for range random.IntN(2 + account.Page/8) {
				id := 1000 + random.IntN(len(account.sales))
				status++
				switch random.IntN(12) {
				case 0:
					account.Remove(id)
				case 1:
					account.Make()
				case 2: // somebody changes many at once
					for n := range 30 {
						account.Set(strconv.Itoa(status), 1000+(id+n)%len(account.sales))
					}
				default:
					account.Set(strconv.Itoa(status), id)
				}
			}
		}
		for range 8 {
			account.Work, status = nil, status+1
			if random.IntN(2) == 0 {
				account.Work = work
			}
			before := account.Changes
			requests := f.poll()
			require.LessOrEqual(t, requests, mostRequests(len(account.sales)+account.Changes-before, account.Page), "seed %d: requests", seed)
			now = now.Add(time.Duration(1+random.IntN(40)) * time.Minute)
			work()
		}
		account.Work = nil
		require.LessOrEqual(t, f.poll(), mostRequests(len(account.sales), account.Page), "seed %d: requests", seed)
		for id, status := range account.Statuses() {
			require.Equal(t, status, f.statuses[id], "seed %d: sale %s of %d, %s in %s, pages of %d", seed, id, len(account.sales), account.Order, account.Zone, account.Page)
		}
	}
}
