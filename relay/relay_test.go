package relay

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"koppel/states"
	"koppel/workflows"
)

// What is written in an outbox row is the signal that a workflow listens to.
func TestSignalsAreTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	for _, signal := range []states.Signal{states.SignalSyncNow, states.SignalPartnerChanged, states.SignalSettingsChanged, states.SignalRemove, states.SignalLookAgain} {
		require.True(t, slices.Contains(workflows.IntegrationSignals, signal), signal)
	}
}

// insert gives the row of each kind that a workflow is about, with number 5 and in a state.
var insert = map[states.OutboxKind]string{
	states.OutboxIntegration: `INSERT INTO integrations (id, environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at, state)
		VALUES (5, 1, 'B', 'b', 'https://b.example', '', 'stock', 'g', '{}', 'lk', '', now(), now(), now(), now(), '%s')`,
	states.OutboxForwarding: `INSERT INTO integrations (id, environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at)
		VALUES (3, 1, 'B', 'b', 'https://b.example', '', 'stock', 'g', '{}', 'lk', '', now(), now(), now(), now());
		INSERT INTO forwardings (id, environment_id, integration_id, sale_id, due_at, created_at, updated_at, request_sealed, partner_sale_id, state) VALUES (5, 1, 3, 4, now(), now(), now(), '', '77', '%s')`,
	states.OutboxNotify: `INSERT INTO incoming_links (id, environment_id, user_id, partner_account, partner_base_url, partner_link_key, event_secret_sealed, linked_at, last_contact_at, sales_seq, state)
		VALUES (5, 1, 2, 'x', 'https://x.example', 'x', '', now(), now(), 1, '%s')`,
	states.OutboxOperation: `INSERT INTO operations (id, environment_id, integration_id, kind, selection, total, created_at, state) VALUES (5, 1, 3, 'resume', '{}', 1, now(), '%s')`,
	states.OutboxCancellation: `INSERT INTO cancellation_requests (id, environment_id, direction, sale_id, integration_id, reference, reason, next_at, expires_at, created_at, state)
		VALUES (5, 1, 'outgoing', 4, 3, 'r', 'x', now(), now(), now(), '%s')`,
	states.OutboxWebhook: `INSERT INTO webhooks (id, environment_id, user_id, scope, event, target_url, secret_sealed, sequence, created_at, state) VALUES (5, 1, 2, 'user', 'x', 'https://x.example', '', 1, now(), '%s')`,
	states.OutboxMail:    `INSERT INTO mails (id, environment_id, sale_id, kind, next_at, created_at, state) VALUES (5, 1, 4, 'confirmation', now(), now(), '%s')`,
}

var ids = map[states.OutboxKind]string{
	states.OutboxIntegration: workflows.IntegrationID(1, 5), states.OutboxForwarding: workflows.ForwardSaleID(1, 3, 4), states.OutboxNotify: workflows.NotifyPartnersID(1, 5),
	states.OutboxOperation: workflows.BulkOperationID(1, 5), states.OutboxCancellation: workflows.RequestCancellationID(1, 4), states.OutboxWebhook: workflows.DeliverWebhookID(1, 5),
	states.OutboxMail: workflows.SendMailID(1, 5),
}

// What a row asks of Temporal, by its kind, the state of what it is about, and its signal.
func TestWhatEachRowAsksOfTemporal(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const start, both, signal = "start", "signal-with-start", "signal"
	for _, c := range []struct {
		kind   states.OutboxKind
		state  any
		signal states.Signal
		how    []string // nothing: Temporal is not asked
	}{
		{states.OutboxIntegration, "active", states.SignalStart, []string{start}},
		{states.OutboxIntegration, "paused", states.SignalSyncNow, []string{both}},
		{states.OutboxIntegration, "removed", states.SignalRemove, []string{both}},
		{states.OutboxForwarding, states.ForwardingWaiting, states.SignalStart, []string{start}},
		{states.OutboxForwarding, states.ForwardingSending, states.SignalLookAgain, []string{both}},
		{states.OutboxForwarding, states.ForwardingActionRequired, states.SignalLookAgain, []string{both}},
		{states.OutboxForwarding, states.ForwardingOutcomeUnknown, states.SignalLookAgain, []string{both}},
		{states.OutboxForwarding, states.ForwardingWithdrawn, states.SignalLookAgain, []string{signal}},
		{states.OutboxForwarding, states.ForwardingAbandoned, states.SignalStart, []string{signal}},
		{states.OutboxForwarding, states.ForwardingForwarded, states.SignalLookAgain, nil},
		{states.OutboxNotify, "active", "", []string{both}},
		{states.OutboxNotify, "ended", "", nil},
		{states.OutboxOperation, "running", states.SignalStart, []string{start}},
		{states.OutboxOperation, "cancelled", states.SignalLookAgain, []string{signal}},
		{states.OutboxCancellation, "asking", states.SignalStart, []string{start}},
		{states.OutboxCancellation, "withdrawing", states.SignalLookAgain, []string{both}},
		{states.OutboxWebhook, "active", states.SignalStart, []string{start}},
		{states.OutboxWebhook, "active", states.SignalLookAgain, []string{both}},
		{states.OutboxWebhook, "paused", states.SignalLookAgain, nil},
		{states.OutboxMail, "waiting", states.SignalStart, []string{start}},
		{states.OutboxMail, "sending", states.SignalStart, []string{start}},
		{states.OutboxMail, "sent", states.SignalStart, nil},
	} {
		t.Run(fmt.Sprint(c.kind, " ", c.state, " ", c.signal), func(t *testing.T) {
			w.empty(t)
			w.exec(insert[c.kind], c.state)
			w.put(c.kind, 5, c.signal)
			require.Equal(t, 1, w.deliverAll())
			var how []string
			for _, call := range w.temporal.taken() {
				how = append(how, call.how)
				require.Equal(t, ids[c.kind], call.workflow)
			}
			require.Equal(t, c.how, how)
			require.Equal(t, "0", w.left())
		})
	}
}

