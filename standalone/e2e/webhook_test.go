package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

// receiver is a webhook's receiver; it checks signatures with the public library of Standard Webhooks.
type receiver struct {
	t      testing.TB
	url    string
	secret atomic.Value
	broken atomic.Value // "" takes messages; "error", "garbage" and "drop" do not

	mu       sync.Mutex
	messages []object
	ids      map[string]int
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t, ids: map[string]int{}}
	r.broken.Store("")
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/hook"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	switch r.broken.Load() {
	case "error":
		w.WriteHeader(http.StatusInternalServerError)
		return
	case "drop":
		panic(http.ErrAbortHandler)
	}
	hook, err := standardwebhooks.NewWebhook(r.secret.Load().(string))
	if err != nil || hook.Verify(body, request.Header) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var message object
	if json.Unmarshal(body, &message) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[request.Header.Get("Webhook-Id")]++
	r.messages = append(r.messages, message)
	_, _ = w.Write([]byte("<html>garbage{{{")) // what a receiver says does not matter
}

func (r *receiver) of(event string) (found []object) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		if m["type"] == event {
			found = append(found, m)
		}
	}
	return found
}

// TestWebhooks: what happens is told, signed, once it can be read; a receiver that is down, drops or fails loses nothing.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	l := ready(t, 1)
	p := l.provider
	subscribe := func(c client, scope, event string) *receiver {
		r := newReceiver(t)
		made := c.post(scope+"/webhooks", object{"event": event, "target_url": r.url}).(object)
		r.secret.Store(made["secret"].(string))
		return r
	}
	cancelled, products, sales := subscribe(p, "account", "sale.cancelled"), subscribe(p, "user", "products.changed"), subscribe(l.reseller, "user", "sales.changed")
	updated := subscribe(l.reseller, "account", "product.updated")

	theirs := rows(p.get("account/products"))[0]["id"]
	cancelled.broken.Store("drop")
	products.broken.Store("error")
	p.put(fmt.Sprintf("account/products/%v", theirs), object{"price_monthly": "7.77"})
	l.eventually("what was imported changed too", func() bool { return len(updated.of("product.updated")) > 0 })
	require.Equal(t, l.product(), updated.of("product.updated")[0]["data"].(object)["id"])

	sale := l.sell(1)
	l.eventually("it is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	remote := rows(p.get("account/sales"))[0]["id"]
	p.post(fmt.Sprintf("account/sales/updatestatus/%v?status=cancelled", remote), nil)
	l.eventually("the reseller's user hears of it", func() bool { return l.saleStatus(sale) == "cancelled" && len(sales.of("sales.changed")) > 0 })
	l.eventually("a failing receiver is seen", func() bool {
		hook := rows(p.get("account/webhooks"))[0]
		return hook["failing_since"] != nil && hook["waiting"].(float64) == 1
	})
	cancelled.broken.Store("")
	products.broken.Store("")
	l.eventually("what waited is told", func() bool {
		return len(cancelled.of("sale.cancelled")) == 1 && len(products.of("products.changed")) > 0
	})
	require.Equal(t, remote, cancelled.of("sale.cancelled")[0]["data"].(object)["id"])
	hints := products.of("products.changed")
	require.Positive(t, hints[len(hints)-1]["data"].(object)["sequence"])

	status, _ := p.request(http.MethodPost, "account/webhooks", object{"event": "sale.eaten", "target_url": products.url})
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = l.reseller.request(http.MethodDelete, "account/webhooks/"+fmt.Sprint(rows(p.get("account/webhooks"))[0]["uuid"]), nil)
	require.Equal(t, http.StatusNotFound, status, "another environment's webhook does not exist")
	for _, hook := range rows(p.get("account/webhooks")) {
		require.Nil(t, hook["secret"])
		p.must(http.MethodDelete, fmt.Sprintf("account/webhooks/%v", hook["uuid"]), nil)
	}
	require.Empty(t, rows(p.get("account/webhooks")))
}
