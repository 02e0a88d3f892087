package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// Somebody is looked for, given a file of what there is, and erased by a person who gives their password again; what another keeps is
// said with the number that it has there, before and after.
func TestAPersonsDataInTheInterface(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	sale := w.ids["sales"]
	set := func(sql string, id int64) { dbtest.Exec(t, w.database, fmt.Sprintf(sql, id)) }
	set(`UPDATE sales SET submission = jsonb_set(submission, '{fields,email}', '"weg@voorbeeld.example"') WHERE id = %d`, sale)
	set(`UPDATE forwardings SET state = 'action_required' WHERE sale_id = %d`, sale)
	page := "/o/zonwijs/persons?" + url.Values{"q": {"Weg@voorbeeld.example"}}.Encode()
	a := p.get(page)
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, "Kan nog niet")
	require.NotContains(t, a.body, "Ja, wis deze gegevens", "what cannot be done is not offered")
	a = p.post("/o/zonwijs/persons/erase", "q", "weg@voorbeeld.example", "your_password", password)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "er is niets gewist")
	set(`UPDATE forwardings SET state = 'forwarded', partner_sale_id = '4711', look = '' WHERE sale_id = %d`, sale)
	a = p.get(page)
	require.Contains(t, a.body, "Ja, wis deze gegevens")
	require.Contains(t, a.body, "nummer 4711")
	a = p.post("/o/zonwijs/persons/export", "q", "weg@voorbeeld.example")
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.header.Get("Content-Disposition"), ".json")
	var export struct {
		Tables map[string][]any `json:"tables"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &export))
	require.Len(t, export.Tables["sales"], 1)
	a = p.post("/o/zonwijs/persons/erase", "q", "weg@voorbeeld.example", "your_password", "fout")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, p.get(page).body, "nummer 4711", "nothing was done")
	a = p.post("/o/zonwijs/persons/erase", "q", "weg@voorbeeld.example", "your_password", password)
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, "Gewist. Transacties: 1")
	require.Contains(t, a.body, "nummer 4711")
	require.Contains(t, p.get(page).body, "Er is niets van deze persoon gevonden.")
	a = p.get(fmt.Sprintf("/o/zonwijs/sales/%d", sale))
	require.Contains(t, a.body, "De persoonsgegevens zijn gewist.")
	require.Contains(t, a.body, "4711")
	require.Contains(t, p.get(fmt.Sprintf("/o/zonwijs/persons?q=%d", sale)).body, "Gewist")
	for _, typed := range []string{"99999999", "06", "x@"} {
		require.Equal(t, http.StatusUnprocessableEntity, p.get("/o/zonwijs/persons?q="+url.QueryEscape(typed)).status, typed)
	}
}

// For how long persons are kept is set on the environment's page; what is no number of days is told at its field.
func TestKeepingPersonsIsSet(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	a := p.post("/o/zonwijs/environment/retention", "refused_days", "lang")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, `value="lang"`)
	require.Contains(t, a.body, "of 0 om te bewaren")
	require.Equal(t, http.StatusSeeOther, p.post("/o/zonwijs/environment/retention", "refused_days", "90", "ended_days", "").status)
	a = p.get("/o/zonwijs/environment")
	require.Contains(t, a.body, `name="refused_days" value="90"`)
	require.Contains(t, a.body, `name="ended_days" value=""`)
}