// What is not there, or not there any more, is no reason to try again.
func TestWhatIsGoneIsDone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for kind := range insert {
		t.Run(string(kind), func(t *testing.T) {
			w.empty(t)
			w.put(kind, 5, states.SignalLookAgain)
			require.Equal(t, 1, w.deliverAll())
			require.Empty(t, w.temporal.taken())
			require.Equal(t, "0", w.left())
		})
	}
	for kind, state := range map[states.OutboxKind]any{states.OutboxForwarding: states.ForwardingWithdrawn, states.OutboxOperation: "cancelled"} {
		t.Run(fmt.Sprint(kind, " ", state), func(t *testing.T) {
			w.empty(t)
			w.exec(insert[kind], state)
			w.temporal.answer = func(context.Context, call) error { return serviceerror.NewNotFound("it has ended") }
			w.put(kind, 5, states.SignalLookAgain)
			require.Equal(t, 1, w.deliverAll())
			require.Equal(t, "0", w.left())
		})
	}
}

// Starting twice is harmless: what runs already was started, and a forwarding that runs is told to look again.
func TestWhatRunsAlreadyIsStarted(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for kind, state := range running {
		t.Run(string(kind), func(t *testing.T) {
			w.empty(t)
			w.exec(insert[kind], state)
			w.temporal.answer = func(_ context.Context, c call) error {
				if c.how == "start" {
					return serviceerror.NewWorkflowExecutionAlreadyStarted("it runs", "", "")
				}
				return nil
			}
			w.put(kind, 5, states.SignalStart)
			require.Equal(t, 1, w.deliverAll())
			var told []call
			if kind == states.OutboxForwarding || kind == states.OutboxNotify {
				told = []call{{"signal-with-start", ids[kind], states.SignalLookAgain}}
			}
			require.Equal(t, told, w.temporal.taken())
			require.Equal(t, "0", w.left())
		})
	}
}

// running gives a state of each kind in which its workflow should run.
var running = map[states.OutboxKind]any{
	states.OutboxIntegration: "active", states.OutboxForwarding: states.ForwardingActionRequired, states.OutboxNotify: "active", states.OutboxOperation: "running",
	states.OutboxCancellation: "open", states.OutboxWebhook: "active", states.OutboxMail: "sending",
}

// After Temporal has lost its store, everything that should run is started from the rows alone.
func TestReconcileStartsWhatShouldRun(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for kind, state := range running {
		t.Run(string(kind), func(t *testing.T) {
			w.empty(t)
			w.exec(insert[kind], state)
			_, err := w.Reconcile(t.Context())
			require.NoError(t, err)
			started := map[string]bool{}
			for _, c := range w.temporal.taken() {
				require.Contains(t, []string{"start", "signal-with-start"}, c.how)
				started[c.workflow] = true
			}
			require.True(t, started[ids[kind]], "%s: started were %v", ids[kind], started)
		})
	}
	t.Run("what has ended", func(t *testing.T) {
		w.empty(t)
		for kind, state := range map[states.OutboxKind]any{
			states.OutboxIntegration: "removed", states.OutboxNotify: "ended", states.OutboxOperation: "done", states.OutboxCancellation: "accepted", states.OutboxWebhook: "removed", states.OutboxMail: "sent",
		} {
			w.exec(insert[kind], state)
		}
		_, err := w.Reconcile(t.Context())
		require.NoError(t, err)
		require.Empty(t, w.temporal.taken())
	})
}

// A namespace without our search attributes, or with one of another type, gets its workflows all the same; so it is asked
// for five minutes, and then with them again.
func TestANamespaceThatRefusesSearchAttributes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.temporal.refusesAttributes = true
	w.links(1)
	for _, signal := range []states.Signal{states.SignalStart, states.SignalSyncNow} {
		w.put(states.OutboxIntegration, 1, signal)
		require.Equal(t, 1, w.deliverAll())
		require.Len(t, w.temporal.taken(), 1, string(signal))
		require.Equal(t, "0", w.left())
	}
	w.temporal.refusesAttributes = false
	w.put(states.OutboxIntegration, 1, states.SignalSyncNow)
	w.deliverAll()
	require.Zero(t, w.temporal.attributes, "it was refused a moment ago")
	w.clock = w.clock.Add(attributesAgain + time.Second)
	w.put(states.OutboxIntegration, 1, states.SignalSyncNow)
	w.deliverAll()
	require.Positive(t, w.temporal.attributes)
	w.temporal.answer = func(context.Context, call) error { return serviceerror.NewInvalidArgument("something else") }
	w.put(states.OutboxIntegration, 1, states.SignalSyncNow)
	w.deliverAll()
	require.Equal(t, "1", w.left(), "what is refused for another reason is tried again")
}
