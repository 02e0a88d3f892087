package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock/practice"
)

// stockLink is a reseller that is linked to a stock Salesdock account.
type stockLink struct {
	*link
	partner *practice.Partner
}

// newStockLink links to a practice partner with everything imported and mapped.
func newStockLink(t *testing.T, products int, env ...string) stockLink {
	t.Helper()
	return newStockLinkBehind(t, products, func(partner http.Handler) http.Handler { return partner }, env...)
}

// newStockLinkBehind puts something in front of the partner.
func newStockLinkBehind(t *testing.T, products int, front func(partner http.Handler) http.Handler, env ...string) stockLink {
	t.Helper()
	return stockLinkOf(t, deploy(t, env...), "reseller", products, front)
}

// stockLinkOf links an environment of a deployment.
func stockLinkOf(t *testing.T, d *deployment, account string, products int, front func(partner http.Handler) http.Handler) stockLink {
	t.Helper()
	s := stockLink{&link{deployment: d, reseller: d.environment(account)}, practice.New(practice.Config{Account: "oefenpartner", Products: products, Slow: 300 * time.Millisecond, ShownAfter: 5 * time.Second})}
	server := httptest.NewServer(front(s.partner))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	setUpForms(s.reseller, "Automatisch", "Factuur")
	s.token = s.partner.Token()
	tested := s.reseller.post("account/integrations/test", object{"account_name": "oefenpartner", "base_url": server.URL, "token": s.token}).(object)
	require.Equal(t, true, tested["ok"], tested)
	s.integration = id(s.reseller.post("account/integrations", object{"account_name": "oefenpartner", "base_url": server.URL, "token": s.token}))
	// The practice partner sets no limit here: what a test waits for is not the pace of a stock account.
	s.reseller.patch(s.path(""), object{"requests_per_minute": 60_000})
	s.goes(products)
	return s
}

// moods gives the partner these moods for every request, and mends all others.
func (s stockLink) moods(names ...string) {
	s.t.Helper()
	moods := map[string]float64{}
	for _, name := range names {
		moods[name] = 1
	}
	require.NoError(s.t, s.partner.SetMoods(1, moods))
}

// onceEach says that every sale of ours is in the partner's ledger at most once, and gives how many are.
func (s stockLink) onceEach() int {
	s.t.Helper()
	seen := map[string]bool{}
	for _, entry := range s.partner.Ledger() {
		if entry.Reference == "" {
			continue // somebody at the partner entered it
		}
		require.False(s.t, seen[entry.Reference], "%s was made twice", entry.Reference)
		seen[entry.Reference] = true
	}
	return len(seen)
}

// TestStockPartner is the main job against an account that has none of our extensions.
func TestStockPartner(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 3)
	local := rows(s.reseller.get("account/products"))[0]
	product := func() object { return s.reseller.get(fmt.Sprintf("account/products/%v", local["id"])).(object) }
	require.Equal(t, "0.25100", product()["customfields"].(object)["tariff_single"], "the tariff is in the detail only")

	sale := s.sell(1)
	s.eventually("the sale is forwarded", func() bool { return s.forwardings("forwarded") == 1 })
	require.Equal(t, 1, s.onceEach())
	theirs := s.partner.Ledger()[0].SaleID

	s.reseller.post("account/statuses", object{"id": "bij-partner", "name": "Bij de partner", "type": "default"})
	s.reseller.put(s.path("/mappings/statuses"), []object{{"partner_status": "in-behandeling", "status": "bij-partner"}})
	s.reseller.patch(s.path(""), object{"status_poll_minutes": 1})
	require.True(t, s.partner.SetStatus(theirs, "in-behandeling", "Wordt bekeken"))
	s.eventually("the status comes at the next poll", func() bool { return s.saleStatus(sale) == "bij-partner" })

	s.partner.ChangeProduct(1000, func(p *practice.Product) { p.Tariff = "0.19990" })
	s.reseller.post(s.path("/sync"), nil)
	s.eventually("the new tariff is here", func() bool { return product()["customfields"].(object)["tariff_single"] == "0.19990" })
	s.reseller.patch(s.path(""), object{"vanished_products": "deactivate"})
	s.partner.RemoveProducts(1000)
	s.reseller.post(s.path("/sync"), nil)
	s.eventually("what vanished is switched off", func() bool { return product()["active"] == "0" })
	s.idle()
	before := s.partner.Requests()
	s.reseller.post(s.path("/sync"), nil)
	s.eventually("it was checked", func() bool { return s.partner.Requests() > before })
	s.idle()
	require.Less(t, s.partner.Requests()-before, 20, "an unchanged catalogue costs no details")
}

