package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
)

// watched opens a database with a watch, and gives what the watch tells.
func watched(t *testing.T, address string) (*db.Store, chan bool) {
	t.Helper()
	store := dbtest.Open(t, address)
	told := make(chan bool, 10)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		store.Watch(ctx, func(away bool, _ error) { told <- away })
	}()
	t.Cleanup(func() { stop(); <-ended })
	require.NoError(t, nothing(store))
	return store, told
}

func nothing(store *db.Store) error {
	return store.WithSystemTx(context.Background(), func(*db.Tx) error { return nil })
}

// A database that stops: the first that notices says so, and it is taken up again by itself.
func TestADatabaseThatStopsIsAway(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	store, told := watched(t, address)
	dbtest.Shut(t, address)
	require.ErrorIs(t, nothing(store), db.ErrAway)
	require.True(t, <-told)
	require.ErrorIs(t, nothing(store), db.ErrAway)
	dbtest.Reopen(t, address)
	require.False(t, <-told)
	require.NoError(t, nothing(store))
}

// A commit whose answer is lost may have been done: nobody is told that it was not.
func TestACommitWithoutAnAnswerIsInDoubt(t *testing.T) {
	t.Parallel()
	line := dbtest.NewLine(t, dbtest.URL(t))
	store, told := watched(t, line.URL)
	err := store.WithSystemTx(context.Background(), func(*db.Tx) error {
		line.Silence()
		return nil
	})
	require.ErrorIs(t, err, db.ErrInDoubt)
	require.NotErrorIs(t, err, db.ErrAway)
	require.True(t, <-told)
	line.Mend()
	require.False(t, <-told)
}

// A database that went silent, with transactions under way and others that wait for a connection: none of them waits
// for the network, and whoever comes later is refused at once.
func TestADatabaseThatIsSilentIsAway(t *testing.T) {
	t.Parallel()
	line := dbtest.NewLine(t, dbtest.URL(t))
	store, told := watched(t, line.URL)
	const many = 30 // more than there are connections
	began := make(chan error, many)
	line.Silence()
	for range many {
		go func() {
			began <- store.WithSystemTx(context.Background(), func(tx *db.Tx) error {
				_, err := tx.SystemOutboxSize(context.Background())
				return err
			})
		}()
	}
	require.True(t, <-told)
	for range many {
		require.ErrorIs(t, <-began, db.ErrAway)
	}
	asked := time.Now()
	require.ErrorIs(t, nothing(store), db.ErrAway)
	require.Less(t, time.Since(asked), 100*time.Millisecond, "at once")
	line.Mend()
	require.False(t, <-told)
	require.NoError(t, nothing(store))
}
