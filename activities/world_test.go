package activities_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"koppel/activities"
	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/linking"
	"koppel/partner"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/catalogue"
	"koppel/server/service/integrations"
	"koppel/server/service/sales"
	"koppel/server/service/services"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// world is a reseller with one sale on its way to a fake partner.
type world struct {
	t       *testing.T
	partner *fakePartner
	svc     *services.Services
	acts    *activities.Partner
	actor   service.Actor
	row     db.Integration
	in      activities.SendSaleInput
	ahead   time.Duration // of the clock

	database, key string
}

func setup(t *testing.T, koppel bool) *world {
	t.Helper()
	partner := &fakePartner{koppel: koppel}
	w := setupAt(t, partner)
	w.partner = partner
	return w
}

func setupAt(t *testing.T, theirs http.Handler) *world {
	t.Helper()
	w := &world{t: t, database: dbtest.URL(t), key: vault.NewKey("k1")}
	server := httptest.NewServer(theirs)
	t.Cleanup(server.Close)
	keys, err := vault.New(w.key)
	require.NoError(t, err)
	store, transport := dbtest.Open(t, w.database), salesdock.NewTransport([]string{"127.0.0.1"}, nil)
	clock := func() time.Time { return time.Now().Add(w.ahead) }
	w.svc = services.New(service.Kernel{Store: store, Vault: keys, Transport: transport, PublicURL: "http://us.example", Now: clock})
	w.acts = &activities.Partner{
		Store: store, Vault: keys, Transport: transport, PublicURL: "http://us.example", Budget: partner.NewBudget(store, zap.NewNop(), clock), Log: zap.NewNop(), Now: clock,
	}
	made, err := w.svc.Access.CreateEnvironment(t.Context(), "acme", "Acme", "o@acme.example", states.Dutch)
	require.NoError(t, err)
	env, err := w.svc.Access.Environment(t.Context(), made.Account)
	require.NoError(t, err)
	w.actor = service.Actor{EnvironmentID: env.ID, Account: env.Account, Language: states.Dutch, UserID: 1, Role: states.RoleOwner}
	w.row, _, err = w.svc.Integrations.CreateIntegration(t.Context(), w.actor, service.Connection{AccountName: "b", BaseURL: server.URL, Token: "t"})
	require.NoError(t, err)
	w.importAndMap()
	w.in = activities.SendSaleInput{EnvironmentID: env.ID, ForwardingID: w.sell().ID}
	return w
}

// freshBudget is one that knows nothing yet of how partners fared.
func (w *world) freshBudget() *partner.Budget {
	return partner.NewBudget(w.svc.Store, zap.NewNop(), w.svc.Now)
}

func (w *world) tx(fn func(*db.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.svc.Store.WithTx(w.t.Context(), w.actor.EnvironmentID, fn))
}

func (w *world) importAndMap() {
	w.t.Helper()
	ctx, env, id, now := w.t.Context(), w.actor.EnvironmentID, w.row.ID, time.Now()
	flow, err := w.svc.Catalogue.SaveFlow(ctx, w.actor, 0, linking.Flow{Title: "F", Type: "energie", Identifier: "e", TransactionType: states.EverySaleType})
	require.NoError(w.t, err)
	w.tx(func(tx *db.Tx) error {
		run, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{EnvironmentID: env, IntegrationID: id, Trigger: states.RunBySchedule, Now: now})
		require.NoError(w.t, err)
		content := linking.ProductContent{Name: "Stroom", Type: "energy_e"}
		_, err = tx.IntegrationProductStage(ctx, db.IntegrationProductStageParams{
			EnvironmentID: env, IntegrationID: id, Ids: []int64{70}, Contents: [][]byte{content.Canonical()}, Owns: [][]byte{[]byte("{}")}, Hashes: [][]byte{content.Hash()}, Updated: []string{""}, RunID: run.ID, Now: now,
		})
		require.NoError(w.t, err)
		require.NoError(w.t, tx.ProductImport(ctx, db.ProductImportParams{EnvironmentID: env, IntegrationID: id, Ids: []int64{70}, RunID: run.ID, Now: now}))
		_, err = ledger.SaveSetupPart(ctx, tx, env, id, linking.PartFlows, []linking.Flow{{ID: 5, Type: "energie", Identifier: "theirs"}}, now)
		require.NoError(w.t, err)
		return tx.FlowMappingInsert(ctx, db.FlowMappingInsertParams{EnvironmentID: env, IntegrationID: id, FlowID: flow.ID, PartnerFlowID: 5})
	})
	_, err = w.svc.Integrations.UpdateIntegration(ctx, w.actor, id, integrations.IntegrationPatch{Settings: json.RawMessage(`{"forwarding": {"enabled": true, "automatic": true, "statuses": "all"}}`)})
	require.NoError(w.t, err)
}

func (w *world) sellOnly() int64 {
	w.t.Helper()
	return w.sellTo("jan@voorbeeld.example", "Jansen", "01-02-1980")
}

// sellTo sells to a customer.
func (w *world) sellTo(email, lastname, birthdate string) int64 {
	w.t.Helper()
	products, err := w.svc.Catalogue.Products(w.t.Context(), w.actor, catalogue.ProductFilter{Account: true})
	require.NoError(w.t, err)
	body := map[string]any{"transaction_type": "order", "product_id": fmt.Sprint(products[0].ID), "business": "0", "questionData": map[string]any{}, "agreements": map[string]any{}}
	for _, field := range linking.RequiredFields {
		body[field] = dbtest.Filled(field)
	}
	body["email"], body["birthdate"], body["lastname"] = email, birthdate, lastname
	sale, err := w.svc.Sales.CreateSale(w.t.Context(), w.actor, sales.CreateSaleInput{FlowType: "energie", FlowIdentifier: "e", Body: body})
	require.NoError(w.t, err)
	return sale
}

func (w *world) sell() db.Forwarding {
	w.t.Helper()
	return w.forwardingOf(w.sellOnly())
}

func (w *world) forwardingOf(sale int64) db.Forwarding {
	w.t.Helper()
	var f db.Forwarding
	w.tx(func(tx *db.Tx) (err error) {
		f, err = tx.ForwardingOfSale(w.t.Context(), db.ForwardingOfSaleParams{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID, SaleID: sale})
		return err
	})
	return f
}

func (w *world) send() (activities.SendSaleResult, error) {
	return w.acts.SendSale(w.t.Context(), w.in)
}

func (w *world) forwarding() (f db.Forwarding) {
	w.t.Helper()
	f, _, err := w.svc.Sales.Forwarding(w.t.Context(), w.actor, w.in.ForwardingID)
	require.NoError(w.t, err)
	return f
}

func (w *world) requireReason(err error, reason states.Reason) {
	w.t.Helper()
	var ours *temporal.ApplicationError
	require.ErrorAs(w.t, err, &ours)
	require.Equal(w.t, string(reason), ours.Type())
}

func (w *world) integration() activities.IntegrationInput {
	return activities.IntegrationInput{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID}
}

func (w *world) hint(products, sales bool) int64 {
	var count int64
	w.tx(func(tx *db.Tx) (err error) {
		count, err = tx.IntegrationHint(w.t.Context(), db.IntegrationHintParams{EnvironmentID: w.actor.EnvironmentID, ID: w.row.ID, Products: products, Sales: sales})
		return err
	})
	return count
}
