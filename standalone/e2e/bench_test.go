package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	temporal "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"koppel/salesdock"
)

func (d *deployment) sql(query string, args ...any) {
	d.t.Helper()
	conn, err := pgx.Connect(context.Background(), d.databaseURL)
	require.NoError(d.t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), query, args...)
	require.NoError(d.t, err)
}

func (d *deployment) number(query string) (n int64) {
	d.t.Helper()
	conn, err := pgx.Connect(context.Background(), d.databaseURL)
	require.NoError(d.t, err)
	defer conn.Close(context.Background())
	require.NoError(d.t, conn.QueryRow(context.Background(), query).Scan(&n))
	return n
}

// bareWorkflows runs n workflows with one activity that does nothing, and gives the rate.
func bareWorkflows(b testing.TB, address string, n int) float64 {
	c, err := temporal.Dial(temporal.Options{HostPort: address, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(b, err)
	defer c.Close()
	w := worker.New(c, "bench", worker.Options{})
	nothing := func(context.Context) error { return nil }
	w.RegisterActivity(nothing)
	bare := func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		return workflow.ExecuteActivity(ctx, nothing).Get(ctx, nil)
	}
	w.RegisterWorkflow(bare)
	require.NoError(b, w.Start())
	defer w.Stop()
	began := time.Now()
	numbers := make(chan int)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			for i := range numbers {
				run, err := c.ExecuteWorkflow(context.Background(), temporal.StartWorkflowOptions{ID: fmt.Sprintf("bench-%d-%d", began.UnixNano(), i), TaskQueue: "bench"}, bare)
				if err == nil {
					err = run.Get(context.Background(), nil)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	group.Wait()
	return float64(n) / time.Since(began).Seconds()
}

// Sales through the real path (relay, ForwardSale, HTTP to B, both databases) against a bare workflow with one
// activity that does nothing, on the same server, one after the other and again.
func BenchmarkForwarding(b *testing.B) {
	const sales = 500
	l := readyFor(b, 2, "KOPPEL_PARTNER_RATE=100000", "KOPPEL_REQUESTS_PER_MINUTE=0", "KOPPEL_LOG_LEVEL=warn")
	l.reseller.patch(l.path(""), object{"forwarding": object{"automatic": false, "statuses": "all"}})
	var bare, real float64
	for round := range 2 {
		bare += bareWorkflows(b, l.temporalAddress, sales) / 2
		l.submit(round*sales, sales)
		before := l.forwardings("forwarded")
		began := time.Now()
		// What ConsiderForwarding writes, for all at once.
		l.sql(`WITH f AS (INSERT INTO forwardings (environment_id, integration_id, sale_id, state, by_hand, due_at, created_at, updated_at)
			SELECT s.environment_id, $1, s.id, 'waiting', true, now(), now(), now() FROM sales s WHERE s.environment_id = 2 AND NOT EXISTS (SELECT FROM forwardings x WHERE x.sale_id = s.id) RETURNING environment_id, id)
			INSERT INTO outbox (environment_id, kind, subject_id, available_at) SELECT environment_id, 'forwarding', id, now() FROM f`, l.integration)
		l.eventually("all are forwarded", func() bool { return l.forwardings("forwarded") == before+sales })
		real += sales / time.Since(began).Seconds() / 2
	}
	l.requireNoneTwice(2 * sales)
	b.ReportMetric(real, "sales/s")
	b.ReportMetric(bare, "bare-workflows/s")
	b.ReportMetric(real/bare, "ratio")
	b.ReportMetric(0, "ns/op")
}

func readyFor(b *testing.B, products int, env ...string) *link {
	b.Helper()
	return ready(b, products, env...)
}

// fillCatalogue gives the provider products, all granted.
func (l *link) fillCatalogue(products int) {
	l.sql(`WITH p AS (INSERT INTO products (environment_id, content, created_at, updated_at)
		SELECT 1, jsonb_build_object('name', 'Product ' || n, 'identifier', 'p-' || n, 'type', 'energy_e', 'business', '2', 'retention', '2', 'main', true, 'price_monthly', '6.99',
			'customfields', jsonb_build_object('tariff_single', '0.' || (20000 + n), 'tariff_high', '0.31', 'tariff_low', '0.24', 'tariff_return', '0.07', 'tariff_fixed_e', '0.23', 'cashback', '100'),
			'documents', jsonb_build_array(jsonb_build_object('name', 'Tarieven', 'location', 'https://provider.example/' || n))), now(), now()
		FROM generate_series(1, $1) n RETURNING id)
		INSERT INTO organisation_products (environment_id, organisation_id, product_id) SELECT 1, $2, id FROM p`, products, l.organisation)
	l.sql("ANALYZE")
}

// runDone waits by the history, which is cheaper to read than a run with all it changed.
func (l *link) runDone(runID int64) object {
	var run object
	l.eventually("the run is done", func() bool {
		for _, row := range rows(l.reseller.get(l.path("/runs?per_page=5"))) {
			if id(row) == runID {
				run = row
			}
		}
		return run["state"] == "done" || run["state"] == "failed"
	})
	require.Equal(l.t, "done", run["state"])
	return run
}

// plainImport fetches the same pages, decodes them, and COPYs what they hold: nothing is compared or kept apart.
func (l *link) plainImport(expect int) time.Duration {
	began := time.Now()
	conn, err := pgx.Connect(context.Background(), l.databaseURL)
	require.NoError(l.t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), "DROP TABLE IF EXISTS plain; CREATE TABLE plain (id bigint PRIMARY KEY, content jsonb)")
	require.NoError(l.t, err)
	plain := l.provider.post(fmt.Sprintf("account/users/%d/tokens", l.user), object{"name": "Meting"}).(object)["token"].(string)
	total, cursor := 0, ""
	for {
		request, err := http.NewRequest(http.MethodGet, l.base+"/api/provider/v1/user/products?extended=true&changed_since="+cursor, nil)
		require.NoError(l.t, err)
		request.Header.Set("Authorization", "Bearer "+plain)
		response, err := http.DefaultClient.Do(request)
		require.NoError(l.t, err)
		data, err := io.ReadAll(response.Body)
		require.NoError(l.t, err)
		response.Body.Close()
		var page struct {
			Data salesdock.CursorPage[salesdock.Product] `json:"data"`
		}
		require.NoError(l.t, json.Unmarshal(data, &page))
		_, err = conn.CopyFrom(context.Background(), pgx.Identifier{"plain"}, []string{"id", "content"}, pgx.CopyFromSlice(len(page.Data.Data), func(i int) ([]any, error) {
			content, err := json.Marshal(page.Data.Data[i])
			return []any{int64(page.Data.Data[i].ID), content}, err
		}))
		require.NoError(l.t, err)
		total += len(page.Data.Data)
		if page.Data.NextPageURL == nil {
			break
		}
		cursor = page.Data.NextCursor
	}
	require.Equal(l.t, expect, total)
	return time.Since(began)
}

// The first import of a catalogue over HTTP against a plain fetch-decode-COPY of the same data, and what a
// sync costs that finds nothing new.
func BenchmarkSync(b *testing.B) {
	for _, products := range []int{1_000, 20_000} {
		b.Run(fmt.Sprint(products), func(b *testing.B) {
			d := deploy(b, "KOPPEL_PARTNER_RATE=100000", "KOPPEL_REQUESTS_PER_MINUTE=0", "KOPPEL_LOG_LEVEL=warn")
			l := newLink(d, 1, d.base)
			l.eventually("the first look is over", func() bool { return l.states()["new"] == 1 })
			l.idle()
			l.fillCatalogue(products)
			plain := l.plainImport(products + 1)

			began := time.Now()
			l.runDone(id(l.reseller.post(l.path("/sync"), nil)))
			listed := time.Since(began)
			var ids []any
			for _, p := range rows(l.reseller.get(l.path("/products"))) {
				ids = append(ids, p["id"])
			}
			began = time.Now()
			run := l.runDone(id(l.reseller.put(l.path("/products"), object{"product_ids": ids})))
			imported := time.Since(began)
			require.EqualValues(b, products+1, run["counts"].(object)["added"])
			b.ReportMetric((listed + imported).Seconds(), "import-s")
			b.ReportMetric(listed.Seconds(), "listed-s")
			b.ReportMetric(plain.Seconds(), "plain-s")
			b.ReportMetric((listed+imported).Seconds()/plain.Seconds(), "ratio")

			l.idle()
			since := l.number("SELECT pg_current_xact_id()::text::bigint")
			began = time.Now()
			run = l.runDone(id(l.reseller.post(l.path("/sync"), nil)))
			b.ReportMetric(float64(time.Since(began).Milliseconds()), "unchanged-ms")
			b.ReportMetric(run["requests"].(float64), "unchanged-requests")
			written := int64(0)
			for _, table := range []string{"products", "integration_products", "sync_run_changes"} {
				written += l.number(fmt.Sprintf("SELECT count(*) FROM %s WHERE xmin::text::bigint > %d", table, since))
			}
			b.ReportMetric(float64(written), "unchanged-rows-written")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// How long a client waits until its sale is taken, with eight clients at once.
func BenchmarkAccept(b *testing.B) {
	const sales = 1000
	l := readyFor(b, 2, "KOPPEL_REQUESTS_PER_MINUTE=0", "KOPPEL_LOG_LEVEL=warn")
	l.reseller.patch(l.path(""), object{"forwarding": object{"enabled": false}})
	product := l.product()
	var mu sync.Mutex
	var took []time.Duration
	numbers := make(chan int)
	var group sync.WaitGroup
	began := time.Now()
	for range 8 {
		group.Go(func() {
			for n := range numbers {
				start := time.Now()
				status, _, err := l.reseller.try(context.Background(), http.MethodPost, sellPath, sale(product, n))
				if err != nil || status != http.StatusCreated {
					b.Errorf("%d %v", status, err)
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	for n := range sales {
		numbers <- n
	}
	close(numbers)
	group.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(sales)/time.Since(began).Seconds(), "sales/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}
