package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"koppel/activities"
	"koppel/linking"
	"koppel/states"
	"koppel/workflows"
)

var run = activities.RunInput{EnvironmentID: 1, IntegrationID: 2, RunID: 3}

func (e testEnvironment) begin(result activities.BeginSyncResult) {
	e.OnActivity("BeginSync", mock.Anything, run).Return(result, nil).Once()
	e.OnSignalExternalWorkflow(mock.Anything, "integration/1/2", "", string(states.SignalSyncFinished), mock.Anything).Return(nil).Once()
}

func (e testEnvironment) setupParts() {
	e.OnActivity("FetchSetup", mock.Anything, mock.Anything).Return(activities.SetupResult{}, nil).Times(len(linking.Parts))
}

func (e testEnvironment) finish(want activities.FinishInput) {
	want.RunInput = run
	e.OnActivity("FinishSync", mock.Anything, want).Return(nil).Once()
}

func (e testEnvironment) sync(t *testing.T) {
	t.Helper()
	e.ExecuteWorkflow(workflows.SyncProductsName, workflows.SyncProductsInput{EnvironmentID: 1, IntegrationID: 2, RunID: 3})
	require.True(t, e.IsWorkflowCompleted())
	require.NoError(t, e.GetWorkflowError())
}

func TestSyncReadsAllPagesThenApplies(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.begin(activities.BeginSyncResult{Cursor: "a"})
	env.setupParts()
	env.OnActivity("FetchProducts", mock.Anything, activities.FetchInput{RunInput: run, Cursor: "a"}).Return(activities.FetchResult{Cursor: "b", More: true, Full: true, Rows: 500}, nil).Once()
	env.OnActivity("FetchProducts", mock.Anything, activities.FetchInput{RunInput: run, Cursor: "b"}).Return(activities.FetchResult{Cursor: "c", Full: true, Rows: 20}, nil).Once()
	env.OnActivity("ApplyProducts", mock.Anything, activities.ApplyInput{RunInput: run, Complete: true, Seen: 520}).Return(activities.ApplyResult{After: 99, More: true}, nil).Once()
	env.OnActivity("ApplyProducts", mock.Anything, activities.ApplyInput{RunInput: run, Complete: true, Seen: 520, After: 99}).Return(activities.ApplyResult{}, nil).Once()
	env.finish(activities.FinishInput{Cursor: "c", State: states.RunDone})
	env.sync(t)
}

func TestSyncStopsAtTheBrake(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.begin(activities.BeginSyncResult{})
	env.setupParts()
	env.OnActivity("FetchProducts", mock.Anything, mock.Anything).Return(activities.FetchResult{Full: true}, nil).Once()
	env.OnActivity("ApplyProducts", mock.Anything, mock.Anything).Return(activities.ApplyResult{Braked: true}, nil).Once()
	env.finish(activities.FinishInput{State: states.RunNeedsConfirmation})
	env.sync(t)
}

// A fetch that breaks off applies nothing: what was not listed may well be offered.
func TestSyncThatCannotReadToTheEndAppliesNothing(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.begin(activities.BeginSyncResult{})
	env.setupParts()
	env.OnActivity("FetchProducts", mock.Anything, mock.Anything).Return(activities.FetchResult{}, temporal.NewNonRetryableApplicationError("token_refused", "token_refused", nil)).Once()
	env.finish(activities.FinishInput{State: states.RunFailed, Reason: states.ReasonTokenRefused})
	env.sync(t)
}

func TestSyncAtAStockPartnerReadsDetails(t *testing.T) {
	t.Parallel()
	env := setup(t)
	env.begin(activities.BeginSyncResult{Stock: true})
	env.setupParts()
	env.OnActivity("ListProducts", mock.Anything, run).Return(activities.FetchResult{Full: true, Rows: 2}, nil).Once()
	env.OnActivity("FetchNextDetail", mock.Anything, activities.DetailInput{RunInput: run}).Return(activities.DetailResult{After: 5, More: true}, nil).Once()
	env.OnActivity("FetchNextDetail", mock.Anything, activities.DetailInput{RunInput: run, After: 5}).Return(activities.DetailResult{}, nil).Once()
	env.OnActivity("ApplyProducts", mock.Anything, activities.ApplyInput{RunInput: run, Complete: true, Seen: 2}).Return(activities.ApplyResult{}, nil).Once()
	env.finish(activities.FinishInput{State: states.RunDone})
	env.sync(t)
}

func TestNotifyPartnersTellsUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	env := setup(t)
	in := activities.AnnounceInput{EnvironmentID: 1, LinkID: 4}
	env.OnActivity("Announce", mock.Anything, in).Return(activities.AnnounceResult{More: true}, nil).Once()
	env.OnActivity("Announce", mock.Anything, in).Return(activities.AnnounceResult{}, nil).Once()
	env.ExecuteWorkflow(workflows.NotifyPartnersName, workflows.NotifyPartnersInput{EnvironmentID: 1, LinkID: 4})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
}

// Names stand in histories: a changed one orphans every run that is under way.
func TestNamesAreForEver(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"Integration", "SyncProducts", "ForwardSale", "NotifyPartners", "BulkOperation", "RequestCancellation", "DeliverWebhook", "SendMail"},
		[]string{workflows.IntegrationName, workflows.SyncProductsName, workflows.ForwardSaleName, workflows.NotifyPartnersName, workflows.BulkOperationName, workflows.RequestCancellationName, workflows.DeliverWebhookName, workflows.SendMailName})
	require.Equal(t, []string{"look-again", "sync-now", "settings-changed", "partner-changed", "sync-finished", "remove"},
		states.Texts(states.SignalLookAgain, states.SignalSyncNow, states.SignalSettingsChanged, states.SignalPartnerChanged, states.SignalSyncFinished, states.SignalRemove))
	require.Equal(t, "integration/1/2", workflows.IntegrationID(1, 2))
	require.Equal(t, "sync-products/1/2/3", workflows.SyncProductsID(1, 2, 3))
	require.Equal(t, "forward-sale/1/2/3", workflows.ForwardSaleID(1, 2, 3))
	require.Equal(t, "notify/1/2", workflows.NotifyPartnersID(1, 2))
	require.Equal(t, "operation/1/2", workflows.BulkOperationID(1, 2))
	require.Equal(t, "cancellation/1/2", workflows.RequestCancellationID(1, 2))
	require.Equal(t, "webhook/1/2", workflows.DeliverWebhookID(1, 2))
	require.Equal(t, "mail/1/2", workflows.SendMailID(1, 2))
	require.Equal(t, "koppel", workflows.TaskQueue)
	require.Equal(t, "koppel-partner", workflows.PartnerTaskQueue)
}
