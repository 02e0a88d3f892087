package partner_test

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
	"koppel/partner"
	"koppel/states"
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
	url    string // of the database
	clock  *clock
	status int
	asked  int
	server *httptest.Server
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	url := dbtest.URL(t)
	store, err := db.Open(t.Context(), db.Options{URL: url, MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	f := &fixture{t: t, store: store, clock: &clock{now: time.Now().Truncate(time.Hour)}, status: 200, url: url}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.asked++
		w.WriteHeader(f.status)
	}))
	t.Cleanup(f.server.Close)
	dbtest.Exec(t, url, `INSERT INTO limit_groups (name, requests_per_minute, integrations) VALUES ('g', 120, 1), ('other', 120, 1)`)
	return f
}

func (f *fixture) g() (found db.LimitGroup) {
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

func (f *fixture) budget() *partner.Budget {
	return partner.NewBudget(f.store, zap.NewNop(), f.clock.Now)
}

func (f *fixture) ask(b *partner.Budget, group string) error {
	f.t.Helper()
	return f.askAs(b, partner.Asker{Group: group})
}

func (f *fixture) askAs(b *partner.Budget, asker partner.Asker) error {
	f.t.Helper()
	request, err := http.NewRequestWithContext(partner.WithKind(f.t.Context(), states.RequestForward), http.MethodGet, f.server.URL, http.NoBody)
	require.NoError(f.t, err)
	response, err := b.Transport(http.DefaultTransport, asker).RoundTrip(request)
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
	require.NotNil(t, f.g().CircuitSince)
	var open *partner.OpenError
	require.ErrorAs(t, f.ask(b, "g"), &open)
	require.Positive(t, open.Wait(f.clock.Now()))
	require.ErrorAs(t, b.LeftAlone("g"), &open)
	require.NoError(t, b.LeftAlone("other"))
	require.NoError(t, elsewhere.Sync(t.Context()))
	require.ErrorAs(t, f.ask(elsewhere, "g"), &open, "other workers know")
	require.Equal(t, 5, f.asked)

	for minute := range 3 {
		f.clock.pass(partner.ProbeEvery)
		for range 20 {
			_ = f.ask(b, "g")
			_ = f.ask(elsewhere, "g")
		}
		require.Equal(t, 6+minute, f.asked, "one probe each time")
	}
	f.status = 200
	f.clock.pass(partner.ProbeEvery)
	require.NoError(t, errors.Join(f.ask(b, "g"), f.ask(b, "g")))
	require.Nil(t, f.g().CircuitSince)
	require.NoError(t, elsewhere.Sync(t.Context()))
	require.NoError(t, f.ask(elsewhere, "g"))
	f.status = 502
	require.NoError(t, errors.Join(f.ask(elsewhere, "g"), f.ask(elsewhere, "g")), "it takes five again")
}

// A circuit that opens while the open ones are read stays open, although it is not written yet.
func TestACircuitThatOpensWhileTheOpenOnesAreRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.budget()
	f.status = 502
	for range 4 {
		require.NoError(t, f.ask(b, "g"))
	}
	conn, err := pgx.Connect(t.Context(), f.url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	held, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = held.Exec(t.Context(), `SELECT FROM limit_groups WHERE name = 'g' FOR UPDATE`)
	require.NoError(t, err)
	opened := make(chan error)
	go func() { opened <- f.ask(b, "g") }()
	require.Eventually(t, func() bool { return b.LeftAlone("g") != nil }, 30*time.Second, time.Millisecond)
	require.NoError(t, b.Sync(t.Context()))
	require.Error(t, b.LeftAlone("g"))
	require.NoError(t, held.Rollback(t.Context()))
	require.NoError(t, <-opened)
	require.NoError(t, b.Sync(t.Context()))
	require.Error(t, b.LeftAlone("g"))
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
	require.EqualValues(t, 84, *f.g().Learned)
	require.Nil(t, f.g().CircuitSince, "a partner that throttles is there")
	f.clock.pass(time.Minute)
	require.NoError(t, f.ask(b, "g"))
	require.EqualValues(t, 58, *f.g().Learned)
	require.Equal(t, 58, partner.PerMinute(f.g().RequestsPerMinute, f.g().Learned))
	now := f.clock.Now()
	relearn := func(before time.Time) {
		require.NoError(t, f.store.WithSystemTx(t.Context(), func(tx *db.Tx) error { return tx.SystemLimitGroupsRelearn(t.Context(), &now, &before) }))
	}
	relearn(now)
	require.EqualValues(t, 58, *f.g().Learned, "not yet")
	for range 9 {
		relearn(now.Add(time.Minute))
	}
	require.Nil(t, f.g().Learned, "as it was")

	require.NoError(t, b.Sync(context.WithoutCancel(t.Context())))
	first := "(SELECT * FROM limit_group_use WHERE name = 'g' ORDER BY at, kind LIMIT 1) u"
	require.Equal(t, "2", dbtest.One(t, f.url, "SELECT count(*)::text FROM limit_group_use WHERE name = 'g'"))
	require.Equal(t, string(states.RequestForward)+" 10 10", dbtest.One(t, f.url, "SELECT concat_ws(' ', kind, requests, throttled) FROM "+first))
}

// What an admin sets is believed again at once, also where it is what was known before; what is learned after that counts.
func TestALimitThatIsSetIsBelieved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.budget()
	f.status = http.StatusTooManyRequests
	believe := func() {
		require.NoError(t, f.store.WithSystemTx(t.Context(), func(tx *db.Tx) error { return tx.SystemLimitGroupsBelieve(t.Context()) }))
	}
	set := func() {
		connection, err := pgx.Connect(t.Context(), f.url)
		require.NoError(t, err)
		_, err = connection.Exec(t.Context(), `INSERT INTO environments (id, account, name, created_at) VALUES (1, 'aa', 'A', now()) ON CONFLICT DO NOTHING`)
		require.NoError(t, err)
		_, err = connection.Exec(t.Context(), `INSERT INTO integrations (id, environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at, limit_set_at)
			VALUES (1, 1, 'B', 'b', 'http://b.example', '', 'stock', 'g', '{"requests_per_minute": 120}', 'k', '', now(), now(), now(), now(), $1) ON CONFLICT (id) DO UPDATE SET limit_set_at = EXCLUDED.limit_set_at`, f.clock.Now())
		require.NoError(t, errors.Join(err, connection.Close(t.Context())))
	}
	for range 3 {
		require.NoError(t, f.ask(b, "g"))
		believe()
		require.NotNil(t, f.g().Learned, "nobody said otherwise since")
		f.clock.pass(time.Minute)
		set()
		believe()
		require.Nil(t, f.g().Learned)
		f.clock.pass(time.Minute)
	}
}

