package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/salesdock"
)

// The daily sweep asks for outstanding sales by their numbers, and finds what polling missed.
func TestSweepFindsAMissedStatus(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingForwarded, result.State)
	in := activities.IntegrationInput{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID}
	status := func() (status string) {
		w.tx(func(tx *db.Tx) error {
			sale, err := tx.SaleByID(t.Context(), w.actor.EnvironmentID, w.forwarding().SaleID)
			status = sale.Status
			return err
		})
		return status
	}
	sweep := func() activities.IntegrationPlan {
		plan, err := w.acts.SweepStatuses(t.Context(), in)
		require.NoError(t, err)
		return plan
	}
	w.partner.lists([]map[string]any{{
		"id": "900", "status": map[string]any{"status_identifier": "netto"}, "created_at": salesdock.FormatStamp(time.Now().Add(-time.Hour)), "updated_at": salesdock.FormatStamp(time.Now()),
	}})
	require.False(t, sweep().SweepAt.After(time.Now()), "there may be more")
	require.Equal(t, "netto", status())
	require.True(t, sweep().SweepAt.After(time.Now().Add(23*time.Hour)), "a day later again")
	require.Equal(t, 1, w.partner.pages(), "nothing is asked when nothing is left")
}
