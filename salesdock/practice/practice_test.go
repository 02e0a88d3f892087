package practice_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock/practice"
)

// account is a practice partner behind a real server, with a clock that the test moves.
type account struct {
	*practice.Partner
	t     *testing.T
	base  string
	token string
	now   time.Time
}

func setup(t *testing.T, perMinute int) *account {
	t.Helper()
	a := &account{t: t, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	a.Partner = practice.New(practice.Config{Account: "oefen", Products: 3, PerMinute: perMinute, Now: func() time.Time { return a.now }})
	server := httptest.NewServer(a.Partner)
	t.Cleanup(server.Close)
	a.base, a.token = server.URL+"/api/oefen/v1/", a.Token()
	return a
}

func (a *account) call(method, path string, body any) (status int, kind, answer string, err error) {
	a.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(a.t, err)
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, bytes.NewReader(data))
	require.NoError(a.t, err)
	request.Header.Set("Authorization", "Bearer "+a.token)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("Content-Type"), string(read), err
}

func order() map[string]any {
	return map[string]any{
		"transaction_type": "order", "product_id": 1000, "business": 0, "firstname": "A", "lastname": "B", "email": "a@b.example", "phone": "1", "birthdate": "01-02-1980",
		"postcode": "1234AB", "housenumber": "1", "streetname": "S", "city": "C", "connection_postcode": "1234AB", "connection_housenumber": "1", "connection_streetname": "S", "connection_city": "C",
		"questionData": map[string]any{"betaalwijze": "Incasso"}, "agreements": map[string]any{"voorwaarden": "1"}, "external_reference": "ours/1",
	}
}

func TestAStockAccountsOddities(t *testing.T) {
	t.Parallel()
	a := setup(t, 0)
	status, kind, _, err := a.call(http.MethodGet, "capabilities", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, status, "no extension")
	require.Contains(t, kind, "text/html", "an unknown address is a page")
	_, _, list, err := a.call(http.MethodGet, "user/products", nil)
	require.NoError(t, err)
	require.NotContains(t, list, "tariff_single")
	require.Contains(t, list, `"active":"1"`)
	_, _, detail, err := a.call(http.MethodGet, "user/products/1000", nil)
	require.NoError(t, err)
	require.Contains(t, detail, `"tariff_single"`)
	status, _, answer, err := a.call(http.MethodPost, "sales/flow/energie-consument/oefen", map[string]any{})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.NotContains(t, answer, `"success"`)
	wrong := order()
	wrong["product_id"] = 5
	status, _, answer, err = a.call(http.MethodPost, "sales/flow/energie-consument/oefen", wrong)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, answer, "Invalid product")
	for range 2 {
		status, _, _, err = a.call(http.MethodPost, "sales/flow/energie-consument/oefen", order())
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
	}
	require.Len(t, a.Ledger(), 2, "it knows no key and no reference")
	_, _, answer, err = a.call(http.MethodGet, "user/sales?extended=true", nil)
	require.NoError(t, err)
	require.Contains(t, answer, `"per_page":"20"`)
	require.NotContains(t, answer, "ours/1", "no answer gives the reference back")
}

func TestABudgetForEachMinute(t *testing.T) {
	t.Parallel()
	a := setup(t, 5)
	count := func() (refused int) {
		for range 8 {
			if status, _, _, err := a.call(http.MethodGet, "user/statuses", nil); err == nil && status == http.StatusTooManyRequests {
				refused++
			}
		}
		return refused
	}
	require.Equal(t, 3, count())
	a.now = a.now.Add(time.Minute)
	require.Equal(t, 3, count())
}
