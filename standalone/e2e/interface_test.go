package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// TestTheWholeScenarioOnScreen clicks through the domain's scenario, in Dutch: B gives access, A links, selects,
// maps and sells, the sale arrives at B once, and B's status comes back.
func TestTheWholeScenarioOnScreen(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	provider, reseller := d.environment("voltera"), d.environment("zonwijs")
	setUpForms(provider, "Incasso", "Factuur")
	setUpForms(reseller, "Automatisch", "Factuur")
	for n := range 3 {
		provider.post("account/products", energyProduct(n+1))
	}
	provider.post("account/statuses", object{"id": "in-behandeling", "name": "In behandeling", "type": "default"})
	reseller.post("account/statuses", object{"id": "bij-voltera", "name": "Bij Voltera", "type": "default"})

	b := newBrowser(t, d.base) // a person at B
	b.signInAtLast("voltera", "owner@voltera.example", provider.password)
	token := b.giveAccess(provider.password)

	a := newBrowser(t, d.base) // a person at A
	a.signIn("zonwijs", "owner@zonwijs.example", reseller.password)
	a.linkTo("voltera", token)
	a.importEverything(3)
	a.mapEverything()
	a.tab("Instellingen")
	a.click("Zet saleverwerking aan")
	a.click("Zet automatische saleverwerking aan")
	a.see("Er zijn wijzigingen die nog niet zijn opgeslagen.")
	a.submit("Opslaan")
	a.see("Opgeslagen.")

	number := a.enterOrder()
	a.see("Verzonden")
	a.screenshot("scenario-a-sale-sent")

	require.Len(t, rows(provider.get("account/sales").(object)["data"]), 1, "the sale is at B once")
	b.submit("Transacties")
	b.see("Jansen")
	b.submit(fmt.Sprint(id(rows(provider.get("account/sales").(object)["data"])[0])))
	b.see("Ingevoerd door")
	b.see("Koppeling_zonwijs")
	b.click("Status wijzigen")
	b.fill("Nieuwe status", "In behandeling")
	b.submit("Status opslaan")
	b.see("De status is gewijzigd.")

	d.eventually("A's sale follows B's status", func() bool {
		return reseller.get("account/sales/" + number).(object)["status"].(object)["status_identifier"] == "bij-voltera"
	})
	a.open("/o/zonwijs/sales/" + number)
	a.see("Nieuw → Bij Voltera")
	a.screenshot("scenario-a-sale-follows")

	b.open("/o/voltera/incoming")
	b.see("zonwijs")
	b.screenshot("scenario-b-incoming")
}

// signInAtLast signs in after a wrong password, which keeps what was typed.
func (b *browser) signInAtLast(account, email, password string) {
	b.t.Helper()
	b.open("/")
	b.see("Inloggen")
	b.fill("Account", account)
	b.fill("E-mailadres", email)
	b.fill("Wachtwoord", "helemaal verkeerd")
	b.submit("Inloggen")
	b.see("Account, e-mailadres of wachtwoord klopt niet.")
	require.Equal(b.t, email, b.value("E-mailadres"), "what was typed is kept")
	b.fill("Wachtwoord", password)
	b.submit("Inloggen")
	b.see("Welkom")
}

