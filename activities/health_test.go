package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service/integrations"
	"koppel/states"
)

// What a partner changes is told once, with what it means and the sales it holds up, and is gone when it is mapped,
// seen, or taken back.
func TestHealth(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	theirs := func(part linking.Part, rows any) bool {
		changed := false
		w.tx(func(tx *db.Tx) (err error) {
			changed, err = ledger.SaveSetupPart(t.Context(), tx, w.actor.EnvironmentID, w.row.ID, part, rows, time.Now())
			return err
		})
		return changed
	}
	health := func() integrations.Health {
		h, err := w.svc.Integrations.IntegrationHealth(t.Context(), w.actor, w.row.ID)
		require.NoError(t, err)
		return h
	}
	first := linking.Question{ID: 1, Identifier: "opmerking", Name: "Opmerking", InputType: "text", Visible: true}
	asked := linking.Question{ID: 2, Identifier: "meter", Name: "Meterstand", InputType: "text", Visible: true, Required: true}
	theirs(linking.PartQuestions, []linking.Question{first})
	require.True(t, health().OK)
	require.Empty(t, health().Items, "what was there from the start did not drift")

	require.True(t, theirs(linking.PartQuestions, []linking.Question{asked, first}))
	require.False(t, theirs(linking.PartQuestions, []linking.Question{first, asked}), "another order is no change")
	_, err := w.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingActionRequired, w.forwarding().State)
	h := health()
	require.False(t, h.OK)
	require.Len(t, h.Items, 1)
	require.Equal(t, integrations.HealthItem{
		Drift:    linking.Drift{Part: linking.PartQuestions, Identifier: "meter", Name: "Meterstand", Change: linking.ChangeAdded, Class: linking.DriftNeedsMapping},
		Unmapped: true, Sales: 1,
	}, h.Items[0])

	require.NoError(t, w.svc.Integrations.SeenDrift(t.Context(), w.actor, w.row.ID, linking.PartQuestions))
	require.Len(t, health().Items, 1, "it is not mapped yet")
	require.Empty(t, health().Items[0].Change)
	require.True(t, theirs(linking.PartQuestions, []linking.Question{first}))
	require.True(t, health().OK, "taken back: nothing keeps a sale")
	require.Equal(t, linking.ChangeRemoved, health().Items[0].Change)
	require.NoError(t, w.svc.Integrations.SaveQuestionMappings(t.Context(), w.actor, w.row.ID, nil))
	require.Empty(t, health().Items, "who maps has seen it")
	require.Error(t, w.svc.Integrations.SeenDrift(t.Context(), w.actor, w.row.ID, "prijzen"))
}
