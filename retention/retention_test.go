package retention_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/retention"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var (
	now  = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	days = retention.Days{Runs: 90, Attempts: 90, Mails: 90, WebhookEvents: 90, Audit: 90, Tokens: 90, Operations: 90, Concepts: 90, Jobs: 90}
)

// filled is a database with something of 100 days, and of 10 days, in every table that has an age; $old and $new are those times.
const filled = `
INSERT INTO environments (id, account, name, created_at) VALUES (1, 'ours', 'ours', $old);
INSERT INTO users (environment_id, id, email, role, created_at) VALUES (1, 1, 'a@voorbeeld.example', 'owner', $old);
INSERT INTO integrations (environment_id, id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at)
  SELECT 1, n, 'x', 'x', 'https://x.example/' || n, '', 'stock', 'x', '{}', 'key' || n, '', $old, $old, $old, $old FROM generate_series(1, 2) n;
INSERT INTO sync_runs (environment_id, id, integration_id, trigger, state, created_at) VALUES
  (1, 1, 1, 'schedule', 'done', $old), (1, 2, 1, 'schedule', 'needs_confirmation', $old), (1, 3, 1, 'schedule', 'done', $new), (1, 4, 2, 'schedule', 'done', $old);
INSERT INTO sync_run_changes (environment_id, run_id, partner_product_id, kind) SELECT 1, r, p, 'added' FROM generate_series(1, 4) r, generate_series(1, 3) p;
INSERT INTO sync_run_set_aside (environment_id, run_id, kind, detail, partner_id, name, field, value, reason) SELECT 1, r, 'product', false, '1', '', '', '', '' FROM generate_series(1, 4) r;
INSERT INTO products (environment_id, id, content, created_at, updated_at) VALUES (1, 1, '{"name": "x", "type": "x"}', $old, $old);
INSERT INTO flows (environment_id, id, title, type, identifier, created_at, updated_at) VALUES (1, 1, 'x', 'x', 'x', $old, $old);
INSERT INTO sales (environment_id, id, user_id, type, status, status_changed_at, flow_id, product_id, business, submission, sold, created_at, updated_at)
  SELECT 1, n, 1, 'order', 'x', $old, 1, 1, false, '{}', '{}', $old, $old FROM generate_series(1, 3) n;
INSERT INTO forwardings (environment_id, id, integration_id, sale_id, state, due_at, partner_sale_id, created_at, updated_at) VALUES
  (1, 1, 1, 1, 'forwarded', $old, '7', $old, $old), (1, 2, 1, 2, 'action_required', $old, NULL, $old, $old);
INSERT INTO forwarding_attempts (environment_id, forwarding_id, attempt, started_at) VALUES (1, 1, 1, $old), (1, 1, 2, $new), (1, 2, 1, $old);
INSERT INTO mails (environment_id, id, sale_id, kind, state, next_at, created_at) VALUES
  (1, 1, 1, 'confirmation', 'sent', $old, $old), (1, 2, 2, 'confirmation', 'waiting', $old, $old), (1, 3, 3, 'confirmation', 'sent', $new, $new);
INSERT INTO webhooks (environment_id, id, user_id, scope, event, target_url, secret_sealed, created_at) VALUES (1, 1, 1, 'account', 'x', 'x', '', $old);
INSERT INTO webhook_events (environment_id, id, webhook_id, subject_id, created_at) VALUES (1, 1, 1, 1, $old), (1, 2, 1, 1, $new);
INSERT INTO audit_log (environment_id, id, action, entity, entity_id, at) VALUES (1, 1, 'x', 'x', '1', $old), (1, 2, 'x', 'x', '1', $new);
INSERT INTO tokens (environment_id, id, user_id, name, prefix, hash, created_at, expires_at, revoked_at) VALUES
  (1, 1, 1, 'x', 'a', '', $old, NULL, $old), (1, 2, 1, 'x', 'b', '', $old, NULL, NULL), (1, 3, 1, 'x', 'c', '', $old, $old, NULL), (1, 4, 1, 'x', 'd', '', $old, $new, NULL);
INSERT INTO invitations (environment_id, hash, user_id, expires_at) VALUES (1, 'a', 1, $old), (1, 'b', 1, $new);
INSERT INTO operations (environment_id, id, integration_id, kind, state, selection, total, created_at, finished_at) VALUES
  (1, 1, 1, 'resume', 'done', '{}', 1, $old, $old), (1, 2, 1, 'resume', 'running', '{}', 1, $old, NULL), (1, 3, 1, 'resume', 'done', '{}', 1, $old, $new);
INSERT INTO concept_transactions (environment_id, id, user_id, prefill, sale_id, created_at) VALUES (1, 1, 1, '{}', NULL, $old), (1, 2, 1, '{}', 1, $old), (1, 3, 1, '{}', NULL, $new);
INSERT INTO background_jobs (environment_id, subject, subject_id, kind, last_success_at, last_error_at) VALUES (1, 'integration', 1, 'x', $old, NULL), (1, 'integration', 2, 'x', $old, $new);
INSERT INTO idempotency_keys (environment_id, user_id, key, request_hash, sale_id, created_at) VALUES (1, 1, 'a', '', 1, $old), (1, 1, 'b', '', 1, $new);
`

