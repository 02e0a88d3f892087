package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/admin"
	"koppel/server/api"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/service/catalogue"
	"koppel/server/service/integrations"
	"koppel/server/service/sales"
	"koppel/server/service/services"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const password = "een lang wachtwoord"

// world is a server with two environments, the second one linked to the first.
type world struct {
	t               *testing.T
	base            string
	svc             *services.Services
	missing         sync.Map // texts that the English catalogue lacks
	now             func() time.Time
	database        string        // its address, for its owner
	standsStill     time.Time     // since when Temporal does not answer
	provider, owner service.Actor // owner is the reseller's
	agent           service.Actor
	ids             map[string]int64
}

func setup(t *testing.T) *world {
	t.Helper()
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	w := &world{t: t, now: time.Now, ids: map[string]int64{}, database: dbtest.URL(t)}
	w.svc = services.New(service.Kernel{Store: dbtest.Open(t, w.database), Vault: keys, Transport: salesdock.NewTransport([]string{"127.0.0.1"}, nil), Now: func() time.Time { return w.now() }})
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.ContextWithFallback = true
	pages, err := admin.New(admin.Config{Service: w.svc, Log: zap.NewNop(), TemporalUI: "http://temporal.example", Namespace: "default", StandsStillSince: func() time.Time { return w.standsStill }})
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
	made, err := w.svc.Access.CreateEnvironment(ctx, account, account+" BV", "owner@"+account+".example", states.Dutch)
	require.NoError(w.t, err)
	actor, err := w.svc.Access.Authenticate(ctx, account, made.OwnerToken, netip.MustParseAddr("127.0.0.1"))
	require.NoError(w.t, err)
	user, err := w.svc.Access.User(ctx, actor, actor.UserID)
	require.NoError(w.t, err)
	_, err = w.svc.Access.UpdateUser(ctx, actor, actor.UserID, access.UserInput{Email: user.Email, Role: states.RoleOwner, Password: password}, true)
	require.NoError(w.t, err)
	return actor
}

// fill gives both environments something of everything, so that every page has something to show.
func (w *world) fill() {
	w.t.Helper()
	ctx, must := w.t.Context(), func(err error) { w.t.Helper(); require.NoError(w.t, err) }
	w.provider, w.owner = w.environment("voltera"), w.environment("zonwijs")
	for _, a := range []service.Actor{w.provider, w.owner} {
		flow, err := w.svc.Catalogue.SaveFlow(ctx, a, 0, linking.Flow{Title: "Energie", Type: "default", Identifier: "energie", TransactionType: states.EverySaleType})
		must(err)
		_, err = w.svc.Catalogue.SaveQuestion(ctx, a, 0, linking.Question{Name: "Betaalwijze", Identifier: "betaalwijze", InputType: "mc-single", Options: []string{"Incasso", "Factuur"}, Required: true, Visible: true}, 1)
		must(err)
		_, err = w.svc.Catalogue.SaveQuestion(ctx, a, 0, linking.Question{
			Name: "Factuuradres", Identifier: "factuur_email", InputType: "email", Visible: true, RuleVisible: true,
			Rule: &linking.Rule{Type: linking.RuleGroup, Criterion: "ANY", Rules: []linking.Rule{
				{Type: linking.RuleCondition, Identifier: "question.identifier", Name: "betaalwijze", Operator: "=", Value: linking.RuleValues{"Factuur"}},
				{Type: linking.RuleCondition, Identifier: "profile.type", Operator: "in", Value: linking.RuleValues{"business", "consumer"}},
			}},
		}, 2)
		must(err)
		_, err = w.svc.Catalogue.SaveAgreement(ctx, a, 0, linking.Agreement{Identifier: "voorwaarden", Name: "Voorwaarden", Text: "Akkoord.", Visible: true, Required: true}, 1)
		must(err)
		_, err = w.svc.Catalogue.SaveStatus(ctx, a, "", linking.Status{ID: "bezig", Name: "Bezig"})
		must(err)
		supplier, err := w.svc.Catalogue.SaveSupplier(ctx, a, db.Supplier{Name: "Voltera", Identifier: "voltera", Active: true})
		must(err)
		product, err := w.svc.Catalogue.CreateProduct(ctx, a, catalogue.ProductInput{
			Content:    linking.ProductContent{Name: "Stroom <b>1</b> jaar", Identifier: "stroom-1", Type: "energy_e", Business: "2", Retention: "2", PriceMonthly: "1234.5", CustomFields: map[string]string{"tariff": "0.25"}},
			SupplierID: &supplier.ID, Active: true,
		})
		must(err)
		organisation, err := w.svc.Access.CreateOrganisation(ctx, a, access.OrganisationInput{Name: "Partner"})
		must(err)
		_, err = w.svc.Catalogue.GrantProducts(ctx, a, organisation.ID, []int64{product.ID})
		must(err)
		_, err = w.svc.Catalogue.GrantFlows(ctx, a, organisation.ID, []int64{flow.ID})
		must(err)
		user, err := w.svc.Access.CreateUser(ctx, a, access.UserInput{Email: "agent@partner.example", Firstname: "Agnes", Role: states.RoleAgent, OrganisationID: &organisation.ID, Password: password})
		must(err)
		_, text, err := w.svc.Access.CreateToken(ctx, a, user.ID, access.TokenInput{Name: "Koppeling", Integration: true})
		must(err)
		w.ids = map[string]int64{"flows": flow.ID, "products": product.ID, "organisations": organisation.ID, "users": user.ID, "suppliers": supplier.ID, "questions": 0, "agreements": 0}
		if a.Account == "voltera" {
			continue
		}
		w.agent, err = w.svc.Access.Authenticate(ctx, a.Account, text, netip.MustParseAddr("127.0.0.1"))
		must(err)
		w.fillLink(a)
	}
}

