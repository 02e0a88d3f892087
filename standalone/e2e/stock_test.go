package e2e

import (
	"fmt"
	"net/http/httptest"
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
	d := deploy(t, env...)
	s := stockLink{&link{deployment: d, reseller: d.environment("reseller")}, practice.New(practice.Config{Account: "oefenpartner", Products: products})}
	server := httptest.NewServer(s.partner)
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
	s.importAll(products)
	s.mapAll()
	s.forwardAutomatically()
	s.idle()
	return s
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
	require.Equal(t, "0.251", product()["customfields"].(object)["tariff_single"], "the tariff is in the detail only")

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
	s.eventually("the new tariff is here", func() bool { return product()["customfields"].(object)["tariff_single"] == "0.1999" })
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
	for name, fault := range map[string]practice.Faults{
		"429":                  {Throttle: "429"},
		"429 with Retry-After": {Throttle: "retry-after"},
		"a proxy's 1015":       {Throttle: "1015"},
		"slow":                 {Slow: 300 * time.Millisecond},
		"rows twice":           {DuplicateRows: true},
		"pages that move":      {MovingPages: true},
		"wrong types":          {WrongTypes: true},
		"empty lists":          {EmptyLists: true},
	} {
		s.partner.SetFaults(fault)
		sold++
		s.sell(sold)
		s.reseller.post(s.path("/sync"), nil)
		if fault.Throttle != "" {
			s.eventually("the reason is told: "+name, func() bool {
				list := rows(s.reseller.get("account/forwardings?state=waiting"))
				return len(list) == 1 && list[0]["cause"] == "partner_throttled"
			})
			s.partner.SetFaults(practice.Faults{}) // the sync tries for minutes
		}
		s.idle()
		require.Equal(t, 3, len(rows(s.reseller.get("account/products?active=1"))), "%s: a list that cannot be trusted removes nothing", name)
		s.partner.SetFaults(practice.Faults{})
		s.eventually("the sale is forwarded after: "+name, func() bool { return s.forwardings("forwarded") == sold })
		require.Equal(t, sold, s.onceEach(), name)
	}
}

// TestStockSilenceLosesNothing: a partner that takes a create and says nothing of it, or nothing that can be read,
// leaves an outcome that is not known. What the partner has is adopted, a minute later; the rest goes again only when a
// person says so.
func TestStockSilenceLosesNothing(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 3)
	unknown := func() int { return s.forwardings("outcome_unknown") }
	for n, fault := range []struct {
		name   string
		faults practice.Faults
		taken  int // creates that the partner made all the same
	}{
		{"an answer that breaks off", practice.Faults{Truncated: true}, 1},
		{"a proxy's page", practice.Faults{HTMLErrors: true}, 1},
		{"a lost answer", practice.Faults{LoseEvery: 1}, 2},
		{"silence", practice.Faults{Silent: true}, 2},
	} {
		s.partner.SetFaults(fault.faults)
		s.sell(n)
		s.reseller.post(s.path("/sync"), nil)
		s.eventually("the outcome is not known: "+fault.name, func() bool { return unknown()+s.forwardings("forwarded") == n+1 })
		s.partner.SetFaults(practice.Faults{})
		require.Equal(t, fault.taken, s.onceEach(), fault.name)
		require.Equal(t, 3, len(rows(s.reseller.get("account/products?active=1"))), "%s: nothing is removed", fault.name)
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
	s.partner.SetFaults(practice.Faults{Revoked: true})
	for n := range 3 {
		s.sell(n)
	}
	s.eventually("the integration pauses", func() bool { return s.reseller.get(s.path("")).(object)["state"] == "paused" })
	require.Empty(t, s.partner.Ledger())
	s.partner.SetFaults(practice.Faults{})
	row := s.reseller.get(s.path("")).(object)
	s.reseller.patch(s.path(""), object{"token": s.partner.Token(), "account_name": row["account_name"], "base_url": row["base_url"]})
	s.eventually("all go", func() bool { return s.forwardings("forwarded") == 3 })
	require.Equal(t, 3, s.onceEach())
}

// TestStockLostAnswers loses the answers of 100 of 500 creates, with look-alikes planted beside ten of them. No
// sale is made twice; what is unknown has its true sale among its candidates.
func TestStockLostAnswers(t *testing.T) {
	t.Parallel()
	const sales, lost, planted = 500, 100, 10
	s := newStockLink(t, 2, "KOPPEL_LOG_LEVEL=warn")
	s.partner.SetFaults(practice.Faults{LoseEvery: sales / lost})
	for n := range sales {
		s.sell(n)
	}
	s.eventually("every create was tried", func() bool { return len(s.partner.Ledger()) == sales })
	s.partner.SetFaults(practice.Faults{})
	ledger := s.partner.Ledger()
	truth := map[string]string{} // our reference → their sale
	for i, entry := range ledger {
		truth[entry.Reference] = fmt.Sprint(entry.SaleID)
		if (i+1)%(sales/lost) == 0 && i/(sales/lost) < planted {
			require.NotZero(t, s.partner.Plant(entry.SaleID))
		}
	}
	began := time.Now()
	s.eventually("the first is looked into, a minute after its create", func() bool { return s.forwardings("forwarded")+s.settledUnknown() > sales-lost })
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
	return int(s.number(`SELECT count(*) FROM forwardings WHERE state = 'outcome_unknown' AND look = 'done'`))
}
