package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The main job: two environments linked, products in sync, a sale forwarded once, B's status at A.
func TestMainJob(t *testing.T) {
	t.Parallel()
	mainJob(t, ready(t, 3))
}

func mainJob(t *testing.T, l *link) {
	t.Helper()
	r, p := l.reseller, l.provider
	saleID := l.sell(1)
	l.eventually("the sale is at the provider", func() bool { return l.providerSales() == 1 })
	l.eventually("the forwarding says so", func() bool { return l.forwardings("forwarded") == 1 })
	theirs := rows(p.get("account/sales?extended=true"))[0]
	answers := p.get(fmt.Sprintf("account/sales/answers/%v", theirs["id"])).(object)
	require.Equal(t, "Incasso", answers["betaalwijze"], "A's option became B's")
	ours := r.get(fmt.Sprintf("account/sales/%d", saleID)).(object)
	require.Equal(t, fmt.Sprint(theirs["id"]), ours["processed"].(object)["outgoing_id"])

	// A system status follows by itself; a custom one only once it is mapped.
	p.post(fmt.Sprintf("account/sales/updatestatus/%v?status=accepted_by_supplier", theirs["id"]), nil)
	l.eventually("the status follows", func() bool { return l.saleStatus(saleID) == "accepted_by_supplier" })
	p.post(fmt.Sprintf("account/sales/updatestatus/%v?status=in-behandeling", theirs["id"]), nil)
	l.eventually("the unmapped status is counted", func() bool {
		mapped := rows(r.get(l.path("/mappings/statuses")))
		return len(mapped) == 1 && mapped[0]["unmapped_sales"] == 1.0
	})
	require.Equal(t, "accepted_by_supplier", l.saleStatus(saleID))
	r.post("account/statuses", object{"id": "bij-provider", "name": "Bij de provider"})
	r.put(l.path("/mappings/statuses"), []object{{"partner_status": "in-behandeling", "status": "bij-provider"}})
	l.eventually("the mapped status follows", func() bool { return l.saleStatus(saleID) == "bij-provider" })
	l.requireNoneTwice(1)
}

// With polling as good as off, what B changes is at A because B says so.
func TestTariffFollowsAtOnce(t *testing.T) {
	t.Parallel()
	l := ready(t, 3)
	l.reseller.patch(l.path(""), object{"sync_interval_minutes": 10080, "status_poll_minutes": 1440})
	theirs := rows(l.provider.get("account/products"))[0]
	l.provider.put(fmt.Sprintf("account/products/%v", theirs["id"]), object{"customfields": object{"tariff_single": "0.9990"}})
	changed := time.Now()
	l.eventually("the tariff is at the reseller", func() bool {
		ours := l.reseller.get(fmt.Sprintf("account/products/%v", l.product())).(object)
		return ours["customfields"].(object)["tariff_single"] == "0.9990"
	})
	t.Logf("the tariff followed after %s", time.Since(changed).Round(time.Millisecond))
	run := rows(l.reseller.get(l.path("/runs")))[0]
	require.Equal(t, "partner", run["trigger"], "%v", rows(l.reseller.get(l.path("/runs"))))
	l.eventually("the run is recorded", func() bool {
		run = l.reseller.get(l.path(fmt.Sprintf("/runs/%v", run["id"]))).(object)
		return run["state"] == "done"
	})
	change := rows(run["products"])[0]
	require.Equal(t, "changed", change["kind"])
	fields := rows(change["fields"])
	require.Contains(t, fields, object{"field": "customfields.tariff_single", "old": "0.2510", "new": "0.9990"})

	// A look that finds nothing new moves the time of the last check alone.
	before := l.reseller.get(l.path("")).(object)
	again := l.reseller.post(l.path("/sync"), nil).(object)["run_id"]
	l.eventually("the run ends", func() bool { return l.reseller.get(l.path(fmt.Sprintf("/runs/%v", again))).(object)["state"] == "done" })
	after := l.reseller.get(l.path("")).(object)
	require.Equal(t, before["last_synchronised_at"], after["last_synchronised_at"])
	require.NotNil(t, after["last_checked_at"])

	// What the partner owns is locked; what is ours survives.
	local := fmt.Sprintf("account/products/%v", l.product())
	status, _ := l.reseller.request(http.MethodPut, local, object{"name": "Anders"})
	require.Equal(t, http.StatusConflict, status)
	l.reseller.put(local, object{"usp": "Onze eigen tekst"})
	l.provider.put(fmt.Sprintf("account/products/%v", theirs["id"]), object{"name": "Stroom nieuw"})
	l.eventually("the name follows", func() bool { return l.reseller.get(local).(object)["name"] == "Stroom nieuw" })
	require.Equal(t, "Onze eigen tekst", l.reseller.get(local).(object)["usp"])
}

