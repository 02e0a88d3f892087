package admin_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/linking"
	"koppel/server/service/integrations"
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

// A list of products that is open is told when a run has ended since.
func TestAnOpenListIsToldOfANewerOne(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := fmt.Sprintf("/o/zonwijs/integrations/%d/products", w.ids["integrations"])
	live := regexp.MustCompile(`data-live="([^"]+)"`).FindStringSubmatch(p.get(page).body)[1]
	require.NotContains(t, p.get(live).body, "intussen gesynchroniseerd")
	dbtest.Exec(t, w.database, fmt.Sprintf(`UPDATE sync_runs SET state = 'done', finished_at = now() WHERE id = %d`, w.ids["runs"]))
	require.Contains(t, p.get(live).body, "intussen gesynchroniseerd")
}

// Whatever is done has a word in the history: every action that is written down anywhere.
func TestEveryActionHasAWord(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	written := regexp.MustCompile(`(?:Audit(?:Named)?\(ctx, tx, \w+|productsChanged\(ctx, tx, a|settle\(ctx, a, id|resolveRun\(ctx, a, id, runID), "([a-z_]+)"`)
	actions := map[string]bool{}
	require.NoError(t, filepath.WalkDir("../service", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range written.FindAllStringSubmatch(string(source), -1) {
			actions[found[1]] = true
		}
		return err
	}))
	delete(actions, "map_") // the beginning of four
	require.Greater(t, len(actions), 30)
	for action := range actions {
		dbtest.Exec(t, w.database, fmt.Sprintf(`INSERT INTO audit_log (environment_id, action, entity, entity_id, at) VALUES (%d, '%s', 'integration', '%d', now())`, w.owner.EnvironmentID, action, w.ids["integrations"]))
	}
	page := w.person().signIn("zonwijs", "owner@zonwijs.example").get(fmt.Sprintf("/o/zonwijs/integrations/%d/history", w.ids["integrations"])).body
	for action := range actions {
		if strings.Contains(page, "<td>"+action+"</td>") {
			t.Errorf("%s has no word", action)
		}
	}
}

// That products are no longer imported is asked first, with what comes of it, and can be taken back.
func TestNoLongerImportingIsAskedAndUndone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := fmt.Sprintf("/o/zonwijs/integrations/%d/products", w.ids["integrations"])
	dbtest.Exec(t, w.database, `UPDATE integration_products SET selected = true WHERE partner_product_id = 7`)
	dbtest.Exec(t, w.database, `UPDATE integrations SET settings = settings || '{"vanished_products": "delete"}'`)
	selected := func() string {
		return dbtest.One(t, w.database, `SELECT selected::text FROM integration_products WHERE partner_product_id = 7`)
	}
	for _, do := range []string{"remove", "remove-all"} {
		asked := p.post(page, "do", do, "products", "7")
		require.Equal(t, 200, asked.status)
		require.Contains(t, asked.body, "Dit verwijdert 1 product.")
		require.Contains(t, asked.body, "1 transactie ermee wacht nog")
		require.Equal(t, "true", selected(), "nothing was done yet")
	}
	require.Equal(t, 303, p.post(page, "do", "remove", "products", "7", "sure", "1").status)
	require.Equal(t, "false", selected())
	undo := regexp.MustCompile(`action="([^"]+/products/again[^"]*)"`).FindStringSubmatch(p.get(page).body)
	require.NotNil(t, undo)
	require.Equal(t, 303, p.post(strings.ReplaceAll(undo[1], "&amp;", "&")).status)
	require.Equal(t, "true", selected())
}

// The history tells what was before and what is now, by names and in words: of rules, of mappings, and of what is empty now.
func TestHistoryTellsBeforeAndAfterInWords(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	ctx, id := t.Context(), w.ids["integrations"]
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	require.NoError(t, w.svc.Integrations.SaveFlowMappings(ctx, w.owner, id, []integrations.FlowPair{{FlowID: w.ids["flows"], PartnerFlowID: 3}}))
	history := fmt.Sprintf("/o/zonwijs/integrations/%d/history", id)
	page := p.get(history).body
	require.Regexp(t, `Energie:</span>\s*—\s*→\s*Gas`, page, "by their names")
	require.Contains(t, page, "Condities: Soort klant is zakelijk")
	require.NoError(t, w.svc.Integrations.SaveFlowMappings(ctx, w.owner, id, nil))
	require.Regexp(t, `Energie:</span>\s*Gas\s*→\s*—`, p.get(history).body, "also what is not mapped any more")
	require.NotContains(t, p.get(history).body, "{&#34;", "no JSON")
}
