package activities_test

import (
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/activities"
	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/budget"
	"koppel/internal/vault"
	"koppel/salesdock"
	"koppel/salesdock/practice"
	"koppel/server/service"
)

// syncing takes a stock partner's products over, run by run, as the workflow does.
type syncing struct {
	t       *testing.T
	partner *practice.Partner
	acts    *activities.Partner
	records *activities.Records
	svc     *service.Service
	actor   service.Actor
	id      int64
	ahead   time.Duration
}

func newSyncing(t *testing.T, products int, policy string) *syncing {
	t.Helper()
	s := &syncing{t: t, partner: practice.New(practice.Config{Account: "b", Products: products})}
	server := httptest.NewServer(s.partner)
	t.Cleanup(server.Close)
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	store, transport := dbtest.New(t), salesdock.NewTransport([]string{"127.0.0.1"})
	clock := func() time.Time { return time.Now().Add(s.ahead) }
	s.svc = &service.Service{Store: store, Vault: keys, Transport: transport, PublicURL: "http://us.example", Now: clock}
	s.acts = &activities.Partner{Store: store, Vault: keys, Transport: transport, Budget: budget.New(store, zap.NewNop(), clock), Log: zap.NewNop(), Now: clock}
	s.records = &activities.Records{Store: store, Now: clock}
	made, err := s.svc.CreateEnvironment(t.Context(), "acme", "Acme", "o@acme.example", "nl")
	require.NoError(t, err)
	env, err := s.svc.Environment(t.Context(), made.Account)
	require.NoError(t, err)
	s.actor = service.Actor{EnvironmentID: env.ID, Account: env.Account, Language: "nl", UserID: 1, Role: "owner"}
	row, _, err := s.svc.CreateIntegration(t.Context(), s.actor, service.Connection{AccountName: "b", BaseURL: server.URL, Token: s.partner.Token()})
	require.NoError(t, err)
	s.id = row.ID
	_, err = s.svc.UpdateIntegration(t.Context(), s.actor, s.id, service.IntegrationPatch{Settings: []byte(`{"vanished_products": "` + policy + `"}`)})
	require.NoError(t, err)
	require.Equal(t, "done", s.run())
	offered, err := s.svc.OfferedProducts(t.Context(), s.actor, s.id)
	require.NoError(t, err)
	ids := []int64{}
	for _, p := range offered {
		ids = append(ids, p.PartnerProductID)
	}
	_, err = s.svc.SelectProducts(t.Context(), s.actor, s.id, service.Selection{Products: ids})
	require.NoError(t, err)
	require.Equal(t, "done", s.run())
	require.Len(t, s.selling(), products)
	return s
}

// run makes one sync run and says how it ended.
func (s *syncing) run() string {
	s.t.Helper()
	ctx := s.t.Context()
	queued, err := s.svc.SyncNow(ctx, s.actor, s.id)
	require.NoError(s.t, err)
	in := activities.RunInput{EnvironmentID: s.actor.EnvironmentID, IntegrationID: s.id, RunID: queued.ID}
	begun, err := s.records.BeginSync(ctx, in)
	require.NoError(s.t, err)
	require.False(s.t, begun.Done)
	state := "done"
	if err := s.fetchAndApply(in, &state); err != nil {
		state = "failed"
	}
	require.NoError(s.t, s.records.FinishSync(ctx, activities.FinishInput{RunInput: in, State: state, Reason: "test"}))
	return state
}

func (s *syncing) fetchAndApply(in activities.RunInput, state *string) error {
	ctx := s.t.Context()
	list, err := s.acts.ListProducts(ctx, in)
	if err != nil {
		return err
	}
	for detail := (activities.DetailResult{More: true}); detail.More; {
		if detail, err = s.acts.FetchNextDetail(ctx, activities.DetailInput{RunInput: in, After: detail.After}); err != nil {
			return err
		}
	}
	for apply := (activities.ApplyInput{RunInput: in, Complete: list.Full, Seen: list.Rows}); ; {
		batch, err := s.records.ApplyProducts(ctx, apply)
		if err != nil {
			return err
		}
		if batch.Braked {
			*state = "needs_confirmation"
		}
		if !batch.More {
			return nil
		}
		apply.After = batch.After
	}
}

// selling gives the partner's numbers of the products that can be sold here.
func (s *syncing) selling() map[int64]bool {
	s.t.Helper()
	selling := map[int64]bool{}
	require.NoError(s.t, s.svc.Store.WithTx(s.t.Context(), s.actor.EnvironmentID, func(tx *db.Tx) error {
		rows, err := tx.IntegrationProductsOf(s.t.Context(), s.actor.EnvironmentID, s.id)
		for _, r := range rows {
			if r.LocalActive != nil && *r.LocalActive && r.LocalDeletedAt == nil {
				selling[r.IntegrationProduct.PartnerProductID] = true
			}
		}
		return err
	}))
	return selling
}

// Whatever goes wrong at the partner, in whatever order: what it still offers is never taken away, and what it took
// away is gone after the next sound look.
func TestNoFaultMakesAnOfferedProductVanish(t *testing.T) {
	t.Parallel()
	faults := []practice.Faults{
		{}, {}, {Truncated: true}, {WrongTypes: true}, {EmptyLists: true}, {HTMLErrors: true}, {DuplicateRows: true}, {MovingPages: true}, {Throttle: "429"}, {Throttle: "1015"},
	}
	for seed := range uint64(12) {
		policy := []string{"deactivate", "delete"}[seed%2]
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			const products = 30
			s := newSyncing(t, products, policy)
			offered := map[int64]bool{}
			for n := range int64(products) {
				offered[1000+n] = true
			}
			for step := range 10 {
				s.ahead += time.Hour // a circuit that opened is probed
				if random.IntN(3) == 0 {
					gone := 1000 + random.Int64N(products)
					s.partner.RemoveProducts(gone)
					delete(offered, gone)
				}
				fault := faults[random.IntN(len(faults))]
				s.partner.SetFaults(fault)
				state := s.run()
				selling := s.selling()
				for id := range offered {
					require.True(t, selling[id], "seed %d, step %d, %+v: %d is offered and cannot be sold", seed, step, fault, id)
				}
				if state == "done" && fault == (practice.Faults{}) {
					require.Equal(t, offered, selling, "seed %d, step %d: a sound look", seed, step)
				}
			}
		})
	}
}
