package salesdock_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

// On the nights when the clocks change a window written without a zone still covers what it means.
func TestWindowsAcrossClockChanges(t *testing.T) {
	t.Parallel()
	var from, till string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, till = r.URL.Query().Get("period_start"), r.URL.Query().Get("period_end")
		_, _ = w.Write([]byte(`{"success": true, "data": {"data": []}}`))
	}))
	t.Cleanup(server.Close)
	client := salesdock.NewClient(salesdock.NewTransport([]string{"127.0.0.1"}), server.URL, "b", "t")
	for name, c := range map[string]struct {
		from       time.Time
		start, end string
	}{
		"an ordinary night": {time.Date(2026, 11, 3, 0, 50, 0, 0, time.UTC), "2026-11-03 01:50:00", "2026-11-03 02:10:00"},
		// 00:50 UTC is 02:50 in summer time; twenty minutes later clocks say 02:10.
		"clocks go back":    {time.Date(2026, 10, 25, 0, 50, 0, 0, time.UTC), "2026-10-25 01:50:00", "2026-10-25 03:10:00"},
		"clocks go forward": {time.Date(2027, 3, 28, 0, 50, 0, 0, time.UTC), "2027-03-28 00:50:00", "2027-03-28 04:10:00"},
	} {
		_, err := client.SalesUpdated(t.Context(), c.from, c.from.Add(20*time.Minute), 1)
		require.NoError(t, err)
		require.Equal(t, c.start, from, name)
		require.Equal(t, c.end, till, name)
	}
	require.True(t, salesdock.Repeated(time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)))
	require.True(t, salesdock.Repeated(time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC)))
	require.False(t, salesdock.Repeated(time.Date(2026, 10, 25, 2, 30, 0, 0, time.UTC)))
	require.False(t, salesdock.Repeated(time.Time{}))
}
