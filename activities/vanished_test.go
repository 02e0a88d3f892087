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
	"koppel/internal/vault"
	"koppel/partner"
	"koppel/salesdock"
	"koppel/salesdock/practice"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/server/service/services"
	"koppel/states"
)

// syncing takes a stock partner's products over, run by run, as the workflow does.
type syncing struct {
	t       *testing.T
	partner *practice.Partner
	acts    *activities.Partner
	records *activities.Records
	svc     *services.Services
	actor   service.Actor
	id      int64
	ahead   time.Duration
}

func newSyncing(t *testing.T, products int, policy string) *syncing {
	t.Helper()
	s := &syncing{t: t}
	clock := func() time.Time { return time.Now().Add(s.ahead) }
	s.partner = practice.New(practice.Config{Account: "b", Products: products, Now: clock})
	server := httptest.NewServer(s.partner)
	t.Cleanup(server.Close)
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	store, transport := dbtest.New(t), salesdock.NewTransport([]string{"127.0.0.1"}, nil)
	s.svc = services.New(service.Kernel{Store: store, Vault: keys, Transport: transport, PublicURL: "http://us.example", Now: clock})
	s.acts = &activities.Partner{Store: store, Vault: keys, Transport: transport, Budget: partner.NewBudget(store, zap.NewNop(), clock), Log: zap.NewNop(), Now: clock}
	s.records = &activities.Records{Store: store, Now: clock}
	made, err := s.svc.Access.CreateEnvironment(t.Context(), "acme", "Acme", "o@acme.example", states.Dutch)
	require.NoError(t, err)
	env, err := s.svc.Access.Environment(t.Context(), made.Account)
	require.NoError(t, err)
	s.actor = service.Actor{EnvironmentID: env.ID, Account: env.Account, Language: states.Dutch, UserID: 1, Role: states.RoleOwner}
	row, _, err := s.svc.Integrations.CreateIntegration(t.Context(), s.actor, service.Connection{AccountName: "b", BaseURL: server.URL, Token: s.partner.Token()})
	require.NoError(t, err)
	s.id = row.ID
	_, err = s.svc.Integrations.UpdateIntegration(t.Context(), s.actor, s.id, integrations.IntegrationPatch{Settings: []byte(`{"vanished_products": "` + policy + `"}`)})
	require.NoError(t, err)
	require.Equal(t, states.RunDone, s.run())
	offered, err := s.svc.Integrations.OfferedProducts(t.Context(), s.actor, s.id)
	require.NoError(t, err)
	ids := []int64{}
	for _, p := range offered {
		ids = append(ids, p.PartnerProductID)
	}
	_, err = s.svc.Integrations.SelectProducts(t.Context(), s.actor, s.id, integrations.Selection{Products: ids})
	require.NoError(t, err)
	require.Equal(t, states.RunDone, s.run())
	require.Len(t, s.selling(), products)
	return s
}

// run makes one sync run and says how it ended.
func (s *syncing) run() states.RunState {
	s.t.Helper()
	ctx := s.t.Context()
	queued, err := s.svc.Integrations.SyncNow(ctx, s.actor, s.id)
	require.NoError(s.t, err)
	in := activities.RunInput{EnvironmentID: s.actor.EnvironmentID, IntegrationID: s.id, RunID: queued.ID}
	begun, err := s.records.BeginSync(ctx, in)
	require.NoError(s.t, err)
	require.False(s.t, begun.Done)
	state := states.RunDone
	if err := s.fetchAndApply(in, &state); err != nil {
		state = states.RunFailed
	}
	require.NoError(s.t, s.records.FinishSync(ctx, activities.FinishInput{RunInput: in, State: state, Reason: "test"}))
	return state
}

func (s *syncing) fetchAndApply(in activities.RunInput, state *states.RunState) error {
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
			*state, apply.Hold = states.RunNeedsConfirmation, true
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
func TestNoMoodMakesAnOfferedProductVanish(t *testing.T) {
	t.Parallel()
	moods := []string{"", "", "truncated", "all-wrong-types", "empty-lists", "html-errors", "rows-twice", "throttled", "throttled-1015"}
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
				mood := moods[random.IntN(len(moods))]
				if mood == "" {
					require.NoError(t, s.partner.SetMoods(seed, nil))
				} else {
					require.NoError(t, s.partner.SetMoods(seed, map[string]float64{mood: 1}))
				}
				state := s.run()
				selling := s.selling()
				for id := range offered {
					require.True(t, selling[id], "seed %d, step %d, %q: %d is offered and cannot be sold", seed, step, mood, id)
				}
				if state == states.RunDone && mood == "" {
					require.Equal(t, offered, selling, "seed %d, step %d: a sound look", seed, step)
				}
			}
		})
	}
}

