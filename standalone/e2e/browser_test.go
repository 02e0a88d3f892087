package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	devlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// screenshots is where every browser test leaves what it saw.
const screenshots = "screenshots"

// browser is a person at a real Chromium: it finds things by what is written on them.
type browser struct {
	t    testing.TB
	ctx  context.Context
	base string
	axe  string
	// pictures is the folder of screenshots.
	pictures string
}

// newBrowser opens a window of its own, with no cookies.
func newBrowser(t testing.TB, base string) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	require.NotEmpty(t, program, "the browser tests need Chromium: run scripts/ensure-browser")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("lang", "nl"), chromedp.WindowSize(1440, 900))
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocated, chromedp.WithErrorf(func(string, ...any) {})) // it says which of Chromium's events it does not know
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, base: base, pictures: screenshots}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page's script failed: %s", e.ExceptionDetails.Error())
		case *devlog.EventEntryAdded:
			if e.Entry.Level == devlog.LevelError && e.Entry.Source != devlog.SourceNetwork { // a form that is refused is an answer
				t.Errorf("the browser complains: %s (%s)", e.Entry.Text, e.Entry.URL)
			}
		}
	})
	require.NoError(t, chromedp.Run(ctx))
	b.size(1440, false) // without motion: while one page slides over the other, a click is lost
	return b
}

// run does what a person does; what does not happen in time fails, with a picture.
func (b *browser) run(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.broken(what + ": " + err.Error())
	}
}

func (b *browser) broken(what string) {
	b.t.Helper()
	picture := "failed-" + strings.ReplaceAll(b.t.Name(), "/", "-")
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	var seen, address string
	_ = chromedp.Run(ctx, b.picture(picture), chromedp.Location(&address), chromedp.Evaluate(`document.body.innerText`, &seen))
	b.t.Fatalf("%s\nat %s; see %s/%s.png\n%s", what, address, screenshots, picture, seen)
}

// picture keeps the whole page, view what the window shows of it.
func (b *browser) picture(name string) chromedp.Action {
	return b.capture(name, func(data *[]byte) chromedp.Action { return chromedp.FullScreenshot(data, 100) })
}

func (b *browser) view(name string) chromedp.Action {
	return b.capture(name, func(data *[]byte) chromedp.Action { return chromedp.CaptureScreenshot(data) })
}

func (b *browser) capture(name string, shoot func(*[]byte) chromedp.Action) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		var data []byte
		if err := shoot(&data).Do(ctx); err != nil {
			return err
		}
		if err := os.MkdirAll(b.pictures, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(b.pictures, name+".png"), data, 0o644)
	})
}

// screenshot keeps a picture for people to look at, when KOPPEL_PICTURES asks for them.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	if os.Getenv("KOPPEL_PICTURES") == "" {
		return
	}
	b.run("screenshot "+name, b.picture(name))
}

// open goes to a page.
func (b *browser) open(path string) {
	b.t.Helper()
	b.run("open "+path, chromedp.Navigate(b.base+path))
}

// withoutJavaScript switches the page's own JavaScript off.
func (b *browser) withoutJavaScript() {
	b.t.Helper()
	b.run("JavaScript off", emulation.SetScriptExecutionDisabled(true))
}

// find gives a thing on the page that can be clicked, or filled in, by what a person reads on it.
const find = `(() => {
  const text = (e) => (e.getAttribute("aria-label") || e.innerText || e.textContent || "").replace(/\s+/g, " ").trim();
  const shown = (e) => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
  const best = (list, wanted) => list.find((e) => text(e) === wanted) ?? list.find((e) => text(e).startsWith(wanted));
  const what = %s, wanted = %s;
  const topmost = [...document.querySelectorAll(":popover-open")].at(-1);
  for (const root of [topmost, document].filter(Boolean)) {
    if (what === "tab") {
      const found = best([...root.querySelectorAll(".tabs a")].filter(shown), wanted);
      if (found) return found;
    } else if (what === "click") {
      const found = best([...root.querySelectorAll("a, button, summary, label, [role=button]")].filter(shown), wanted);
      if (found) return found;
    } else {
      const label = best([...root.querySelectorAll("label")].filter(shown), wanted);
      const found = label?.control ?? best([...root.querySelectorAll("[aria-label]")].filter(shown), wanted);
      if (found) return found;
    }
  }
  return null;
})()`

func finder(what, wanted string) string {
	quoted, err := json.Marshal(wanted)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(find, `"`+what+`"`, quoted)
}

// until evaluates an expression until it is true.
func (b *browser) until(what, expression string) {
	b.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var done bool
		ctx, cancel := context.WithTimeout(b.ctx, 60*time.Second)
		err := chromedp.Run(ctx, chromedp.Evaluate("!!("+expression+")", &done))
		cancel()
		if err == nil && done {
			return
		}
		if time.Now().After(deadline) {
			b.broken(fmt.Sprintf("did not happen within two minutes: %s (%v)", what, err))
		}
		time.Sleep(30 * time.Millisecond) // between two looks at the page
	}
}

// see waits until a text is on the page.
func (b *browser) see(wanted string) {
	b.t.Helper()
	quoted, err := json.Marshal(wanted)
	require.NoError(b.t, err)
	b.until("see “"+wanted+"”", `document.readyState !== "loading" && document.body.innerText.replace(/\s+/g, " ").includes(`+string(quoted)+`)`)
}

// sees says whether a text is on the page now.
func (b *browser) sees(wanted string) bool {
	b.t.Helper()
	var text string
	b.run("read the page", chromedp.Evaluate(`document.body.innerText.replace(/\s+/g, " ")`, &text))
	return strings.Contains(text, wanted)
}