// giveAccess is B's side of a link: an organisation, its rights, a user, and a token.
func (b *browser) giveAccess(password string) (token string) {
	b.t.Helper()
	b.submit("Account")
	b.submit("Organisatie toevoegen")
	b.submit("Toevoegen")
	b.see("Dit veld is verplicht.")
	b.fill("Naam", "Zonwijs")
	b.submit("Toevoegen")
	b.see("Zonwijs is toegevoegd.")
	b.click("Kies alles op deze pagina")
	b.see("3 gekozen")
	b.submit("Geef gekozen vrij")
	b.see("3 producten vrijgegeven.")
	b.tab("Flows")
	b.click("Energie")
	b.submit("Opslaan")
	b.see("Vrijgegeven: producten 3, flows 1.")
	b.tab("Algemeen")
	b.submit("Gebruiker toevoegen")
	b.fill("E-mailadres", "koppeling@zonwijs.example")
	b.fill("Voornaam", "Koppeling_zonwijs")
	b.submit("Toevoegen")
	b.see("Koppeling_zonwijs is toegevoegd.")
	b.fill("Naam", "Koppeling met Zonwijs")
	b.fill("Je wachtwoord", "niet mijn wachtwoord")
	b.submit("Genereer")
	b.see("Dit is niet je wachtwoord.")
	require.Equal(b.t, "Koppeling met Zonwijs", b.value("Naam"), "what was typed is kept")
	b.fill("Je wachtwoord", password)
	b.submit("Genereer")
	b.see("Dit is het token. Je ziet het alleen nu.")
	token = b.value("Token")
	require.True(b.t, strings.HasPrefix(token, "kpl_"))
	b.tab("API tokens")
	require.False(b.t, b.sees(token), "the token is shown once")
	return token
}

// linkTo is A's side: the account and the token, tested and saved.
func (b *browser) linkTo(account, token string) {
	b.t.Helper()
	b.submit("Integraties")
	b.submit("Partner toevoegen")
	b.fill("Account van de partner", account)
	b.fill("Token", "kpl_ditklopt_niet")
	b.submit("Test API verbinding")
	b.see("De partner weigert dit token.")
	b.fill("Token", token)
	b.submit("Test API verbinding")
	b.see("De verbinding werkt. Dit is " + account + ".")
	b.fill("Token", token)
	b.submit("Koppelen")
	b.see("Gekoppeld met " + account)
}

func (b *browser) importEverything(products int) {
	b.t.Helper()
	b.see("Er is nog niets geïmporteerd: kies bij Producten wat je verkoopt.")
	b.tab("Producten")
	b.see(fmt.Sprintf("Niet geïmporteerd %d", products))
	b.click("Kies alles op deze pagina")
	b.submit("Importeer gekozen")
	b.see(fmt.Sprintf("%d producten worden geïmporteerd.", products))
	b.tab("Algemeen")
	b.see(fmt.Sprintf("%d toegevoegd, 0 gewijzigd, 0 gedeactiveerd, 0 verwijderd", products)) // by itself, while one looks
}

// mapEverything takes the suggestions over, and mends the one option that differs.
func (b *browser) mapEverything() {
	b.t.Helper()
	b.tab("Flows")
	b.see("0 van 1 gekoppeld")
	b.submit("Neem over: Energie")
	b.see("1 van 1 gekoppeld")
	b.tab("Productvragen")
	b.see("0 van 3 gekoppeld")
	b.click("Wat de partner vraagt bij E-mail factuur")
	b.see("het antwoord op “Betaalwijze” is Factuur")
	b.press(kb.Escape)
	b.submit("Neem 3 suggesties over")
	b.see("3 van 3 gekoppeld")
	b.see("“Betaalwijze” heeft bij ons een optie die de partner niet kent: Automatisch.")
	b.fill("Automatisch", "Incasso")
	b.submit("Koppeling opslaan")
	b.see("De koppeling is opgeslagen.")
	require.False(b.t, b.sees("een optie die de partner niet kent"))
	b.tab("Accorderingen")
	b.submit("Neem 1 suggestie over")
	b.see("1 van 1 gekoppeld")
	b.tab("Statussen")
	b.see("0 van 1 gekoppeld")
	b.fill("In behandeling", "Bij Voltera")
	b.submit("Koppeling opslaan")
	b.see("1 van 1 gekoppeld")
	b.submit("Toon systeemstatussen")
	b.see("Geaccepteerd door leverancier")
}

var saleNumber = regexp.MustCompile(`/sales/(\d+)`)

