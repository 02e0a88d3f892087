package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// losing stands before a deployment and loses the answer of every nth create that was made.
type losing struct {
	proxy   *httputil.ReverseProxy
	every   int64 // 0: none
	creates atomic.Int64
	lost    atomic.Int64
}

func (l *losing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/sales/flow/") {
		l.proxy.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	l.proxy.ServeHTTP(answer, r)
	if answer.Code == http.StatusCreated && l.creates.Add(1)%l.every == 0 {
		l.lost.Add(1)
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// TestLostAnswersAtAKoppelPartner loses the answers of a fifth of the creates, with ten look-alikes in the ledger:
// the same bytes go again under the same key, and every sale is there once.
func TestLostAnswersAtAKoppelPartner(t *testing.T) {
	t.Parallel()
	const sales, planted = 500, 10
	d := deploy(t, "KOPPEL_LOG_LEVEL=warn")
	target, err := url.Parse(d.base)
	require.NoError(t, err)
	between := &losing{proxy: httputil.NewSingleHostReverseProxy(target), every: 5}
	server := httptest.NewServer(between)
	t.Cleanup(server.Close)
	l := newLink(d, 2, server.URL)
	l.importAll(2)
	l.mapAll()
	l.forwardAutomatically()
	theirs := rows(l.provider.get("account/products"))[0]["id"]
	for n := range planted {
		plant := sale(theirs, n)
		plant["questionData"] = object{"betaalwijze": "Incasso"}
		l.provider.post(sellPath, plant)
	}
	l.submit(0, sales)
	l.eventually("all sales are forwarded", func() bool { return l.forwardings("forwarded") == sales })
	require.GreaterOrEqual(t, between.lost.Load(), int64(sales/5))
	t.Logf("%d answers lost", between.lost.Load())
	require.Equal(t, sales+planted, l.providerSales())
	require.Equal(t, int64(sales), l.number(`SELECT count(DISTINCT external_reference) FROM sales WHERE external_reference IS NOT NULL`))
}

// TestStockPartnerDown: a partner that answers nothing but errors is left alone and tried twice a minute; what
// waits says why, and goes when it answers again.
func TestStockPartnerDown(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 1, "KOPPEL_LOG_LEVEL=warn")
	s.moods("html-errors")
	s.reseller.post(s.path("/sync"), nil)
	unanswered := func() bool {
		return s.reseller.get(s.path("/status")).(object)["budget"].(object)["unanswered_since"] != nil
	}
	s.eventually("the circuit opens", unanswered)
	before := s.partner.Requests()
	s.sell(1)
	s.eventually("it says why it waits", func() bool {
		return len(rows(s.reseller.get("account/forwardings?state=waiting&cause=partner_down"))) == 1
	})
	require.LessOrEqual(t, s.partner.Requests()-before, 1, "at most a probe")
	s.moods()
	s.eventually("it closes by itself", func() bool { return !unanswered() })
	s.eventually("the sale goes", func() bool { return s.forwardings("forwarded") == 1 })
	require.Equal(t, 1, s.onceEach())
}