// click clicks, with the mouse, on what says this.
func (b *browser) click(wanted string) {
	b.t.Helper()
	b.clickOn("click", wanted)
}

func (b *browser) clickOn(what, wanted string) {
	b.t.Helper()
	b.until("find “"+wanted+"”", finder(what, wanted))
	var at []float64
	b.run("click "+wanted, chromedp.Evaluate(`(() => { const e = `+finder(what, wanted)+`; e.scrollIntoView({block: "center"}); const r = e.getClientRects()[0]; return [r.x + Math.min(r.width / 2, 60), r.y + r.height / 2]; })()`, &at))
	b.run("click "+wanted, chromedp.MouseClickXY(at[0], at[1]))
	b.until("the page is there", `document.readyState === "complete"`)
}

// submit clicks, and waits for the page that the click leads to.
func (b *browser) submit(wanted string) {
	b.t.Helper()
	b.leave("click", wanted)
}

// tab goes to the page of a tab.
func (b *browser) tab(wanted string) {
	b.t.Helper()
	b.leave("tab", wanted)
}

func (b *browser) leave(what, wanted string) {
	b.t.Helper()
	b.run("mark", chromedp.Evaluate(`document.documentElement.dataset.old = "1"; true`, nil))
	b.clickOn(what, wanted)
	b.until("“"+wanted+"” leads to a page", `document.readyState === "complete" && !document.documentElement.dataset.old`)
}

// fill puts a value into the field of this label.
func (b *browser) fill(label, value string) {
	b.t.Helper()
	b.until("find the field “"+label+"”", finder("field", label))
	var kind string
	quoted, err := json.Marshal(value)
	require.NoError(b.t, err)
	b.run("fill "+label, chromedp.Evaluate(`(() => {
  const e = `+finder("field", label)+`;
  e.scrollIntoView({block: "center"}); e.focus();
  if (e.tagName === "SELECT") {
    const option = [...e.options].find((o) => o.text.trim() === `+string(quoted)+`) ?? [...e.options].find((o) => o.value === `+string(quoted)+`);
    if (!option) return "no option " + [...e.options].map((o) => o.text).join(" | ");
    e.value = option.value;
    e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true}));
    return "done";
  }
  if (e.type === "date") { e.value = `+string(quoted)+`; e.dispatchEvent(new Event("input", {bubbles: true})); return "done"; }
  e.select?.();
  return "type";
})()`, &kind))
	switch kind {
	case "done":
	case "type":
		b.run("type in "+label, chromedp.ActionFunc(func(ctx context.Context) error {
			if value == "" {
				return chromedp.KeyEvent(kb.Delete).Do(ctx)
			}
			return input.InsertText(value).Do(ctx)
		}))
	default:
		b.broken("fill " + label + ": " + kind)
	}
}

// press presses keys on the keyboard.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		b.run("press", chromedp.KeyEvent(key))
	}
}

// value reads the field of this label.
func (b *browser) value(label string) (text string) {
	b.t.Helper()
	b.until("find the field “"+label+"”", finder("field", label))
	b.run("read "+label, chromedp.Evaluate(finder("field", label)+".value", &text))
	return text
}

// signIn signs in as somebody.
func (b *browser) signIn(account, email, password string) {
	b.t.Helper()
	b.open("/sign-in?account=" + account)
	b.fill("E-mailadres", email)
	b.fill("Wachtwoord", password)
	b.submit("Inloggen")
}

// size makes the window a telephone's or a desk's; dark as the system would say it.
func (b *browser) size(width int, dark bool) {
	b.t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	b.run("size", emulation.SetDeviceMetricsOverride(int64(width), 900, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// accessible has axe-core look at the page: nothing serious may be found.
func (b *browser) accessible(name string) {
	b.t.Helper()
	for _, f := range b.findings(name) {
		b.t.Errorf("%s: %s", name, f)
	}
}

const axeRules = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`

// usable has axe-core look at everything but the colours, which cost it most and are the same at every width.
func (b *browser) usable(name string) {
	b.t.Helper()
	for _, f := range b.axeRun(name, `{runOnly: `+axeRules+`, rules: {"color-contrast": {enabled: false}}}`) {
		b.t.Errorf("%s: %s", name, f)
	}
}

// readable has axe-core look at a page's colours alone.
func (b *browser) readable(name string) {
	b.t.Helper()
	for _, f := range b.axeRun(name, `{runOnly: {type: "rule", values: ["color-contrast"]}}`) {
		b.t.Errorf("%s: %s", name, f)
	}
}

// findings are what axe-core finds serious or critical.
func (b *browser) findings(name string) (findings []string) {
	b.t.Helper()
	return b.axeRun(name, `{runOnly: `+axeRules+`}`)
}

func (b *browser) axeRun(name, rules string) (findings []string) {
	b.t.Helper()
	if b.axe == "" {
		source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
		require.NoError(b.t, err, "the accessibility tests need axe-core: run scripts/ensure-browser")
		b.axe = string(source)
	}
	b.run("axe on "+name, chromedp.Evaluate(`if (!window.axe) { `+b.axe+` }; true`, nil), chromedp.Evaluate(`axe.run(document, `+rules+`).then((r) =>
  r.violations.filter((v) => v.impact === "serious" || v.impact === "critical").flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + n.html.slice(0, 160) + " — " + (n.failureSummary ?? "").replace(/\s+/g, " ").slice(0, 200))))`,
		&findings, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return findings
}

// fits says that nothing makes the page wider than the window.
func (b *browser) fits(name string) {
	b.t.Helper()
	var over int
	b.run("measure "+name, chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over))
	if over > 0 {
		b.t.Errorf("%s: %d px wider than the window", name, over)
	}
}
