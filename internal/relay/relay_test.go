package relay_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/workflows"
)

// What is written in an outbox row is the signal that a workflow listens to.
func TestSignalsAreTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	for _, signal := range []string{db.SignalSyncNow, db.SignalPartner, db.SignalSettings, db.SignalRemove, db.SignalLookAgain} {
		require.True(t, slices.Contains(workflows.IntegrationSignals, signal), signal)
	}
	require.Equal(t, workflows.SignalLookAgain, db.SignalLookAgain)
}
