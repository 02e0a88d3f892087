package admin_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextThatNoDatabaseKeepsIsRefused(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	for _, bad := range []string{"%00", "%ff"} {
		require.Equal(t, http.StatusNotFound, p.get("/o/zonwijs/statuses/"+bad).status)
		require.Equal(t, http.StatusNotFound, p.post("/o/zonwijs/webhooks/"+bad+"/resume").status)
		require.Equal(t, http.StatusNotFound, p.post("/o/zonwijs/webhooks/geen-uuid/resume").status)
		require.Equal(t, http.StatusNotFound, p.post("/o/zonwijs/statuses/"+bad+"/delete").status)
		require.Equal(t, http.StatusNotFound, p.get("/invitation/zon"+bad+"wijs/x").status)
		require.Equal(t, http.StatusBadRequest, p.get("/o/zonwijs/sales?q=a%c3&q=%a9").status, "halves of a character")
		require.Equal(t, http.StatusBadRequest, p.get("/o/zonwijs/search?q="+bad).status)
		require.Equal(t, http.StatusSeeOther, p.get("/o/zon"+bad+"wijs/sales").status, "nobody is signed in there")
	}
	require.Equal(t, http.StatusBadRequest, p.post("/o/zonwijs/suppliers/new", "name", "a\x00").status)
	require.Equal(t, http.StatusBadRequest, p.post("/sign-in", "account", "zonwijs", "email", "\xff", "password", password).status)
}

// What the service says of a setting, a rule or a sale is at the field where it is filled in: the summary leads there.
func TestErrorsLeadToTheirFields(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	integration := fmt.Sprintf("/o/zonwijs/integrations/%d", w.ids["integrations"])
	settings := []string{"name", "B", "vanished_products", "nothing", "delay_unit", "minutes", "status_poll_minutes", "15", "requests_per_minute", "0"}
	for _, c := range []struct {
		field, path string
		form        []string
	}{
		{"sync_interval_minutes", integration + "/settings", append(settings, "delay_amount", "0", "sync_interval_minutes", "1")},
		{"delay_amount", integration + "/settings", append(settings, "delay_amount", "veel", "sync_interval_minutes", "60")},
		{"name", integration + "/rules/new", []string{"name", "", "status_mode", "all"}},
		{"lastname", fmt.Sprintf("/o/zonwijs/sales/%d/correct", w.sell(w.owner)), []string{"lastname", "", "questionData.betaalwijze", "Incasso"}},
	} {
		a := p.post(c.path, c.form...)
		require.Equal(t, http.StatusUnprocessableEntity, a.status, "%s: %s", c.field, a.location)
		require.Contains(t, a.body, `href="#f-`+c.field+`"`)
		require.Contains(t, a.body, `id="f-`+c.field+`-e"`)
	}
}
