package admin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/server/admin"
	"koppel/server/service/access"
	"koppel/states"
)

// A live part tells what is new, and to who has it already that nothing is.
func TestLiveParts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/integrations/%d/live", w.ids["integrations"])
	first := p.get(address)
	require.Equal(t, http.StatusOK, first.status)
	require.Contains(t, first.body, "begint zo")
	require.NotContains(t, first.body, "<html", "a part, not a page")
	tag := first.header.Get("ETag")
	same := p.do(http.MethodGet, address, url.Values{}, "If-None-Match", tag)
	require.Equal(t, http.StatusNotModified, same.status)
	require.Empty(t, same.body)
	require.NoError(t, w.svc.Integrations.PauseIntegration(t.Context(), w.owner, w.ids["integrations"]))
	changed := p.do(http.MethodGet, address, url.Values{}, "If-None-Match", tag)
	require.Equal(t, http.StatusOK, changed.status)
	require.Contains(t, changed.body, "staat op pauze")
}

// Who is switched off, or no longer an admin, sees nothing new from that moment, in any live part.
func TestLivePartsEndWithTheRightToThem(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	colleague, err := w.svc.Access.CreateUser(t.Context(), w.owner, access.UserInput{Email: "collega@zonwijs.example", Firstname: "Co", Role: states.RoleAdmin, Password: password})
	require.NoError(t, err)
	p := w.person().signIn("zonwijs", "collega@zonwijs.example")
	ask := func() (statuses []int) {
		for _, r := range admin.Routes() {
			if strings.HasSuffix(r.Path, "/live") {
				a := p.get(w.address(r, "zonwijs"))
				if a.status != http.StatusOK {
					require.NotContains(t, a.body, "Voltera", r.Path)
				}
				statuses = append(statuses, a.status)
			}
		}
		return statuses
	}
	every := func(status int) []int { return []int{status, status, status} }
	require.Equal(t, every(http.StatusOK), ask())
	change := func(role states.Role, organisation *int64, active bool) {
		in := access.UserInput{Email: "collega@zonwijs.example", Firstname: "Co", Role: role, OrganisationID: organisation}
		_, err := w.svc.Access.UpdateUser(t.Context(), w.owner, colleague.ID, in, active)
		require.NoError(t, err)
	}
	change(states.RoleAgent, new(w.ids["organisations"]), true)
	require.Equal(t, every(http.StatusForbidden), ask())
	change(states.RoleAdmin, nil, true)
	require.Equal(t, every(http.StatusOK), ask())
	change(states.RoleAdmin, nil, false)
	require.Equal(t, every(http.StatusSeeOther), ask())
}
