package integrations

import (
	"context"
	"fmt"

	"koppel/db"
	"koppel/ledger"
	"koppel/server/service"
	"koppel/states"
)

// SyncRunLast gives the last run of a link that ended, or nothing.
func (s *Integrations) SyncRunLast(ctx context.Context, a service.Actor, id int64) (run *db.SyncRun, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		run, err = service.Maybe(tx.SyncRunLast(ctx, a.EnvironmentID, id))
		return err
	})
	return run, err
}

// Vanishing is what a run that the brake stopped would take away.
func (s *Integrations) Vanishing(ctx context.Context, a service.Actor, id int64) (v db.IntegrationProductsVanishingRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		v, err = tx.IntegrationProductsVanishing(ctx, a.EnvironmentID, id)
		return err
	})
	return v, err
}

// SyncNow is Synchroniseer nu: it gives the run that will look at the partner, the one queued already if
// there is one.
func (s *Integrations) SyncNow(ctx context.Context, a service.Actor, id int64) (run db.SyncRun, err error) {
	if err := s.Take(ctx, a, service.CostlySync); err != nil {
		return run, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := service.LockIntegration(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if row.State == states.IntegrationPaused {
			return service.Conflict("integration_paused")
		}
		run, err = s.queueRun(ctx, tx, a, id, states.RunBySyncNow)
		return err
	})
	return run, err
}

func (s *Integrations) queueRun(ctx context.Context, tx *db.Tx, a service.Actor, integrationID int64, trigger states.RunTrigger) (db.SyncRun, error) {
	run, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, Trigger: trigger, UserID: &a.UserID, Now: s.Now(),
	})
	if err != nil {
		return run, err
	}
	return run, tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, integrationID, states.SignalSyncNow, s.Now())
}

// SyncRuns reads a page of the sync history, newest first.
func (s *Integrations) SyncRuns(ctx context.Context, a service.Actor, id int64, page, perPage int) (list []db.SyncRun, total int, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		count, err := tx.SyncRunCount(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		total = int(count)
		list, err = tx.SyncRunList(ctx, db.SyncRunListParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: id, PageSize: int32(perPage), Skip: int32((page - 1) * perPage),
		})
		return err
	})
	return list, total, err
}

// changesShown is how many of a run's changes are shown, and taken back at once.
const changesShown = 2000

// SyncRun reads one run with what it changed.
func (s *Integrations) SyncRun(ctx context.Context, a service.Actor, id, runID int64) (run db.SyncRun, changes []db.SyncRunChangesRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if run, err = tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID}); err != nil {
			return err
		}
		changes, err = tx.SyncRunChanges(ctx, db.SyncRunChangesParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, RunID: runID, PageSize: changesShown})
		return err
	})
	return run, changes, service.OrNotFound(err)
}

// SyncRunPage reads one run with a page of what it changed, by the partner's numbers.
func (s *Integrations) SyncRunPage(ctx context.Context, a service.Actor, id, runID, afterID int64) (run db.SyncRun, page service.Page[db.SyncRunChangesRow], err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if run, err = tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID}); err != nil {
			return err
		}
		page, err = service.PageOf(tx.SyncRunChanges(ctx, db.SyncRunChangesParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, RunID: runID, AfterID: afterID, PageSize: service.PageSize + 1}))
		return err
	})
	return run, page, service.OrNotFound(err)
}

// ConfirmRun lets a run that the brake stopped go on.
func (s *Integrations) ConfirmRun(ctx context.Context, a service.Actor, id, runID int64) error {
	return s.resolveRun(ctx, a, id, runID, "confirm", func(tx *db.Tx) (int64, error) {
		return tx.SyncRunResolve(ctx, db.SyncRunResolveParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID, State: states.RunQueued, Confirmed: true, FromStates: states.Texts(states.RunNeedsConfirmation), Now: s.Now(),
		})
	})
}

// DismissRun keeps the products that a braked run would have removed.
func (s *Integrations) DismissRun(ctx context.Context, a service.Actor, id, runID int64) error {
	return s.resolveRun(ctx, a, id, runID, "dismiss", func(tx *db.Tx) (int64, error) {
		count, err := tx.SyncRunResolve(ctx, db.SyncRunResolveParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID, State: states.RunDismissed, FromStates: states.Texts(states.RunNeedsConfirmation), Now: s.Now(),
		})
		if err != nil || count == 0 {
			return count, err
		}
		_, err = tx.IntegrationProductsDismiss(ctx, a.EnvironmentID, id)
		return count, err
	})
}

