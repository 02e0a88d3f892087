package sealing_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/partner"
	"koppel/salesdock"
	"koppel/sealing"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/service/services"
	"koppel/server/servicetest"
	"koppel/states"
)

// busy is a shop in which two processes seal all the time: one with the old key first, one with the new one.
type busy struct {
	*servicetest.Shop
	link       servicetest.Link
	forwarding db.Forwarding
	mu         sync.Mutex        // what is written last is what must be there afterwards
	last       map[string]string // by what it is
	webhooks   map[string]string // secrets, by the webhook's uuid
	invited    []db.User
}

const rounds = 40

func newBusy(t *testing.T) *busy {
	t.Helper()
	b := &busy{Shop: servicetest.NewShop(t), last: map[string]string{}, webhooks: map[string]string{}}
	b.link = b.Link()
	b.forwarding = b.Forwarding(b.link, b.Sell(b.Owner, b.link.Product))
	for i := range 2 * rounds {
		b.User(fmt.Sprintf("%d@partner.example", i), states.RoleAgent)
	}
	var err error
	b.invited, err = b.Access.Users(t.Context(), b.Owner)
	require.NoError(t, err)
	return b
}

// process is the service with keys of its own.
func (b *busy) process(keys *vault.Vault) *services.Services {
	kernel := *b.Kernel
	kernel.Vault, kernel.MailConfigured = keys, true
	return services.New(kernel)
}

// write seals something of every kind, in one round of a process.
func (b *busy) write(svc *services.Services, process string, round int) error {
	ctx, text := b.T.Context(), fmt.Sprintf("%s-%d", process, round)
	env, seal := b.Owner.EnvironmentID, svc.Vault.Seal
	user := b.invited[len(b.invited)-1-round]
	if process == "new" {
		user = b.invited[len(b.invited)-1-rounds-round]
	}
	_, errInvite := svc.Access.InviteUser(ctx, b.Owner, user.ID)
	_, _, errToken := svc.Access.CreateToken(ctx, b.Owner, user.ID, access.TokenInput{Name: text}) // is told by mail
	webhook, secret, errWebhook := svc.Webhooks.Subscribe(ctx, b.Owner, false, "products.changed", "https://voorbeeld.example/"+text)
	b.mu.Lock()
	defer b.mu.Unlock()
	if errWebhook == nil {
		b.webhooks[webhook.UUID.String()] = secret
	}
	_, errLink := svc.Incoming.PutLink(ctx, b.Agent, salesdock.Link{Account: "zonwijs", BaseURL: "https://zonwijs.example", LinkKey: "z", Secret: text})
	errRows := svc.Store.WithTx(ctx, env, func(tx *db.Tx) error {
		if _, err := partner.SignerOf(ctx, tx, svc.Vault, env, svc.Now()); err != nil {
			return err
		}
		row, f := b.link.Integration, b.forwarding
		err := tx.IntegrationSetConnection(ctx, db.IntegrationSetConnectionParams{
			EnvironmentID: env, ID: row.ID, AccountName: row.AccountName, BaseURL: row.BaseURL, TokenSealed: seal(vault.TokenRow(env, row.LinkKey), []byte(text)),
			PartnerKind: row.PartnerKind, Capabilities: row.Capabilities, LimitGroup: row.LimitGroup, Now: svc.Now(),
		})
		if err != nil {
			return err
		}
		if _, err := tx.ForwardingRelease(ctx, db.ForwardingReleaseParams{EnvironmentID: env, ID: f.ID, State: states.ForwardingWaiting, Problems: f.Problems, Now: svc.Now()}); err != nil {
			return err
		}
		_, err = tx.ForwardingClaim(ctx, db.ForwardingClaimParams{EnvironmentID: env, ID: f.ID, RequestSealed: seal(vault.RequestRow(env, f.ID), []byte(text)), Now: svc.Now()})
		return err
	})
	if errLink == nil {
		b.last["link"] = text
	}
	if errRows == nil {
		b.last["rows"] = text
	}
	return errors.Join(errInvite, errToken, errWebhook, errLink, errRows)
}

