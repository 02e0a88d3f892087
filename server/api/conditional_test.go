package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readTag reads something as its bearer, who has it with this tag, and gives the status and the tag of now.
func (s *shop) readTag(token, path, tag string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+"/api/acme/v1/"+path, nil)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	require.NoError(s.t, err)
	if response.StatusCode == http.StatusNotModified {
		require.Zero(s.t, body.Len())
	}
	return response.StatusCode, response.Header.Get("ETag")
}

// settledTag reads something until who has it is told so. While another transaction runs anywhere, the version is not
// certain, and the tag is another one.
func (s *shop) settledTag(token, path, form string) (tag string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		_, tag = s.readTag(token, path, "")
		status, _ := s.readTag(token, path, fmt.Sprintf(form, tag))
		return status == http.StatusNotModified
	}, 30*time.Second, 5*time.Millisecond, "%s %s", path, form)
	return tag
}

// changedFrom holds that something is read anew by who has what it was.
func (s *shop) changedFrom(token, path, tag string) {
	s.t.Helper()
	status, fresh := s.readTag(token, path, tag)
	require.Equal(s.t, http.StatusOK, status, path)
	require.NotEqual(s.t, tag, fresh)
}

// Who has the newest version of what it asks for is told so, and gets the next one as soon as something changed.
func TestConditionalReads(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for path, change := range map[string]func(){
		"user/products": func() { s.must("PUT", fmt.Sprintf("account/products/%d", s.product), object{"name": "Stroom 2"}) },
		"user/products?changed_since=&extended=true": func() { s.must("PUT", fmt.Sprintf("account/products/%d", s.product), object{"name": "Stroom 3"}) },
		"user/flows": func() { s.must("PUT", fmt.Sprintf("account/flows/%d", s.flow), object{"title": "Energie nu"}) },
	} {
		status, tag := s.readTag(s.agent, path, "")
		require.Equal(t, http.StatusOK, status)
		require.NotEmpty(t, tag)
		for _, form := range []string{"%s", "W/%s", `"x", %s`} {
			tag = s.settledTag(s.agent, path, form)
		}
		change()
		s.changedFrom(s.agent, path, tag)
	}
}

// Sales are read anew when one changed, and when a status that one has got another name.
func TestConditionalReadsOfSales(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, made := s.call("POST", sell, s.sale(), "Authorization", "Bearer "+s.agent)
	sale := idOf(made["data"])
	for scope, token := range map[string]string{"user": s.agent, "account": s.token} {
		own, path := s.must("POST", "account/statuses", object{"name": "Onderweg voor " + scope}).(object)["id"], scope+"/sales?extended=true"
		status, _ := s.readTag(token, path, "")
		require.Equal(t, http.StatusOK, status)
		for _, change := range []func(){ // the second renames the status that the first gave it
			func() { s.must("POST", fmt.Sprintf("account/sales/updatestatus/%d?status=%v", sale, own), nil) },
			func() {
				s.must("PUT", fmt.Sprintf("account/statuses/%v", own), object{"name": "Onderweg naar " + scope})
			},
		} {
			tag := s.settledTag(token, path, "%s")
			change()
			s.changedFrom(token, path, tag)
		}
	}
}

// "Today" is another day tomorrow, though nothing changed.
func TestConditionalReadsOfAPeriodEndWithTheDay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.must("POST", sell, s.sale())
	var days atomic.Int64
	s.svc.Now = func() time.Time { return time.Now().AddDate(0, 0, int(days.Load())) }
	tag := func(path string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/acme/v1/"+path, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+s.token)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		return response.Header.Get("ETag")
	}
	for _, path := range []string{"account/sales?period=today", "user/sales?period=today", "user/products?period=today"} {
		days.Store(0)
		today := tag(path)
		days.Store(1)
		require.NotEqual(t, today, tag(path), path)
	}
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
