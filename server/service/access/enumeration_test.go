package access_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/server/service"
	"koppel/server/servicetest"
	"koppel/states"
)

// asked is what somebody learns of a call: the refusal, and how much was done for it.
type asked struct {
	kind         service.Kind
	key          string
	transactions int64
}

// Whoever has no token of an account, or no password, cannot tell an account that is there from one that is not: neither by what is said nor
// by how much is done.
func TestNobodyLearnsWhichAccountsThereAre(t *testing.T) {
	t.Parallel()
	w := servicetest.New(t)
	ctx, remote := t.Context(), netip.MustParseAddr("192.0.2.7")
	elsewhere, err := w.Access.CreateEnvironment(ctx, "elders", "Elders", "owner@elders.example", states.Dutch)
	require.NoError(t, err)
	learn := func(call func() error) asked {
		t.Helper()
		before := w.Store.Transactions()
		err := call()
		var refusal *service.Error
		require.ErrorAs(t, err, &refusal)
		return asked{refusal.Kind, refusal.Key, w.Store.Transactions() - before}
	}
	for what, call := range map[string]func(account string) error{
		"no token": func(account string) error { _, err := w.Access.Authenticate(ctx, account, "", remote); return err },
		"no token of ours": func(account string) error {
			_, err := w.Access.Authenticate(ctx, account, "geheim", remote)
			return err
		},
		"a made-up token": func(account string) error {
			_, err := w.Access.Authenticate(ctx, account, "kpl_AAAAAAAAAA_x", remote)
			return err
		},
		"another's token": func(account string) error {
			_, err := w.Access.Authenticate(ctx, account, elsewhere.OwnerToken, remote)
			return err
		},
		"a made-up sign-in": func(account string) error {
			_, _, err := w.Access.SignIn(ctx, account, "x@y.example", "geheim", remote)
			return err
		},
		"an invitation": func(account string) error { _, _, err := w.Access.Invited(ctx, account, "geheim"); return err },
		"a hint": func(account string) error {
			return w.Incoming.ReceiveLinkEvent(ctx, account, []byte(`{"link_key": "x"}`), "x")
		},
	} {
		there, missing := learn(func() error { return call("acme") }), learn(func() error { return call("nergens") })
		require.Equal(t, there, missing, what)
	}
	_, err = w.Access.Authenticate(ctx, "acme", elsewhere.OwnerToken, remote)
	w.Refused("account_not_of_token", err)
}
