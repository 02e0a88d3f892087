package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Who has the newest version of what it asks for is told so, and gets the next one as soon as something changed.
func TestConditionalReads(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	agent := []string{"Authorization", "Bearer " + s.agent}
	get := func(path, tag string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/acme/v1/"+path, nil)
		require.NoError(t, err)
		request.Header.Set(agent[0], agent[1])
		if tag != "" {
			request.Header.Set("If-None-Match", tag)
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		var body bytes.Buffer
		_, err = body.ReadFrom(response.Body)
		require.NoError(t, err)
		if response.StatusCode == http.StatusNotModified {
			require.Zero(t, body.Len())
		}
		return response.StatusCode, response.Header.Get("ETag")
	}
	_, made := s.call("POST", sell, s.sale(), agent...)
	sale := idOf(made["data"])
	for path, change := range map[string]func(){
		"user/products": func() { s.must("PUT", fmt.Sprintf("account/products/%d", s.product), object{"name": "Stroom 2"}) },
		"user/products?changed_since=&extended=true": func() { s.must("PUT", fmt.Sprintf("account/products/%d", s.product), object{"name": "Stroom 3"}) },
		"user/flows": func() { s.must("PUT", fmt.Sprintf("account/flows/%d", s.flow), object{"title": "Energie nu"}) },
	} {
		status, tag := get(path, "")
		require.Equal(t, http.StatusOK, status)
		require.NotEmpty(t, tag)
		for _, form := range []string{"%s", "W/%s", `"x", %s`} {
			// While another transaction runs anywhere, the version is not certain, and the tag is another one.
			require.Eventually(t, func() bool {
				_, tag = get(path, "")
				status, _ = get(path, fmt.Sprintf(form, tag))
				return status == http.StatusNotModified
			}, 5*time.Second, 5*time.Millisecond, "%s %s", path, form)
		}
		change()
		status, fresh := get(path, tag)
		require.Equal(t, http.StatusOK, status, path)
		require.NotEqual(t, tag, fresh)
	}
	status, tag := get("user/sales?extended=true", "")
	require.Equal(t, http.StatusOK, status)
	s.must("POST", fmt.Sprintf("account/sales/updatestatus/%d?status=verified", sale), nil)
	status, fresh := get("user/sales?extended=true", tag)
	require.Equal(t, http.StatusOK, status)
	require.NotEqual(t, tag, fresh)
}

// A dry run finds what a create would find, and makes nothing.
func TestDryRunMakesNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	status, envelope := s.call("POST", sell+"?dry_run=1", s.sale(), "Idempotency-Key", "k")
	require.Equal(t, http.StatusOK, status, envelope)
	require.Nil(t, envelope["data"].(object)["sale_id"])
	wrong := s.sale()
	wrong["birthdate"] = "31-31-1980"
	status, envelope = s.call("POST", sell+"?dry_run=1", wrong)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, envelope["errors"], "birthdate")
	require.EqualValues(t, 0, s.must("GET", "account/sales", nil).(object)["total"])
	status, _ = s.call("POST", sell, s.sale(), "Idempotency-Key", "k")
	require.Equal(t, http.StatusCreated, status, "the key is still free")
}
