package e2e

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/salesdock/practice"
)

// BenchmarkPartnerBudget shares a stock partner of 120 requests a minute, counted in a sliding window, among three
// tenants and two workers for three minutes. One tenant has 300 sales waiting and a second one a first import of
// 400 products; the small ones sell now and then. What is reported: how many requests were refused, how much of
// the budget was used, and how long the small tenants' sales took.
func BenchmarkPartnerBudget(b *testing.B) {
	const perMinute, minutes, backlog, products = 120, 3, 300, 400
	d := deploy(b, "KOPPEL_LOG_LEVEL=warn", "KOPPEL_REQUESTS_PER_MINUTE=0")
	d.start("worker")
	partner := practice.New(practice.Config{Account: "oefenpartner", Products: products, PerMinute: perMinute})
	server := httptest.NewServer(partner)
	b.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	var tenants []*link
	for _, name := range []string{"groot", "import", "klein"} {
		tenants = append(tenants, budgetTenant(d, name, server.URL, partner.Token(), products))
	}
	big, importing, small := tenants[0], tenants[1], tenants[2]
	time.Sleep(time.Minute) // the partner's minute before the measurement holds nothing of the setting up
	big.submit(0, backlog)
	var ids []any
	for _, p := range rows(importing.reseller.get(importing.path("/products"))) {
		ids = append(ids, p["id"])
	}
	importing.reseller.put(importing.path("/products"), object{"product_ids": ids})

	began, asked, refused := time.Now(), partner.Requests(), partner.Throttled()
	var group sync.WaitGroup
	for _, l := range []*link{importing, small} {
		group.Go(func() {
			for n := 0; time.Since(began) < minutes*time.Minute-10*time.Second; n++ {
				l.sell(n)
				time.Sleep(6 * time.Second) // somebody sells now and then: the load itself, not a wait for an event
			}
		})
	}
	time.Sleep(time.Until(began.Add(minutes * time.Minute)))
	requests, throttled := partner.Requests()-asked, partner.Throttled()-refused
	group.Wait()
	d.eventually("the small ones' sales are forwarded", func() bool {
		return d.number(`SELECT count(*) FROM forwardings WHERE state <> 'forwarded' AND environment_id IN (SELECT id FROM environments WHERE account IN ('import', 'klein'))`) == 0
	})
	waits := d.durations(`SELECT extract(epoch FROM forwarded_at - created_at)::double precision FROM forwardings WHERE environment_id IN (SELECT id FROM environments WHERE account IN ('import', 'klein'))`)
	b.ReportMetric(float64(throttled)/float64(requests)*100, "%refused")
	b.ReportMetric(float64(requests-throttled)/(perMinute*minutes)*100, "%budget")
	b.ReportMetric(waits[len(waits)/2], "s-small-p50")
	b.ReportMetric(waits[len(waits)*95/100], "s-small-p95")
	b.ReportMetric(waits[len(waits)-1], "s-small-max")
	b.ReportMetric(float64(big.forwardings("forwarded")), "big-forwarded")
	b.ReportMetric(0, "ns/op")
	status := importing.reseller.get(importing.path("/status")).(object)["budget"]
	b.Logf("what the page says: %v", status)
	require.Equal(b, 2.0, status.(object)["shared_with"])
}

// budgetTenant links an environment to the partner, with one product imported and everything mapped.
func budgetTenant(d *deployment, account, base, token string, products int) *link {
	l := &link{deployment: d, reseller: d.environment(account), token: token}
	setUpForms(l.reseller, "Automatisch", "Factuur")
	l.integration = id(l.reseller.post("account/integrations", object{"account_name": "oefenpartner", "base_url": base, "token": token}))
	l.eventually("the partner's products are known", func() bool { return l.states()["new"] == products })
	l.reseller.put(l.path("/products"), object{"product_ids": []any{rows(l.reseller.get(l.path("/products")))[0]["id"]}})
	l.eventually("one is imported", func() bool { return l.states()["imported"] == 1 })
	l.mapAll()
	l.forwardAutomatically()
	l.idle()
	return l
}

// durations reads seconds, in order.
func (d *deployment) durations(query string) (list []float64) {
	d.t.Helper()
	conn, err := pgx.Connect(context.Background(), d.databaseURL)
	require.NoError(d.t, err)
	defer conn.Close(context.Background())
	require.NoError(d.t, conn.QueryRow(context.Background(), "SELECT array_agg(seconds ORDER BY seconds) FROM ("+query+") AS list (seconds)").Scan(&list))
	return list
}
