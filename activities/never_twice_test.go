package activities_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/states"
)

// says answers with a page; cut breaks the connection off halfway through it.
func says(status int, kind, body string, cut bool) func(int, http.ResponseWriter) {
	return func(_ int, w http.ResponseWriter) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if cut {
			_, _ = fmt.Fprintf(connection, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, kind, len(body)+9, body)
		} else {
			_, _ = fmt.Fprintf(connection, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", status, kind, len(body), body)
		}
		_ = connection.Close()
	}
}

// TestASaleThatWasMadeIsNeverSentAgain: a stock partner makes every sale, and answers anything that a partner which made
// it can answer. However often the sale is tried, the partner's ledger has it once.
func TestASaleThatWasMadeIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	ray := "<html>504<hr>Ray ID: 8f1015ab</html>"
	for _, status := range []int{200, 201, 202, 204, 302, 303, 408, 409, 418, 423, 425, 499, 500, 502, 503, 504, 520, 524} {
		for _, body := range []string{"", ray, "error code: 1015", `{"success": false, "message": "1015"}`, `{"success": true, "data": {"sale_id": ""}}`} {
			for _, cut := range []bool{false, true} {
				w.madeOnce(t, fmt.Sprintf("%d %s %t", status, body, cut), says(status, "text/html", body, cut))
			}
		}
	}
	for _, status := range []int{400, 401, 403, 404, 413, 422, 429, 451, 301, 308} { // refusals that say themselves that it was made
		for _, body := range []string{`{"success": true, "data": {"sale_id": 7}}`, `Notice: x {"success":true,"data":{"sale_id":7}}`, `{"success": true`} {
			w.madeOnce(t, fmt.Sprintf("%d %s", status, body), says(status, "application/json", body, false))
		}
	}
	w.madeOnce(t, "lost", lost)
}

func (w *world) madeOnce(t *testing.T, name string, answer func(int, http.ResponseWriter)) {
	t.Helper()
	before := len(w.partner.sent())
	w.partner.answers(answer)
	w.in.ForwardingID = w.sell().ID
	for range 3 {
		_, _ = w.send() // as Temporal does it: again, whatever came of it
	}
	w.ahead += 2 * time.Minute
	w.look()
	_, _ = w.send()
	require.Equal(t, before+1, len(w.partner.sent()), name)
	require.Equal(t, states.ForwardingOutcomeUnknown, w.forwarding().State, name)
	require.NoError(t, w.svc.Sales.AbandonForwarding(t.Context(), w.actor, w.in.ForwardingID, "klaar"))
}

// A status line that refuses is said in words, whatever page comes with it, and the same request never goes again by
// itself.
func TestARefusalIsNamedByItsStatus(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	for status, want := range map[int]struct {
		reason states.Reason
		detail string
	}{
		301: {states.ReasonMoved, "https://nieuw.example"}, 400: {states.ReasonRejected, "http_400"}, 402: {states.ReasonRejected, "http_402"},
		403: {states.ReasonForbidden, "http_403"}, 404: {states.ReasonRejected, "http_404"}, 413: {states.ReasonRejected, "http_413"},
		415: {states.ReasonRejected, "http_415"}, 451: {states.ReasonRejected, "http_451"},
	} {
		for _, body := range []string{"", "<html>nee</html>", "[]"} {
			before := len(w.partner.sent())
			w.partner.answers(func(_ int, writer http.ResponseWriter) {
				if status == http.StatusMovedPermanently {
					writer.Header().Set("Location", "https://nieuw.example/elders?token=geheim")
				}
				writer.WriteHeader(status)
				_, _ = io.WriteString(writer, body)
			})
			w.in.ForwardingID = w.sell().ID
			result, err := w.send()
			require.NoError(t, err, "%d: not tried again by itself", status)
			require.Equal(t, activities.SendSaleResult{State: states.ForwardingActionRequired, Cause: want.reason}, result, "%d %s", status, body)
			require.Equal(t, want.detail, w.forwarding().Problems[0].Detail, "%d %s", status, body)
			_, attempts, err := w.svc.Sales.Forwarding(t.Context(), w.actor, w.in.ForwardingID)
			require.NoError(t, err)
			require.EqualValues(t, status, attempts[0].HttpStatus)
			require.Equal(t, want.reason, attempts[0].Reason)
			require.Len(t, w.partner.sent(), before+1)
		}
	}
}

// At a partner that keeps keys, a page of what stands before it says nothing of an earlier attempt whose answer was
// lost: its request and its key are kept.
func TestAPageSettlesNoEarlierAttempt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 404, 413, 301} {
		w := setup(t, true)
		w.partner.answers(lost)
		_, err := w.send()
		require.Error(t, err)
		w.partner.answers(refused(status, "<html>nee</html>"))
		_, _ = w.send()
		require.Equal(t, states.ForwardingSending, w.forwarding().State, "%d", status)
		require.Equal(t, w.partner.sent()[0].key, w.forwarding().Key, "%d: the key is kept", status)
	}
	w := setup(t, true)
	w.partner.answers(lost)
	_, err := w.send()
	require.Error(t, err)
	w.partner.answers(refused(422, `{"success": false, "message": "nee"}`))
	_, err = w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingActionRequired, w.forwarding().State, "the account itself looked at the key first")
}
