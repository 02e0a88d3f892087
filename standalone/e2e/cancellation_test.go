package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCancellationRequests: A asks, B answers, and both sides agree, whoever is first.
func TestCancellationRequests(t *testing.T) {
	t.Parallel()
	l := ready(t, 1)
	forwarded := 0
	ask := func(n int) (saleID, theirs, request int64) {
		saleID = l.sell(n)
		forwarded++
		l.eventually("the sale is forwarded", func() bool { return l.forwardings("forwarded") == forwarded })
		theirs = int64(rows(l.provider.get("account/sales"))[0]["id"].(float64))
		list := rows(l.reseller.post(fmt.Sprintf("account/sales/%d/cancellation-request", saleID), object{"reason": "Klant ziet ervan af"}))
		require.Len(t, list, 1)
		status, _ := l.reseller.request(http.MethodPost, fmt.Sprintf("account/sales/%d/cancellation-request", saleID), object{"reason": "nog eens"})
		require.Equal(t, http.StatusConflict, status, "one open request a sale")
		return saleID, theirs, id(list[0])
	}
	incoming := func(theirs int64) (found object) {
		l.eventually("B has the request", func() bool {
			list := rows(l.provider.get(fmt.Sprintf("account/cancellation-requests?direction=incoming&sale_id=%d", theirs)))
			if len(list) == 1 {
				found = list[0]
			}
			return len(list) == 1
		})
		return found
	}
	ours := func(request int64) string {
		for _, r := range rows(l.reseller.get("account/cancellation-requests?per_page=100")) {
			if id(r) == request {
				return r["state"].(string)
			}
		}
		return ""
	}
	status := func(c client, saleID int64) any {
		return c.get(fmt.Sprintf("account/sales/%d", saleID)).(object)["status"].(object)["status_identifier"]
	}

	sale, theirs, request := ask(1)
	l.provider.post(fmt.Sprintf("account/cancellation-requests/%v/accept", incoming(theirs)["id"]), nil)
	require.Equal(t, "cancelled", status(l.provider, theirs))
	l.eventually("the answer is at A", func() bool { return ours(request) == "accepted" })
	require.Equal(t, "cancelled", status(l.reseller, sale))

	sale, theirs, request = ask(2)
	path := fmt.Sprintf("account/cancellation-requests/%v/reject", incoming(theirs)["id"])
	refused, _ := l.provider.request(http.MethodPost, path, object{})
	require.Equal(t, http.StatusUnprocessableEntity, refused, "a rejection says why")
	l.provider.post(path, object{"reason": "Al in levering"})
	l.eventually("the answer is at A", func() bool { return ours(request) == "rejected" })
	require.Equal(t, "new", status(l.reseller, sale))
	list := rows(l.reseller.get(fmt.Sprintf("account/cancellation-requests?sale_id=%d", sale)))
	require.Equal(t, "Al in levering", list[0]["answer"])

	_, theirs, request = ask(3)
	incoming(theirs)
	l.reseller.post(fmt.Sprintf("account/cancellation-requests/%d/withdraw", request), nil)
	l.eventually("it is withdrawn on both sides", func() bool { return ours(request) == "withdrawn" && incoming(theirs)["state"] == "withdrawn" })

	// B cancels the sale itself: that is what was asked.
	sale, theirs, request = ask(4)
	incoming(theirs)
	l.provider.post(fmt.Sprintf("account/sales/updatestatus/%d?status=cancelled&remark=storing", theirs), nil)
	l.eventually("the answer is at A", func() bool { return ours(request) == "accepted" })
	require.Equal(t, "cancelled", status(l.reseller, sale))

	// Both click at once: one answer, the same on both sides.
	for n := range 5 {
		sale, theirs, request = ask(10 + n)
		answer := fmt.Sprintf("account/cancellation-requests/%v/", incoming(theirs)["id"])
		var clicks sync.WaitGroup
		clicks.Go(func() {
			l.reseller.request(http.MethodPost, fmt.Sprintf("account/cancellation-requests/%d/withdraw", request), nil)
		})
		clicks.Go(func() { l.provider.request(http.MethodPost, answer+"accept", nil) })
		clicks.Go(func() { l.provider.request(http.MethodPost, answer+"reject", object{"reason": "nee"}) })
		clicks.Wait()
		l.eventually("both sides have the same answer", func() bool {
			at := ours(request)
			return (at == "accepted" || at == "rejected" || at == "withdrawn") && at == incoming(theirs)["state"]
		})
		wanted := "new"
		if ours(request) == "accepted" {
			wanted = "cancelled"
		}
		l.eventually("both sales agree with it", func() bool { return status(l.reseller, sale) == wanted && status(l.provider, theirs) == wanted })
	}

	link := rows(l.provider.get("account/incoming-links"))[0]
	l.provider.patch(fmt.Sprintf("account/incoming-links/%v", link["id"]), object{"accept_cancellation_requests": false})
	_, _, request = ask(20)
	l.eventually("B takes none", func() bool { return ours(request) == "refused" })
}

// TestCancellationAtAStockPartner: a stock account is asked another way, and that is told.
func TestCancellationAtAStockPartner(t *testing.T) {
	t.Parallel()
	s := newStockLink(t, 1)
	sale := s.sell(1)
	s.eventually("the sale is forwarded", func() bool { return s.forwardings("forwarded") == 1 })
	status, answer := s.reseller.request(http.MethodPost, fmt.Sprintf("account/sales/%d/cancellation-request", sale), object{"reason": "Klant ziet ervan af"})
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, answer["message"], "telefoon")
}