func TestVanishedProductsUnderEachPolicy(t *testing.T) {
	t.Parallel()
	l := ready(t, 3)
	ids := []any{}
	for _, p := range rows(l.provider.get("account/products")) {
		ids = append(ids, p["id"])
	}
	grant := func(products []any) {
		l.provider.post(fmt.Sprintf("account/connect-organisation-to-products/%d", l.organisation), object{"products": products})
	}
	local := fmt.Sprintf("account/products/%v", l.product())
	active := func() any {
		status, envelope := l.reseller.request(http.MethodGet, local, nil)
		if status == http.StatusNotFound {
			return "gone"
		}
		return envelope["data"].(object)["active"]
	}
	for policy, want := range map[string]any{"nothing": "1", "deactivate": "0", "delete": "gone"} {
		l.reseller.patch(l.path(""), object{"vanished_products": policy})
		grant(ids[1:])
		l.eventually("the product vanishes, policy "+policy, func() bool { return l.states()["vanished"] == 1 })
		l.eventually("the policy is applied: "+policy, func() bool { return active() == want })
		grant(ids)
		l.eventually("the product is back, policy "+policy, func() bool { return l.states()["imported"] == 3 && active() == "1" })
	}
	// What a person switched off stays off. The partner has heard of all three, so that it must hear of it again.
	heard := func(imported int) {
		t.Helper()
		link := fmt.Sprintf("account/incoming-links/%v", rows(l.provider.get("account/incoming-links"))[0]["id"])
		l.eventually(fmt.Sprintf("the partner hears that %d are for sale", imported), func() bool {
			traffic := l.provider.get(link).(object)["traffic"].(object)
			return traffic["imported"] == float64(imported) && len(rows(traffic["not_imported"])) == 3-imported
		})
	}
	heard(3)
	l.reseller.put(local, object{"active": "0"})
	l.reseller.patch(l.path(""), object{"vanished_products": "deactivate"})
	grant(ids[1:])
	l.eventually("it vanishes again", func() bool { return l.states()["vanished"] == 1 })
	grant(ids)
	l.eventually("it is offered again", func() bool { return l.states()["imported"] == 3 })
	require.Equal(t, "0", active())

	heard(2)
}

func TestBrakeAndUndo(t *testing.T) {
	t.Parallel()
	const products = 40
	l := ready(t, products)
	l.reseller.patch(l.path(""), object{"vanished_products": "delete"})
	l.provider.post(fmt.Sprintf("account/connect-organisation-to-products/%d", l.organisation), object{"products": []int{}})
	var braked object
	l.eventually("the brake stops the run", func() bool {
		for _, run := range rows(l.reseller.get(l.path("/runs"))) {
			if run["state"] == "needs_confirmation" {
				braked = run
				return true
			}
		}
		return false
	})
	require.Len(t, rows(l.reseller.get("account/products")), products, "nothing is removed without a person's word")
	l.reseller.post(l.path(fmt.Sprintf("/runs/%v/confirm", braked["id"])), nil)
	l.eventually("the confirmed run removes them", func() bool { return len(rows(l.reseller.get("account/products"))) == 0 })
	l.eventually("the run is done", func() bool {
		return l.reseller.get(l.path(fmt.Sprintf("/runs/%v", braked["id"]))).(object)["state"] == "done"
	})
	l.reseller.post(l.path(fmt.Sprintf("/runs/%v/undo", braked["id"])), nil)
	require.Len(t, rows(l.reseller.get("account/products")), products, "undone")
}

func TestConnectionReasons(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	l := newLink(d, 1, d.base)
	test := func(body object) object { return l.reseller.post("account/integrations/test", body).(object) }
	reason := func(body object) any { return test(body)["reason"] }

	fine := test(object{"account_name": "provider", "token": l.token})
	require.Equal(t, true, fine["ok"])
	require.Empty(t, fine["warnings"])
	plain := l.provider.post(fmt.Sprintf("account/users/%d/tokens", l.user), object{"name": "gewoon"}).(object)["token"]
	require.Len(t, test(object{"account_name": "provider", "token": plain})["warnings"], 1, "a token without the switch")
	require.Equal(t, "unknown_account", reason(object{"account_name": "nobody", "token": l.token}))
	require.Equal(t, "bad_token", reason(object{"account_name": "provider", "token": l.token + "x"}))
	bound := l.provider.post(fmt.Sprintf("account/users/%d/tokens", l.user), object{"name": "elders", "integration": true, "ip_allowlist": []string{"192.0.2.1"}}).(object)["token"]
	require.Equal(t, "address_not_allowed", reason(object{"account_name": "provider", "token": bound}))
	require.Equal(t, "unreachable", reason(object{"account_name": "provider", "token": l.token, "base_url": "http://" + freeAddress(t)}))
	require.Equal(t, "not_salesdock", reason(object{"account_name": "provider", "token": l.token, "base_url": stranger(t)}))
	require.Equal(t, "throttled", reason(object{"account_name": "provider", "token": l.token, "base_url": throttling(t)}))

	status, envelope := l.reseller.request(http.MethodPost, "account/integrations", object{"account_name": "provider", "token": "kpl_wrong_token"})
	require.Equal(t, http.StatusBadRequest, status, "%v", envelope)
}