// TestStockFaultsLoseNothing switches on what can be wrong with a partner, sells meanwhile, and mends it: what
// was certainly not taken goes by itself, each with a reason while it waits, and nothing goes twice.
func TestStockFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 3)
	sold := 0
	for _, mood := range []string{"throttled", "throttled-retry-after", "throttled-1015", "slow", "rows-twice", "pages-overlap", "all-wrong-types", "empty-lists"} {
		s.moods(mood)
		sold++
		s.sell(sold)
		s.reseller.post(s.path("/sync"), nil)
		if strings.HasPrefix(mood, "throttled") {
			s.eventually("the reason is told: "+mood, func() bool {
				list := rows(s.reseller.get("account/forwardings?state=waiting"))
				return len(list) == 1 && list[0]["cause"] == "partner_throttled"
			})
			s.moods() // the sync tries for minutes
		}
		s.idle()
		require.Equal(t, 3, len(rows(s.reseller.get("account/products?active=1"))), "%s: a list that cannot be trusted removes nothing", mood)
		s.moods()
		s.eventually("the sale is forwarded after: "+mood, func() bool { return s.forwardings("forwarded") == sold })
		require.Equal(t, sold, s.onceEach(), mood)
	}
}

// TestStockSilenceLosesNothing: a partner that takes a create and says nothing of it, or nothing that can be read,
// leaves an outcome that is not known. What the partner has is adopted, a minute later; the rest goes again only when a
// person says so.
func TestStockSilenceLosesNothing(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 3, "KOPPEL_LOOK_AFTER=60s")
	unknown := func() int { return s.forwardings("outcome_unknown") }
	for n, fault := range []struct {
		mood  string
		taken int // creates that the partner made all the same
	}{
		{"truncated", 1}, {"html-errors", 1}, {"made-then-reset", 2}, {"silent", 2},
	} {
		s.moods(fault.mood)
		s.sell(n)
		s.reseller.post(s.path("/sync"), nil)
		s.eventually("the outcome is not known: "+fault.mood, func() bool { return unknown()+s.forwardings("forwarded") == n+1 })
		s.moods()
		require.Equal(t, fault.taken, s.onceEach(), fault.mood)
		require.Equal(t, 3, len(rows(s.reseller.get("account/products?active=1"))), "%s: nothing is removed", fault.mood)
	}
	s.eventually("what arrived is found", func() bool { return s.forwardings("forwarded") == 2 })
	s.eventually("what did not is before a person, with the reason", func() bool { return s.settledUnknown() == 2 })
	require.Len(t, s.partner.Ledger(), 2, "never again by itself")
	for _, f := range rows(s.reseller.get("account/forwardings?state=outcome_unknown")) {
		require.Empty(t, rows(s.reseller.get(fmt.Sprintf("account/forwardings/%v/candidates", f["id"]))))
		require.Equal(t, "outcome_unknown", f["cause"])
		require.NotEmpty(t, f["who_must_act"])
		s.reseller.post(fmt.Sprintf("account/forwardings/%v/resend", f["id"]), nil)
	}
	s.eventually("all are forwarded", func() bool { return s.forwardings("forwarded") == 4 })
	require.Equal(t, 4, s.onceEach())
}

// TestStockRefusedTokenPauses: work is kept in order until there is a new token.
func TestStockRefusedTokenPauses(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 1)
	s.moods("token-refused")
	for n := range 3 {
		s.sell(n)
	}
	s.eventually("the integration pauses", func() bool { return s.reseller.get(s.path("")).(object)["state"] == "paused" })
	require.Empty(t, s.partner.Ledger())
	s.moods()
	row := s.reseller.get(s.path("")).(object)
	s.reseller.patch(s.path(""), object{"token": s.partner.Token(), "account_name": row["account_name"], "base_url": row["base_url"]})
	s.eventually("all go", func() bool { return s.forwardings("forwarded") == 3 })
	require.Equal(t, 3, s.onceEach())
}

