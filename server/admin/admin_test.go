package admin_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/admin"
	"koppel/server/api"
	"koppel/server/service"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const password = "een lang wachtwoord"

// world is a server with two environments, the second one linked to the first.
type world struct {
	t               *testing.T
	base            string
	svc             *service.Service
	missing         sync.Map // texts that the English catalogue lacks
	now             func() time.Time
	provider, owner service.Actor // owner is the reseller's
	agent           service.Actor
	ids             map[string]int64
}

func setup(t *testing.T) *world {
	t.Helper()
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	w := &world{t: t, now: time.Now, ids: map[string]int64{}}
	w.svc = &service.Service{Store: dbtest.New(t), Vault: keys, Transport: salesdock.NewTransport([]string{"127.0.0.1"}), Now: func() time.Time { return w.now() }}
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.ContextWithFallback = true
	pages, err := admin.New(admin.Config{Service: w.svc, Log: zap.NewNop(), TemporalUI: "http://temporal.example", Namespace: "default", Stopping: t.Context()})
	require.NoError(t, err)
	pages.Missing = func(text string) { w.missing.Store(text, true) }
	pages.Register(engine)
	engine.NoRoute(pages.NotFound)
	api.New(w.svc, zap.NewNop()).Register(engine)
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	w.base, w.svc.PublicURL = server.URL, server.URL
	return w
}

// environment makes one with an owner who can sign in.
func (w *world) environment(account string) service.Actor {
	w.t.Helper()
	ctx := w.t.Context()
	made, err := w.svc.CreateEnvironment(ctx, account, account+" BV", "owner@"+account+".example", "nl")
	require.NoError(w.t, err)
	actor, err := w.svc.Authenticate(ctx, account, made.OwnerToken, netip.MustParseAddr("127.0.0.1"))
	require.NoError(w.t, err)
	user, err := w.svc.User(ctx, actor, actor.UserID)
	require.NoError(w.t, err)
	_, err = w.svc.UpdateUser(ctx, actor, actor.UserID, service.UserInput{Email: user.Email, Role: "owner", Password: password}, true)
	require.NoError(w.t, err)
	return actor
}

// fill gives both environments something of everything, so that every page has something to show.
func (w *world) fill() {
	w.t.Helper()
	ctx, must := w.t.Context(), func(err error) { w.t.Helper(); require.NoError(w.t, err) }
	w.provider, w.owner = w.environment("voltera"), w.environment("zonwijs")
	for _, a := range []service.Actor{w.provider, w.owner} {
		flow, err := w.svc.SaveFlow(ctx, a, 0, linking.Flow{Title: "Energie", Type: "default", Identifier: "energie", TransactionType: "all"})
		must(err)
		_, err = w.svc.SaveQuestion(ctx, a, 0, linking.Question{Name: "Betaalwijze", Identifier: "betaalwijze", InputType: "mc-single", Options: []string{"Incasso", "Factuur"}, Required: true, Visible: true}, 1)
		must(err)
		_, err = w.svc.SaveQuestion(ctx, a, 0, linking.Question{
			Name: "Factuuradres", Identifier: "factuur_email", InputType: "email", Visible: true, RuleVisible: true,
			Rule: &linking.Rule{Type: linking.RuleGroup, Criterion: "ANY", Rules: []linking.Rule{
				{Type: linking.RuleCondition, Identifier: "question.identifier", Name: "betaalwijze", Operator: "=", Value: linking.RuleValues{"Factuur"}},
				{Type: linking.RuleCondition, Identifier: "profile.type", Operator: "in", Value: linking.RuleValues{"business", "consumer"}},
			}},
		}, 2)
		must(err)
		_, err = w.svc.SaveAgreement(ctx, a, 0, linking.Agreement{Identifier: "voorwaarden", Name: "Voorwaarden", Text: "Akkoord.", Visible: true, Required: true}, 1)
		must(err)
		_, err = w.svc.SaveStatus(ctx, a, linking.Status{ID: "bezig", Name: "Bezig"})
		must(err)
		supplier, err := w.svc.SaveSupplier(ctx, a, db.Supplier{Name: "Voltera", Identifier: "voltera", Active: true})
		must(err)
		product, err := w.svc.CreateProduct(ctx, a, service.ProductInput{
			Content:    linking.ProductContent{Name: "Stroom <b>1</b> jaar", Identifier: "stroom-1", Type: "energy_e", Business: "2", Retention: "2", PriceMonthly: "1234.5", CustomFields: map[string]string{"tariff": "0.25"}},
			SupplierID: &supplier.ID, Active: true,
		})
		must(err)
		organisation, err := w.svc.CreateOrganisation(ctx, a, service.OrganisationInput{Name: "Partner"})
		must(err)
		_, err = w.svc.GrantProducts(ctx, a, organisation.ID, []int64{product.ID})
		must(err)
		_, err = w.svc.GrantFlows(ctx, a, organisation.ID, []int64{flow.ID})
		must(err)
		user, err := w.svc.CreateUser(ctx, a, service.UserInput{Email: "agent@partner.example", Firstname: "Agnes", Role: "agent", OrganisationID: &organisation.ID, Password: password})
		must(err)
		_, text, err := w.svc.CreateToken(ctx, a, user.ID, service.TokenInput{Name: "Koppeling", Integration: true})
		must(err)
		w.ids = map[string]int64{"flows": flow.ID, "products": product.ID, "organisations": organisation.ID, "users": user.ID, "suppliers": supplier.ID, "questions": 0, "agreements": 0}
		if a.Account == "voltera" {
			continue
		}
		w.agent, err = w.svc.Authenticate(ctx, a.Account, text, netip.MustParseAddr("127.0.0.1"))
		must(err)
		w.fillLink(a)
	}
}