// left is what must be there afterwards.
var left = map[string]string{
	"sync_runs": "2 3 4", "sync_run_changes": "2 2 2 3 3 3 4 4 4", "sync_run_set_aside": "2 3 4", "forwarding_attempts": "1.2 2.1", "mails": "2 3", "webhook_events": "2", "audit_log": "2",
	"tokens": "2 4", "invitations": "b", "operations": "2 3", "concept_transactions": "2 3", "background_jobs": "2", "idempotency_keys": "b", "sales": "1 2 3", "forwardings": "1 2",
}

var names = map[string]string{
	"sync_run_changes": "run_id", "sync_run_set_aside": "run_id", "forwarding_attempts": "forwarding_id || '.' || attempt", "invitations": "convert_from(hash, 'UTF8')", "background_jobs": "subject_id", "idempotency_keys": "key",
}

func keeper(t *testing.T, address string) *retention.Keeper {
	t.Helper()
	return &retention.Keeper{Store: dbtest.Open(t, address), Days: days, Log: zap.NewNop(), Now: func() time.Time { return now }}
}

func fill(t *testing.T, address string) {
	t.Helper()
	dbtest.Exec(t, address, strings.NewReplacer("$old", "'"+now.AddDate(0, 0, -100).Format(time.RFC3339)+"'::timestamptz", "$new", "'"+now.AddDate(0, 0, -10).Format(time.RFC3339)+"'::timestamptz").Replace(filled))
}

// What is too old goes, and nothing else: neither what is still open, nor a link's newest run, nor anything of a sale.
func TestWhatIsTooOldGoes(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	fill(t, address)
	require.NoError(t, keeper(t, address).Sweep(t.Context()))
	for table, want := range left {
		name := names[table]
		if name == "" {
			name = "id"
		}
		require.Equal(t, want, dbtest.One(t, address, fmt.Sprintf("SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM (SELECT (%s)::text AS name FROM %s) named", name, table)), table)
	}
	for _, rule := range days.Rules() {
		require.Contains(t, left, rule.Table, "the test knows each rule")
	}
}

// With 0 it stays, and more than a batch goes too.
func TestBatches(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	fill(t, address)
	dbtest.Exec(t, address, "INSERT INTO webhook_events (environment_id, id, webhook_id, subject_id, created_at) SELECT 1, n, 1, 1, '2025-01-01' FROM generate_series(1001, 3500) n")
	k := keeper(t, address)
	k.Days = retention.Days{WebhookEvents: 90}
	require.NoError(t, k.Sweep(t.Context()))
	require.Equal(t, "1", dbtest.One(t, address, "SELECT count(*)::text FROM webhook_events"))
	require.Equal(t, "3", dbtest.One(t, address, "SELECT count(*)::text FROM mails"))
}