// TestStockTokenComesBackByItself: a partner that refused a token for a while takes it again, and nobody has to do anything.
func TestStockTokenComesBackByItself(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 1)
	s.moods("token-refused-html")
	for n := range 3 {
		s.sell(n)
	}
	s.eventually("the integration pauses", func() bool { return s.reseller.get(s.path("")).(object)["state"] == "paused" })
	status := s.reseller.get(s.path("/status")).(object)
	require.NotNil(t, status["token_refused_at"])
	require.NotNil(t, status["token_probe_at"], "it is looked at again")
	waiting := rows(s.reseller.get("account/forwardings?state=waiting"))
	require.Len(t, waiting, 3)
	require.Equal(t, "token_refused", waiting[0]["cause"])
	require.Equal(t, "Wij", waiting[0]["who_must_act"])
	s.moods()
	s.eventually("all go by themselves", func() bool { return s.forwardings("forwarded") == 3 })
	require.Equal(t, 3, s.onceEach())
	status = s.reseller.get(s.path("/status")).(object)
	require.Equal(t, "active", status["state"])
	require.Nil(t, status["token_refused_at"])
	require.NotNil(t, status["token_accepted_at"])
}

// TestStockLostAnswers loses the answers of a fifth of 500 creates, with look-alikes planted beside ten of them. No
// sale is made twice; what is unknown has its true sale among its candidates.
func TestStockLostAnswers(t *testing.T) {
	t.Parallel()
	const sales, planted = 500, 10
	s := newStockLink(t, 2, "KOPPEL_LOG_LEVEL=warn", "KOPPEL_LOOK_AFTER=60s")
	require.NoError(t, s.partner.SetMoods(1, map[string]float64{"made-then-reset": 0.2}))
	truth, lost := map[string]string{}, 0 // our reference → their sale
	plant := func() {                     // at once, so that the first look meets both
		for _, entry := range s.partner.Ledger() {
			if entry.Reference == "" || truth[entry.Reference] != "" {
				continue
			}
			truth[entry.Reference] = fmt.Sprint(entry.SaleID)
			if entry.Met == "" {
				continue
			}
			if lost++; lost <= planted {
				require.NotZero(t, s.partner.Plant(entry.SaleID))
			}
		}
	}
	for n := range sales {
		s.sell(n)
		plant()
	}
	s.eventually("every create was tried", func() bool { plant(); return len(truth) == sales })
	s.moods()
	began := time.Now()
	s.eventually("the first is looked into", func() bool { return s.forwardings("forwarded")+s.settledUnknown() > sales-lost })
	s.eventually("each is settled, or before a person", func() bool {
		return s.forwardings("forwarded")+s.settledUnknown() == sales
	})
	t.Logf("%d forwarded, %d before a person, %s after the last create", s.forwardings("forwarded"), s.forwardings("outcome_unknown"), time.Since(began).Round(time.Second))
	require.Equal(t, sales, s.onceEach())
	require.GreaterOrEqual(t, s.forwardings("forwarded"), sales-planted)
	first := 0
	unknown := rows(s.reseller.get("account/forwardings?state=outcome_unknown&per_page=100"))
	for _, f := range unknown {
		candidates := rows(s.reseller.get(fmt.Sprintf("account/forwardings/%v/candidates", f["id"])))
		want := truth[fmt.Sprintf("reseller/%v/%v", f["integration_id"], f["sale_id"])]
		found := false
		for i, c := range candidates {
			if fmt.Sprint(c["partner_sale_id"]) == want {
				found = true
				if i == 0 {
					first++
				}
			}
		}
		require.True(t, found, "sale %v: its true sale %s is not among %v", f["sale_id"], want, candidates)
	}
	t.Logf("the true sale is the first candidate of %d of %d", first, len(unknown))
	require.GreaterOrEqual(t, lost-len(unknown)+first, lost*95/100, "adopted, or the first candidate")
	for _, f := range unknown {
		s.reseller.post(fmt.Sprintf("account/forwardings/%v/adopt", f["id"]), object{"partner_sale_id": truth[fmt.Sprintf("reseller/%v/%v", f["integration_id"], f["sale_id"])]})
	}
	s.eventually("all are forwarded", func() bool { return s.forwardings("forwarded") == sales })
	require.Len(t, s.partner.Ledger(), sales+planted)
}

// settledUnknown counts unknown outcomes that have been looked into.
func (s stockLink) settledUnknown() int {
	return int(s.number(`SELECT count(*) FROM forwardings WHERE state = 'outcome_unknown' AND look IN ('done', 'not_there')`))
}