func (w *world) fillLink(a service.Actor) {
	w.t.Helper()
	ctx, must := w.t.Context(), func(err error) { w.t.Helper(); require.NoError(w.t, err) }
	_, token, err := w.svc.Access.CreateToken(ctx, w.provider, w.providerAgent(), access.TokenInput{Name: "Link", Integration: true})
	must(err)
	link, _, err := w.svc.Integrations.CreateIntegration(ctx, a, service.Connection{AccountName: "voltera", Token: token})
	must(err)
	w.ids["integrations"] = link.ID
	rules := []linking.ForwardingRule{{Name: "Zakelijk", Enabled: true, Statuses: linking.StatusSet{All: true}, Conditions: &linking.Rule{Type: linking.RuleGroup, Criterion: "ALL", Rules: []linking.Rule{{Type: linking.RuleCondition, Identifier: "profile.type", Operator: "=", Value: linking.RuleValues{"business"}}}}}}
	settings, err := json.Marshal(map[string]any{"forwarding": map[string]any{"enabled": true, "automatic": true, "statuses": "all"}, "rules": rules})
	must(err)
	_, err = w.svc.Integrations.UpdateIntegration(ctx, a, link.ID, integrations.IntegrationPatch{Settings: settings})
	must(err)
	actor, err := w.svc.Access.Authenticate(ctx, "voltera", token, netip.MustParseAddr("127.0.0.1"))
	must(err)
	incoming, err := w.svc.Incoming.PutLink(ctx, actor, salesdock.Link{Account: "zonwijs", BaseURL: w.base, LinkKey: link.LinkKey, Secret: "geheim"})
	must(err)
	w.ids["incoming"] = incoming.ID
	run, err := w.svc.Integrations.SyncNow(ctx, a, link.ID)
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
		for kind, value := range map[linking.Part]any{
			linking.PartQuestions: []linking.Question{question}, linking.PartFlows: []linking.Flow{{ID: 3, Title: "Gas", Identifier: "gas", Type: "default"}},
			linking.PartAgreements: []linking.Agreement{{Name: "Machtiging", Identifier: "machtiging"}}, linking.PartStatuses: []linking.Status{{ID: "onderweg", Name: "Onderweg", Type: "default"}},
		} {
			if _, err := ledger.SaveSetupPart(ctx, tx, a.EnvironmentID, link.ID, kind, value, w.now()); err != nil {
				return err
			}
		}
		for kind, row := range map[states.SetAsideKind]db.SetAsideRow{
			states.SetAsideProduct: {PartnerID: "8", Name: "Wind 1 jaar", Field: "price", Value: "gratis", Reason: states.ProblemNotAnAmount, Kept: true},
			states.SetAsideSale:    {PartnerID: "88", Field: "status.status_identifier", Reason: states.ProblemNotText}, states.SetAsideQuestion: {Reason: states.ProblemNotObject},
		} {
			err := tx.SetAside(ctx, db.SetAside{EnvironmentID: a.EnvironmentID, IntegrationID: link.ID, RunID: &run.ID, Kind: kind, Rows: []db.SetAsideRow{row}, Now: w.now()})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	w.ids["sales"] = w.sell(a)
}

func (w *world) providerAgent() int64 {
	w.t.Helper()
	users, err := w.svc.Access.Users(w.t.Context(), w.provider)
	require.NoError(w.t, err)
	return users[len(users)-1].ID
}

// sell makes a sale of the imported product; its mapping is missing.
func (w *world) sell(a service.Actor) int64 {
	w.t.Helper()
	ctx := w.t.Context()
	page, _, err := w.svc.Catalogue.ProductPage(ctx, a, catalogue.ProductSearch{Imported: new(true)})
	require.NoError(w.t, err)
	id, err := w.svc.Sales.CreateSale(ctx, a, sales.CreateSaleInput{FlowType: "default", FlowIdentifier: "energie", Body: order(page.Rows[0].ID)})
	require.NoError(w.t, err)
	return id
}

func order(product int64) map[string]any {
	body := map[string]any{"transaction_type": "order", "product_id": fmt.Sprint(product), "business": "0", "questionData": map[string]any{"betaalwijze": "Incasso"}, "agreements": map[string]any{"voorwaarden": "1"}}
	for _, name := range linking.RequiredFields {
		body[name] = dbtest.Filled(name)
	}
	body["email"], body["birthdate"], body["lastname"] = "klant@voorbeeld.example", "01-02-1980", "O'Hara-Çelik"
	return body
}
