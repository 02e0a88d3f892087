package budget_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/budget"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// clock is moved by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type fixture struct {
	t      *testing.T
	store  *db.Store
	clock  *clock
	status int
	asked  int
	server *httptest.Server
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	url := dbtest.URL(t)
	store, err := db.Open(t.Context(), url, 4)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	f := &fixture{t: t, store: store, clock: &clock{now: time.Now().Truncate(time.Hour)}, status: 200}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.asked++
		w.WriteHeader(f.status)
	}))
	t.Cleanup(f.server.Close)
	connection, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = connection.Exec(t.Context(), `INSERT INTO limit_groups (name, requests_per_minute, integrations) VALUES ('g', 120, 1), ('other', 120, 1)`)
	require.NoError(t, errors.Join(err, connection.Close(t.Context())))
	return f
}

func (f *fixture) group() (found db.LimitGroup) {
	f.t.Helper()
	require.NoError(f.t, f.store.WithSystemTx(f.t.Context(), func(tx *db.Tx) error {
		groups, err := tx.SystemLimitGroups(f.t.Context())
		for _, g := range groups {
			if g.Name == "g" {
				found = g
			}
		}
		return err
	}))
	return found
}

func (f *fixture) budget() *budget.Budget { return budget.New(f.store, zap.NewNop(), f.clock.Now) }

func (f *fixture) ask(b *budget.Budget, group string) error {
	f.t.Helper()
	request, err := http.NewRequestWithContext(budget.WithKind(f.t.Context(), budget.Forward), http.MethodGet, f.server.URL, http.NoBody)
	require.NoError(f.t, err)
	response, err := b.Transport(http.DefaultTransport, group).RoundTrip(request)
	if err == nil {
		require.NoError(f.t, response.Body.Close())
	}
	return err
}

// A partner that keeps failing is left alone, tried twice a minute by one of all workers, and asked again as soon
// as it answers. Another partner notices nothing.
func TestCircuit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b, elsewhere := f.budget(), f.budget()
	f.status = 502
	for range 5 {
		require.NoError(t, f.ask(b, "g"))
	}
	require.NotNil(t, f.group().CircuitSince)
	var open *budget.OpenError
	require.ErrorAs(t, f.ask(b, "g"), &open)
	require.Positive(t, open.Wait(f.clock.Now()))
	require.ErrorAs(t, b.LeftAlone("g"), &open)
	require.NoError(t, b.LeftAlone("other"))
	require.NoError(t, elsewhere.Sync(t.Context()))
	require.ErrorAs(t, f.ask(elsewhere, "g"), &open, "other workers know")
	require.Equal(t, 5, f.asked)

	for minute := range 3 {
		f.clock.pass(budget.ProbeEvery)
		for range 20 {
			_ = f.ask(b, "g")
			_ = f.ask(elsewhere, "g")
		}
		require.Equal(t, 6+minute, f.asked, "one probe each time")
	}
	f.status = 200
	f.clock.pass(budget.ProbeEvery)
	require.NoError(t, errors.Join(f.ask(b, "g"), f.ask(b, "g")))
	require.Nil(t, f.group().CircuitSince)
	require.NoError(t, elsewhere.Sync(t.Context()))
	require.NoError(t, f.ask(elsewhere, "g"))
	f.status = 502
	require.NoError(t, errors.Join(f.ask(elsewhere, "g"), f.ask(elsewhere, "g")), "it takes five again")
}

// A burst of refusals is one lesson; the limit goes down, and comes back when the partner is content.
func TestLimitIsLearned(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.budget()
	f.status = http.StatusTooManyRequests
	for range 10 {
		require.NoError(t, f.ask(b, "g"))
	}
	require.EqualValues(t, 84, *f.group().Learned)
	require.Nil(t, f.group().CircuitSince, "a partner that throttles is there")
	f.clock.pass(time.Minute)
	require.NoError(t, f.ask(b, "g"))
	require.EqualValues(t, 58, *f.group().Learned)
	require.Equal(t, 58, budget.PerMinute(f.group().RequestsPerMinute, f.group().Learned))
	now := f.clock.Now()
	relearn := func(before time.Time) {
		require.NoError(t, f.store.WithSystemTx(t.Context(), func(tx *db.Tx) error { return tx.SystemLimitGroupsRelearn(t.Context(), &now, &before) }))
	}
	relearn(now)
	require.EqualValues(t, 58, *f.group().Learned, "not yet")
	for range 9 {
		relearn(now.Add(time.Minute))
	}
	require.Nil(t, f.group().Learned, "as it was")

	require.NoError(t, b.Sync(context.WithoutCancel(t.Context())))
	var used []db.LimitGroupUse
	require.NoError(t, f.store.WithSystemTx(t.Context(), func(tx *db.Tx) (err error) {
		used, err = tx.SystemLimitGroupUse(t.Context(), "g")
		return err
	}))
	require.Len(t, used, 2)
	require.EqualValues(t, 10, used[0].Requests)
	require.EqualValues(t, 10, used[0].Throttled)
	require.Equal(t, budget.Forward, used[0].Kind)
}
