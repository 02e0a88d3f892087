package ledger_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service/integrations"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// changed sets a sale's status, as a user does.
func changed(s *servicetest.Shop, sale int64, status string) {
	s.T.Helper()
	s.Tx(func(tx *db.Tx) error {
		row, err := tx.SaleLock(s.T.Context(), s.Owner.EnvironmentID, sale)
		require.NoError(s.T, err)
		to, err := ledger.Status(s.T.Context(), tx, s.Owner.EnvironmentID, status)
		require.NoError(s.T, err)
		_, err = ledger.ChangeSaleStatus(s.T.Context(), tx, row, ledger.StatusChange{Status: to, UserID: &s.Owner.UserID, By: states.CancelledByUser, Now: s.Now()})
		return err
	})
}

// A sale is sent to a partner once: what qualifies starts, what no longer does is withdrawn while it waits, and starts again
// when it does again. What the partner has stays.
func TestASaleIsStartedAndWithdrawnByItsStatus(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	sale := s.Sell(s.Owner, link.Product)
	first := s.Forwarding(link, sale)
	require.Equal(t, states.ForwardingWaiting, first.State)
	changed(s, sale, linking.StatusCancelled)
	require.Equal(t, states.ForwardingWithdrawn, s.Forwarding(link, sale).State)
	changed(s, sale, "verified")
	again := s.Forwarding(link, sale)
	require.Equal(t, states.ForwardingWaiting, again.State)
	require.Equal(t, first.ID, again.ID, "the same forwarding: one for a sale and a link")
	s.Sent(link, sale, "900")
	changed(s, sale, linking.StatusCancelled)
	require.Equal(t, states.ForwardingForwarded, s.Forwarding(link, sale).State)
	s.Tx(func(tx *db.Tx) error {
		count, err := ledger.RecordForwarded(t.Context(), tx, again, "901", s.Now())
		require.Zero(t, count, "it is forwarded already")
		return err
	})
	require.Equal(t, "900", *s.Forwarding(link, sale).PartnerSaleID)
}

// What does not go by itself goes by hand, unless the settings refuse that too; what a person sent stays.
func TestByHandIsTheSameTestWithoutAutomatic(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	settings := func(text string) {
		_, err := s.Integrations.UpdateIntegration(ctx, s.Owner, link.ID, integrations.IntegrationPatch{Settings: json.RawMessage(text)})
		require.NoError(t, err)
	}
	settings(`{"forwarding": {"enabled": true, "automatic": false, "statuses": ["verified"]}}`)
	sale := s.Sell(s.Owner, link.Product)
	byHand := func() (done []ledger.Consideration) {
		s.Tx(func(tx *db.Tx) error {
			row, err := tx.SaleLock(ctx, s.Owner.EnvironmentID, sale)
			require.NoError(t, err)
			done, err = ledger.Consider(ctx, tx, row, true, s.Now())
			return err
		})
		return done
	}
	refused := byHand()
	require.False(t, refused[0].Started)
	require.Equal(t, states.ReasonStatus, refused[0].Verdict.Reasons[0].Code)
	changed(s, sale, "verified")
	require.True(t, byHand()[0].Started)
	changed(s, sale, "verified")
	require.Equal(t, states.ForwardingWaiting, s.Forwarding(link, sale).State, "a person sent it")
	settings(`{"forwarding": {"enabled": false}}`)
	require.Equal(t, states.ForwardingWithdrawn, s.Forwarding(link, sale).State)
}

// A request to cancel has one answer, the first; a sale that is cancelled some other way answers it too.
func TestACancellationIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	link := s.Linked(s.Agent, "reseller")
	ask := func(sale int64) (c db.CancellationRequest) {
		s.Tx(func(tx *db.Tx) (err error) {
			c, err = tx.CancellationInsert(ctx, db.CancellationInsertParams{
				EnvironmentID: s.Owner.EnvironmentID, Direction: states.Incoming, SaleID: sale, LinkID: &link.ID, Reference: "r", Reason: "x", State: states.CancellationOpen,
				ExpiresAt: s.Now().Add(1), Now: s.Now(),
			})
			return err
		})
		return c
	}
	answer := func(c db.CancellationRequest, state states.CancellationState) (taken bool) {
		s.Tx(func(tx *db.Tx) error {
			sale, err := tx.SaleLock(ctx, c.EnvironmentID, c.SaleID)
			require.NoError(t, err)
			taken, err = ledger.AnswerIncoming(ctx, tx, sale, c, ledger.Answered{State: state, Now: s.Now()})
			return err
		})
		return taken
	}
	state := func(sale int64) (state states.CancellationState) {
		s.Tx(func(tx *db.Tx) error {
			rows, err := tx.CancellationsOfSales(ctx, s.Owner.EnvironmentID, []int64{sale})
			require.NoError(t, err)
			state = rows[0].State
			return nil
		})
		return state
	}
	sale := s.Sell(s.Agent, s.Product)
	c := ask(sale)
	require.True(t, answer(c, states.CancellationRejected))
	require.False(t, answer(c, states.CancellationAccepted))
	changed(s, sale, linking.StatusCancelled)
	require.Equal(t, states.CancellationRejected, state(sale))
	other := s.Sell(s.Agent, s.Product)
	ask(other)
	changed(s, other, linking.StatusCancelled)
	require.Equal(t, states.CancellationAccepted, state(other))
}

// A set-up is kept by version, and the version that was mapped is what drift is told from; the same again is no change.
func TestASetupIsComparedWithWhatWasMapped(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, ctx := s.Link(), t.Context()
	save := func(flows ...linking.Flow) (changed bool) {
		s.Tx(func(tx *db.Tx) (err error) {
			changed, err = ledger.SaveSetupPart(ctx, tx, s.Owner.EnvironmentID, link.ID, linking.PartFlows, flows, s.Now())
			return err
		})
		return changed
	}
	require.NoError(t, s.Integrations.SaveFlowMappings(ctx, s.Owner, link.ID, []integrations.FlowPair{{FlowID: s.Flow, PartnerFlowID: 5}}))
	require.False(t, save(linking.Flow{ID: 5, Type: "energie", Identifier: "theirs"}))
	require.True(t, save(linking.Flow{ID: 6, Type: "energie", Identifier: "nieuw"}))
	s.Tx(func(tx *db.Tx) error {
		mapped, err := ledger.SetupAsMapped(ctx, tx, s.Owner.EnvironmentID, link.ID)
		require.NoError(t, err)
		now, err := ledger.Setup(ctx, tx, s.Owner.EnvironmentID, link.ID)
		require.EqualValues(t, 5, mapped.Flows[0].ID)
		require.EqualValues(t, 6, now.Flows[0].ID)
		return err
	})
}
