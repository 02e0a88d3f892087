package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkStatusPoll counts the requests of a status poll that brings 50 changed sales, with few and with many
// outstanding: they should not depend on what is outstanding.
func BenchmarkStatusPoll(b *testing.B) {
	const changed = 50
	for _, outstanding := range []int{100, 5_000} {
		b.Run(fmt.Sprint(outstanding), func(b *testing.B) {
			d := deploy(b, "KOPPEL_PARTNER_RATE=100000", "KOPPEL_REQUESTS_PER_MINUTE=0", "KOPPEL_LOG_LEVEL=warn")
			target, err := url.Parse(d.base)
			require.NoError(b, err)
			proxy := httputil.NewSingleHostReverseProxy(target)
			var polls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/user/sales") {
					polls.Add(1)
				}
				proxy.ServeHTTP(w, r)
			}))
			b.Cleanup(server.Close)
			l := newLink(d, 1, server.URL)
			l.importAll(1)
			l.mapAll()
			l.forwardAutomatically()
			l.sell(0)
			l.eventually("it is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
			l.idle()
			l.outstanding(outstanding - 1)
			l.eventually("what is there was polled", func() bool {
				return l.number(`SELECT count(*) FROM integrations WHERE NOT sales_hint AND NOT poll_window AND last_polled_at > now() - interval '3 seconds'`) == 1
			})
			before := polls.Load()
			began := time.Now()
			l.sql(`UPDATE sales SET status = 'netto', status_type = 'netto', status_changed_at = now() + interval '1 second', updated_at = now() + interval '1 second'
				WHERE environment_id = 1 AND id IN (SELECT id FROM sales WHERE environment_id = 1 ORDER BY id OFFSET 1 LIMIT $1)`, changed-1)
			// The last one through the API: it announces, when everything before it can be read.
			first := l.number(`SELECT min(id) FROM sales WHERE environment_id = 1`)
			l.provider.post(fmt.Sprintf("account/sales/updatestatus/%v?status=netto", first), nil)
			l.eventually("the changes are here", func() bool {
				return l.number(`SELECT count(*) FROM sales WHERE environment_id = 2 AND status = 'netto'`) == changed
			})
			b.ReportMetric(time.Since(began).Seconds(), "s")
			b.ReportMetric(float64(polls.Load()-before), "requests")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// outstanding copies the one forwarded sale, on both sides.
func (l *link) outstanding(copies int) {
	for _, environment := range []int{1, 2} {
		l.sql(`INSERT INTO sales (environment_id, user_id, organisation_id, type, status, status_type, status_changed_at, flow_id, product_id, business, link_id, submission, sold, external_reference, created_at, updated_at)
			SELECT environment_id, user_id, organisation_id, type, status, status_type, status_changed_at, flow_id, product_id, business, link_id, submission, sold, 'copy/' || n, created_at, updated_at
			FROM (SELECT * FROM sales WHERE environment_id = $1 ORDER BY id LIMIT 1) s, generate_series(1, $2) n`, environment, copies)
	}
	l.sql(`INSERT INTO forwardings (environment_id, integration_id, sale_id, state, due_at, partner_sale_id, partner_status, partner_status_at, forwarded_at, created_at, updated_at)
		SELECT 2, $1, ours.id, 'forwarded', now(), theirs.id::text, theirs.status, theirs.status_changed_at, now(), now(), now()
		FROM sales ours JOIN sales theirs ON theirs.environment_id = 1 AND theirs.external_reference = ours.external_reference
		WHERE ours.environment_id = 2 AND ours.external_reference LIKE 'copy/%'`, l.integration)
	l.sql("ANALYZE")
	l.sql(`UPDATE integrations SET sales_hint = true`)
	l.sql(`INSERT INTO outbox (environment_id, kind, subject_id, signal, available_at) SELECT environment_id, 'integration', id, 'partner-changed', now() FROM integrations`)
}

// BenchmarkChangeUntilHere measures how long a tariff that changes at B takes until A sells with it.
func BenchmarkChangeUntilHere(b *testing.B) {
	const changes = 40
	l := readyFor(b, 3, "KOPPEL_REQUESTS_PER_MINUTE=0", "KOPPEL_LOG_LEVEL=warn")
	l.reseller.patch(l.path(""), object{"sync_interval_minutes": 10080, "status_poll_minutes": 1440})
	theirs := fmt.Sprintf("account/products/%v", rows(l.provider.get("account/products"))[0]["id"])
	local := fmt.Sprintf("account/products/%v", l.product())
	var took []time.Duration
	for n := range changes {
		tariff := fmt.Sprintf("0.%d", 10000+n*10+1)
		l.provider.put(theirs, object{"customfields": object{"tariff_single": tariff}})
		began := time.Now()
		l.eventually("the tariff is here", func() bool {
			return l.reseller.get(local).(object)["customfields"].(object)["tariff_single"] == tariff
		})
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds(), "p50-s")
	b.ReportMetric(took[len(took)*95/100].Seconds(), "p95-s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkResume measures how long 1,000 sales that wait for one mapping take to be forwarded once it is there.
func BenchmarkResume(b *testing.B) {
	const sales = 1000
	l := readyFor(b, 2, "KOPPEL_PARTNER_RATE=100000", "KOPPEL_REQUESTS_PER_MINUTE=0", "KOPPEL_LOG_LEVEL=warn")
	l.mapQuestions(false)
	l.submit(0, sales)
	l.eventually("all wait", func() bool { return l.forwardings("action_required") == sales })
	began := time.Now()
	l.mapQuestions(true)
	l.eventually("half are forwarded", func() bool { return l.forwardings("forwarded") >= sales/2 })
	l.eventually("all are forwarded", func() bool { return l.forwardings("forwarded") == sales })
	b.ReportMetric(time.Since(began).Seconds(), "s")
	b.ReportMetric(sales/time.Since(began).Seconds(), "sales/s")
	b.ReportMetric(0, "ns/op")
	l.requireNoneTwice(sales)
}
