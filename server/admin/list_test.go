package admin_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/server/service/access"
)

// TestShortListsAreSearchedAndPaged reads a list of organisations to its end, and finds one.
func TestShortListsAreSearchedAndPaged(t *testing.T) {
	w := setup(t)
	owner := w.environment("zonwijs")
	for n := range 120 {
		_, err := w.svc.Access.CreateOrganisation(t.Context(), owner, access.OrganisationInput{Name: fmt.Sprintf("Partij %03d", n), Identifier: fmt.Sprintf("p%d", n)})
		require.NoError(t, err)
	}
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	next, seen := regexp.MustCompile(`rel="next" href="([^"]+)"`), 0
	for address := "/o/zonwijs/organisations"; address != ""; {
		body := p.get(address).body
		seen += strings.Count(body, ">Partij ")
		match := next.FindStringSubmatch(body)
		address = ""
		if match != nil {
			address = strings.ReplaceAll(match[1], "&amp;", "&")
		}
	}
	require.Equal(t, 120, seen)
	require.Equal(t, 1, strings.Count(p.get("/o/zonwijs/organisations?q=partij+077").body, ">Partij "))
	require.Contains(t, p.get("/o/zonwijs/organisations?q=nergens").body, "Niets gevonden.")
	require.NotContains(t, p.get("/o/zonwijs/organisations?q=nergens").body, "Nog geen organisaties")
	require.Contains(t, p.get("/o/zonwijs/statuses?system=1&q=netto").body, ">netto<")
	require.NotContains(t, p.get("/o/zonwijs/statuses?q=netto").body, ">netto<")
}
