package admin_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The owner of the first environment makes another one on a page, and its owner chooses a password by the link; nobody else makes
// one, and nothing that is there is changed by it.
func TestTheInstallationsOwnerMakesAnEnvironment(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	form := []string{"account", "KlantC", "name", "Klant C", "email", "baas@klantc.example", "language", "nl", "your_password", password}
	other := w.person().signIn("zonwijs", "owner@zonwijs.example")
	require.Contains(t, other.get("/o/zonwijs/environments").body, "een eigenaar van de omgeving die er het eerst was")
	require.Equal(t, http.StatusForbidden, other.post("/o/zonwijs/environments", form...).status)
	owner := w.person().signIn("voltera", "owner@voltera.example")
	require.Contains(t, owner.get("/o/voltera/environments").body, "zonwijs BV")
	taken := owner.post("/o/voltera/environments", append([]string{"account", "zonwijs"}, form[2:]...)...)
	require.Equal(t, http.StatusUnprocessableEntity, taken.status)
	require.Contains(t, taken.body, `id="f-account-e"`)
	wrong := owner.post("/o/voltera/environments", append(append([]string{}, form[:8]...), "your_password", "niet dit")...)
	require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	made := owner.post("/o/voltera/environments", form...)
	require.Equal(t, http.StatusOK, made.status)
	link := regexp.MustCompile(`value="([^"]+/invitation/[^"]+)"`).FindStringSubmatch(made.body)
	require.NotNil(t, link, made.body)
	invited := w.person()
	require.Equal(t, http.StatusSeeOther, invited.post(strings.TrimPrefix(link[1], w.base), "password", password).status)
	invited.signIn("klantc", "baas@klantc.example")
	require.Equal(t, http.StatusOK, invited.get("/o/klantc").status)
}