// enterOrder enters an order in A's own order form: first badly, then well.
func (b *browser) enterOrder() (number string) {
	b.t.Helper()
	b.submit("Transacties")
	b.submit("Nieuw")
	b.submit("Stroom 1")
	b.fill("Betaalwijze", "Automatisch")
	b.submit("Order opslaan")
	b.see("Er ontbreken verplichte gegevens.")
	require.Equal(b.t, "Automatisch", b.value("Betaalwijze"), "what was typed is kept")
	for label, value := range map[string]string{
		"Voornaam": "Jan", "Achternaam": "Jansen", "E-mailadres": "jan@jansen.example", "Telefoonnummer": "0612345678", "Geboortedatum": "01-02-1980",
		"Postcode": "1234AB", "Huisnummer": "1", "Straat": "Dorpsstraat", "Plaats": "Utrecht",
	} {
		b.fill(label, value)
	}
	b.click("Algemene voorwaarden")
	b.submit("Order opslaan")
	b.see("De order is opgeslagen")
	var address string
	b.run("address", chromedp.Location(&address))
	match := saleNumber.FindStringSubmatch(address)
	require.NotEmpty(b.t, match, address)
	return match[1]
}

// TestSyncAndForwardWithoutJavaScript does the two things that people do most with the page's JavaScript off.
func TestSyncAndForwardWithoutJavaScript(t *testing.T) {
	t.Parallel()
	l := onScreen(t)
	b := newBrowser(t, l.base)
	b.withoutJavaScript()
	b.signIn("reseller", "owner@reseller.example", l.reseller.password)
	syncAndForward(b, l, b.submit)
}

// TestSyncAndForwardByKeyboard does the same without a mouse.
func TestSyncAndForwardByKeyboard(t *testing.T) {
	t.Parallel()
	l := onScreen(t)
	b := newBrowser(t, l.base)
	b.open("/sign-in?account=reseller")
	b.tabTo("E-mailadres")
	b.press("owner@reseller.example", kb.Tab, l.reseller.password)
	b.enter()
	syncAndForward(b, l, func(wanted string) {
		b.tabTo(wanted)
		b.enter()
	})
}

// onScreen is a link that forwards by hand, with everything imported and mapped, and one product changed at B
// that A has not heard of.
func onScreen(t *testing.T) *link {
	t.Helper()
	l := ready(t, 2)
	l.reseller.patch(l.path(""), object{"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"}})
	l.idle()
	return l
}

func syncAndForward(b *browser, l *link, follow func(string)) {
	b.t.Helper()
	sale := l.sell(1)
	b.see("Overzicht")
	follow("Integraties")
	follow("provider")
	runs := len(rows(l.reseller.get(l.path("/runs")).(object)["data"]))
	follow("Synchroniseer nu")
	l.eventually("a run more", func() bool { return len(rows(l.reseller.get(l.path("/runs")).(object)["data"])) > runs })
	l.idle()
	b.open(fmt.Sprintf("/o/reseller/integrations/%d", l.integration))
	b.see("Gecontroleerd: niets veranderd (2 producten gelijk).")
	follow("Transacties")
	follow(fmt.Sprint(sale))
	b.see("Nog niet verzonden.")
	follow("Verzenden")
	l.eventually("the sale is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	b.open(fmt.Sprintf("/o/reseller/sales/%d", sale))
	b.see("provider heeft de transactie onder nummer")
	require.Equal(b.t, 1, l.providerSales())
}

// tabTo presses Tab until the focus is on what says this.
func (b *browser) tabTo(wanted string) {
	b.t.Helper()
	for range 200 {
		b.press(kb.Tab)
		var on string
		b.run("focus", chromedp.Evaluate(`(() => {
  const e = document.activeElement;
  if (!e || !e.matches(":focus-visible")) return "nothing visible";
  return (e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText || "").replace(/\s+/g, " ").trim();
})()`, &on))
		if on == wanted {
			return
		}
	}
	b.broken("Tab never reaches “" + wanted + "”")
}

// enter presses Enter, and waits for the page that follows.
func (b *browser) enter() {
	b.t.Helper()
	b.run("mark", chromedp.Evaluate(`document.documentElement.dataset.old = "1"; true`, nil))
	b.press(kb.Enter)
	b.until("Enter leads to a page, or to its answer", `document.readyState === "complete" && (!document.documentElement.dataset.old || document.querySelector("#flash .notice"))`)
}
