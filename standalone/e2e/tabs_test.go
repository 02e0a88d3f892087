package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// newTab opens another tab of the same browser, with the same cookies. Its pages take themselves to be seen, as in a
// window of their own.
func (b *browser) newTab() *browser {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	require.NoError(b.t, chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(hidden(false)).Do(ctx)
		return err
	})))
	return &browser{t: b.t, ctx: ctx, base: b.base, pictures: b.pictures}
}

// asked says how often a page has asked for its live part.
func (b *browser) asked() (count int) {
	b.t.Helper()
	b.run("requests", chromedp.Evaluate(`performance.getEntriesByType("resource").filter((r) => r.name.endsWith("/live")).length`, &count))
	return count
}

// hide has a page think that it is hidden, or seen again.
func (b *browser) hide(is bool) {
	b.t.Helper()
	b.run("hide", chromedp.Evaluate(hidden(is)+`; document.dispatchEvent(new Event("visibilitychange"))`, nil))
}

func hidden(is bool) string {
	return fmt.Sprintf(`Object.defineProperty(document, "hidden", { configurable: true, value: %v })`, is)
}

// TestManyTabs has twelve pages with a live part open, all of them seen: every further one loads at once all the same,
// and each shows what happens. A hidden one asks nothing, and catches up when it is shown.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	l := onScreen(t)
	sale := l.sell(1)
	b := newBrowser(t, l.base)
	b.signIn("reseller", "owner@reseller.example", l.reseller.password)
	pages := []string{fmt.Sprintf("/o/reseller/integrations/%d", l.integration), fmt.Sprintf("/o/reseller/sales/%d", sale)}
	var tabs []*browser
	for n := range 12 {
		tab := b.newTab()
		ctx, cancel := context.WithTimeout(tab.ctx, time.Minute)
		err := chromedp.Run(ctx, chromedp.Navigate(l.base+pages[n%2]))
		cancel()
		require.NoError(t, err, "page %d of a live part does not load", n+1)
		tab.until("it asks for what is new", `performance.getEntriesByType("resource").some((r) => r.name.endsWith("/live") && r.responseEnd > 0)`)
		tabs = append(tabs, tab)
	}
	last := b.newTab()
	last.open("/o/reseller/products")
	last.see("Producten")

	away := tabs[0]
	away.hide(true)
	before := away.asked()
	l.reseller.post(l.path("/pause"), nil)
	for n := 2; n < len(tabs); n += 2 {
		tabs[n].see("staat op pauze")
	}
	seen := tabs[2].asked()
	tabs[2].until("another second", fmt.Sprintf(`performance.getEntriesByType("resource").filter((r) => r.name.endsWith("/live")).length > %d`, seen+2))
	require.LessOrEqual(t, away.asked(), before+1, "a hidden page asks nothing but what it had begun")
	require.False(t, away.sees("staat op pauze"))
	away.hide(false)
	away.see("staat op pauze")
}