// A kind's turns at a group are a fixed share of its pace, however many ask and in whichever worker; a kind that asks
// for nothing saves none up, and groups and kinds have turns of their own.
func TestFloorTurns(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	workers := []*partner.Budget{f.budget(), f.budget()}
	turn := func(group string, kind states.RequestKind) time.Duration {
		wait, err := workers[0].FloorTurn(t.Context(), group, kind)
		require.NoError(t, err)
		workers[0], workers[1] = workers[1], workers[0]
		return wait
	}
	first := turn("g", states.RequestStatus)
	require.Zero(t, first)
	step := turn("g", states.RequestStatus)
	perSecond := partner.PerSecond(120)
	require.InDelta(t, 1/step.Seconds(), perSecond*0.075, perSecond*0.025, "five to ten percent of the pace")
	for n := 2; n < 20; n++ {
		require.InDelta(t, float64(n)*step.Seconds(), turn("g", states.RequestStatus).Seconds(), 0.001)
	}
	require.Zero(t, turn("g", states.RequestCatalogue))
	require.Zero(t, turn("other", states.RequestStatus))
	require.Zero(t, turn("unknown", states.RequestStatus))
	f.clock.pass(time.Hour)
	require.Zero(t, turn("g", states.RequestStatus))
	require.InDelta(t, step.Seconds(), turn("g", states.RequestStatus).Seconds(), 0.001, "nothing was saved up")
}
