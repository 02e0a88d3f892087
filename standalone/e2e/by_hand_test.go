package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporal "go.temporal.io/sdk/client"
)

// TestEndedByHandInTemporal: what somebody terminates, cancels or deletes in Temporal's Web UI runs again, and a sale whose
// run was ended goes as soon as what it waited for is done.
func TestEndedByHandInTemporal(t *testing.T) {
	t.Parallel()
	l := ready(t, 1)
	l.mapQuestions(false)
	l.sell(1)
	l.eventually("the sale waits for a person", func() bool { return l.forwardings("action_required") == 1 })
	c, err := temporal.Dial(temporal.Options{HostPort: l.temporalAddress})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	running := func(workflow string) string {
		d, err := c.DescribeWorkflowExecution(t.Context(), workflow, "")
		if err != nil || d.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return ""
		}
		return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}
	forwarding := rows(l.reseller.get("account/forwardings?state=action_required"))[0]
	sale, link := forwarding["workflow_id"].(string), fmt.Sprintf("integration/2/%d", l.integration)
	for _, way := range []struct {
		name string
		end  func(ctx context.Context, workflow string) error
	}{
		{"terminated", func(ctx context.Context, w string) error { return c.TerminateWorkflow(ctx, w, "", "by hand") }},
		{"cancelled", func(ctx context.Context, w string) error { return c.CancelWorkflow(ctx, w, "") }},
		{"deleted", func(ctx context.Context, w string) error {
			_, err := c.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{Namespace: "default", WorkflowExecution: &common.WorkflowExecution{WorkflowId: w}})
			return err
		}},
	} {
		before := map[string]string{}
		for _, workflow := range []string{sale, link} {
			before[workflow] = running(workflow)
			require.NotEmpty(t, before[workflow])
			require.NoError(t, way.end(t.Context(), workflow))
		}
		began := time.Now()
		for _, workflow := range []string{sale, link} {
			l.eventually(workflow+" is "+way.name+", and runs again", func() bool { run := running(workflow); return run != "" && run != before[workflow] })
			t.Logf("%s was %s, and ran again after %s", workflow, way.name, time.Since(began).Round(time.Second))
		}
	}
	l.mapQuestions(true)
	l.eventually("the sale is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	l.requireNoneTwice(1)
}
