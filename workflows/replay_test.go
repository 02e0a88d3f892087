package workflows_test

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"koppel/workflows"
)

// Every recorded history replays: code that would decide otherwise breaks the runs that are under way.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/replay/*.json.gz")
	require.NoError(t, err)
	recorded := map[string]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			packed, err := os.Open(file)
			require.NoError(t, err)
			defer packed.Close()
			unpacked, err := gzip.NewReader(packed)
			require.NoError(t, err)
			history, err := client.HistoryFromJSON(unpacked, client.HistoryJSONOptions{})
			require.NoError(t, err)
			name := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()
			recorded[name] = true
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer)
			require.NoError(t, replayer.ReplayWorkflowHistory(nil, history))
			require.True(t, strings.HasPrefix(filepath.Base(file), snake(name)), "%s is named after its workflow", file)
		})
	}
	for _, name := range []string{workflows.IntegrationName, workflows.SyncProductsName, workflows.ForwardSaleName, workflows.NotifyPartnersName, workflows.BulkOperationName, workflows.RequestCancellationName, workflows.DeliverWebhookName, workflows.SendMailName} {
		require.True(t, recorded[name], "no history of %s is recorded", name)
	}
}

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
