package service

import (
	"context"
	"fmt"
	"slices"
	"time"

	"koppel/db"
)

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// SyncNow is Synchroniseer nu: it gives the run that will look at the partner, the one queued already if
// there is one.
func (s *Service) SyncNow(ctx context.Context, a Actor, id int64) (run db.SyncRun, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		row, err := integration(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if row.State == "paused" {
			return conflict("integration_paused")
		}
		run, err = s.queueRun(ctx, tx, a, id, "sync_now")
		return err
	})
	return run, err
}

func (s *Service) queueRun(ctx context.Context, tx *db.Tx, a Actor, integrationID int64, trigger string) (db.SyncRun, error) {
	run, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, Trigger: trigger, UserID: &a.UserID, Now: s.Now(),
	})
	if err != nil {
		return run, err
	}
	return run, tx.Move(ctx, a.EnvironmentID, db.OutboxIntegration, integrationID, db.SignalSyncNow, s.Now())
}

// OfferedProduct is a partner's product and what became of it here.
type OfferedProduct struct {
	db.IntegrationProduct
	State       string // new, imported, changed, vanished
	LocalActive bool
	Deleted     bool
}

// OfferedProducts lists what a partner offers, and what vanished there.
func (s *Service) OfferedProducts(ctx context.Context, a Actor, id int64) (list []OfferedProduct, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := integration(ctx, tx, a, id); err != nil {
			return err
		}
		rows, err := tx.IntegrationProductsOf(ctx, a.EnvironmentID, id)
		for _, r := range rows {
			p := OfferedProduct{IntegrationProduct: r.IntegrationProduct, State: "imported", LocalActive: r.LocalActive != nil && *r.LocalActive, Deleted: r.LocalDeletedAt != nil}
			switch {
			case !p.Offered:
				p.State = "vanished"
			case p.LocalProductID == nil:
				p.State = "new"
			case string(p.Hash) != string(p.AppliedHash):
				p.State = "changed"
			}
			list = append(list, p)
		}
		return err
	})
	return list, err
}

// Selection says which of a partner's products are imported: all of them at once, or what is added to and
// removed from what was selected.
type Selection struct {
	Products    []int64 // nil: as before, with the other two
	Add, Remove []int64
}

// SelectProducts sets which of a partner's products are imported; the import is a run of its own.
func (s *Service) SelectProducts(ctx context.Context, a Actor, id int64, selection Selection) (run db.SyncRun, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := integration(ctx, tx, a, id); err != nil {
			return err
		}
		products := selection.Products
		if products == nil {
			selected, err := tx.IntegrationProductsSelected(ctx, a.EnvironmentID, id)
			if err != nil {
				return err
			}
			products = slices.Concat(selected, selection.Add)
			products = slices.DeleteFunc(products, func(p int64) bool { return slices.Contains(selection.Remove, p) })
		}
		known, err := tx.IntegrationProductsKnown(ctx, db.IntegrationProductsKnownParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, Ids: products})
		if err != nil {
			return err
		}
		if unknown := missingIDs(products, known); len(unknown) > 0 {
			return invalid("product_ids", "unknown_product", unknown[0])
		}
		changed, err := tx.IntegrationProductsSelect(ctx, db.IntegrationProductsSelectParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, Ids: products})
		if err != nil {
			return err
		}
		if run, err = s.queueRun(ctx, tx, a, id, "selection"); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "select_products", "integration", id, nil, map[string]any{"selected": len(products), "changed": changed})
	})
	return run, err
}

// SyncRuns reads a page of the sync history, newest first.
func (s *Service) SyncRuns(ctx context.Context, a Actor, id int64, page, perPage int) (list []db.SyncRun, total int, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := integration(ctx, tx, a, id); err != nil {
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
func (s *Service) SyncRun(ctx context.Context, a Actor, id, runID int64) (run db.SyncRun, changes []db.SyncRunChangesRow, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if run, err = tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID}); err != nil {
			return err
		}
		changes, err = tx.SyncRunChanges(ctx, db.SyncRunChangesParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, RunID: runID, PageSize: changesShown})
		return err
	})
	return run, changes, orNotFound(err)
}

