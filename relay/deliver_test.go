package relay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/service/catalogue"
	"koppel/server/service/services"
	"koppel/states"
	"koppel/workflows"
)

var errDown = errors.New("not taken")

// What a commit wants moved never holds back what other environments may read: also while Temporal does not answer,
// a product that changes can be read through a change cursor.
func TestACursorMovesWhileTemporalDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := t.Context()
	w.links(2 * concurrency)
	asked := make(chan struct{}, 2*concurrency)
	deliver, stop := context.WithCancel(ctx)
	w.temporal.answer = func(context.Context, call) error {
		asked <- struct{}{}
		<-deliver.Done() // for as long as the test lasts, whatever the relay's patience
		return deliver.Err()
	}
	for i := range int64(2 * concurrency) {
		w.put(states.OutboxIntegration, i+1, states.SignalSettingsChanged)
	}
	var delivering sync.WaitGroup
	delivering.Go(func() { _, _ = w.deliver(deliver) })
	t.Cleanup(func() { stop(); delivering.Wait() })
	for range concurrency {
		<-asked
	}

	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	svc := services.New(service.Kernel{Store: w.Store, Vault: keys, Now: time.Now})
	b := service.Actor{EnvironmentID: 1, Account: "voltera", Role: states.RoleOwner}
	organisation, err := svc.Access.CreateOrganisation(ctx, b, access.OrganisationInput{Name: "A"})
	require.NoError(t, err)
	a := service.Actor{EnvironmentID: 1, Account: "voltera", Role: states.RoleAgent, OrganisationID: &organisation.ID}
	_, cursor, _, _, err := svc.Catalogue.ProductChanges(ctx, a, service.Cursor{})
	require.NoError(t, err)
	product, err := svc.Catalogue.CreateProduct(ctx, b, catalogue.ProductInput{Active: true, Content: linking.ProductContent{Name: "Wandelstroom", Identifier: "wandel", Type: "energy_e"}})
	require.NoError(t, err)
	_, err = svc.Catalogue.GrantProducts(ctx, b, organisation.ID, []int64{product.ID})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		page, _, _, _, err := svc.Catalogue.ProductChanges(ctx, a, cursor)
		return err == nil && len(page) == 1 && page[0].ID == product.ID
	}, 30*time.Second, 10*time.Millisecond)
	require.Empty(t, w.temporal.taken(), "and Temporal has not answered yet")
}

// Whatever Temporal refuses and however often, every row is delivered, each subject's in order, and nothing is left.
func TestEverythingIsDeliveredInOrderWhateverIsRefused(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.links(9)
			random := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			w.temporal.answer = func(context.Context, call) error {
				mu.Lock()
				defer mu.Unlock()
				if random.IntN(3) == 0 {
					return errDown
				}
				return nil
			}
			put, got := map[string][]string{}, map[string][]string{}
			for round := 0; round < 200 && (round < 20 || w.left() != "0"); round++ {
				for range 10 {
					if round >= 20 {
						break
					}
					mu.Lock()
					link := random.Int64N(9) + 1
					mu.Unlock()
					id := workflows.IntegrationID(1, link)
					signal := fmt.Sprint("signal ", len(put[id]))
					w.put(states.OutboxIntegration, link, states.Signal(signal))
					put[id] = append(put[id], signal)
				}
				w.deliverAll()
				for _, c := range w.temporal.taken() {
					got[c.workflow] = append(got[c.workflow], string(c.signal))
				}
				w.clock = w.clock.Add(time.Second)
			}
			require.Equal(t, "0", w.left())
			require.Equal(t, put, got)
		})
	}
}

