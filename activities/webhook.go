package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/internal/vault"
	"koppel/salesdock"
	"koppel/states"
)

// WebhookInput names a webhook.
type WebhookInput struct {
	EnvironmentID int64
	WebhookID     int64
}

// WebhookResult says whether there is nothing more to tell, or how long to wait before the next try.
type WebhookResult struct {
	Ended bool
	Wait  time.Duration
}

// webhookWaits are how long a delivery that was not taken waits; the last one again and again, for webhookPatience.
var webhookWaits = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour}

// webhookPatience is how long a receiver may fail before its webhook is paused.
const webhookPatience = 3 * 24 * time.Hour

// delivery is a message on its way.
type delivery struct {
	webhook db.Webhook
	account string
	event   *db.WebhookEvent // account scope
	id      string
}

// DeliverWebhook delivers the next message there is for a webhook. At least once: a crash between the delivery and its
// record sends it again, under the same id.
func (p *Partner) DeliverWebhook(ctx context.Context, in WebhookInput) (WebhookResult, error) {
	d, wait, err := p.nextDelivery(ctx, in)
	if err != nil || d == nil {
		return WebhookResult{Ended: wait == 0, Wait: wait}, err
	}
	secret, err := p.Vault.Open(vault.WebhookRow(d.webhook.EnvironmentID, uuidText(d.webhook.UUID.Bytes)), d.webhook.SecretSealed)
	if err != nil {
		return WebhookResult{}, err
	}
	data := map[string]any{"sequence": d.webhook.Sequence}
	if d.event != nil {
		data = map[string]any{"id": d.event.SubjectID}
	}
	message := salesdock.WebhookMessage{Type: d.webhook.Event, Event: d.webhook.Event, Timestamp: p.Now().UTC(), Account: d.account, Data: data}
	status, cause := salesdock.PostWebhook(ctx, p.Transport, d.webhook.TargetURL, d.id, message, secret, p.Now())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	p.Log.Info("webhook.delivered", zap.Int64(logging.KeyEnvironment, in.EnvironmentID), zap.Int64("webhook_id", in.WebhookID), zap.Int(logging.KeyStatus, status), zap.Bool("taken", cause == nil && status < 300))
	return p.recordDelivery(ctx, d, status, cause)
}

func uuidText(b [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// nextDelivery finds what is to be told next: nothing, or not yet.
func (p *Partner) nextDelivery(ctx context.Context, in WebhookInput) (d *delivery, wait time.Duration, err error) {
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		w, err := tx.WebhookByID(ctx, in.EnvironmentID, in.WebhookID)
		if err != nil || w.State != states.WebhookActive {
			return err
		}
		if w.NextAt != nil && w.NextAt.After(p.Now()) {
			wait = w.NextAt.Sub(p.Now())
			return nil
		}
		// Who was switched off hears nothing more; what waits goes when they are back.
		if user, err := tx.UserByID(ctx, in.EnvironmentID, w.UserID); err != nil || !user.Active {
			return err
		}
		env, err := tx.EnvironmentByID(ctx, in.EnvironmentID)
		if err != nil {
			return err
		}
		next := &delivery{webhook: w, account: env.Account}
		if w.Scope == states.ScopeAccount {
			event, err := tx.WebhookEventNext(ctx, in.EnvironmentID, w.ID)
			if errors.Is(err, db.ErrNotFound) {
				return nil
			}
			next.event, next.id, d = &event, fmt.Sprintf("evt_%d_%d", w.ID, event.ID), next
			return err
		}
		if w.Sequence == w.Delivered {
			return nil
		}
		horizon, err := tx.SystemChangeHorizon(ctx)
		if err != nil {
			return err
		}
		if w.Changed >= horizon { // a change cursor cannot tell of it yet: the receiver would look too early
			wait = untilVisible
			return nil
		}
		next.id, d = fmt.Sprintf("hint_%d_%d", w.ID, w.Sequence), next
		return nil
	})
	return d, wait, err
}

// untilVisible is how soon it is looked again whether a change can be read by a cursor.
const untilVisible = 100 * time.Millisecond

// receiverReason says why a delivery was not taken.
func receiverReason(status int) states.Reason {
	if status == 0 || status >= 500 {
		return states.ReasonReceiverUnreachable
	}
	return states.ReasonReceiverRefused
}

func (p *Partner) recordDelivery(ctx context.Context, d *delivery, status int, cause error) (result WebhookResult, err error) {
	w := d.webhook
	err = p.Store.WithTx(ctx, w.EnvironmentID, func(tx *db.Tx) error {
		if cause == nil && status >= 200 && status < 300 {
			if d.event != nil {
				if err := tx.WebhookEventDone(ctx, w.EnvironmentID, d.event.ID); err != nil {
					return err
				}
			}
			return tx.WebhookDelivered(ctx, db.WebhookDeliveredParams{EnvironmentID: w.EnvironmentID, ID: w.ID, Delivered: w.Sequence, LastStatus: int32(status), Now: new(p.Now())})
		}
		jobFailed(ctx, receiverReason(status))
		result.Wait = webhookWaits[min(int(w.Attempts), len(webhookWaits)-1)]
		state := states.WebhookActive
		if since := w.FailingSince; since != nil && p.Now().Sub(*since) >= webhookPatience || status == 410 {
			state, result = states.WebhookPaused, WebhookResult{Ended: true}
		}
		return tx.WebhookFailed(ctx, db.WebhookFailedParams{EnvironmentID: w.EnvironmentID, ID: w.ID, NextAt: new(p.Now().Add(result.Wait)), LastStatus: int32(status), State: state, Now: new(p.Now())})
	})
	return result, err
}