// SyncRunPage reads one run with a page of what it changed, by the partner's numbers.
func (s *Service) SyncRunPage(ctx context.Context, a Actor, id, runID, afterID int64) (run db.SyncRun, page Page[db.SyncRunChangesRow], err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if run, err = tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID}); err != nil {
			return err
		}
		page, err = pageOf(tx.SyncRunChanges(ctx, db.SyncRunChangesParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, RunID: runID, AfterID: afterID, PageSize: PageSize + 1}))
		return err
	})
	return run, page, orNotFound(err)
}

// ConfirmRun lets a run that the brake stopped go on.
func (s *Service) ConfirmRun(ctx context.Context, a Actor, id, runID int64) error {
	return s.resolveRun(ctx, a, id, runID, "confirm", func(tx *db.Tx) (int64, error) {
		return tx.SyncRunResolve(ctx, db.SyncRunResolveParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID, State: "queued", Confirmed: true, FromStates: []string{"needs_confirmation"}, Now: s.Now(),
		})
	})
}

// DismissRun keeps the products that a braked run would have removed.
func (s *Service) DismissRun(ctx context.Context, a Actor, id, runID int64) error {
	return s.resolveRun(ctx, a, id, runID, "dismiss", func(tx *db.Tx) (int64, error) {
		count, err := tx.SyncRunResolve(ctx, db.SyncRunResolveParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID, State: "dismissed", FromStates: []string{"needs_confirmation"}, Now: s.Now(),
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
func (s *Service) UndoRun(ctx context.Context, a Actor, id, runID int64) error {
	return s.resolveRun(ctx, a, id, runID, "undo", func(tx *db.Tx) (int64, error) {
		count, err := tx.SyncRunResolve(ctx, db.SyncRunResolveParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID, State: "undone", FromStates: []string{"done", "failed"}, Now: s.Now(),
		})
		if err != nil || count == 0 {
			return count, err
		}
		return count, s.undoChanges(ctx, tx, a, id, runID)
	})
}

func (s *Service) resolveRun(ctx context.Context, a Actor, id, runID int64, action string, resolve func(*db.Tx) (int64, error)) error {
	return s.tx(ctx, a, func(tx *db.Tx) error {
		run, err := tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID})
		if err != nil {
			return orNotFound(err)
		}
		count, err := resolve(tx)
		if err != nil {
			return orConflict(err, "conflict")
		}
		if count == 0 {
			return conflict("wrong_state", run.State)
		}
		if err := tx.Move(ctx, a.EnvironmentID, db.OutboxIntegration, id, db.SignalSyncNow, s.Now()); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, action, "sync_run", runID, nil, nil)
	})
}

func (s *Service) undoChanges(ctx context.Context, tx *db.Tx, a Actor, id, runID int64) error {
	for after := int64(0); ; {
		changes, err := tx.SyncRunChanges(ctx, db.SyncRunChangesParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, RunID: runID, AfterID: after, PageSize: changesShown})
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return tx.ProductsChanged(ctx, a.EnvironmentID, s.Now())
		}
		after = changes[len(changes)-1].PartnerProductID
		if err := s.undoPage(ctx, tx, a, id, changes); err != nil {
			return err
		}
	}
}

func (s *Service) undoPage(ctx context.Context, tx *db.Tx, a Actor, id int64, changes []db.SyncRunChangesRow) error {
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

func (s *Service) undoChange(ctx context.Context, tx *db.Tx, a Actor, id int64, c db.SyncRunChangesRow, p db.Product) error {
	restore := db.ProductRestoreParams{EnvironmentID: a.EnvironmentID, ID: p.ID, Content: p.Content, Active: p.Active, DeactivatedBy: p.DeactivatedBy, DeletedAt: p.DeletedAt, Now: s.Now()}
	vanished := ""
	switch c.Kind {
	case "added", "restored":
		restore.DeletedAt = new(s.Now())
		vanished = "handled"
		err := tx.IntegrationProductDeselect(ctx, db.IntegrationProductDeselectParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, PartnerProductID: c.PartnerProductID})
		if err != nil {
			return err
		}
	case "changed":
		restore.Content = p.Content.Without(c.Fields)
	case "deactivated":
		restore.Active, restore.DeactivatedBy = true, ""
		vanished = "dismissed"
	case "reactivated":
		restore.Active, restore.DeactivatedBy = false, "sync"
	case "deleted":
		restore.DeletedAt = nil
		vanished = "dismissed"
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