func (w *world) fillLink(a service.Actor) {
	w.t.Helper()
	ctx, must := w.t.Context(), func(err error) { w.t.Helper(); require.NoError(w.t, err) }
	_, token, err := w.svc.CreateToken(ctx, w.provider, w.providerAgent(), service.TokenInput{Name: "Link", Integration: true})
	must(err)
	link, _, err := w.svc.CreateIntegration(ctx, a, service.Connection{AccountName: "voltera", Token: token})
	must(err)
	w.ids["integrations"] = link.ID
	rules := []linking.ForwardingRule{{Name: "Zakelijk", Enabled: true, Statuses: linking.StatusSet{All: true}, Conditions: &linking.Rule{Type: linking.RuleGroup, Criterion: "ALL", Rules: []linking.Rule{{Type: linking.RuleCondition, Identifier: "profile.type", Operator: "=", Value: linking.RuleValues{"business"}}}}}}
	settings, err := json.Marshal(map[string]any{"forwarding": map[string]any{"enabled": true, "automatic": true, "statuses": "all"}, "rules": rules})
	must(err)
	_, err = w.svc.UpdateIntegration(ctx, a, link.ID, service.IntegrationPatch{Settings: settings})
	must(err)
	actor, err := w.svc.Authenticate(ctx, "voltera", token, netip.MustParseAddr("127.0.0.1"))
	must(err)
	incoming, err := w.svc.PutLink(ctx, actor, salesdock.Link{Account: "zonwijs", BaseURL: w.base, LinkKey: link.LinkKey, Secret: "geheim"})
	must(err)
	w.ids["incoming"] = incoming.ID
	run, err := w.svc.SyncNow(ctx, a, link.ID)
	must(err)
	w.ids["runs"] = run.ID
	must(w.svc.Store.WithTx(ctx, a.EnvironmentID, func(tx *db.Tx) error {
		content := linking.ProductContent{Name: "Gas 1 jaar", Identifier: "gas-1", Type: "energy_g", Business: "2", Retention: "2"}
		data, err := json.Marshal(content)
		require.NoError(w.t, err)
		_, err = tx.IntegrationProductStage(ctx, db.IntegrationProductStageParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: link.ID, Ids: []int64{7}, Contents: [][]byte{data}, Owns: [][]byte{[]byte("{}")}, Hashes: [][]byte{content.Hash()}, Updated: []string{""}, RunID: run.ID, Now: w.now(),
		})
		require.NoError(w.t, err)
		require.NoError(w.t, tx.ProductImport(ctx, db.ProductImportParams{EnvironmentID: a.EnvironmentID, IntegrationID: link.ID, Ids: []int64{7}, RunID: run.ID, Now: w.now()}))
		question := linking.Question{Name: "Meter", Identifier: "meter", InputType: "mc-single", Options: []string{"Slim", "Oud"}, Required: true, Visible: true}
		for kind, value := range map[string]any{
			"questions": []linking.Question{question}, "flows": []linking.Flow{{ID: 3, Title: "Gas", Identifier: "gas", Type: "default"}},
			"agreements": []linking.Agreement{{Name: "Machtiging", Identifier: "machtiging"}}, "statuses": []linking.Status{{ID: "onderweg", Name: "Onderweg", Type: "default"}},
		} {
			if _, err := tx.SaveSetupPart(ctx, a.EnvironmentID, link.ID, kind, value, w.now()); err != nil {
				return err
			}
		}
		return nil
	}))
	w.ids["sales"] = w.sell(a)
}

func (w *world) providerAgent() int64 {
	w.t.Helper()
	users, err := w.svc.Users(w.t.Context(), w.provider)
	require.NoError(w.t, err)
	return users[len(users)-1].ID
}

// sell makes a sale of the imported product; its mapping is missing.
func (w *world) sell(a service.Actor) int64 {
	w.t.Helper()
	ctx := w.t.Context()
	page, _, err := w.svc.ProductPage(ctx, a, service.ProductSearch{Imported: new(true)})
	require.NoError(w.t, err)
	id, err := w.svc.CreateSale(ctx, a, service.CreateSaleInput{FlowType: "default", FlowIdentifier: "energie", Body: order(page.Rows[0].ID)})
	require.NoError(w.t, err)
	return id
}

