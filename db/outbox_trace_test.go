package db_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/tracing"
	"koppel/states"
)

// What a commit moves is part of the trace that the commit belongs to; without a trace nothing is kept.
func TestACommitKeepsItsTrace(t *testing.T) {
	t.Parallel()
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	store := dbtest.Open(t, dbtest.URL(t))
	env := environment(t, store, "ours")
	move := func(ctx context.Context, subject int64) {
		require.NoError(t, store.WithTx(ctx, env.ID, func(tx *db.Tx) error {
			return tx.Move(ctx, env.ID, states.OutboxNotify, subject, states.SignalStart, now)
		}))
	}
	move(tracing.Continue(t.Context(), header), 1)
	move(tracing.Continue(t.Context(), "no trace"), 2)
	move(t.Context(), 3)
	kept := map[int64]string{}
	require.NoError(t, store.WithSystemTx(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.SystemOutboxTake(t.Context(), db.SystemOutboxTakeParams{LeaseUntil: now, Now: now, PageSize: 9})
		for _, row := range rows {
			kept[row.SubjectID] = row.Traceparent
		}
		return err
	}))
	require.Equal(t, map[int64]string{1: header, 2: "", 3: ""}, kept)
}
