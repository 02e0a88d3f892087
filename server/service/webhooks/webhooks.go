package webhooks

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// WebhookEvents lists what a webhook can be about in a scope.
func WebhookEvents(account bool) []string {
	if account {
		return []string{ledger.EventProductUpdated, ledger.EventOfferAccepted, ledger.EventSaleCancelled, ledger.EventSaleDeleted}
	}
	return []string{ledger.EventProductsChanged, ledger.EventSalesChanged}
}

// maxWebhooks is how many webhooks a user can have.
const maxWebhooks = 50

func webhookScope(account bool) states.WebhookScope {
	if account {
		return states.ScopeAccount
	}
	return states.ScopeUser
}

// List lists the account's webhooks, or the user's own.
func (s *Webhooks) List(ctx context.Context, a service.Actor, account bool) (list []db.WebhookListRow, err error) {
	params := db.WebhookListParams{EnvironmentID: a.EnvironmentID, Scope: new(string(webhookScope(account)))}
	if !account {
		params.UserID = &a.UserID
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.WebhookList(ctx, params)
		return err
	})
	return list, err
}

// AllWebhooks lists every webhook of the environment, for its admins.
func (s *Webhooks) AllWebhooks(ctx context.Context, a service.Actor) (list []db.WebhookListRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.WebhookList(ctx, db.WebhookListParams{EnvironmentID: a.EnvironmentID})
		return err
	})
	return list, err
}

// Subscribe adds a webhook and gives the secret that its deliveries are signed with, this once.
func (s *Webhooks) Subscribe(ctx context.Context, a service.Actor, account bool, event, target string) (w db.Webhook, secret string, err error) {
	if missing := service.Required(map[string]string{"event": event, "target_url": target}); missing != nil {
		return w, "", missing
	}
	if !slices.Contains(WebhookEvents(account), event) {
		return w, "", service.Invalid("event", "field_invalid", event)
	}
	parsed, err := url.Parse(target)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.User != nil || len(target) > 2000 {
		return w, "", service.Invalid("target_url", "field_invalid", target)
	}
	if salesdock.Allowed(s.Transport, parsed) != nil {
		return w, "", service.Invalid("target_url", "address_https")
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	uuid := newUUID()
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		known, err := tx.WebhookList(ctx, db.WebhookListParams{EnvironmentID: a.EnvironmentID, UserID: &a.UserID})
		if err != nil {
			return err
		}
		if len(known) >= maxWebhooks {
			return service.Conflict("too_many_webhooks", maxWebhooks)
		}
		w, err = tx.WebhookInsert(ctx, db.WebhookInsertParams{
			EnvironmentID: a.EnvironmentID, UserID: a.UserID, Scope: webhookScope(account), Event: event, TargetURL: target,
			SecretSealed: s.Vault.Seal(vault.WebhookRow(a.EnvironmentID, uuid), key), UUID: uuid, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "create", "webhook", w.ID, nil, map[string]any{"event": event, "target_url": target})
	})
	return w, salesdock.WebhookSecretMark + base64.StdEncoding.EncodeToString(key), err
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])                      // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4 (RFC 9562)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Unsubscribe removes a webhook, and what it had still to tell.
func (s *Webhooks) Unsubscribe(ctx context.Context, a service.Actor, account bool, uuid string) error {
	return s.changeWebhook(ctx, a, account, uuid, states.WebhookRemoved, func(tx *db.Tx, w db.Webhook) error {
		return tx.WebhookEventsForget(ctx, a.EnvironmentID, w.ID)
	})
}

// ResumeWebhook has a webhook that was paused go on with what it has to tell.
func (s *Webhooks) ResumeWebhook(ctx context.Context, a service.Actor, account bool, uuid string) error {
	return s.changeWebhook(ctx, a, account, uuid, states.WebhookActive, func(tx *db.Tx, w db.Webhook) error {
		return tx.Move(ctx, a.EnvironmentID, states.OutboxWebhook, w.ID, states.SignalLookAgain, s.Now())
	})
}

func (s *Webhooks) changeWebhook(ctx context.Context, a service.Actor, account bool, uuid string, state states.WebhookState, then func(*db.Tx, db.Webhook) error) error {
	return service.OrNotFound(s.Tx(ctx, a, func(tx *db.Tx) error {
		w, err := tx.WebhookByUUID(ctx, a.EnvironmentID, uuid)
		if err != nil {
			return err
		}
		if !account && (w.UserID != a.UserID || w.Scope != states.ScopeUser) {
			return db.ErrNotFound
		}
		if _, err := tx.WebhookSetState(ctx, db.WebhookSetStateParams{EnvironmentID: a.EnvironmentID, ID: w.ID, State: state}); err != nil {
			return err
		}
		if err := then(tx, w); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, string(state), "webhook", w.ID, nil, nil)
	}))
}
