// Package servicetest gives a test of a room of the service what it works on: an environment on a real database, a shop in
// it, and a link to a partner. Nothing goes over HTTP, but what is asked of the partner.
package servicetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/service/catalogue"
	"koppel/server/service/integrations"
	"koppel/server/service/sales"
	"koppel/server/service/services"
	"koppel/states"
)

// World is the service over a database of its own, with an environment in it.
type World struct {
	*services.Services
	T        *testing.T
	Database string // its address, for its owner
	Key      string // that it seals with, as it is configured
	Owner    service.Actor
	Ahead    time.Duration // of the clock
}

// New makes an environment, acme.
func New(t *testing.T) *World {
	t.Helper()
	w := &World{T: t, Database: dbtest.URL(t), Key: vault.NewKey("k1")}
	keys, err := vault.New(w.Key)
	require.NoError(t, err)
	w.Services = services.New(service.Kernel{
		Store: dbtest.Open(t, w.Database), Vault: keys, Transport: salesdock.NewTransport([]string{"127.0.0.1"}, nil), PublicURL: "http://us.example",
		Now: func() time.Time { return time.Now().Add(w.Ahead) },
	})
	w.Owner = w.Environment("acme")
	return w
}

// Environment makes one, and gives its owner.
func (w *World) Environment(account string) service.Actor {
	w.T.Helper()
	made, err := w.Access.CreateEnvironment(w.T.Context(), account, account, "owner@"+account+".example", states.Dutch)
	require.NoError(w.T, err)
	env, err := w.Access.Environment(w.T.Context(), made.Account)
	require.NoError(w.T, err)
	owner := service.Actor{EnvironmentID: env.ID, Account: env.Account, Language: env.Language, Role: states.RoleOwner}
	users, err := w.Access.Users(w.T.Context(), owner)
	require.NoError(w.T, err)
	owner.UserID = users[0].ID
	return owner
}

// Tx runs a transaction in the environment.
func (w *World) Tx(fn func(*db.Tx) error) {
	w.T.Helper()
	require.NoError(w.T, w.Store.WithTx(w.T.Context(), w.Owner.EnvironmentID, fn))
}

// Refused demands a refusal with this sentence.
func (w *World) Refused(key string, err error) *service.Error {
	w.T.Helper()
	var refusal *service.Error
	require.ErrorAs(w.T, err, &refusal)
	require.Equal(w.T, key, refusal.Key)
	return refusal
}

// RefusedField demands a refusal that says this sentence at this field.
func (w *World) RefusedField(field, key string, err error) {
	w.T.Helper()
	var refusal *service.Error
	require.ErrorAs(w.T, err, &refusal)
	require.Contains(w.T, refusal.Fields, field)
	require.Equal(w.T, key, refusal.Fields[field].Key)
}

// Shop is an environment that sells a product through a flow, with an agent of an organisation that may sell it.
type Shop struct {
	*World
	Product, Flow, Organisation int64
	Agent                       service.Actor
}

// NewShop makes one.
func NewShop(t *testing.T) *Shop {
	t.Helper()
	s := &Shop{World: New(t)}
	ctx := t.Context()
	product, err := s.Catalogue.CreateProduct(ctx, s.Owner, catalogue.ProductInput{Content: linking.ProductContent{Name: "Stroom", Identifier: "stroom", Type: "energy_e"}, Active: true})
	require.NoError(t, err)
	flow, err := s.Catalogue.SaveFlow(ctx, s.Owner, 0, linking.Flow{Title: "Energie", Type: "energie", Identifier: "e", TransactionType: states.EverySaleType})
	require.NoError(t, err)
	organisation, err := s.Access.CreateOrganisation(ctx, s.Owner, access.OrganisationInput{Name: "Partner"})
	require.NoError(t, err)
	s.Product, s.Flow, s.Organisation = product.ID, flow.ID, organisation.ID
	_, err = s.Catalogue.GrantProducts(ctx, s.Owner, s.Organisation, []int64{s.Product})
	require.NoError(t, err)
	_, err = s.Catalogue.GrantFlows(ctx, s.Owner, s.Organisation, []int64{s.Flow})
	require.NoError(t, err)
	s.Agent = s.User("agent@partner.example", states.RoleAgent)
	return s
}

// User makes a user of the organisation.
func (s *Shop) User(email string, role states.Role) service.Actor {
	s.T.Helper()
	user, err := s.Access.CreateUser(s.T.Context(), s.Owner, access.UserInput{Email: email, Role: role, OrganisationID: &s.Organisation})
	require.NoError(s.T, err)
	actor := s.Owner
	actor.UserID, actor.Role, actor.OrganisationID = user.ID, role, user.OrganisationID
	return actor
}

// Order is a sale that can be made.
func (s *Shop) Order(product int64) map[string]any {
	body := map[string]any{
		"transaction_type": string(states.SaleOrder), "product_id": fmt.Sprint(product), "business": "0", "questionData": map[string]any{}, "agreements": map[string]any{},
	}
	for _, field := range linking.RequiredFields {
		body[field] = dbtest.Filled(field)
	}
	body["email"], body["birthdate"] = "jan@voorbeeld.example", "01-02-1980"
	return body
}

// Create makes a sale of a body.
func (s *Shop) Create(a service.Actor, body map[string]any) (int64, error) {
	return s.Sales.CreateSale(s.T.Context(), a, sales.CreateSaleInput{FlowType: "energie", FlowIdentifier: "e", Body: body})
}