// Of a hundred clicks while a run is held open, one run is under way and one is queued.
func TestSyncNowIsOneRunAndOneQueued(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	gate := newGate(t, d.base)
	l := newLink(d, 2, gate.url)
	l.importAll(2)
	l.idle()
	gate.hold("/products") // what else the partner is told or asked, such as what was imported, goes its way
	runs := map[any]bool{}
	for n := range 100 {
		runs[l.reseller.post(l.path("/sync"), nil).(object)["run_id"]] = true
		if n == 0 {
			l.eventually("the run is held open", func() bool { return gate.waiting() > 0 && l.reseller.get(l.path("/status")).(object)["running"] != nil })
		}
	}
	require.Len(t, runs, 2)
	gate.open()
	for run := range runs {
		l.eventually("the run ends", func() bool { return l.reseller.get(l.path(fmt.Sprintf("/runs/%v", run))).(object)["state"] == "done" })
	}
}

// What a person must fix waits with the reason in words, and goes by itself after the fix.
func TestActionRequiredIsFixedOnceForAll(t *testing.T) {
	t.Parallel()
	l := ready(t, 2)
	l.mapQuestions(false) // "Automatisch" is not one of B's options
	for n := range 3 {
		l.sell(n)
	}
	l.eventually("they wait for a person", func() bool { return l.forwardings("action_required") == 3 })
	f := rows(l.reseller.get("account/forwardings?state=action_required"))[0]
	require.Equal(t, "option_unmapped", f["cause"])
	require.Contains(t, rows(f["problems"])[0]["message"], "“Automatisch”")
	require.Zero(t, l.providerSales())
	preview := rows(l.reseller.post(fmt.Sprintf("account/sales/%v/forward/preview", f["sale_id"]), nil))[0]
	require.Equal(t, true, preview["automatic"].(object)["qualifies"])
	require.NotEmpty(t, preview["problems"])

	// One is helped by correcting its answer, the others by the mapping.
	l.reseller.patch(fmt.Sprintf("account/sales/%v", f["sale_id"]), object{"answers": object{"betaalwijze": "Factuur", "factuur_email": "f@example.org"}})
	l.eventually("the corrected sale goes", func() bool { return l.forwardings("forwarded") == 1 })
	l.mapQuestions(true)
	l.eventually("the others go", func() bool { return l.forwardings("forwarded") == 3 })
	l.requireNoneTwice(3)
}

func TestByHandPauseAndAbandon(t *testing.T) {
	t.Parallel()
	l := ready(t, 2)
	l.reseller.patch(l.path(""), object{"forwarding": object{"automatic": false, "statuses": []string{"verified"}}})
	saleID := l.sell(1)
	status, envelope := l.reseller.request(http.MethodPost, fmt.Sprintf("account/sales/%d/forward", saleID), nil)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, fmt.Sprint(envelope["errors"]), "niet gekozen")
	l.reseller.post(fmt.Sprintf("account/sales/updatestatus/%d?status=verified", saleID), nil)
	l.reseller.post(l.path("/pause"), nil)
	l.reseller.post(fmt.Sprintf("account/sales/%d/forward", saleID), nil)
	l.eventually("it waits for the pause to end", func() bool {
		list := rows(l.reseller.get("account/forwardings?state=waiting"))
		return len(list) == 1 && list[0]["cause"] == "integration_paused"
	})
	l.reseller.post(l.path("/resume"), nil)
	l.eventually("it goes", func() bool { return l.forwardings("forwarded") == 1 })

	l.reseller.post(l.path("/pause"), nil)
	second := l.sell(2)
	l.reseller.post(fmt.Sprintf("account/sales/updatestatus/%d?status=verified", second), nil)
	f := rows(l.reseller.post(fmt.Sprintf("account/sales/%d/forward", second), nil))[0]
	l.reseller.post(fmt.Sprintf("account/forwardings/%v/abandon", f["id"]), object{"reason": "klant ziet ervan af"})
	l.reseller.post(l.path("/resume"), nil)
	l.eventually("it stays abandoned", func() bool { return l.forwardings("abandoned") == 1 })
	l.requireNoneTwice(1)
}
