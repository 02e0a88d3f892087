package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/salesdock/practice"
)

// account is a partner that answers for one account, and otherwise as its fields say.
type account struct {
	unknown func(w http.ResponseWriter) // for an account that is not there
	refusal func(w http.ResponseWriter) // for the one that is, in place of an answer
	extra   func(w http.ResponseWriter) // for what a stock account does not have
	sent    atomic.Value                // the last token
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.Split(r.URL.Path, "/")[2]
	a.sent.Store(r.Header.Get("Authorization"))
	switch {
	case name != "partner":
		a.unknown(w)
	case a.refusal != nil:
		a.refusal(w)
	case strings.HasSuffix(r.URL.Path, "/statuses"):
		_ = json.NewEncoder(w).Encode(object{"success": true, "data": []any{}})
	default:
		a.extra(w)
	}
}

func replies(status int, kind, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

var answers = map[string]func(http.ResponseWriter){
	"404 json": replies(404, "application/json", `{"success": false, "message": "Account not found.", "code": 404}`),
	"404 page": replies(404, "text/html", "<html>404</html>"),
	"403 json": replies(403, "application/json", `{"success": false, "message": "The token may not see this account, scope or address.", "code": 403}`),
	"403 page": replies(403, "text/html", "<html>403 Forbidden</html>"),
}

// A wrong account name reads as such, whatever a partner says to it; the right one is told apart from it.
func TestAWrongAccountNameReadsAsSuch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for unknown, answer := range answers {
		for extra, other := range answers {
			server := httptest.NewServer(&account{unknown: answer, extra: other})
			wrong := w.test(object{"account_name": "partnr", "base_url": server.URL, "token": "t"})
			require.Equal(t, "unknown_account", wrong["reason"], "%s, and %s for what it does not have", unknown, extra)
			require.Nil(t, wrong["partner"].(object)["kind"], "nobody knows what it is")
			right := w.test(object{"account_name": "partner", "base_url": server.URL, "token": "t"})
			require.Equal(t, true, right["ok"], "%s, and %s for what it does not have", unknown, extra)
			require.Equal(t, "stock", right["partner"].(object)["kind"])
			server.Close()
		}
	}
	stock := httptest.NewServer(practice.New(practice.Config{Account: "oefen"}))
	t.Cleanup(stock.Close)
	require.Equal(t, "unknown_account", w.test(object{"account_name": "oeffen", "base_url": stock.URL, "token": "t"})["reason"])
}

// What an account that is there refuses is not taken for a wrong name.
func TestWhatAnAccountRefusesIsToldApart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, c := range []struct {
		refusal func(http.ResponseWriter)
		unknown string
		reason  string
	}{
		{answers["403 json"], "404 json", "address_not_allowed"},
		{answers["403 page"], "404 page", "address_not_allowed"},
		{replies(403, "application/json", `{"success": false, "message": "Dit IP is niet toegestaan."}`), "403 json", "address_not_allowed"},
		{replies(403, "application/json", `{"success": false, "message": "Your IP address is not allowed."}`), "403 page", "address_not_allowed"},
		{replies(401, "text/html", "<html>401</html>"), "404 json", "bad_token"},
		{replies(401, "application/json", `{"success": false}`), "404 json", "bad_token"},
		{replies(429, "text/html", "<html>error code: 1015</html>"), "404 json", "throttled"},
		{replies(504, "text/html", "<html>Ray ID: 8f1015ab</html>"), "404 json", "unreachable"},
		{replies(503, "application/json", `{"success": false}`), "404 json", "unreachable"},
		{replies(200, "text/html", "<html>Welkom</html>"), "404 json", "not_salesdock"},
		{replies(200, "application/json", `{"success": false, "message": "nee"}`), "404 json", "not_salesdock"},
		{replies(301, "text/html", "<html>verhuisd</html>"), "404 json", "not_salesdock"},
	} {
		server := httptest.NewServer(&account{unknown: answers[c.unknown], refusal: c.refusal})
		got := w.test(object{"account_name": "partner", "base_url": server.URL, "token": "t"})
		server.Close()
		require.Equal(t, c.reason, got["reason"], "%v", got)
		require.Equal(t, false, got["ok"])
		require.Nil(t, got["partner"].(object)["kind"])
	}
}

// What is pasted brings spaces and line ends with it; what stands inside a token is told at its field.
func TestAPastedConnectionIsTrimmed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	partner := &account{unknown: answers["404 json"], extra: answers["404 json"]}
	server := httptest.NewServer(partner)
	t.Cleanup(server.Close)
	for _, space := range []string{" ", "\n", "\r\n", "\t", "\u00a0", "\u200b", "\ufeff", " \n\t "} {
		got := w.test(object{"account_name": space + "partner" + space, "base_url": space + server.URL + "/" + space, "token": space + "geheim" + space})
		require.Equal(t, true, got["ok"], "%q", space)
		require.Equal(t, "Bearer geheim", partner.sent.Load())
	}
	for _, inside := range []string{"ge heim", "ge\nheim", "ge\u00a0heim", "gehéim"} {
		status, envelope := w.call("POST", "account/integrations/test", object{"account_name": "partner", "base_url": server.URL, "token": inside})
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, envelope["errors"], "token")
	}
	for _, nothing := range []string{"", " ", "\n"} {
		status, envelope := w.call("POST", "account/integrations/test", object{"account_name": "partner", "base_url": server.URL, "token": nothing})
		require.Equal(t, http.StatusUnprocessableEntity, status)
		require.Contains(t, envelope["errors"], "token")
	}
}

func (w *world) test(body object) object {
	w.t.Helper()
	status, envelope := w.call("POST", "account/integrations/test", body)
	require.Equal(w.t, http.StatusOK, status, "%v", envelope)
	return envelope["data"].(object)
}