// A row that waits for its next try is not overtaken by a later one of the same subject; others go on.
func TestARefusedRowHoldsBackItsOwnSubjectOnly(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.links(2)
	w.temporal.answer = func(_ context.Context, c call) error {
		if c.signal == states.SignalSettingsChanged {
			return errDown
		}
		return nil
	}
	w.put(states.OutboxIntegration, 1, states.SignalSettingsChanged)
	require.Equal(t, 1, w.deliverAll())
	w.put(states.OutboxIntegration, 1, states.SignalSyncNow)
	w.put(states.OutboxIntegration, 2, states.SignalSyncNow)
	require.Equal(t, 1, w.deliverAll())
	require.Equal(t, []call{{"signal-with-start", workflows.IntegrationID(1, 2), states.SignalSyncNow}}, w.temporal.taken())
	w.temporal.answer = nil
	w.clock = w.clock.Add(againAfter)
	require.Equal(t, 2, w.deliverAll())
	require.Equal(t, []call{
		{"signal-with-start", workflows.IntegrationID(1, 1), states.SignalSettingsChanged}, {"signal-with-start", workflows.IntegrationID(1, 1), states.SignalSyncNow},
	}, w.temporal.taken())
}

// A relay that took rows and died keeps them for as long as its lease lasts, and no longer.
func TestWhatACrashTookIsDeliveredWhenTheLeaseRunsOut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.links(1)
	w.put(states.OutboxIntegration, 1, states.SignalSyncNow)
	require.NoError(t, w.Store.WithSystemTx(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.SystemOutboxTake(t.Context(), db.SystemOutboxTakeParams{LeaseUntil: w.clock.Add(leaseTime), Now: w.clock, PageSize: batchSize})
		require.Len(t, rows, 1)
		return err
	}))
	w.clock = w.clock.Add(leaseTime - time.Second)
	require.Zero(t, w.deliverAll())
	w.clock = w.clock.Add(time.Second)
	require.Equal(t, 1, w.deliverAll())
	require.Len(t, w.temporal.taken(), 1)
	require.Equal(t, "0", w.left())
}

// A relay that is so slow that its lease ran out leaves alone what another one has taken since.
func TestASlowRelayLeavesWhatAnotherTook(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.links(1)
	asked, answer := make(chan struct{}), make(chan struct{})
	w.temporal.answer = func(context.Context, call) error {
		close(asked)
		<-answer
		return nil
	}
	w.put(states.OutboxIntegration, 1, states.SignalSyncNow)
	var slow sync.WaitGroup
	slow.Go(func() { w.deliverAll() })
	<-asked
	later := w.clock.Add(2 * leaseTime)
	other := &Relay{Store: dbtest.Open(t, w.database), Log: zap.NewNop(), Now: func() time.Time { return later }, Client: &fakeTemporal{answer: func(context.Context, call) error { return errDown }}}
	taken, err := other.deliver(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, taken)
	close(answer)
	slow.Wait()
	require.Equal(t, "1", w.left(), "the other one's: it is tried again")
}

// Who stops gives back what Temporal did not take: the next one need not wait for the lease.
func TestStoppingGivesBackWhatWasTaken(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.links(40)
	ctx, stop := context.WithCancel(t.Context())
	w.temporal.answer = func(ctx context.Context, _ call) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	}
	for i := range int64(40) {
		w.put(states.OutboxIntegration, i+1, states.SignalSyncNow)
	}
	_, err := w.deliver(ctx)
	require.NoError(t, err)
	w.temporal.answer = nil
	require.Equal(t, 40, w.deliverAll())
	require.Len(t, w.temporal.taken(), 40)
}

// Temporal is called for many subjects at once, and once for rows that ask for the same.
func TestManyAtOnceAndTheSameOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.links(concurrency)
	var all sync.WaitGroup
	all.Add(concurrency)
	w.temporal.answer = func(context.Context, call) error {
		all.Done()
		all.Wait() // the first one waits for the last
		return nil
	}
	for range 3 {
		for i := range int64(concurrency) {
			w.put(states.OutboxIntegration, i+1, states.SignalSyncNow)
		}
	}
	require.Equal(t, 3*concurrency, w.deliverAll())
	require.Len(t, w.temporal.taken(), concurrency)
	require.Equal(t, "0", w.left())
}
