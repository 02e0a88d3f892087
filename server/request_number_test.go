package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"koppel/db/dbtest"
)

// Every answer has the number of its request; an error has it in its envelope or on its page, and the log at every line of it.
func TestEveryRequestHasANumber(t *testing.T) {
	t.Parallel()
	core, lines := observer.New(zap.DebugLevel)
	public, _, database := handlers(t, zap.New(core))
	dbtest.Exec(t, database, `ALTER TABLE tokens RENAME TO gone; ALTER TABLE environments RENAME TO gone_too`) // a mistake of ours
	seen := map[string]bool{}
	ask := func(method, path string, status int) (number, body string) {
		t.Helper()
		before := lines.Len()
		w := httptest.NewRecorder()
		request := httptest.NewRequest(method, path, nil)
		request.Header.Set("X-Request-Id", "chosen by the caller")
		request.Header.Set("Authorization", "Bearer kpl_AAAAAAAAAA_x")
		public.ServeHTTP(w, request)
		require.Equal(t, status, w.Code, w.Body.String())
		number = w.Header().Get("X-Request-Id")
		require.Len(t, number, 12)
		require.False(t, seen[number], "each has its own")
		seen[number] = true
		told := lines.All()[before:]
		require.NotEmpty(t, told)
		for _, line := range told {
			require.Equal(t, number, line.ContextMap()["request_id"], "%s", line.Message)
		}
		if status == http.StatusInternalServerError {
			require.Contains(t, []string{"request.failed", "page.failed"}, told[0].Message)
		}
		return number, w.Body.String()
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/nowhere", http.StatusNotFound}, {http.MethodPut, "/healthz", http.StatusMethodNotAllowed}, {"ZZ", "/healthz", http.StatusNotImplemented},
		{http.MethodGet, "/api/acme/v1/user/products", http.StatusInternalServerError},
	} {
		number, body := ask(c.method, c.path, c.status)
		var envelope struct {
			Request string `json:"request_id"`
			Message string
		}
		require.NoError(t, json.Unmarshal([]byte(body), &envelope))
		require.Equal(t, number, envelope.Request, c.path)
		require.Equal(t, c.status == http.StatusInternalServerError, strings.Contains(envelope.Message, number))
	}
	for path, status := range map[string]int{"/o/acme/nowhere": http.StatusNotFound, "/": http.StatusInternalServerError} {
		number, body := ask(http.MethodGet, path, status)
		require.Contains(t, body, "Verzoek "+number, path)
	}
	ask(http.MethodGet, "/healthz", http.StatusOK)
}