func order(product int64) map[string]any {
	body := map[string]any{"transaction_type": "order", "product_id": fmt.Sprint(product), "business": "0", "questionData": map[string]any{"betaalwijze": "Incasso"}, "agreements": map[string]any{"voorwaarden": "1"}}
	for _, name := range linking.RequiredFields {
		body[name] = "x"
	}
	body["email"], body["birthdate"], body["lastname"] = "klant@voorbeeld.example", "01-02-1980", "O'Hara-Çelik"
	return body
}

// fillCustomer fills in who buys.
func fillCustomer(form url.Values, birthdate string) {
	for _, name := range linking.RequiredFields {
		if !strings.HasPrefix(name, "connection_") {
			form.Set(name, "x")
		}
	}
	form.Set("birthdate", birthdate)
	form.Set("email", "klant@voorbeeld.example")
}

// person is somebody at a browser: it keeps cookies, and follows where it is led.
type person struct {
	*world
	client *http.Client
	cookie map[string]string
}

func (w *world) person() *person {
	return &person{world: w, cookie: map[string]string{}, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type answer struct {
	status   int
	location string
	header   http.Header
	body     string
}

func (p *person) do(method, path string, form url.Values, header ...string) answer {
	p.t.Helper()
	return p.send(method, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), header...)
}

// upload posts a form with files.
func (p *person) upload(path string, form url.Values, files map[string]string) answer {
	p.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			require.NoError(p.t, w.WriteField(name, value))
		}
	}
	for name, content := range files {
		part, err := w.CreateFormFile(name, "bestand")
		require.NoError(p.t, err)
		_, err = io.WriteString(part, content)
		require.NoError(p.t, err)
	}
	require.NoError(p.t, w.Close())
	return p.send(http.MethodPost, path, w.FormDataContentType(), &body)
}

func (p *person) send(method, path, contentType string, body io.Reader, header ...string) answer {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, body)
	require.NoError(p.t, err)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", contentType)
	}
	for name, value := range p.cookie {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := p.client.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	for _, c := range response.Cookies() {
		require.True(p.t, strings.HasPrefix(c.Name, "__Host-") && c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "", "%+v", c)
		if c.MaxAge < 0 {
			delete(p.cookie, c.Name)
		} else {
			p.cookie[c.Name] = c.Value
		}
	}
	return answer{response.StatusCode, response.Header.Get("Location"), response.Header, string(data)}
}

func (p *person) get(path string) answer { p.t.Helper(); return p.do(http.MethodGet, path, nil) }
func (p *person) post(path string, pairs ...string) answer {
	p.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return p.do(http.MethodPost, path, form)
}

func (p *person) signIn(account, email string) *person {
	p.t.Helper()
	a := p.post("/sign-in", "account", account, "email", email, "password", password)
	require.Equal(p.t, http.StatusSeeOther, a.status, a.body)
	return p
}

var placeholder = regexp.MustCompile(`/(\w+)/:(id|run|rule|token)`)

// address fills a route in from what fill made.
func (w *world) address(r admin.Route, account string) string {
	path := placeholder.ReplaceAllStringFunc(r.Path, func(part string) string {
		kind, name, _ := strings.Cut(part[1:], "/:")
		id := fmt.Sprint(w.ids[kind])
		switch {
		case kind == "rules":
			id = "0"
		case kind == "statuses":
			id = "bezig"
		case name == "token":
			id = "1"
		case w.ids[kind] == 0:
			id = "new"
		}
		return "/" + kind + "/" + id
	})
	return "/o/" + account + path
}

func pages() (list []admin.Route) {
	for _, r := range admin.Routes() {
		if r.Method == http.MethodGet && r.Right != admin.Anyone && !strings.HasSuffix(r.Path, "/live") && !strings.Contains(r.Path, "/files/") && !strings.Contains(r.Path, "/documents/") && r.Path != "/search" {
			list = append(list, r)
		}
	}
	return list
}

func TestEveryPageInBothLanguages(t *testing.T) {
	w := setup(t)
	w.fill()
	for language, sign := range map[string]string{"nl": "Uitloggen", "en": "Sign out"} {
		p := w.person().signIn("zonwijs", "owner@zonwijs.example")
		p.post("/preferences", "language", language, "return", "/o/zonwijs")
		for _, r := range pages() {
			address := w.address(r, "zonwijs")
			a := p.get(address)
			if strings.HasPrefix(r.Path, "/incoming/:id") {
				require.Equal(t, http.StatusNotFound, a.status, "another environment's")
				continue
			}
			require.Equal(t, http.StatusOK, a.status, "%s: %s", address, a.body)
			require.Contains(t, a.body, sign, address)
			require.NotContains(t, a.body, "%!", address)
			require.NotContains(t, a.body, "<b>1</b>", address)
			require.Regexp(t, `<html lang="`+language+`"`, a.body)
			require.Equal(t, "no-store", a.header.Get("Cache-Control"))
			require.NotContains(t, a.header.Get("Content-Security-Policy"), "unsafe")
			require.NotRegexp(t, `(?i)<[^>]+ (style|on\w+)=`, a.body, "%s: nothing inline", address)
			require.Less(t, len(a.body), 100_000, "%s is heavier than 100 kB", address)
		}
		b := w.person().signIn("voltera", "owner@voltera.example")
		b.post("/preferences", "language", language, "return", "/o/voltera")
		require.Equal(t, http.StatusOK, b.get(fmt.Sprintf("/o/voltera/incoming/%d", w.ids["incoming"])).status)
	}
	w.missing.Range(func(text, _ any) bool { t.Errorf("missing in English: %q", text); return true })
}