// The whole of it: two processes seal, one with each key, while values are sealed anew over and over; nothing that they wrote is lost,
// and what they read can be read at every moment. Once both have the new key first, the old one can go, and everything opens without it.
func TestARotationUnderLoad(t *testing.T) {
	t.Parallel()
	b := newBusy(t)
	ctx, fresh := t.Context(), vault.NewKey("k2")
	oldFirst, newFirst, newAlone := keysOf(t, b.World, b.Key, fresh), keysOf(t, b.World, fresh, b.Key), keysOf(t, b.World, fresh)
	require.NoError(t, oldFirst.Check(ctx, true))
	require.NoError(t, newFirst.Check(ctx, true))
	seed := b.signer(oldFirst)
	var writers, others sync.WaitGroup
	var failed atomic.Value
	var rotated, read atomic.Int64
	for name, keys := range map[string]*sealing.Keys{"old": oldFirst, "new": newFirst} {
		svc := b.process(keys.Vault)
		writers.Go(func() {
			for round := range rounds / 2 {
				if err := b.write(svc, name, round); err != nil {
					failed.Store(err)
				}
			}
		})
	}
	working, stop := context.WithCancel(ctx)
	others.Go(func() {
		for working.Err() == nil {
			done, err := newFirst.Rotate(working)
			if err != nil && working.Err() == nil && !errors.Is(err, sealing.ErrNotAll) {
				failed.Store(err)
			}
			for _, kind := range done {
				rotated.Add(kind.Sealed)
			}
		}
	})
	others.Go(func() {
		for working.Err() == nil {
			if err := b.readToken(b.process(oldFirst.Vault)); err != nil {
				failed.Store(err)
			}
			read.Add(1)
		}
	})
	writers.Wait()
	stop()
	others.Wait()
	require.Nil(t, failed.Load())
	require.Greater(t, rotated.Load(), int64(20), "they really met")
	require.Greater(t, read.Load(), int64(20))
	_, err := newFirst.Rotate(ctx)
	require.NoError(t, err)
	require.Zero(t, values(t, newFirst, "k1"))
	longAgo(t, b.World)
	require.NoError(t, newFirst.Forget(ctx))
	require.NoError(t, newAlone.Check(ctx, true), "a start without the old key")
	require.Equal(t, seed, b.signer(newAlone), "partners know the same signature")
	b.opens(newAlone.Vault)
	_, err = keysOf(t, b.World, vault.NewKey("k3"), fresh).Rotate(ctx)
	require.NoError(t, err, "each value opens with the new key alone")
}

func (b *busy) signer(keys *sealing.Keys) (public string) {
	b.T.Helper()
	b.Tx(func(tx *db.Tx) error {
		signer, err := partner.SignerOf(b.T.Context(), tx, keys.Vault, b.Owner.EnvironmentID, b.Now())
		require.NoError(b.T, err)
		public = string(signer.PublicKey())
		return err
	})
	return public
}

func (b *busy) readToken(svc *services.Services) error {
	return svc.Store.WithTx(b.T.Context(), b.Owner.EnvironmentID, func(tx *db.Tx) error {
		row, err := service.IntegrationOf(b.T.Context(), tx, b.Owner, b.link.ID)
		if err == nil {
			_, err = (&partner.Clients{Vault: svc.Vault}).ConnectionOf(row)
		}
		return err
	})
}

// opens looks at what the processes wrote last.
func (b *busy) opens(keys *vault.Vault) {
	b.T.Helper()
	ctx, env := b.T.Context(), b.Owner.EnvironmentID
	open := func(row string, sealed []byte) string {
		text, err := keys.Open(row, sealed)
		require.NoError(b.T, err, row)
		return string(text)
	}
	b.Tx(func(tx *db.Tx) error {
		row, err := service.IntegrationOf(ctx, tx, b.Owner, b.link.ID)
		require.NoError(b.T, err)
		require.Equal(b.T, b.last["rows"], open(vault.TokenRow(env, row.LinkKey), row.TokenSealed))
		require.NotEmpty(b.T, open(vault.EventSecretRow(env, row.LinkKey), row.EventSecretSealed))
		f, err := tx.ForwardingByID(ctx, env, b.forwarding.ID)
		require.NoError(b.T, err)
		require.Equal(b.T, b.last["rows"], open(vault.RequestRow(env, f.ID), f.RequestSealed))
		link, err := tx.LinkOfUser(ctx, env, b.Agent.UserID)
		require.NoError(b.T, err)
		require.Equal(b.T, b.last["link"], open(vault.LinkSecretRow(env, b.Agent.UserID), link.EventSecretSealed))
		webhooks, err := tx.WebhookList(ctx, db.WebhookListParams{EnvironmentID: env})
		require.NoError(b.T, err)
		require.Len(b.T, webhooks, rounds)
		for _, w := range webhooks {
			secret := open(vault.WebhookRow(env, w.Webhook.UUID.String()), w.Webhook.SecretSealed)
			require.Equal(b.T, b.webhooks[w.Webhook.UUID.String()], salesdock.WebhookSecretMark+base64.StdEncoding.EncodeToString([]byte(secret)))
		}
		return nil
	})
}
