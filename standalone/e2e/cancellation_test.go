package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// cancelling is a link over which sales are asked to be cancelled.
type cancelling struct {
	*link
	forwarded int
}

// ask sells, and asks for that sale to be cancelled once the partner has it.
func (c *cancelling) ask(n int) (saleID, theirs, request int64) {
	c.t.Helper()
	saleID = c.sell(n)
	c.forwarded++
	c.eventually("the sale is forwarded", func() bool { return c.forwardings("forwarded") == c.forwarded })
	theirs = int64(rows(c.provider.get("account/sales"))[0]["id"].(float64))
	list := rows(c.reseller.post(fmt.Sprintf("account/sales/%d/cancellation-request", saleID), object{"reason": "Klant ziet ervan af"}))
	require.Len(c.t, list, 1)
	status, _ := c.reseller.request(http.MethodPost, fmt.Sprintf("account/sales/%d/cancellation-request", saleID), object{"reason": "nog eens"})
	require.Equal(c.t, http.StatusConflict, status, "one open request a sale")
	return saleID, theirs, id(list[0])
}

// incoming is the request as B has it.
func (c *cancelling) incoming(theirs int64) (found object) {
	c.t.Helper()
	c.eventually("B has the request", func() bool {
		list := rows(c.provider.get(fmt.Sprintf("account/cancellation-requests?direction=incoming&sale_id=%d", theirs)))
		if len(list) == 1 {
			found = list[0]
		}
		return len(list) == 1
	})
	return found
}

// ours is the state of the request as A has it.
func (c *cancelling) ours(request int64) string {
	c.t.Helper()
	for _, r := range rows(c.reseller.get("account/cancellation-requests?per_page=100")) {
		if id(r) == request {
			return r["state"].(string)
		}
	}
	return ""
}

func (c *cancelling) status(of client, saleID int64) any {
	c.t.Helper()
	return of.get(fmt.Sprintf("account/sales/%d", saleID)).(object)["status"].(object)["status_identifier"]
}

// TestCancellationRequests: A asks, B answers, and both sides agree, whoever is first.
func TestCancellationRequests(t *testing.T) {
	t.Parallel()
	c := &cancelling{link: ready(t, 1)}
	c.accepts()
	c.rejects()
	c.isWithdrawn()
	c.bCancelsItself()
	for n := range 5 {
		c.bothClick(10 + n)
	}
	c.bTakesNone()
}

func (c *cancelling) accepts() {
	sale, theirs, request := c.ask(1)
	c.provider.post(fmt.Sprintf("account/cancellation-requests/%v/accept", c.incoming(theirs)["id"]), nil)
	require.Equal(c.t, "cancelled", c.status(c.provider, theirs))
	c.eventually("the answer is at A", func() bool { return c.ours(request) == "accepted" })
	require.Equal(c.t, "cancelled", c.status(c.reseller, sale))
}

func (c *cancelling) rejects() {
	sale, theirs, request := c.ask(2)
	path := fmt.Sprintf("account/cancellation-requests/%v/reject", c.incoming(theirs)["id"])
	refused, _ := c.provider.request(http.MethodPost, path, object{})
	require.Equal(c.t, http.StatusUnprocessableEntity, refused, "a rejection says why")
	c.provider.post(path, object{"reason": "Al in levering"})
	c.eventually("the answer is at A", func() bool { return c.ours(request) == "rejected" })
	require.Equal(c.t, "new", c.status(c.reseller, sale))
	list := rows(c.reseller.get(fmt.Sprintf("account/cancellation-requests?sale_id=%d", sale)))
	require.Equal(c.t, "Al in levering", list[0]["answer"])
}

func (c *cancelling) isWithdrawn() {
	_, theirs, request := c.ask(3)
	c.incoming(theirs)
	c.reseller.post(fmt.Sprintf("account/cancellation-requests/%d/withdraw", request), nil)
	c.eventually("it is withdrawn on both sides", func() bool { return c.ours(request) == "withdrawn" && c.incoming(theirs)["state"] == "withdrawn" })
}

// B cancels the sale itself: that is what was asked.
func (c *cancelling) bCancelsItself() {
	sale, theirs, request := c.ask(4)
	c.incoming(theirs)
	c.provider.post(fmt.Sprintf("account/sales/updatestatus/%d?status=cancelled&remark=storing", theirs), nil)
	c.eventually("the answer is at A", func() bool { return c.ours(request) == "accepted" })
	require.Equal(c.t, "cancelled", c.status(c.reseller, sale))
}

// Both click at once: one answer, the same on both sides.
func (c *cancelling) bothClick(n int) {
	sale, theirs, request := c.ask(n)
	answer := fmt.Sprintf("account/cancellation-requests/%v/", c.incoming(theirs)["id"])
	var clicks sync.WaitGroup
	clicks.Go(func() {
		c.reseller.request(http.MethodPost, fmt.Sprintf("account/cancellation-requests/%d/withdraw", request), nil)
	})
	clicks.Go(func() { c.provider.request(http.MethodPost, answer+"accept", nil) })
	clicks.Go(func() { c.provider.request(http.MethodPost, answer+"reject", object{"reason": "nee"}) })
	clicks.Wait()
	c.eventually("both sides have the same answer", func() bool {
		at := c.ours(request)
		return (at == "accepted" || at == "rejected" || at == "withdrawn") && at == c.incoming(theirs)["state"]
	})
	wanted := "new"
	if c.ours(request) == "accepted" {
		wanted = "cancelled"
	}
	c.eventually("both sales agree with it", func() bool { return c.status(c.reseller, sale) == wanted && c.status(c.provider, theirs) == wanted })
}

func (c *cancelling) bTakesNone() {
	link := rows(c.provider.get("account/incoming-links"))[0]
	c.provider.patch(fmt.Sprintf("account/incoming-links/%v", link["id"]), object{"accept_cancellation_requests": false})
	_, _, request := c.ask(20)
	c.eventually("B takes none", func() bool { return c.ours(request) == "refused" })
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