// TestRights asks for every page and action as everybody who may not.
func TestRights(t *testing.T) {
	w := setup(t)
	w.fill()
	nobody, agent, stranger := w.person(), w.person().signIn("zonwijs", "agent@partner.example"), w.person().signIn("voltera", "owner@voltera.example")
	for _, r := range admin.Routes() {
		if r.Right == admin.Anyone {
			continue
		}
		address := w.address(r, "zonwijs")
		if r.Path == "/sign-out" {
			continue
		}
		for name, p := range map[string]*person{"nobody": nobody, "a stranger": stranger} {
			a := p.do(r.Method, address, url.Values{})
			require.Equal(t, http.StatusSeeOther, a.status, "%s: %s %s", name, r.Method, address)
			require.Contains(t, a.location, "/sign-in?account=zonwijs", "%s: %s %s", name, r.Method, address)
		}
		a := agent.do(r.Method, address, url.Values{})
		if r.Right == admin.Admins {
			require.Equal(t, http.StatusForbidden, a.status, "agent: %s %s", r.Method, address)
			require.NotContains(t, a.body, "O&#39;Hara")
		}
	}
	require.Equal(t, http.StatusNotFound, agent.get(fmt.Sprintf("/o/zonwijs/sales/%d", w.ids["sales"])).status, "an agent sees their own sales only")
	require.NotContains(t, agent.get("/o/zonwijs/sales?q=hara").body, "Hara")
	owner := w.person().signIn("zonwijs", "owner@zonwijs.example")
	require.Contains(t, owner.get("/o/zonwijs/sales?q=HARA+celik").body, "Niets gevonden", "a Ç is no c")
	require.Contains(t, owner.get("/o/zonwijs/sales?q=hara+x").body, "Hara")
	missing, foreign := owner.get("/o/zonwijs/incoming/999999"), owner.get(fmt.Sprintf("/o/zonwijs/incoming/%d", w.ids["incoming"]))
	require.Equal(t, missing.status, foreign.status)
	require.Equal(t, strings.ReplaceAll(missing.body, "incoming/999999", "incoming/N"), strings.ReplaceAll(foreign.body, fmt.Sprintf("incoming/%d", w.ids["incoming"]), "incoming/N"), "a foreign id and a missing one cannot be told apart")
}

