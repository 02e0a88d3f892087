package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkPages measures the server's time for every page of an environment with 100,000 sales and 20,000
// imported products, and what a page weighs. It reports the slowest page, and prints them all.
func BenchmarkPages(b *testing.B) {
	l := readyFor(b, 2, "KOPPEL_LOG_LEVEL=warn", "KOPPEL_REQUESTS_PER_MINUTE=0", "KOPPEL_PARTNER_RATE=100000")
	l.fillPages(20_000, 100_000)
	client := l.signedIn()
	pages := l.measuredPages()
	var slowest, heaviest float64
	for name, address := range pages {
		p95, weight := l.measurePage(client, name, address)
		slowest, heaviest = max(slowest, p95), max(heaviest, weight)
	}
	var assets strings.Builder
	zip := gzip.NewWriter(&assets)
	for _, name := range []string{"app.css", "app.js"} {
		_, err := io.WriteString(zip, l.asset(client, name))
		require.NoError(b, err)
	}
	require.NoError(b, zip.Close())
	b.ReportMetric(float64(len(pages)), "pages")
	b.ReportMetric(slowest, "slowest-p95-ms")
	b.ReportMetric(heaviest, "heaviest-kB")
	b.ReportMetric(float64(assets.Len())/1000, "style-and-script-gz-kB")
	b.ReportMetric(0, "ns/op")
}

// fillPages gives the reseller so many imported products and sales.
func (l *link) fillPages(products int64, sales int) {
	l.t.Helper()
	l.fillCatalogue(int(products))
	l.reseller.post(l.path("/sync"), nil)
	l.eventually("all products are offered", func() bool {
		return l.number(`SELECT count(*) FROM integration_products WHERE offered`) >= products
	})
	l.sql(`UPDATE integration_products SET selected = true`)
	l.reseller.post(l.path("/sync"), nil)
	l.eventually("all products are imported", func() bool {
		return l.number(`SELECT count(*) FROM products WHERE integration_id IS NOT NULL`) >= products
	})
	l.reseller.patch(l.path(""), object{"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"}})
	one := l.sell(1)
	l.sql(`INSERT INTO sales (environment_id, user_id, organisation_id, type, status, status_type, status_changed_at, flow_id, product_id, business, channel, submission, sold, created_at, updated_at)
		SELECT environment_id, user_id, organisation_id, type, (ARRAY['new', 'verified', 'netto', 'cancelled'])[1 + n % 4], status_type, status_changed_at, flow_id, product_id, business, channel,
			jsonb_set(jsonb_set(submission, '{fields,lastname}', to_jsonb('Naam' || n)), '{fields,postcode}', to_jsonb((1000 + n % 9000) || 'AB')), sold, now() - n * interval '1 minute', now()
		FROM sales, generate_series(1, $1::int) n WHERE id = $2`, sales, one)
	l.sql(`INSERT INTO sale_lines SELECT l.environment_id, s.id, l.line, l.product_id, l.quantity, l.section_identifier, l.content, l.integration_id, l.partner_product_id
		FROM sale_lines l JOIN sales s ON s.environment_id = l.environment_id AND s.id <> l.sale_id WHERE l.sale_id = $1`, one)
	l.sql(`INSERT INTO forwardings (environment_id, integration_id, sale_id, state, by_hand, due_at, cause, problems, partner_sale_id, forwarded_at, created_at, updated_at)
		SELECT s.environment_id, $1, s.id, CASE WHEN s.id % 50 = 0 THEN 'action_required' ELSE 'forwarded' END, false, now(), CASE WHEN s.id % 50 = 0 THEN 'mapping' ELSE '' END,
			CASE WHEN s.id % 50 = 0 THEN jsonb_build_array(jsonb_build_object('code', 'option_unmapped', 'subject', 'Vraag ' || s.id % 500, 'detail', 'Acceptgiro')) ELSE '[]' END,
			'p' || s.id, now(), now(), now() FROM sales s WHERE s.environment_id = 2 AND s.id <> $2`, l.integration, one)
	l.sql(`VACUUM ANALYZE`)
}

// signedIn is a browser that the reseller's owner signed in with.
func (l *link) signedIn() *http.Client {
	l.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(l.t, err)
	client := &http.Client{Jar: insecure{jar}, Transport: &http.Transport{DisableCompression: true}}
	response, err := client.PostForm(l.base+"/sign-in", url.Values{"account": {"reseller"}, "email": {"owner@reseller.example"}, "password": {l.reseller.password}})
	require.NoError(l.t, err)
	require.NoError(l.t, response.Body.Close())
	return client
}

// measuredPages are all pages, and some of what people ask of them.
func (l *link) measuredPages() map[string]string {
	pages := map[string]string{}
	for name, address := range interfacePages(l.reseller, "reseller", "none") {
		pages[name] = address
	}
	pages["sales, found by name"] = "/o/reseller/sales?q=naam99"
	pages["sales, by state of forwarding"] = "/o/reseller/sales?forwarding=action_required"
	pages["sales, by status"] = "/o/reseller/sales?status=netto"
	pages["products, found by name"] = "/o/reseller/products?q=199"
	pages["offered, found by name"] = fmt.Sprintf("/o/reseller/integrations/%d/products?q=199&state=imported", l.integration)
	pages["forwardings, by state"] = fmt.Sprintf("/o/reseller/integrations/%d/forwardings?state=action_required", l.integration)
	return pages
}

// measurePage asks for a page again and again, and prints and gives its time in ms, of 95 in 100, and its weight in kB.
func (l *link) measurePage(client *http.Client, name, address string) (p95, weight float64) {
	l.t.Helper()
	var took []time.Duration
	for range 30 {
		began := time.Now()
		response, err := client.Get(l.base + address)
		require.NoError(l.t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(l.t, err)
		took = append(took, time.Since(began))
		require.Equal(l.t, http.StatusOK, response.StatusCode, address)
		require.NoError(l.t, response.Body.Close())
		weight = float64(len(body)) / 1000
	}
	slices.Sort(took)
	p95 = float64(took[len(took)*95/100].Microseconds()) / 1000
	fmt.Printf("%-40s p50 %6.1f ms  p95 %6.1f ms  %5.1f kB\n", name, float64(took[len(took)/2].Microseconds())/1000, p95, weight)
	return p95, weight
}

// insecure keeps cookies that are marked Secure on http too: browsers do so on localhost, Go's client does not.
type insecure struct{ *cookiejar.Jar }

func (j insecure) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		c.Secure = false
	}
	j.Jar.SetCookies(u, cookies)
}

// asset reads the style or the script, by the address that a page gives.
func (l *link) asset(client *http.Client, name string) string {
	l.t.Helper()
	page := l.fetch(client, "/sign-in")
	start := strings.Index(page, "/assets/")
	for start >= 0 {
		end := start + strings.Index(page[start:], `"`)
		if address := page[start:end]; strings.HasSuffix(address, name) {
			return l.fetch(client, address)
		}
		page = page[end:]
		start = strings.Index(page, "/assets/")
	}
	l.t.Fatalf("the page names no %s", name)
	return ""
}

func (l *link) fetch(client *http.Client, address string) string {
	l.t.Helper()
	response, err := client.Get(l.base + address)
	require.NoError(l.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(l.t, err)
	return string(body)
}
