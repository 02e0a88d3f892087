package e2e

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock/practice"
)

// With a thousand sales waiting for a stock partner of 120 requests a minute, Synchroniseer nu begins within seconds and
// reads what changed, and statuses are polled within their interval; the sales keep most of the pace, and the partner
// refuses nothing.
func TestNothingStarvesBehindSales(t *testing.T) {
	t.Parallel()
	const perMinute, backlog = 120, 1000
	d := deploy(t, "KOPPEL_LOG_LEVEL=warn", "KOPPEL_REQUESTS_PER_MINUTE=0")
	partner := practice.New(practice.Config{Account: "oefenpartner", Products: 3, PerMinute: perMinute})
	server := httptest.NewServer(partner)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	l := budgetTenant(d, "groot", server.URL, partner.Token(), 3)
	l.reseller.patch(l.path(""), object{"status_poll_minutes": 1})
	linked := time.Now() // a connection is tested and a page is read past the queue
	d.eventually("the partner's minute holds nothing of the setting up", func() bool { return time.Since(linked) > time.Minute })
	l.submit(0, backlog)
	d.eventually("Temporal has all of them", func() bool { return d.number(`SELECT count(*) FROM outbox`) == 0 })
	require.Greater(t, l.forwardings("waiting")+l.forwardings("sending"), backlog*9/10)

	partner.ChangeProduct(1000, func(p *practice.Product) { p.Name = "Een ander tarief" })
	began, sent, refused, polled := time.Now(), l.forwardings("forwarded"), partner.Throttled(), l.polledAt()
	run := id(l.reseller.post(l.path("/sync"), nil))
	l.eventually("the run's first request", func() bool { return d.number(fmt.Sprintf(`SELECT requests FROM sync_runs WHERE id = %d`, run)) > 0 })
	first, before := time.Since(began), l.forwardings("forwarded")-sent
	start := d.number(fmt.Sprintf(`SELECT (extract(epoch FROM started_at - created_at) * 1000)::bigint FROM sync_runs WHERE id = %d`, run))
	l.eventually("a poll", func() bool { return l.polledAt() > polled })
	poll := time.Since(began)
	l.runDone(run)
	done := time.Since(began)
	forwarded := l.forwardings("forwarded") - sent
	t.Logf("begun after %d ms, first request after %s, a poll after %s, the run's end after %s; %d sales meanwhile (%.2f a second); %d refused",
		start, first.Round(time.Millisecond), poll.Round(time.Millisecond), done.Round(time.Second), forwarded, float64(forwarded)/done.Seconds(), partner.Throttled()-refused)
	require.Less(t, before, backlog/10, "the run waits for few of them, however busy this machine is")
	require.Less(t, poll, 90*time.Second, "its minute, and its turn")
	require.Greater(t, l.forwardings("waiting")+l.forwardings("sending"), 100, "sales waited all the while")
	require.Greater(t, float64(forwarded), 0.7*0.95*perMinute/60*done.Seconds(), "sales keep most of the pace")
	require.Zero(t, partner.Throttled()-refused)
}

// polledAt is when statuses were last polled, in microseconds.
func (l *link) polledAt() int64 {
	l.t.Helper()
	return l.number(`SELECT coalesce((extract(epoch FROM max(last_polled_at)) * 1000000)::bigint, 0) FROM integrations`)
}