func TestAnotherWebsiteCannotPost(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/integrations/%d/pause", w.ids["integrations"])
	a := p.do(http.MethodPost, address, url.Values{}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	require.Equal(t, http.StatusForbidden, a.status)
	link, err := w.svc.Integration(t.Context(), w.owner, w.ids["integrations"])
	require.NoError(t, err)
	require.Equal(t, "active", link.State)
	a = p.do(http.MethodPost, address, url.Values{}, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, a.status)
	require.Contains(t, p.get(a.location).body, "De integratie staat op pauze.")
	require.NotContains(t, p.get(a.location).body, "De integratie staat op pauze.", "said once")
}

func TestSigningIn(t *testing.T) {
	w := setup(t)
	w.environment("zonwijs")
	var clock sync.Mutex
	ahead := time.Duration(0)
	w.now = func() time.Time { clock.Lock(); defer clock.Unlock(); return time.Now().Add(ahead) }
	skip := func(d time.Duration) { clock.Lock(); ahead += d; clock.Unlock() }

	p := w.person()
	const wrong = "Account, e-mailadres of wachtwoord klopt niet."
	for _, tried := range [][3]string{{"zonwijs", "owner@zonwijs.example", "verkeerd"}, {"zonwijs", "niemand@zonwijs.example", password}, {"bestaatniet", "owner@zonwijs.example", password}} {
		a := p.post("/sign-in", "account", tried[0], "email", tried[1], "password", tried[2])
		require.Equal(t, http.StatusUnprocessableEntity, a.status)
		require.Contains(t, a.body, wrong)
		require.NotContains(t, a.body, tried[2], "a password does not come back")
	}
	require.Equal(t, "/o/zonwijs/users?role=agent", p.post("/sign-in", "account", "Zonwijs", "email", "OWNER@zonwijs.example", "password", password, "return", "/o/zonwijs/users?role=agent").location)
	require.Equal(t, "/o/zonwijs", p.get("/").location)
	other := w.person()
	require.Equal(t, "/o/zonwijs", other.post("/sign-in", "account", "zonwijs", "email", "owner@zonwijs.example", "password", password, "return", "https://evil.example").location)

	skip(11 * time.Hour)
	require.Equal(t, http.StatusOK, p.get("/o/zonwijs").status)
	skip(11 * time.Hour)
	require.Equal(t, http.StatusOK, p.get("/o/zonwijs").status, "who works stays signed in")
	skip(13 * time.Hour)
	a := p.get("/o/zonwijs/users")
	require.Equal(t, "/sign-in?account=zonwijs&return=%2Fo%2Fzonwijs%2Fusers", a.location, "idle too long")
	require.NoError(t, w.svc.ExpireSessions(t.Context()))

	p.signIn("zonwijs", "owner@zonwijs.example")
	stolen := p.cookie["__Host-koppel-zonwijs"]
	p.post("/o/zonwijs/sign-out")
	p.cookie["__Host-koppel-zonwijs"] = stolen
	require.Equal(t, http.StatusSeeOther, p.get("/o/zonwijs").status, "signed out is signed out")

	for range 8 {
		p.post("/sign-in", "account", "zonwijs", "email", "owner@zonwijs.example", "password", "raden")
	}
	a = p.post("/sign-in", "account", "zonwijs", "email", "owner@zonwijs.example", "password", password)
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Contains(t, a.body, "Te vaak geprobeerd.")
	skip(16 * time.Minute)
	p.signIn("zonwijs", "owner@zonwijs.example")
}

func TestPasswordAndSwitchingOffEndSessions(t *testing.T) {
	w := setup(t)
	w.fill()
	here, there := w.person().signIn("zonwijs", "owner@zonwijs.example"), w.person().signIn("zonwijs", "owner@zonwijs.example")
	a := here.post("/o/zonwijs/me", "your_password", password, "password", "kort")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "minstens 12 tekens")
	require.Equal(t, http.StatusSeeOther, here.post("/o/zonwijs/me", "your_password", password, "password", "een ander lang wachtwoord").status)
	require.Equal(t, http.StatusOK, here.get("/o/zonwijs").status)
	require.Equal(t, http.StatusSeeOther, there.get("/o/zonwijs").status)

	agent := w.person().signIn("zonwijs", "agent@partner.example")
	require.Equal(t, http.StatusOK, agent.get("/o/zonwijs/sales").status)
	user := fmt.Sprintf("/o/zonwijs/users/%d", w.ids["users"])
	require.Equal(t, http.StatusSeeOther, here.post(user, "email", "agent@partner.example", "role", "agent", "organisation_id", fmt.Sprint(w.ids["organisations"])).status)
	require.Equal(t, http.StatusSeeOther, agent.get("/o/zonwijs/sales").status, "switched off")
	a = here.post(fmt.Sprintf("/o/zonwijs/users/%d", w.owner.UserID), "email", "owner@zonwijs.example", "role", "owner")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "Een omgeving houdt altijd een actieve eigenaar.")
}

func TestATokenAsksForThePassword(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	tokens := fmt.Sprintf("/o/zonwijs/users/%d/tokens", w.ids["users"])
	a := p.post(tokens, "name", "Nieuw", "integration", "1", "ip_allowlist", "10.0.0.1\n2001:db8::/32", "your_password", "fout")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "Dit is niet je wachtwoord.")
	require.Contains(t, a.body, "2001:db8::/32", "what was typed is kept")
	require.NotRegexp(t, `value="kpl_`, a.body)
	a = p.post(tokens, "name", "Nieuw", "integration", "1", "ip_allowlist", "10.0.0.1\n2001:db8::/32", "expires_at", "2099-01-31", "your_password", password)
	require.Equal(t, http.StatusOK, a.status)
	text := regexp.MustCompile(`value="(kpl_[^"]+)"`).FindStringSubmatch(a.body)
	require.NotNil(t, text)
	require.NotContains(t, p.get(tokens).body, text[1])
	_, err := w.svc.Authenticate(t.Context(), "zonwijs", text[1], netip.MustParseAddr("10.0.0.1"))
	require.NoError(t, err)
	_, err = w.svc.Authenticate(t.Context(), "zonwijs", text[1], netip.MustParseAddr("10.0.0.2"))
	require.Error(t, err)
}

func TestFirstRunSetUp(t *testing.T) {
	w := setup(t)
	p := w.person()
	require.Equal(t, "/set-up", p.get("/").location)
	fields := []string{"account", "zonwijs", "name", "Zonwijs", "email", "ik@zonwijs.example", "password", password}
	a := p.post("/set-up", append(fields, "code", "RADEN")...)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, "Deze code klopt niet.")
	require.Contains(t, a.body, "ik@zonwijs.example", "what was typed is kept")
	a = p.post("/set-up", append(fields, "code", w.svc.SetUpCode())...)
	require.Equal(t, "/o/zonwijs", a.location)
	require.Contains(t, p.get("/o/zonwijs").body, "Welkom")
	require.Equal(t, http.StatusNotFound, w.person().get("/set-up").status)
	a = w.person().post("/set-up", append(fields, "code", w.svc.SetUpCode())...)
	require.Equal(t, http.StatusNotFound, a.status, "once only")
}