// UndoRun takes a run back: what it added is deleted, what it changed, switched off or deleted is as before.
// The undone content comes again only when the partner changes it again.
func (s *Integrations) UndoRun(ctx context.Context, a service.Actor, id, runID int64) error {
	return s.resolveRun(ctx, a, id, runID, "undo", func(tx *db.Tx) (int64, error) {
		count, err := tx.SyncRunResolve(ctx, db.SyncRunResolveParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID, State: states.RunUndone, FromStates: states.Texts(states.RunDone, states.RunFailed, states.RunDismissed), Now: s.Now(),
		})
		if err != nil || count == 0 {
			return count, err
		}
		return count, s.undoChanges(ctx, tx, a, id, runID)
	})
}

func (s *Integrations) resolveRun(ctx context.Context, a service.Actor, id, runID int64, action string, resolve func(*db.Tx) (int64, error)) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		run, err := tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID})
		if err != nil {
			return service.OrNotFound(err)
		}
		count, err := resolve(tx)
		if err != nil {
			return service.OrConflict(err, "run_before")
		}
		if count == 0 {
			return service.Conflict("wrong_state", run.State)
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, id, states.SignalSyncNow, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, action, "sync_run", runID, nil, nil)
	})
}

func (s *Integrations) undoChanges(ctx context.Context, tx *db.Tx, a service.Actor, id, runID int64) error {
	for after := int64(0); ; {
		changes, err := tx.SyncRunChanges(ctx, db.SyncRunChangesParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, RunID: runID, AfterID: after, PageSize: changesShown})
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return ledger.ProductsChanged(ctx, tx, a.EnvironmentID, s.Now())
		}
		after = changes[len(changes)-1].PartnerProductID
		if err := s.undoPage(ctx, tx, a, id, changes); err != nil {
			return err
		}
	}
}

func (s *Integrations) undoPage(ctx context.Context, tx *db.Tx, a service.Actor, id int64, changes []db.SyncRunChangesRow) error {
	for _, c := range changes {
		if c.ProductID == nil {
			continue
		}
		products, err := tx.ProductsByIDs(ctx, a.EnvironmentID, []int64{*c.ProductID})
		if err != nil {
			return err
		}
		if len(products) == 0 {
			continue
		}
		if err := s.undoChange(ctx, tx, a, id, c, products[0]); err != nil {
			return fmt.Errorf("undo product %d: %w", *c.ProductID, err)
		}
	}
	return nil
}

func (s *Integrations) undoChange(ctx context.Context, tx *db.Tx, a service.Actor, id int64, c db.SyncRunChangesRow, p db.Product) error {
	restore := db.ProductRestoreParams{EnvironmentID: a.EnvironmentID, ID: p.ID, Content: p.Content, Active: p.Active, DeactivatedBy: p.DeactivatedBy, DeletedAt: p.DeletedAt, Now: s.Now()}
	var vanished states.Vanished
	switch c.Kind {
	case states.ChangeAdded, states.ChangeRestored:
		restore.DeletedAt = new(s.Now())
		vanished = states.VanishedHandled
		err := tx.IntegrationProductDeselect(ctx, db.IntegrationProductDeselectParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, PartnerProductID: c.PartnerProductID})
		if err != nil {
			return err
		}
	case states.ChangeChanged:
		restore.Content = p.Content.Without(c.Fields)
	case states.ChangeDeactivated:
		restore.Active, restore.DeactivatedBy = true, ""
		vanished = states.VanishedDismissed
	case states.ChangeReactivated:
		restore.Active, restore.DeactivatedBy = false, states.DeactivatedBySync
	case states.ChangeDeleted:
		restore.DeletedAt = nil
		vanished = states.VanishedDismissed
	default:
		return nil
	}
	if err := tx.ProductRestore(ctx, restore); err != nil {
		return err
	}
	return tx.IntegrationProductsVanished(ctx, db.IntegrationProductsVanishedParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: id, Ids: []int64{c.PartnerProductID}, Vanished: vanished,
	})
}
