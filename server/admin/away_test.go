package admin_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/server/admin"
)

// While the database is away every page and every action says so, and when to come back; none of it is an error of ours.
func TestEveryPageWithoutADatabase(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	dbtest.Shut(t, w.database)
	for _, r := range admin.Routes() {
		if r.Right == admin.Anyone {
			continue
		}
		a := p.do(r.Method, w.address(r, "zonwijs"), nil)
		require.Equal(t, http.StatusServiceUnavailable, a.status, "%s %s: %s", r.Method, r.Path, a.body)
		require.NotEmpty(t, a.header.Get("Retry-After"), r.Path)
		require.Contains(t, a.body, "Koppel kan even niet bij zijn gegevens.", r.Path)
	}
	for _, path := range []string{"/", "/set-up"} {
		require.Equal(t, http.StatusServiceUnavailable, p.get(path).status, path)
	}
	require.Equal(t, http.StatusServiceUnavailable, w.person().post("/sign-in", "account", "zonwijs", "email", "owner@zonwijs.example", "password", password).status)
	dbtest.Reopen(t, w.database)
	require.Equal(t, http.StatusOK, p.get("/o/zonwijs").status)
}

// Without Temporal Overzicht says that nothing goes, and that nothing is lost by it.
func TestOverviewWithoutTemporal(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	const said = "Temporal antwoordt niet."
	require.NotContains(t, p.get("/o/zonwijs").body, said)
	w.standsStill = time.Now().Add(-time.Hour)
	require.Contains(t, p.get("/o/zonwijs").body, said)
}
