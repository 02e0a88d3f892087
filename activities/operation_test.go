package activities_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/linking"
	"koppel/server/service/integrations"
	"koppel/states"
)

// Sales from before forwarding was switched on go as an operation: a few at a time, and a cancel reaches the rest.
func TestForwardExistingGoesAtTheirPaceAndIsCancelled(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	settings := func(text string) {
		_, err := w.svc.Integrations.UpdateIntegration(t.Context(), w.actor, w.row.ID, integrations.IntegrationPatch{Settings: json.RawMessage(text)})
		require.NoError(t, err)
	}
	settings(`{"forwarding": {"enabled": false}}`)
	const before = 30
	for range before {
		w.sellOnly()
	}
	count, o, err := w.svc.Sales.ForwardExisting(t.Context(), w.actor, w.row.ID, linking.Selection{}, true)
	require.NoError(t, err)
	require.Zero(t, count, "switched off, nothing qualifies")
	require.Nil(t, o)
	settings(`{"forwarding": {"enabled": true, "automatic": false, "statuses": "all"}}`)
	count, o, err = w.svc.Sales.ForwardExisting(t.Context(), w.actor, w.row.ID, linking.Selection{Statuses: []string{"sent"}}, false)
	require.NoError(t, err)
	require.Zero(t, count)
	require.Nil(t, o)
	_, _, err = w.svc.Sales.ForwardExisting(t.Context(), w.actor, w.row.ID, linking.Selection{Statuses: []string{"bestaat-niet"}}, true)
	require.Error(t, err)

	// The sale that the fixture made was withdrawn when forwarding went off: it goes again.
	count, o, err = w.svc.Sales.ForwardExisting(t.Context(), w.actor, w.row.ID, linking.Selection{}, false)
	require.NoError(t, err)
	require.Equal(t, before+1, count)
	records := &activities.Records{Store: w.svc.Store, Now: w.svc.Now}
	in := activities.OperationInput{EnvironmentID: w.actor.EnvironmentID, OperationID: o.ID}
	step := func() activities.OperationResult {
		result, err := records.AdvanceOperation(t.Context(), in)
		require.NoError(t, err)
		return result
	}
	progress := func() db.Operation {
		now, err := w.svc.Sales.Operation(t.Context(), w.actor, o.ID)
		require.NoError(t, err)
		return now
	}
	require.False(t, step().Ended)
	require.EqualValues(t, 20, progress().Done)
	require.False(t, step().Ended)
	require.EqualValues(t, 20, progress().Done, "those are on their way still")
	require.NoError(t, w.svc.Sales.CancelOperation(t.Context(), w.actor, o.ID))
	require.True(t, step().Ended)
	require.Error(t, w.svc.Sales.CancelOperation(t.Context(), w.actor, o.ID), "once")
	require.Equal(t, states.OperationCancelled, progress().State)
	count, _, err = w.svc.Sales.ForwardExisting(t.Context(), w.actor, w.row.ID, linking.Selection{}, true)
	require.NoError(t, err)
	require.Equal(t, before+1-20, count, "the rest is as it was")
}
