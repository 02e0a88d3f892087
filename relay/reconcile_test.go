package relay

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db/dbtest"
	"koppel/states"
	"koppel/workflows"
)

// What runs is not started again: Temporal is asked a page at a time, and only what is missing is started.
func TestReconcileFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const many = 250
	w.links(many)
	w.temporal.runs = map[string]bool{}
	missing := []int64{7, 101, 250}
	for n := int64(1); n <= many; n++ {
		w.temporal.runs[workflows.IntegrationID(1, n)] = true
	}
	for _, n := range missing {
		delete(w.temporal.runs, workflows.IntegrationID(1, n))
	}
	passed, err := w.Reconcile(t.Context())
	require.NoError(t, err)
	require.Contains(t, passed, Reconciled{Kind: states.OutboxIntegration, Looked: many, Started: len(missing)})
	require.Len(t, w.temporal.taken(), len(missing))
	require.Equal(t, 3, w.temporal.asked, "a question a page")
}

// One process at a time reconciles, and not again within two minutes; one that died in the middle holds nobody up for longer
// than its lease.
func TestOneReconcilesAtATime(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.links(1)
	other := &Relay{Store: dbtest.Open(t, w.database), Client: &fakeTemporal{}, Log: zap.NewNop(), Now: time.Now}
	inTheMiddle, goOn := make(chan struct{}), make(chan struct{})
	w.temporal.listing = func() { close(inTheMiddle); <-goOn }
	ended := make(chan error, 1)
	go func() { _, err := w.Reconcile(t.Context()); ended <- err }()
	<-inTheMiddle
	_, err := other.Reconcile(t.Context())
	require.ErrorIs(t, err, ErrHeld)
	close(goOn)
	require.NoError(t, <-ended)
	_, err = other.reconcileInTurn(t.Context(), 2*time.Minute, false)
	require.ErrorIs(t, err, ErrHeld, "it was done a moment ago")
	_, err = other.Reconcile(t.Context())
	require.NoError(t, err, "whoever asks for it gets it")

	died, taken, err := other.takeLease(t.Context(), leaseReconcile, 0)
	require.NoError(t, err)
	require.True(t, taken)
	w.temporal.listing = nil
	_, err = w.Reconcile(t.Context())
	require.ErrorIs(t, err, ErrHeld)
	dbtest.Exec(t, w.database, "UPDATE leases SET until = now() - interval '1 second'")
	_, err = w.Reconcile(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, died.keep(t.Context()), errLeaseLost, "who was thought dead does not go on beside it")
}
