package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	temporal "go.temporal.io/sdk/client"
)

// submit sends sales from several clients at once; each must be accepted.
func (l *link) submit(from, count int) {
	l.t.Helper()
	product := l.product()
	numbers := make(chan int)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := range numbers {
				status, envelope, err := l.reseller.try(l.t.Context(), http.MethodPost, sellPath, sale(product, n))
				if err != nil || status != http.StatusCreated {
					l.t.Errorf("sale %d: %d %v %v", n, status, envelope, err)
				}
			}
		})
	}
	for n := from; n < from+count; n++ {
		numbers <- n
	}
	close(numbers)
	group.Wait()
}

// The worker is killed in the middle: all sales arrive, none twice.
func TestWorkerKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	const sales = 200
	l := ready(t, 2)
	l.submit(0, sales)
	l.eventually("some sales are at the provider", func() bool { return l.providerSales() >= 50 })
	l.worker.stop(syscall.SIGKILL)
	killedAt := l.providerSales()
	require.LessOrEqual(t, killedAt, 150, "it was killed in the middle")
	t.Logf("killed when the provider had %d of %d", killedAt, sales)
	l.startWorker()
	l.eventually("all sales are forwarded", func() bool { return l.forwardings("forwarded") == sales })
	l.requireNoneTwice(sales)
}

// While Temporal is down sales are accepted; once it is back they go, each once.
func TestTemporalStopped(t *testing.T) {
	t.Parallel()
	const sales = 100
	l := ready(t, 2)
	l.temporal.stop(syscall.SIGTERM)
	l.submit(0, sales)
	require.Zero(t, l.providerSales())
	l.startTemporal()
	l.eventually("all sales are forwarded", func() bool { return l.forwardings("forwarded") == sales })
	l.requireNoneTwice(sales)
}

// Temporal's whole store is lost while sales wait: PostgreSQL is the truth, everything is started again.
func TestTemporalStoreDeleted(t *testing.T) {
	t.Parallel()
	const sales = 50
	l := ready(t, 2)
	l.reseller.post(l.path("/pause"), nil)
	l.submit(0, sales)
	l.eventually("all sales wait", func() bool {
		waiting := l.reseller.get("account/forwardings?state=waiting&cause=integration_paused").(object)
		return waiting["total"] == float64(sales)
	})
	l.temporal.stop(syscall.SIGKILL)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(filepath.Join(l.temporalData, "temporal.db"+suffix))
	}
	l.startTemporal()
	l.reseller.post(l.path("/resume"), nil)
	l.eventually("all sales are forwarded", func() bool { return l.forwardings("forwarded") == sales })
	l.requireNoneTwice(sales)
}

// A sale that goes at the first try costs at most 11 events, and nothing personal or secret is in Temporal's
// store; a planted control shows that looking there finds what is there.
func TestHistoriesAreSmallAndHoldNothingPersonal(t *testing.T) {
	t.Parallel()
	l := ready(t, 2)
	saleID := l.sell(1)
	l.eventually("the sale is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	l.mapQuestions(false)
	l.sell(2)
	l.eventually("one waits for a person", func() bool { return l.forwardings("action_required") == 1 })

	c, err := temporal.Dial(temporal.Options{HostPort: l.temporalAddress})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	f := rows(l.reseller.get("account/forwardings?state=forwarded"))[0]
	require.EqualValues(t, saleID, f["sale_id"])
	workflowID := f["workflow_id"].(string)
	l.eventually("its workflow has ended", func() bool {
		d, err := c.DescribeWorkflowExecution(t.Context(), workflowID, "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	description, err := c.DescribeWorkflowExecution(t.Context(), workflowID, "")
	require.NoError(t, err)
	require.LessOrEqual(t, description.GetWorkflowExecutionInfo().GetHistoryLength(), int64(11))

	const control = "planted-control-value"
	err = c.SignalWorkflow(t.Context(), fmt.Sprintf("integration/%d/%d", 2, l.integration), "", "look-again", control)
	require.NoError(t, err)
	l.temporal.stop(syscall.SIGTERM)
	var store strings.Builder
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(filepath.Join(l.temporalData, "temporal.db"+suffix))
		if err == nil {
			store.Write(data)
		}
	}
	require.Contains(t, store.String(), control, "what is in the store is found")
	for _, planted := range []string{"Geheim", "Persoonsgegeven", "persoonsgegeven.example", "Dorpsstraat", "0612345678", "Geheime opmerking", l.token, l.token[4:14], l.reseller.token} {
		require.NotContains(t, store.String(), planted)
	}
}