// TestShortListsAreSearchedAndPaged reads a list of organisations to its end, and finds one.
func TestShortListsAreSearchedAndPaged(t *testing.T) {
	w := setup(t)
	owner := w.environment("zonwijs")
	for n := range 120 {
		_, err := w.svc.CreateOrganisation(t.Context(), owner, service.OrganisationInput{Name: fmt.Sprintf("Partij %03d", n), Identifier: fmt.Sprintf("p%d", n)})
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

// TestTheRuleBuilder makes a rule as a person does without JavaScript: button by button.
func TestTheRuleBuilder(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/integrations/%d/rules/new", w.ids["integrations"])
	base := []string{"name", "Alleen zakelijk", "enabled", "1", "status_mode", "specific", "statuses", "new", "rule.type", "condition_group", "rule.criterion", "ALL"}
	a := p.post(address, append(base, "do", "condition:rule")...)
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, `name="rule.0.subject"`)
	require.Contains(t, a.body, "Alleen zakelijk", "what was typed is kept")
	first := append(base, "rule.0.type", "condition", "rule.0.subject", "profile.type", "rule.0.operator", "=", "rule.0.value", "business")
	a = p.post(address, append(first, "do", "group:rule")...)
	require.Contains(t, a.body, `name="rule.1.criterion"`)
	require.Contains(t, a.body, "Soort klant is zakelijk")
	whole := append(first, "rule.1.type", "condition_group", "rule.1.criterion", "ANY",
		"rule.1.0.type", "condition", "rule.1.0.subject", "question:betaalwijze", "rule.1.0.operator", "in", "rule.1.0.value", "Incasso; Factuur")
	a = p.post(address, append(whole, "do", "remove:rule.0")...)
	require.NotContains(t, a.body, "Soort klant is zakelijk")
	require.Contains(t, a.body, "het antwoord op “betaalwijze” is één van Incasso of Factuur")
	a = p.post(address, append(whole, "do", "try")...)
	require.Contains(t, a.body, "Van de laatste 1 transacties met een product van deze partner voldoen er 0.", "the sale is a consumer's")
	consumer := append(append([]string{}, base...), "rule.0.type", "condition", "rule.0.subject", "profile.type", "rule.0.operator", "=", "rule.0.value", "consumer", "do", "try")
	require.Contains(t, p.post(address, consumer...).body, "voldoen er 1.")
	unknown := append(append([]string{}, base...), "rule.0.type", "condition", "rule.0.subject", "maanstand", "rule.0.operator", "=", "rule.0.value", "vol", "do", "try")
	require.Contains(t, p.post(address, unknown...).body, "Bij 1 gaat een conditie over iets wat niet bekend is")
	require.Equal(t, http.StatusSeeOther, p.post(address, whole...).status)
	link, err := w.svc.Integration(t.Context(), w.owner, w.ids["integrations"])
	require.NoError(t, err)
	rule := link.Settings.Rules[1]
	require.Equal(t, "Alleen zakelijk", rule.Name)
	require.Equal(t, []string{"new"}, rule.Statuses.IDs)
	require.Equal(t, linking.Rule{Type: linking.RuleCondition, Identifier: "question.identifier", Name: "betaalwijze", Operator: "in", Value: linking.RuleValues{"Incasso", "Factuur"}}, rule.Conditions.Rules[1].Rules[0])
	require.Equal(t, http.StatusSeeOther, p.post(strings.Replace(address, "new", "0", 1)+"/delete").status)
	link, err = w.svc.Integration(t.Context(), w.owner, w.ids["integrations"])
	require.NoError(t, err)
	require.Len(t, link.Settings.Rules, 1)
	require.Equal(t, "Alleen zakelijk", link.Settings.Rules[0].Name)
}

// TestAnOrderWithSections sells what the flow's sections offer beside the product.
func TestAnOrderWithSections(t *testing.T) {
	w := setup(t)
	w.fill()
	ctx := t.Context()
	extra, err := w.svc.CreateProduct(ctx, w.owner, service.ProductInput{Content: linking.ProductContent{Name: "Zonnepaneel", Identifier: "paneel", Type: "solar", Business: "2", Retention: "2"}, Active: true})
	require.NoError(t, err)
	flow, err := w.svc.SaveFlow(ctx, w.owner, 0, linking.Flow{
		Title: "Zon", Type: "default", Identifier: "zon", TransactionType: "order", ProductTypes: []string{"energy_e", "solar"},
		Sections: []linking.Section{{ID: 1, Title: "Erbij", Identifier: "erbij", Products: []linking.SectionProduct{{ID: extra.ID, MaximumQuantity: 3}}}},
	})
	require.NoError(t, err)
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/sales/new?product=%d&flow=%d", w.ids["products"], flow.ID)
	page := p.get(address)
	require.Contains(t, page.body, "Zonnepaneel")
	require.Contains(t, page.body, "Hooguit 3.")
	field := fmt.Sprintf("related.erbij.%d", extra.ID)
	form := url.Values{"transaction_type": {"order"}, "business": {"0"}, "questionData.betaalwijze": {"Incasso"}, "agreements.voorwaarden": {"1"}, "usage_g": {"1200"}, field: {"4"}}
	fillCustomer(form, "28-02-1980")
	a := p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, fmt.Sprintf(`href="#f-related-erbij-%d"`, extra.ID), "told at the field")
	form.Set(field, "3")
	a = p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)
	sale := p.get(a.location).body
	require.Contains(t, sale, "Zonnepaneel")
	require.Contains(t, sale, "× 3")
	require.Contains(t, sale, "1200")
}

