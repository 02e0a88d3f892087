package worker_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"koppel/worker"
	"koppel/workflows"
)

// deployed is a Temporal with open workflows, by id.
type deployed struct {
	client.Client
	ids  []string
	open map[string]*history.History
}

func (d *deployed) ListWorkflow(_ context.Context, in *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	from := 0
	if len(in.GetNextPageToken()) > 0 {
		if _, err := fmt.Sscan(string(in.GetNextPageToken()), &from); err != nil {
			return nil, err
		}
	}
	to := min(from+int(in.GetPageSize()), len(d.ids))
	page := &workflowservice.ListWorkflowExecutionsResponse{}
	for _, id := range d.ids[from:to] {
		started := d.open[id].GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
		page.Executions = append(page.Executions, &workflowpb.WorkflowExecutionInfo{Execution: &common.WorkflowExecution{WorkflowId: id, RunId: "r"}, Type: started.GetWorkflowType()})
	}
	if to < len(d.ids) {
		page.NextPageToken = []byte(fmt.Sprint(to))
	}
	return page, nil
}

func (d *deployed) GetWorkflowHistory(_ context.Context, id, _ string, _ bool, _ enums.HistoryEventFilterType) client.HistoryEventIterator {
	return &iterator{d.open[id].GetEvents()}
}

type iterator struct{ left []*history.HistoryEvent }

func (i *iterator) HasNext() bool { return len(i.left) > 0 }
func (i *iterator) Next() (*history.HistoryEvent, error) {
	next := i.left[0]
	i.left = i.left[1:]
	return next, nil
}

func recorded(t *testing.T, name string) *history.History {
	t.Helper()
	packed, err := os.Open(filepath.Join("../workflows/testdata/replay", name+".json.gz"))
	require.NoError(t, err)
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(t, err)
	h, err := client.HistoryFromJSON(unpacked, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h
}

// planted registers everything as it is, but for one workflow that waits before it does anything.
type planted struct{ workflows.WorkflowRegistry }

func (p planted) RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions) {
	if options.Name == workflows.RequestCancellationName {
		w = func(ctx workflow.Context, in workflows.RequestCancellationInput) error {
			if err := workflow.Sleep(ctx, time.Minute); err != nil {
				return err
			}
			return workflows.RequestCancellation(ctx, in)
		}
	}
	p.WorkflowRegistry.RegisterWorkflowWithOptions(w, options)
}

// Among 500 open workflows the one that the new code would break is found, and none where nothing changed.
func TestCheckCatchesAPlantedChange(t *testing.T) {
	t.Parallel()
	d := &deployed{open: map[string]*history.History{}}
	for n := range 500 {
		id, of := fmt.Sprintf("forward-sale/2/1/%d", n), "forward_sale_action_required_then_fixed"
		if n == 321 {
			id, of = "cancellation/2/9", "request_cancellation_withdrawn"
		}
		d.ids, d.open[id] = append(d.ids, id), recorded(t, of)
		if n%5 == 4 { // nobody has looked at it yet
			d.open[id].Events = d.open[id].Events[:2+n%2]
		}
	}
	looked, broken, err := worker.Check(t.Context(), d, "default", func(r workflows.WorkflowRegistry) { workflows.Register(r) })
	require.NoError(t, err)
	require.Equal(t, 500, looked)
	require.Empty(t, broken)
	looked, broken, err = worker.Check(t.Context(), d, "default", func(r workflows.WorkflowRegistry) { workflows.Register(planted{r}) })
	require.NoError(t, err)
	require.Equal(t, 500, looked)
	require.Len(t, broken, 1)
	require.Equal(t, "cancellation/2/9", broken[0].WorkflowID)
	require.Equal(t, workflows.RequestCancellationName, broken[0].Type)
	require.NotEmpty(t, broken[0].Why)
}
