package relay

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// call is what Temporal was asked.
type call struct {
	how      string // start, signal-with-start, signal
	workflow string // its id
	signal   states.Signal
}

// fakeTemporal answers as answer says; nothing answers nil.
type fakeTemporal struct {
	client.Client
	mu     sync.Mutex
	calls  []call
	answer func(ctx context.Context, c call) error
	// refusesAttributes is as a namespace without our search attributes; attributes is how many came along last.
	refusesAttributes bool
	attributes        int
	// runs are the workflows that run; asked is how often they were asked for. listing, where set, is called then.
	runs    map[string]bool
	asked   int
	listing func()
}

func (f *fakeTemporal) ListWorkflow(_ context.Context, in *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	if f.listing != nil {
		f.listing()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	answer := &workflowservice.ListWorkflowExecutionsResponse{}
	for id := range f.runs {
		if strings.Contains(in.GetQuery(), "'"+id+"'") {
			answer.Executions = append(answer.Executions, &workflow.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{WorkflowId: id}})
		}
	}
	return answer, nil
}

func (f *fakeTemporal) take(ctx context.Context, c call) error {
	if f.answer != nil {
		if err := f.answer(ctx, c); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, c)
	return nil
}

func (f *fakeTemporal) attributesTaken(options client.StartWorkflowOptions) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attributes = options.TypedSearchAttributes.Size()
	if f.refusesAttributes && f.attributes > 0 {
		return serviceerror.NewInvalidArgument("Namespace default has no mapping defined for search attribute KoppelEnvironment")
	}
	return nil
}

// taken gives the calls that were answered, and forgets them.
func (f *fakeTemporal) taken() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

func (f *fakeTemporal) ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	if err := f.attributesTaken(options); err != nil {
		return nil, err
	}
	return nil, f.take(ctx, call{"start", options.ID, ""})
}

func (f *fakeTemporal) SignalWithStartWorkflow(ctx context.Context, id, signal string, _ any, options client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	if err := f.attributesTaken(options); err != nil {
		return nil, err
	}
	return nil, f.take(ctx, call{"signal-with-start", id, states.Signal(signal)})
}

func (f *fakeTemporal) SignalWorkflow(ctx context.Context, id, _, signal string, _ any) error {
	return f.take(ctx, call{"signal", id, states.Signal(signal)})
}

// world is an outbox, a relay and its Temporal.
type world struct {
	*Relay
	t        *testing.T
	database string
	temporal *fakeTemporal
	clock    time.Time
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, database: dbtest.URL(t), temporal: &fakeTemporal{}, clock: time.Now()}
	w.Relay = &Relay{Store: dbtest.Open(t, w.database), Client: w.temporal, Log: zap.NewNop(), Now: func() time.Time { return w.clock }}
	w.exec("INSERT INTO environments (account, name, created_at) VALUES ('voltera', 'Voltera', now())")
	return w
}

// empty begins anew, for a test of its own.
func (w *world) empty(t *testing.T) {
	t.Helper()
	w.t, w.temporal.answer = t, nil
	w.temporal.taken()
	w.exec(`DELETE FROM outbox; DELETE FROM integrations; DELETE FROM forwardings; DELETE FROM incoming_links; DELETE FROM operations;
		DELETE FROM cancellation_requests; DELETE FROM webhooks; DELETE FROM mails`)
}

// exec writes rows as they are, without what they would hang on.
func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	dbtest.Exec(w.t, w.database, "SET session_replication_role = replica; "+fmt.Sprintf(sql, args...))
}

// links makes so many integrations, numbered from 1.
func (w *world) links(count int) {
	w.exec(`INSERT INTO integrations (environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at)
		SELECT 1, 'B', 'b' || n, 'https://b.example', '', 'stock', 'g', '{}', 'lk' || n, '', now(), now(), now(), now() FROM generate_series(1, %d) n`, count)
}

// put writes an outbox row.
func (w *world) put(kind states.OutboxKind, subject int64, signal states.Signal) {
	w.t.Helper()
	require.NoError(w.t, w.Store.WithTx(w.t.Context(), 1, func(tx *db.Tx) error { return tx.Move(w.t.Context(), 1, kind, subject, signal, w.clock) }))
}

func (w *world) deliverAll() (taken int) {
	w.t.Helper()
	taken, err := w.deliver(w.t.Context())
	require.NoError(w.t, err)
	return taken
}

func (w *world) left() string {
	w.t.Helper()
	return dbtest.One(w.t, w.database, "SELECT count(*)::text FROM outbox")
}