// TestFilesAndSwitchDates are asked for, kept when the form is refused, sold and shown.
func TestFilesAndSwitchDates(t *testing.T) {
	w := setup(t)
	w.fill()
	ctx := t.Context()
	for i, q := range []linking.Question{
		{Name: "Kopie legitimatie", Identifier: "legitimatie", InputType: "file", Required: true, Visible: true},
		{Name: "Overstap", Identifier: "overstap", InputType: "switchdate", Options: []string{"Op deze datum", "Zo snel mogelijk"}, Visible: true},
	} {
		_, err := w.svc.SaveQuestion(ctx, w.owner, 0, q, 10+i)
		require.NoError(t, err)
	}
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	address := fmt.Sprintf("/o/zonwijs/sales/new?product=%d&flow=%d", w.ids["products"], w.ids["flows"])
	page := p.get(address).body
	require.Contains(t, page, `name="file.questionData.legitimatie" type="file"`)
	require.Contains(t, page, "Zo snel mogelijk")
	form := url.Values{
		"transaction_type": {"order"}, "business": {"0"}, "questionData.betaalwijze": {"Incasso"}, "agreements.voorwaarden": {"1"},
		"questionData.overstap": {"01-03-2027"}, "questionData.overstap_switchdate_option": {"Zo snel mogelijk"},
	}
	fillCustomer(form, "31-02-1980")
	a := p.upload(address, form, nil)
	require.Equal(t, http.StatusUnprocessableEntity, a.status, a.body)
	require.Contains(t, a.body, `href="#f-questionData-legitimatie"`, "it must be answered")
	file := "%PDF-1.4 een kopie"
	a = p.upload(address, form, map[string]string{"file.questionData.legitimatie": file})
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.NotContains(t, a.body, `href="#f-questionData-legitimatie"`)
	kept := regexp.MustCompile(`<input type="hidden" name="questionData.legitimatie" value="([^"]+)"`).FindStringSubmatch(a.body)
	require.NotNil(t, kept, "what was chosen is kept")
	form.Set("questionData.legitimatie", html.UnescapeString(kept[1]))
	form.Set("birthdate", "28-02-1980")
	a = p.upload(address, form, nil)
	require.Equal(t, http.StatusSeeOther, a.status, a.body)

	sale := p.get(a.location).body
	require.Contains(t, sale, "bestand van 1 kB")
	require.NotContains(t, sale, kept[1])
	require.Contains(t, sale, "(Zo snel mogelijk)")
	link := a.location + "/files/legitimatie"
	got := p.get(link)
	require.Equal(t, file, got.body)
	require.Regexp(t, `^attachment; filename=\d+-legitimatie.pdf$`, got.header.Get("Content-Disposition"))
	require.Equal(t, http.StatusNotFound, p.get(a.location+"/files/overstap").status)
	require.Equal(t, http.StatusNotFound, w.person().signIn("zonwijs", "agent@partner.example").get(link).status, "another's sale")

	correct := p.get(a.location + "/correct").body
	require.Contains(t, correct, kept[1])
	other := p.upload(a.location+"/correct", form, map[string]string{"file.questionData.legitimatie": "anders"})
	require.Equal(t, http.StatusSeeOther, other.status, other.body)
	require.Equal(t, "anders", p.get(link).body)
}

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

// TestASecondClickOnSave makes one sale.
func TestASecondClickOnSave(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := p.get(fmt.Sprintf("/o/zonwijs/sales/new?product=%d", w.ids["products"]))
	require.Equal(t, http.StatusOK, page.status, page.body)
	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
	form := url.Values{"key": {key}, "transaction_type": {"order"}, "business": {"0"}, "questionData.betaalwijze": {"Incasso"}, "agreements.voorwaarden": {"1"}}
	fillCustomer(form, "31-02-1980")
	address := fmt.Sprintf("/o/zonwijs/sales/new?product=%d&flow=%d", w.ids["products"], w.ids["flows"])
	a := p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, a.body, `href="#f-birthdate"`, "the summary leads to the field")
	require.Contains(t, a.body, `aria-invalid="true"`)
	form.Set("birthdate", "28-02-1980")
	one, two := p.do(http.MethodPost, address, form), p.do(http.MethodPost, address, form)
	require.Equal(t, http.StatusSeeOther, one.status, one.body)
	require.Equal(t, one.location, two.location)
}

// A workflow's id has slashes: unescaped, Temporal's Web UI finds nothing.
func TestOperatorsReachTheWorkflow(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	page := p.get(fmt.Sprintf("/o/zonwijs/sales/%d", w.ids["sales"])).body
	require.Contains(t, page, fmt.Sprintf("http://temporal.example/namespaces/default/workflows/forward-sale%%2F%d%%2F%d%%2F%d", w.owner.EnvironmentID, w.ids["integrations"], w.ids["sales"]))
}

