// Package retention removes what has been kept for long enough: in batches, one process at a time. Sales stay;
// the person whose one is goes where its environment says so.
package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"koppel/db"
)

// Days are how long what grows without end is kept. 0: for ever.
type Days struct {
	Runs, Attempts, Mails, WebhookEvents, Audit, Tokens, Operations, Concepts, Jobs int
}

// Partners are promised that a key works for 30 days: this is no setting.
const idempotencyDays = 31

// Rule is what goes after how long.
type Rule struct {
	Table  string   // as docs/operations.md names it
	With   []string // tables whose rows go with it
	Days   int
	batch  int32
	forget func(tx *db.Tx, ctx context.Context, before time.Time, atMost int32) (int64, error)
}

const (
	batch    = 1000
	runs     = 20 // a run may have changed ten thousand products
	lockName = "koppel.retention"
)

// Rules are all of them.
func (d Days) Rules() []Rule {
	return []Rule{
		{"sync_runs", []string{"sync_run_changes", "sync_run_set_aside"}, d.Runs, runs, (*db.Tx).SystemRunsForget},
		{"forwarding_attempts", nil, d.Attempts, batch, (*db.Tx).SystemAttemptsForget},
		{"mails", nil, d.Mails, batch, (*db.Tx).SystemMailsForget},
		{"webhook_events", nil, d.WebhookEvents, batch, (*db.Tx).SystemWebhookEventsForget},
		{"audit_log", nil, d.Audit, batch, (*db.Tx).SystemAuditForget},
		{"tokens", nil, d.Tokens, batch, (*db.Tx).SystemTokensForget},
		{"invitations", nil, d.Tokens, batch, (*db.Tx).SystemInvitationsForget},
		{"operations", nil, d.Operations, batch, (*db.Tx).SystemOperationsForget},
		{"concept_transactions", nil, d.Concepts, batch, (*db.Tx).SystemConceptsForget},
		{"background_jobs", nil, d.Jobs, batch, (*db.Tx).SystemJobsForget},
		{"idempotency_keys", nil, idempotencyDays, batch, (*db.Tx).SystemIdempotencyKeysForget},
	}
}

// Keeper removes by the rules.
type Keeper struct {
	Store *db.Store
	Days  Days
	Log   *zap.Logger
	Now   func() time.Time
}

// Sweep removes all that is too old. What another process is removing at the moment is left to it.
func (k *Keeper) Sweep(ctx context.Context) error {
	failed := errors.Join(k.maskAudit(ctx), k.erasePersons(ctx))
	for _, rule := range k.Days.Rules() {
		if rule.Days == 0 {
			continue
		}
		gone, err := k.forget(ctx, rule)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("remove old %s: %w", rule.Table, err))
		}
		if gone > 0 {
			k.Log.Info("retention.removed", zap.String("table", rule.Table), zap.Int64("rows", gone), zap.Int("older_than_days", rule.Days))
		}
	}
	return failed
}

// maskAudit takes what persons said out of the audit log, where an earlier version wrote it.
func (k *Keeper) maskAudit(ctx context.Context) error {
	masked, err := k.forget(ctx, Rule{batch: batch, forget: func(tx *db.Tx, ctx context.Context, _ time.Time, atMost int32) (int64, error) {
		return tx.SystemAuditMask(ctx, atMost)
	}})
	if masked > 0 {
		k.Log.Info("audit.masked", zap.Int64("rows", masked))
	}
	if err != nil {
		return fmt.Errorf("mask the audit log: %w", err)
	}
	return nil
}

// forget goes on until a batch was not full: each is a transaction of its own, so nothing waits long for it.
func (k *Keeper) forget(ctx context.Context, rule Rule) (total int64, err error) {
	before := k.Now().AddDate(0, 0, -rule.Days)
	for {
		var gone int64
		err := k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
			locked, err := tx.SystemTryLock(ctx, lockName)
			if err != nil || !locked {
				return err
			}
			gone, err = rule.forget(tx, ctx, before, rule.batch)
			return err
		})
		total += gone
		if err != nil || gone < int64(rule.batch) {
			return total, err
		}
	}
}