// The brake holds what vanished, and nothing else: additions and changed tariffs are taken over, at each policy. Where
// nothing is removed it does not brake at all. What waits goes with a person's word.
func TestTheBrakeHoldsRemovalsAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy string
		state  states.RunState
		gone   int64
		empty  bool
		left   int
	}{
		{"deactivate", states.RunNeedsConfirmation, 30, false, 10},
		{"delete", states.RunNeedsConfirmation, 30, false, 10},
		{"nothing", states.RunDone, 30, false, 40},
		{"deactivate", states.RunDone, 2, false, 38},
		{"delete", states.RunDone, 2, false, 38},
		{"nothing", states.RunDone, 2, false, 40},
		{"deactivate", states.RunNeedsConfirmation, 0, true, 0},
		{"delete", states.RunNeedsConfirmation, 0, true, 0},
		{"nothing", states.RunDone, 0, true, 40},
	} {
		t.Run(c.policy, func(t *testing.T) {
			t.Parallel()
			const products = 40
			s := newSyncing(t, products, c.policy)
			for n := range c.gone {
				s.partner.RemoveProducts(1000 + n)
			}
			if c.empty {
				require.NoError(t, s.partner.SetMoods(1, map[string]float64{"empty-lists": 1}))
			}
			s.partner.ChangeProduct(1039, func(p *practice.Product) { p.Name = "Nieuw tarief" })
			require.Equal(t, c.state, s.run(), "%+v", c)
			name := s.name(1039)
			require.Equal(t, !c.empty, name == "Nieuw tarief", "%+v: %s", c, name)
			if c.state != states.RunNeedsConfirmation {
				require.Len(t, s.selling(), c.left, "%+v", c)
				return
			}
			require.Len(t, s.selling(), products, "nothing goes without a person's word")
			s.ahead += time.Minute
			s.partner.ChangeProduct(1039, func(p *practice.Product) { p.Name = "Nog een" })
			require.Equal(t, c.state, s.run(), "asked again")
			require.Len(t, s.selling(), products)
			require.Equal(t, !c.empty, s.name(1039) == "Nog een")
			run, err := s.svc.Integrations.SyncRunLast(t.Context(), s.actor, s.id)
			require.NoError(t, err)
			require.NoError(t, s.svc.Integrations.ConfirmRun(t.Context(), s.actor, s.id, run.ID))
			require.Equal(t, states.RunDone, s.run())
			require.Len(t, s.selling(), c.left, "%+v", c)
		})
	}
}

// name gives a product's name as it is here.
func (s *syncing) name(partnerID int64) (name string) {
	s.t.Helper()
	require.NoError(s.t, s.svc.Store.WithTx(s.t.Context(), s.actor.EnvironmentID, func(tx *db.Tx) error {
		rows, err := tx.IntegrationProductsOf(s.t.Context(), s.actor.EnvironmentID, s.id)
		for _, r := range rows {
			if r.IntegrationProduct.PartnerProductID == partnerID && r.IntegrationProduct.LocalProductID != nil {
				products, err := tx.ProductsByIDs(s.t.Context(), s.actor.EnvironmentID, []int64{*r.IntegrationProduct.LocalProductID})
				require.NoError(s.t, err)
				name = products[0].Content.Name
			}
		}
		return err
	}))
	return name
}

// A product that is changed between the list and its detail is followed, by this run or the next, whatever zone the list
// and the detail write in; and one that stays as it is is not read again.
func TestAProductThatChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	for _, mood := range []string{"", "account-in-utc", "rows-in-utc"} {
		s := newSyncing(t, 3, "nothing")
		if mood != "" {
			require.NoError(t, s.partner.SetMoods(1, map[string]float64{mood: 1}))
		}
		s.ahead += time.Hour
		require.Equal(t, states.RunDone, s.run())
		before := s.partner.Requests()
		require.Equal(t, states.RunDone, s.run())
		require.Equal(t, 1, s.partner.Requests()-before, "%s: the list alone", mood)

		s.partner.ChangeProduct(1001, func(p *practice.Product) { p.Tariff = "0.30000" })
		queued, err := s.svc.Integrations.SyncNow(t.Context(), s.actor, s.id)
		require.NoError(t, err)
		in := activities.RunInput{EnvironmentID: s.actor.EnvironmentID, IntegrationID: s.id, RunID: queued.ID}
		_, err = s.records.BeginSync(t.Context(), in)
		require.NoError(t, err)
		_, err = s.acts.ListProducts(t.Context(), in)
		require.NoError(t, err)
		s.partner.ChangeProduct(1001, func(p *practice.Product) { p.Tariff = "0.31000" })
		detail, err := s.acts.FetchNextDetail(t.Context(), activities.DetailInput{RunInput: in})
		require.NoError(t, err)
		require.Equal(t, int64(1001), detail.After)
		s.partner.ChangeProduct(1001, func(p *practice.Product) { p.Tariff = "0.32000" })
		require.NoError(t, s.records.FinishSync(t.Context(), activities.FinishInput{RunInput: in, State: states.RunDone}))
		require.Equal(t, states.RunDone, s.run())
		require.NoError(t, s.svc.Store.WithTx(t.Context(), s.actor.EnvironmentID, func(tx *db.Tx) error {
			rows, err := tx.IntegrationProductsOf(t.Context(), s.actor.EnvironmentID, s.id)
			require.Contains(t, string(rows[1].IntegrationProduct.Content.Canonical()), `"tariff_single":"0.32000"`, mood)
			return err
		}))
	}
}