func TestLiveParts(t *testing.T) {
	w := setup(t)
	w.fill()
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/o/zonwijs/integrations/%d/live", w.base, w.ids["integrations"]), nil)
	require.NoError(t, err)
	for name, value := range p.cookie {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := p.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	read := func(until string) {
		var seen strings.Builder
		buffer := make([]byte, 4096)
		for !strings.Contains(seen.String(), until) {
			n, err := response.Body.Read(buffer)
			seen.Write(buffer[:n])
			require.NoError(t, err, "before %q came: %s", until, seen.String())
		}
	}
	read("begint zo")
	require.NoError(t, w.svc.PauseIntegration(t.Context(), w.owner, w.ids["integrations"]))
	read("staat op pauze")
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

// The documents of a product are there for who is signed in and may see it: their addresses take a token, which a browser
// does not have.
func TestDocumentsOfAProduct(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.fill()
	product, err := w.svc.CreateProduct(t.Context(), w.owner, service.ProductInput{
		Content: linking.ProductContent{Name: "Gas", Identifier: "gas", Type: "energy_g", Business: "2", Documents: []linking.Document{{Name: "Openbaar", Location: "https://elders.example/d.pdf"}}},
		Active:  true, Attach: []service.Upload{{Name: "Tarieven", Extension: "pdf", Content: base64.StdEncoding.EncodeToString([]byte("%PDF"))}},
	})
	require.NoError(t, err)
	page := fmt.Sprintf("/o/zonwijs/products/%d", product.ID)
	p := w.person().signIn("zonwijs", "owner@zonwijs.example")
	body := p.get(page).body
	require.Contains(t, body, `href="https://elders.example/d.pdf"`)
	link := regexp.MustCompile(`href="(` + page + `/documents/\d+)"`).FindStringSubmatch(body)
	require.NotNil(t, link, body)
	got := p.get(link[1])
	require.Equal(t, "%PDF", got.body)
	require.Regexp(t, `<dt>Identifier</dt>\s*<dd>stroom-1</dd>`, w.person().signIn("zonwijs", "agent@partner.example").get(fmt.Sprintf("/o/zonwijs/products/%d", w.ids["products"])).body)
	require.Equal(t, `attachment; filename=Tarieven.pdf`, got.header.Get("Content-Disposition"))
	require.Equal(t, http.StatusNotFound, w.person().signIn("zonwijs", "agent@partner.example").get(link[1]).status, "the organisation does not have it")
	require.Equal(t, http.StatusNotFound, w.person().signIn("voltera", "owner@voltera.example").get(strings.Replace(link[1], "zonwijs", "voltera", 1)).status)
}

// Somebody who was invited chooses a password, once, and signs in with it.
func TestInvitation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner := w.environment("voltera")
	invitation, err := w.svc.Invite(t.Context(), owner, service.UserInput{Email: "nieuw@voltera.example", Role: "admin"})
	require.NoError(t, err)
	p, address := w.person(), strings.TrimPrefix(invitation.URL, w.svc.PublicURL)
	require.Contains(t, p.get(address).body, "nieuw@voltera.example")
	require.Contains(t, p.post(address, "password", "kort").body, "12 tekens")
	require.Equal(t, "/sign-in", p.post(address, "password", password).location)
	require.Equal(t, http.StatusNotFound, p.get(address).status, "an invitation is good for one password")
	require.Equal(t, http.StatusNotFound, p.post(address, "password", password).status)
	require.Equal(t, "/o/voltera", p.post("/sign-in", "account", "voltera", "email", "nieuw@voltera.example", "password", password).location)

	// A forgotten password: the last link works, and ends what the old password opened.
	boss, user := w.person().signIn("voltera", "owner@voltera.example"), fmt.Sprintf("/o/voltera/users/%d", invitation.User.ID)
	require.Contains(t, boss.get(user).body, "Wachtwoord vergeten?")
	link := regexp.MustCompile(`value="[^"]+(/invitation/voltera/\w+)"`)
	first := link.FindStringSubmatch(boss.post(user + "/invite").body)
	shown := boss.post(user + "/invite").body
	last := link.FindStringSubmatch(shown)
	require.Contains(t, shown, "geef hem zelf door", "there is no mail server")
	require.Regexp(t, `href="`+user+`"\s+aria-current="page"`, shown, "it is the user's page")
	require.Equal(t, http.StatusNotFound, w.person().get(first[1]).status, "one link works")
	require.Equal(t, http.StatusOK, p.get(user).status)
	require.Equal(t, "/sign-in", w.person().post(last[1], "password", password+"2").location)
	require.NotEqual(t, http.StatusOK, p.get(user).status)
	require.Equal(t, "/o/voltera", p.post("/sign-in", "account", "voltera", "email", "nieuw@voltera.example", "password", password+"2").location)
	require.Equal(t, http.StatusForbidden, p.post(fmt.Sprintf("/o/voltera/users/%d/invite", owner.UserID)).status, "only an owner has an owner choose a password")
	require.Equal(t, http.StatusNotFound, w.person().get(strings.Replace(address, "/voltera/", "/elders/", 1)).status)
}
