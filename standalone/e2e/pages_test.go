package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"koppel/server/admin"
)

// interfacePages are the addresses of an environment's pages, filled in from what is there; status is one of
// its own statuses. A page about something that is not there is left out.
func interfacePages(c client, account, status string) map[string]string {
	c.t.Helper()
	values := map[string]string{}
	first := func(path string) string {
		data := c.get(path)
		if page, ok := data.(object); ok && page["data"] != nil {
			data = page["data"]
		}
		list := rows(data)
		if len(list) == 0 {
			return ""
		}
		return fmt.Sprint(list[0]["id"])
	}
	values["sales"], values["products"] = first("account/sales"), first("account/products")
	values["flows"], values["questions"], values["agreements"] = first("account/flows"), first("account/productquestions"), first("account/agreements")
	values["suppliers"], values["users"], values["organisations"] = first("account/suppliers"), first("account/users"), first("account/organisations")
	values["integrations"], values["incoming"] = first("account/integrations"), first("account/incoming-links")
	if values["integrations"] != "" {
		values["runs"] = first("account/integrations/" + values["integrations"] + "/runs")
	}
	pages := map[string]string{}
	for _, r := range admin.Routes() {
		if r.Method != "GET" || r.Right == admin.Anyone || strings.HasSuffix(r.Path, "/live") || strings.Contains(r.Path, "/files/") || strings.Contains(r.Path, "/documents/") || r.Path == "/search" {
			continue
		}
		path := regexp.MustCompile(`/(\w+)/:(id|run|rule)`).ReplaceAllStringFunc(r.Path, func(part string) string {
			kind, _, _ := strings.Cut(part[1:], "/")
			id := values[kind]
			switch kind {
			case "rules":
				id = "new"
			case "statuses":
				id = status
			}
			if id == "" {
				return "/{none}"
			}
			return "/" + kind + "/" + id
		})
		if strings.Contains(path, "{none}") || strings.HasSuffix(path, "/none") {
			continue
		}
		name := strings.Trim(strings.NewReplacer(":id", "one", ":run", "one", ":rule", "one", "/", "-").Replace(r.Path), "-")
		require.NotContains(c.t, pages, name)
		pages[name] = "/o/" + account + path
	}
	return pages
}

// TestEveryPageInTheBrowser looks at every page of the demo: on a telephone and at a desk, in light and in dark.
// Nothing may stick out of the window, and axe-core may find nothing serious.
func TestEveryPageInTheBrowser(t *testing.T) {
	t.Parallel()
	s := startStandalone(t, dataFolder(t), "--demo=static")
	s.seeded()
	b := newBrowser(t, s.ready.API)
	b.size(1440, false)
	b.open("/sign-in")
	b.accessible("sign-in")
	b.run("plant a fault", chromedp.Evaluate(`document.querySelector("label").remove(); document.querySelector("h1").style.color = "#eee"; true`, nil))
	require.GreaterOrEqual(t, len(b.findings("the planted faults")), 2, "axe-core sees what is wrong")
	for account, status := range map[string]string{"zonwijs": "bij-voltera", "voltera": "in-behandeling"} {
		t.Run(account, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t, s.ready.API)
			b.signIn(account, s.login(account).OwnerEmail, s.login(account).OwnerPassword)
			b.see("Overzicht")
			c := s.client(account)
			c.t = t
			pages := interfacePages(c, account, status)
			require.Greater(t, len(pages), 34)
			for name, address := range pages {
				b.lookAt(account+"-"+name, address)
			}
		})
	}
}

// lookAt has a page seen by a telephone and at a desk, and in other colours.
func (b *browser) lookAt(name, address string) {
	b.t.Helper()
	for _, width := range []int{360, 1440} {
		full := fmt.Sprintf("%s-%d", name, width)
		b.size(width, false)
		b.open(address)
		var title string
		b.run("title", chromedp.Title(&title))
		require.NotContains(b.t, title, "Niet gevonden", address)
		b.fits(full)
		b.usable(full)
		b.screenshot(full)
	}
	b.readable(name)
	b.size(1440, true)
	b.readable(name + "-dark")
	b.screenshot(name + "-dark")
}

// TestReadmeScreenshots makes the README's pictures where KOPPEL_SCREENSHOTS says; otherwise it only sees that
// every page of them is there.
func TestReadmeScreenshots(t *testing.T) {
	t.Parallel()
	s := startStandalone(t, dataFolder(t), "--demo=static")
	s.seeded()
	b := newBrowser(t, s.ready.API)
	if folder := os.Getenv("KOPPEL_SCREENSHOTS"); folder != "" {
		b.pictures = folder
	}
	zonwijs := s.client("zonwijs")
	b.signIn("zonwijs", s.login("zonwijs").OwnerEmail, s.login("zonwijs").OwnerPassword)
	b.run("a window of the picture's size", emulation.SetDeviceMetricsOverride(1100, 700, 1, false))
	integration := id(rows(zonwijs.get("account/integrations"))[0])
	sale := rows(zonwijs.get("account/sales").(object)["data"])[0]["id"]
	for _, page := range []struct{ name, path, text string }{
		{"overview", "", "Dit wacht op jou"},
		{"integration", fmt.Sprintf("/integrations/%d", integration), "Laatst gesynchroniseerd om"},
		{"questions", fmt.Sprintf("/integrations/%d/questions", integration), "23 van 23 gekoppeld"},
		{"sale", fmt.Sprintf("/sales/%v", sale), "Jij bent aan zet."},
	} {
		b.open("/o/zonwijs" + page.path)
		b.see(page.text)
		b.run("picture", b.view(page.name))
	}
	b.run("dark", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.run("picture", b.view("sale-dark"))
}

// TestOperatorsSeeTheRun follows the link from a sale to its workflow in Temporal's Web UI.
func TestOperatorsSeeTheRun(t *testing.T) {
	t.Parallel()
	s := startStandalone(t, dataFolder(t), "--demo=static")
	s.seeded()
	b := newBrowser(t, s.ready.API)
	b.signIn("zonwijs", s.login("zonwijs").OwnerEmail, s.login("zonwijs").OwnerPassword)
	sale := rows(s.client("zonwijs").get("account/sales").(object)["data"])[0]["id"]
	b.open(fmt.Sprintf("/o/zonwijs/sales/%v", sale))
	b.click("Voor beheer: de workflow in Temporal")
	b.see(fmt.Sprintf("forward-sale/2/1/%v", sale))
	b.see("ForwardSale")
}
