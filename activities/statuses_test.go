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

// A hint that comes while a poll reads its pages is about something that those pages may not have: it stays until
// a poll that begins after it.
func TestHintDuringAPollStays(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	in := activities.IntegrationInput{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID}
	poll := func(more bool) activities.IntegrationPlan {
		w.partner.pagesGoOn(more)
		plan, err := w.acts.PollStatuses(t.Context(), in)
		require.NoError(t, err)
		return plan
	}
	due := func(plan activities.IntegrationPlan) bool { return !plan.PollAt.After(time.Now()) }
	require.True(t, due(poll(true)), "the first page of two")
	w.tx(func(tx *db.Tx) error {
		_, err := tx.IntegrationHint(t.Context(), db.IntegrationHintParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, Sales: true, EventSeq: 1})
		return err
	})
	require.True(t, due(poll(false)), "the second page is not what the hint is about")
	require.False(t, due(poll(false)), "a poll that began after it is")
}