// While another process removes, this one leaves it to that.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	fill(t, address)
	k := keeper(t, address)
	require.NoError(t, k.Store.WithSystemTx(t.Context(), func(tx *db.Tx) error {
		locked, err := tx.SystemTryLock(t.Context(), "koppel.retention")
		require.True(t, locked)
		require.NoError(t, k.Sweep(t.Context()))
		return err
	}))
	require.Equal(t, "4", dbtest.One(t, address, "SELECT count(*)::text FROM sync_runs"))
	require.NoError(t, k.Sweep(t.Context()))
	require.Equal(t, "3", dbtest.One(t, address, "SELECT count(*)::text FROM sync_runs"))
}

// The audit log only grows for whoever works in the database: what is young cannot be removed.
func TestTheAuditLogKeepsItsLastMonth(t *testing.T) {
	t.Parallel()
	store := dbtest.New(t)
	require.ErrorContains(t, store.WithSystemTx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.SystemAuditForget(t.Context(), time.Now().AddDate(0, 0, -29), 10)
		return err
	}), "keeps its last 30 days")
}

// What an earlier version wrote of persons is masked, in batches; what it wrote of the catalogue, and what is masked, stays as it is.
func TestTheAuditLogIsMasked(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	dbtest.Exec(t, address, `INSERT INTO environments (id, account, name, created_at) VALUES (1, 'ours', 'ours', now());
		INSERT INTO audit_log (environment_id, action, entity, entity_id, old, new, at) SELECT 1, 'correct', 'sale', n::text,
			'{"product_id": 7, "fields": {"city": "Zeist", "lastname": "Jansen"}, "answers": {"meter": {"values": ["ja"]}}}', '{"product_id": 8, "fields": {"city": "Utrecht", "lastname": "Jansen"}, "answers": {"meter": {"values": ["ja"]}}}', now()
			FROM generate_series(1, 1200) n;
		INSERT INTO audit_log (environment_id, action, entity, entity_id, old, new, at, masked) VALUES
			(1, 'update', 'user', '1', '{"email": "jan@voorbeeld.example", "role": "agent", "lastname": ""}', '{"email": "piet@voorbeeld.example", "role": "admin", "lastname": "Jansen"}', now(), false),
			(1, 'save', 'status', 'x', NULL, '{"name": "Jansen"}', now(), false), (1, 'grant', 'organisation', '1', '[1]', '[1, 2]', now(), false),
			(1, 'update', 'user', '2', NULL, '{"email": "•••"}', now(), true)`)
	require.NoError(t, keeper(t, address).Sweep(t.Context()))
	require.Equal(t, `1200 {"fields": {"city": "•••"}, "product_id": 7} {"fields": {"city": "•••"}, "product_id": 8}`,
		dbtest.One(t, address, `SELECT string_agg(DISTINCT concat_ws(' ', n, old, new), ';') FROM (SELECT count(*) AS n, old, new FROM audit_log WHERE entity = 'sale' GROUP BY old, new) x`))
	require.Equal(t, `{"role": "agent", "email": "•••", "lastname": ""} {"role": "admin", "email": "•••", "lastname": "•••"}`,
		dbtest.One(t, address, `SELECT concat_ws(' ', old, new) FROM audit_log WHERE entity = 'user' AND entity_id = '1'`))
	require.Equal(t, `{"name": "Jansen"}; [1, 2]; {"email": "•••"}`, dbtest.One(t, address, `SELECT string_agg(new::text, '; ' ORDER BY id) FROM audit_log WHERE id > 1201`))
}

// Each table of the schema is in the table of docs/operations.md, with an age where it has one: a table that is added later and
// forgotten fails here.
func TestWhatIsKeptHowLongIsWrittenDown(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "## What is kept, and for how long\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	written := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*`) \\| (.*) \\| .* \\|$").FindAllStringSubmatch(section, -1) {
		for _, table := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[1], -1) {
			require.NotContains(t, written, table[1])
			written[table[1]] = row[2]
		}
	}
	conn, err := pgx.Connect(t.Context(), dbtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	rows, err := conn.Query(t.Context(), "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, table := range tables {
		require.NotEmpty(t, written[table], "docs/operations.md says for how long %s is kept", table)
	}
	require.Len(t, written, len(tables), "and of no table that is not there")
	for _, rule := range days.Rules() {
		for _, table := range append(rule.With, rule.Table) {
			require.Contains(t, written[table], "days", table)
		}
	}
}
