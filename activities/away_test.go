package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"koppel/activities"
	"koppel/db"
	"koppel/db/dbtest"
	"koppel/states"
)

// While the database is away nothing begins, and what it was in the middle of is tried again a second later, however often
// that was before: all goes on when it is back. Nothing of it is logged for each activity.
func TestActivitiesWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	store := w.svc.Store
	ctx, stop := context.WithCancel(t.Context())
	changed, ended := make(chan bool, 2), make(chan struct{})
	go func() {
		defer close(ended)
		store.Watch(ctx, func(away bool, _ error) { changed <- away })
	}()
	t.Cleanup(func() { stop(); <-ended })
	r := newRecorded(t, w)
	ask := func(ctx context.Context) error { return store.WithSystemTx(ctx, func(*db.Tx) error { return nil }) }
	r.do = func(ctx context.Context) error {
		dbtest.Shut(t, w.database)
		return ask(ctx)
	}
	in := activities.OperationInput{EnvironmentID: r.actor.EnvironmentID}
	_, err := r.env.ExecuteActivity("AdvanceOperation", in)
	var away *temporal.ApplicationError
	require.ErrorAs(t, err, &away)
	require.Equal(t, string(states.ReasonAway), away.Type())
	require.Equal(t, time.Second, away.NextRetryDelay())
	require.True(t, <-changed)

	began, done := make(chan struct{}), make(chan error, 1)
	r.do = func(ctx context.Context) error { close(began); return ask(ctx) }
	go func() {
		_, err := r.env.ExecuteActivity("AdvanceOperation", in)
		done <- err
	}()
	select {
	case <-began:
		t.Fatal("it began without a database")
	case <-time.After(200 * time.Millisecond): // that nothing happens is what is tried
	}
	dbtest.Reopen(t, w.database)
	require.NoError(t, <-done)
	require.Empty(t, r.logged.All())
}