// Sell sells a product.
func (s *Shop) Sell(a service.Actor, product int64) int64 {
	s.T.Helper()
	sale, err := s.Create(a, s.Order(product))
	require.NoError(s.T, err)
	return sale
}

// Link is a link of the shop to a stock account, with a product that was imported over it and a flow that is mapped.
type Link struct {
	db.Integration
	Product int64 // ours
}

// Linked has another environment sell through a user of ours.
func (w *World) Linked(user service.Actor, account string) db.IncomingLink {
	w.T.Helper()
	link, err := w.Incoming.PutLink(w.T.Context(), user, salesdock.Link{Account: account, BaseURL: "https://" + account + ".example", LinkKey: account, Secret: "geheim"})
	require.NoError(w.T, err)
	return link
}

// stockAccount answers as an account that is there, and says nothing else.
func stockAccount(w http.ResponseWriter, r *http.Request) {
	status := http.StatusNotFound
	if strings.HasSuffix(r.URL.Path, "/statuses") {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"success": status == http.StatusOK, "data": []any{}, "message": "", "code": status})
}

// Link makes one whose sales go by themselves.
func (s *Shop) Link() Link {
	s.T.Helper()
	ctx, env := s.T.Context(), s.Owner.EnvironmentID
	server := httptest.NewServer(http.HandlerFunc(stockAccount))
	s.T.Cleanup(server.Close)
	row, _, err := s.Integrations.CreateIntegration(ctx, s.Owner, service.Connection{AccountName: "b", BaseURL: server.URL, Token: "t"})
	require.NoError(s.T, err)
	s.Import(row.ID, 70, linking.ProductContent{Name: "Gas", Identifier: "gas", Type: "energy_g"})
	s.Tx(func(tx *db.Tx) error {
		_, err := ledger.SaveSetupPart(ctx, tx, env, row.ID, linking.PartFlows, []linking.Flow{{ID: 5, Type: "energie", Identifier: "theirs"}}, s.Now())
		require.NoError(s.T, err)
		return tx.FlowMappingInsert(ctx, db.FlowMappingInsertParams{EnvironmentID: env, IntegrationID: row.ID, FlowID: s.Flow, PartnerFlowID: 5})
	})
	settings := json.RawMessage(`{"forwarding": {"enabled": true, "automatic": true, "statuses": "all"}}`)
	row, err = s.Integrations.UpdateIntegration(ctx, s.Owner, row.ID, integrations.IntegrationPatch{Settings: settings})
	require.NoError(s.T, err)
	page, _, err := s.Catalogue.ProductPage(ctx, s.Owner, catalogue.ProductSearch{Imported: new(true)})
	require.NoError(s.T, err)
	return Link{row, page.Rows[0].ID}
}

// Import has a link offer a product, and imports it.
func (s *Shop) Import(integration, partnerProduct int64, content linking.ProductContent) {
	s.T.Helper()
	ctx, env := s.T.Context(), s.Owner.EnvironmentID
	s.Tx(func(tx *db.Tx) error {
		run, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{EnvironmentID: env, IntegrationID: integration, Trigger: states.RunBySchedule, Now: s.Now()})
		require.NoError(s.T, err)
		_, err = tx.IntegrationProductStage(ctx, db.IntegrationProductStageParams{
			EnvironmentID: env, IntegrationID: integration, Ids: []int64{partnerProduct}, Contents: [][]byte{content.Canonical()}, Owns: [][]byte{[]byte("{}")}, Hashes: [][]byte{content.Hash()},
			Updated: []string{""}, RunID: run.ID, Now: s.Now(),
		})
		require.NoError(s.T, err)
		require.NoError(s.T, tx.ProductImport(ctx, db.ProductImportParams{EnvironmentID: env, IntegrationID: integration, Ids: []int64{partnerProduct}, RunID: run.ID, Now: s.Now()}))
		_, err = tx.SyncRunFinish(ctx, db.SyncRunFinishParams{EnvironmentID: env, ID: run.ID, State: states.RunDone, Now: new(s.Now())})
		return err
	})
}

// Forwarding is what became of a sale over a link.
func (s *Shop) Forwarding(link Link, sale int64) (f db.Forwarding) {
	s.T.Helper()
	s.Tx(func(tx *db.Tx) (err error) {
		f, err = tx.ForwardingOfSale(s.T.Context(), db.ForwardingOfSaleParams{EnvironmentID: s.Owner.EnvironmentID, IntegrationID: link.ID, SaleID: sale})
		return err
	})
	return f
}

// Sent has the partner take a sale: it is claimed, as when it is sent, and forwarded.
func (s *Shop) Sent(link Link, sale int64, partnerSaleID string) {
	s.T.Helper()
	f := s.Forwarding(link, sale)
	s.Tx(func(tx *db.Tx) error {
		claimed, err := tx.ForwardingClaim(s.T.Context(), db.ForwardingClaimParams{EnvironmentID: f.EnvironmentID, ID: f.ID, RequestSealed: []byte("x"), Now: s.Now()})
		require.NoError(s.T, err)
		count, err := ledger.RecordForwarded(s.T.Context(), tx, claimed, partnerSaleID, s.Now())
		require.EqualValues(s.T, 1, count)
		return err
	})
}
