package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/ledger"
	"koppel/salesdock"
	"koppel/states"
)

// The daily sweep asks for outstanding sales by their numbers, and finds what polling missed.
func TestSweepFindsAMissedStatus(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
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

// A partner of ours tells of a sale when it changes. One that was set aside is asked for again, day by day, until it is read well.
func TestASetAsideSaleOfOursIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
	plan := func() activities.IntegrationPlan {
		plan, err := w.acts.SweepStatuses(t.Context(), w.integration())
		require.NoError(t, err)
		return plan
	}
	sale := map[string]any{"id": "900", "status": map[string]any{"status_identifier": "netto"}, "created_at": salesdock.FormatStamp(time.Now().Add(-time.Hour)), "updated_at": "0000-00-00 00:00:00"}
	w.partner.lists([]map[string]any{sale})
	_, err = w.acts.PollStatuses(t.Context(), w.integration())
	require.NoError(t, err)
	require.False(t, plan().SweepAt.IsZero(), "it was set aside")
	sale["updated_at"] = salesdock.FormatStamp(time.Now())
	w.partner.lists([]map[string]any{sale})
	for range 3 {
		w.ahead += 25 * time.Hour
		plan()
	}
	require.True(t, plan().SweepAt.IsZero(), "it was read well: nothing is asked any more")
	w.tx(func(tx *db.Tx) error {
		sale, err := tx.SaleByID(t.Context(), w.actor.EnvironmentID, w.forwarding().SaleID)
		require.Equal(t, "netto", sale.Status)
		return err
	})
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

// The status of a sale whose person was erased comes in like any other's, and nothing else that its partner says of it.
func TestAStatusBringsNoPersonBack(t *testing.T) {
	t.Parallel()
	for _, koppel := range []bool{false, true} {
		w := setup(t, koppel)
		_, err := w.send()
		require.NoError(t, err)
		id := w.forwarding().SaleID
		w.tx(func(tx *db.Tx) error {
			sale, err := ledger.LockToErase(t.Context(), tx, w.actor.EnvironmentID, id)
			require.NoError(t, err)
			return ledger.Erase(t.Context(), tx, sale, time.Now())
		})
		sale := map[string]any{
			"id": "900", "status": map[string]any{"status_identifier": "netto", "status_remark": "Geplant belde"}, "customer": map[string]any{"firstname": "Geplant", "email": "geplant@voorbeeld.example"},
			"created_at": salesdock.FormatStamp(time.Now().Add(-time.Hour)), "updated_at": salesdock.FormatStamp(time.Now()),
		}
		w.partner.lists([]map[string]any{sale})
		for range 2 {
			_, err = w.acts.SweepStatuses(t.Context(), w.integration())
			require.NoError(t, err)
		}
		_, err = w.acts.PollStatuses(t.Context(), w.integration())
		require.NoError(t, err)
		w.tx(func(tx *db.Tx) error {
			known, err := tx.SaleByID(t.Context(), w.actor.EnvironmentID, id)
			require.NoError(t, err)
			require.Equal(t, "netto", known.Status)
			rows, err := tx.PersonRows(t.Context(), db.PersonRowsParams{EnvironmentID: w.actor.EnvironmentID, SaleIds: []int64{id}, ConceptIds: []int64{}, UserIds: []int64{}, Events: ledger.SaleEvents})
			require.NotEmpty(t, rows)
			for _, row := range rows {
				require.NotContains(t, string(row.Kept), "eplant", row.KeptIn)
			}
			return err
		})
	}
}
