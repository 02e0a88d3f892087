package admin_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
)

// One reading of a link's health is behind every page: what holds sales up is the same number everywhere, and nowhere is all well
// beside it. A status that is not followed holds nothing up.
func TestPagesAgreeOnHealth(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	link := fmt.Sprintf("/o/zonwijs/integrations/%d", w.ids["integrations"])
	health, err := w.svc.Integrations.IntegrationHealth(t.Context(), w.owner, w.ids["integrations"])
	require.NoError(t, err)
	require.Positive(t, health.Holding())
	require.EqualValues(t, 1, health.Unfollowed())
	for _, i := range health.Items {
		require.False(t, i.Part == linking.PartStatuses && i.Serious())
	}
	said := regexp.MustCompile(`(\d+) punt(?:en)? in de aansluiting op`)
	for _, page := range []string{"/o/zonwijs", "/o/zonwijs/action-required", link} {
		body := p.get(page).body
		found := said.FindStringSubmatch(body)
		require.NotNil(t, found, page)
		require.Equal(t, fmt.Sprint(health.Holding()), found[1], page)
		require.NotContains(t, body, "In orde", page)
	}
	require.Contains(t, p.get("/o/zonwijs").body, "1 status van")
}
