package webhooks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/db/dbtest"
	"koppel/ledger"
	"koppel/server/service"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const target = "https://ontvanger.example/hook"

// In user scope a webhook is its user's: another neither resumes nor removes it. An admin does, in account scope.
func TestAWebhookIsItsUsers(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	hook, secret, err := s.Webhooks.Subscribe(ctx, s.Agent, false, ledger.EventSalesChanged, target)
	require.NoError(t, err)
	require.NotContains(t, string(hook.SecretSealed), secret)
	other, stranger, uuid := s.User("ander@partner.example", states.RoleAgent), s.Environment("other"), hook.UUID.String()
	for _, change := range []func(service.Actor, bool) error{
		func(a service.Actor, account bool) error { return s.Webhooks.ResumeWebhook(ctx, a, account, uuid) },
		func(a service.Actor, account bool) error { return s.Webhooks.Unsubscribe(ctx, a, account, uuid) },
	} {
		s.Refused(service.NotFound().Key, change(other, false))
		s.Refused(service.NotFound().Key, change(stranger, true))
		require.NoError(t, change(s.Owner, true))
	}
	list, err := s.Webhooks.List(ctx, s.Agent, false)
	require.NoError(t, err)
	require.Empty(t, list, "it was removed")
}

// An event is of one scope, a target is an address without a password, and fifty are enough.
func TestWhatAWebhookCannotBe(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	subscribe := func(event, target string) error {
		_, _, err := s.Webhooks.Subscribe(ctx, s.Agent, false, event, target)
		return err
	}
	s.RefusedField("event", "field_invalid", subscribe(ledger.EventSaleCancelled, target))
	for _, bad := range []string{"ontvanger.example", "ftp://ontvanger.example", "https://naam:geheim@ontvanger.example"} {
		s.RefusedField("target_url", "field_invalid", subscribe(ledger.EventSalesChanged, bad))
	}
	for range 50 {
		require.NoError(t, subscribe(ledger.EventSalesChanged, target))
	}
	s.Refused("too_many_webhooks", subscribe(ledger.EventSalesChanged, target))
	_, _, err := s.Webhooks.Subscribe(ctx, s.Owner, true, ledger.EventSaleCancelled, target)
	require.NoError(t, err, "another's webhooks are another's")
}

// A webhook that is removed forgets what it had to tell; one that is resumed goes on with it.
func TestWhatAWebhookHasToTell(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	hook, _, err := s.Webhooks.Subscribe(ctx, s.Owner, true, ledger.EventSaleCancelled, target)
	require.NoError(t, err)
	sale := s.Sell(s.Owner, s.Product)
	s.Tx(func(tx *db.Tx) error {
		row, err := tx.SaleLock(ctx, s.Owner.EnvironmentID, sale)
		require.NoError(t, err)
		cancelled, err := ledger.Status(ctx, tx, s.Owner.EnvironmentID, "cancelled")
		require.NoError(t, err)
		_, err = ledger.ChangeSaleStatus(ctx, tx, row, ledger.StatusChange{Status: cancelled, UserID: &s.Owner.UserID, By: states.CancelledByUser, Now: s.Now()})
		return err
	})
	waits := func() int64 {
		list, err := s.Webhooks.AllWebhooks(ctx, s.Owner)
		require.NoError(t, err)
		if len(list) == 0 {
			return 0
		}
		return list[0].Waiting
	}
	require.EqualValues(t, 1, waits())
	require.NoError(t, s.Webhooks.ResumeWebhook(ctx, s.Owner, true, hook.UUID.String()))
	require.EqualValues(t, 1, waits())
	require.NoError(t, s.Webhooks.Unsubscribe(ctx, s.Owner, true, hook.UUID.String()))
	require.Zero(t, waits())
}
