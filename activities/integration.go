package activities

import (
	"context"
	"errors"
	"time"

	"koppel/db"
	"koppel/states"
)

// IntegrationInput names an integration.
type IntegrationInput struct {
	EnvironmentID int64
	IntegrationID int64
}

// IntegrationPlan is what an integration has to do next. It is read from rows, so that signals need carry
// nothing.
type IntegrationPlan struct {
	State      states.IntegrationState
	LimitGroup string
	RunID      int64     // a run that is queued or under way; 0 for none
	CheckAt    time.Time // zero: never
	PollAt     time.Time // zero: never
	SweepAt    time.Time // zero: never
	LookAt     time.Time // unknown outcomes are looked for then; zero: there are none
	ProbeAt    time.Time // its token is in doubt, and looked at then; zero: it is not
	Linked     bool      // the partner knows who we are
	Untold     bool      // it does not know what we imported since, or was not spoken to for long
}

// PlanIntegration reads what an integration has to do.
func (r *Records) PlanIntegration(ctx context.Context, in IntegrationInput) (plan IntegrationPlan, err error) {
	err = r.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		plan, err = readPlan(ctx, tx, in, r.Now())
		return err
	})
	return plan, err
}

func readPlan(ctx context.Context, tx *db.Tx, in IntegrationInput, now time.Time) (IntegrationPlan, error) {
	row, err := tx.IntegrationByID(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return IntegrationPlan{}, err
	}
	plan := IntegrationPlan{State: row.State, LimitGroup: row.LimitGroup, CheckAt: row.NextSyncAt, PollAt: row.NextPollAt}
	if row.LookAt != nil {
		plan.LookAt = *row.LookAt
	}
	if row.TokenProbeAt != nil {
		plan.ProbeAt = *row.TokenProbeAt
	}
	plan.Linked = row.PartnerKind != states.PartnerKoppel || row.LinkedAt != nil
	plan.Untold = row.PartnerKind == states.PartnerKoppel && row.LinkedAt != nil && (row.Imports != row.ImportsTold || row.ToldAt == nil || now.Sub(*row.ToldAt) > tellAgainAfter)
	if row.ProductsHint {
		plan.CheckAt = now
	}
	if row.SalesHint {
		plan.PollAt = now
	}
	swept := row.PartnerKind == states.PartnerStock
	if !swept { // a sale that was set aside is told of again only when it changes: a row that is mended is found by asking
		if swept, err = tx.SetAsideOf(ctx, db.SetAsideOfParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: states.SetAsideSale}); err != nil {
			return plan, err
		}
	}
	if swept {
		plan.SweepAt = row.SweepAt
	}
	if !row.Settings.StatusUpdates {
		plan.PollAt, plan.SweepAt = time.Time{}, time.Time{}
	}
	for _, read := range []func(context.Context, int64, int64) (db.SyncRun, error){tx.SyncRunRunning, tx.SyncRunQueued} {
		run, err := read(ctx, in.EnvironmentID, in.IntegrationID)
		if err == nil {
			plan.RunID = run.ID
			break
		}
		if !errors.Is(err, db.ErrNotFound) {
			return plan, err
		}
	}
	return plan, nil
}

// setupMaxAge is how long a partner's questions, flows and statuses may go unread when nothing announces a
// change.
const setupMaxAge = 6 * time.Hour

// CheckProducts asks a partner of ours whether anything changed. When something did, when it said so itself,
// or when the partner cannot tell, a run is queued; otherwise one request was all. Idempotent: reading, and at
// most one queued run.
func (p *Partner) CheckProducts(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != states.IntegrationActive {
		return p.plan(ctx, in, err)
	}
	trigger, nothing, cursor := states.RunBySchedule, false, ref.ProductCursor
	if ref.ProductsHint {
		trigger = states.RunByPartner
	} else if keyed(ref.Integration) && ref.ProductCursor != "" {
		page, err := ref.client.ProductChanges(ctx, ref.ProductCursor)
		if err != nil {
			return p.checkFailed(ctx, ref, err)
		}
		nothing, cursor = len(page.Data)+len(page.Unreadable) == 0 && !page.Full, page.NextCursor
	}
	next := p.Now().Add(time.Duration(ref.Settings.SyncIntervalMinutes) * time.Minute)
	var plan IntegrationPlan
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if err := p.afterCheck(ctx, tx, ref, trigger, nothing && !p.setupIsOld(ref.Integration), cursor, next); err != nil {
			return err
		}
		var err error
		plan, err = readPlan(ctx, tx, in, p.Now())
		return err
	})
	return plan, err
}

func (p *Partner) afterCheck(ctx context.Context, tx *db.Tx, ref integrationRef, trigger states.RunTrigger, nothing bool, cursor string, next time.Time) error {
	if nothing {
		return tx.IntegrationChecked(ctx, db.IntegrationCheckedParams{
			EnvironmentID: ref.EnvironmentID, ID: ref.ID, ProductCursor: cursor, Now: new(p.Now()), NextSyncAt: next,
		})
	}
	if err := tx.IntegrationTakeProductsHint(ctx, ref.EnvironmentID, ref.ID); err != nil {
		return err
	}
	if _, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{EnvironmentID: ref.EnvironmentID, IntegrationID: ref.ID, Trigger: trigger, Now: p.Now()}); err != nil {
		return err
	}
	return tx.IntegrationCheckFailed(ctx, db.IntegrationCheckFailedParams{EnvironmentID: ref.EnvironmentID, ID: ref.ID, NextSyncAt: next})
}

func (p *Partner) setupIsOld(i db.Integration) bool {
	return i.SetupReadAt == nil || p.Now().Sub(*i.SetupReadAt) > setupMaxAge
}

// checkFailed writes the reason down, and tries again a while later; a refused token is looked at.
func (p *Partner) checkFailed(ctx context.Context, ref integrationRef, cause error) (IntegrationPlan, error) {
	c, err := p.noted(ctx, ref.Integration, cause)
	if err != nil {
		return IntegrationPlan{}, err
	}
	next := p.Now().Add(min(afterFailure, time.Duration(ref.Settings.SyncIntervalMinutes)*time.Minute))
	if c.Delay > 0 {
		next = p.Now().Add(c.Delay)
	}
	err = p.Store.WithTx(ctx, ref.EnvironmentID, func(tx *db.Tx) error {
		return tx.IntegrationCheckFailed(ctx, db.IntegrationCheckFailedParams{EnvironmentID: ref.EnvironmentID, ID: ref.ID, NextSyncAt: next})
	})
	return p.plan(ctx, IntegrationInput{ref.EnvironmentID, ref.ID}, err)
}
