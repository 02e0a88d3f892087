package activities

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"

	"koppel/db"
	"koppel/linking"
)

// ApplyInput asks for the next batch of what a run found.
type ApplyInput struct {
	RunInput
	After    int64 // partner product id
	Complete bool  // the list was read to its end and began at the beginning
	Seen     int   // how many products it had
}

// ApplyResult says where the next batch begins.
type ApplyResult struct {
	After  int64
	More   bool
	Braked bool
}

// applyBatch is how many products one transaction takes over.
const applyBatch = 2000

// ApplyProducts takes over the next batch of what a run found: pending work is rows, so it may be repeated.
// Before the first batch it proves that removing is right.
func (r *Records) ApplyProducts(ctx context.Context, in ApplyInput) (result ApplyResult, err error) {
	err = r.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		row, err := tx.IntegrationByID(ctx, in.EnvironmentID, in.IntegrationID)
		if err != nil {
			return err
		}
		if in.After == 0 {
			if result.Braked, err = r.brake(ctx, tx, in); err != nil || result.Braked {
				return err
			}
		}
		pending, err := tx.IntegrationProductsPending(ctx, db.IntegrationProductsPendingParams{
			EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, AfterID: in.After, PageSize: applyBatch,
		})
		if err != nil || len(pending) == 0 {
			return err
		}
		result.After, result.More = pending[len(pending)-1].PartnerProductID, len(pending) == applyBatch
		b := applying{tx: tx, in: in.RunInput, policy: row.Settings.VanishedProducts, now: r.Now()}
		return b.apply(ctx, pending)
	})
	return result, err
}

// brake marks what a complete list no longer has, and stops a run that would remove too much.
func (r *Records) brake(ctx context.Context, tx *db.Tx, in ApplyInput) (bool, error) {
	run, err := tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, ID: in.RunID})
	if err != nil {
		return false, err
	}
	if in.Complete {
		_, err := tx.IntegrationProductsUnseen(ctx, db.IntegrationProductsUnseenParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID})
		if err != nil {
			return false, err
		}
	}
	counts, err := tx.IntegrationProductCounts(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || run.Confirmed {
		return false, err
	}
	empty := in.Complete && in.Seen == 0 && counts.Imported > 0
	return empty || linking.BrakeNeeded(int(counts.Vanishing), int(counts.Imported)), nil
}

// applying is one batch on its way.
type applying struct {
	tx     *db.Tx
	in     RunInput
	policy string
	now    time.Time

	add, follow, deactivate, remove []int64 // partner product ids; the last two: ours
	vanished                        []int64
	changes                         db.SyncRunChangesInsertParams
	progress                        db.SyncRunProgressParams
}

func (b *applying) apply(ctx context.Context, pending []db.IntegrationProduct) error {
	local, err := b.local(ctx, pending)
	if err != nil {
		return err
	}
	for _, ip := range pending {
		if err := b.decide(ip, local); err != nil {
			return err
		}
	}
	return b.write(ctx)
}

func (b *applying) local(ctx context.Context, pending []db.IntegrationProduct) (map[int64]db.Product, error) {
	var ids []int64
	for _, ip := range pending {
		if ip.LocalProductID != nil {
			ids = append(ids, *ip.LocalProductID)
		}
	}
	byID := map[int64]db.Product{}
	if len(ids) == 0 {
		return byID, nil
	}
	rows, err := b.tx.ProductsByIDs(ctx, b.in.EnvironmentID, ids)
	for _, p := range rows {
		byID[p.ID] = p
	}
	return byID, err
}

// decide says what becomes of one product.
func (b *applying) decide(ip db.IntegrationProduct, local map[int64]db.Product) error {
	if ip.LocalProductID == nil {
		b.add = append(b.add, ip.PartnerProductID)
		b.progress.Added++
		return nil
	}
	product := local[*ip.LocalProductID]
	if !ip.Selected || !ip.Offered {
		return b.vanish(ip, product)
	}
	b.follow = append(b.follow, ip.PartnerProductID)
	fields := product.Content.Diff(ip.Content)
	kind := "changed"
	switch {
	case product.DeletedAt != nil:
		kind = "restored"
	case product.DeactivatedBy == "sync":
		kind = "reactivated"
	case len(fields) == 0:
		return nil // offered again, and nothing else happened to it
	}
	b.progress.Changed++
	return b.note(ip, product.ID, kind, fields)
}

// vanish applies the policy for products that vanished at the partner, or that a person deselected.
func (b *applying) vanish(ip db.IntegrationProduct, product db.Product) error {
	b.vanished = append(b.vanished, ip.PartnerProductID)
	switch {
	case b.policy == linking.VanishedDelete && product.DeletedAt == nil:
		b.remove = append(b.remove, product.ID)
		b.progress.Deleted++
		return b.note(ip, product.ID, "deleted", nil)
	case b.policy == linking.VanishedDeactivate && product.Active && product.DeletedAt == nil:
		b.deactivate = append(b.deactivate, product.ID)
		b.progress.Deactivated++
		return b.note(ip, product.ID, "deactivated", nil)
	}
	return b.note(ip, product.ID, "kept", nil)
}

func (b *applying) note(ip db.IntegrationProduct, productID int64, kind string, fields []linking.FieldChange) error {
	data, err := json.Marshal(append([]linking.FieldChange{}, fields...))
	if err != nil {
		return err
	}
	b.changes.PartnerProductIds = append(b.changes.PartnerProductIds, ip.PartnerProductID)
	b.changes.ProductIds = append(b.changes.ProductIds, productID)
	b.changes.Kinds = append(b.changes.Kinds, kind)
	b.changes.Fields = append(b.changes.Fields, data)
	return nil
}

func (b *applying) write(ctx context.Context) error {
	env, integration := b.in.EnvironmentID, b.in.IntegrationID
	steps := []struct {
		ids  []int64
		step func(ids []int64) error
	}{
		{append(append([]int64{}, b.add...), b.follow...), func(ids []int64) error {
			return b.tx.SupplierImport(ctx, db.SupplierImportParams{EnvironmentID: env, IntegrationID: integration, PartnerProductIds: ids})
		}},
		{b.add, func(ids []int64) error {
			return b.tx.ProductImport(ctx, db.ProductImportParams{EnvironmentID: env, IntegrationID: integration, Ids: ids, RunID: b.in.RunID, Now: b.now})
		}},
		{b.follow, func(ids []int64) error {
			if err := b.tx.ProductFollow(ctx, db.ProductFollowParams{EnvironmentID: env, IntegrationID: integration, Ids: ids, Now: b.now}); err != nil {
				return err
			}
			return b.tx.IntegrationProductsFollowed(ctx, db.IntegrationProductsFollowedParams{EnvironmentID: env, IntegrationID: integration, Ids: ids})
		}},
		{b.deactivate, func(ids []int64) error {
			return b.tx.ProductsDeactivateBySync(ctx, db.ProductsDeactivateBySyncParams{EnvironmentID: env, Ids: ids, Now: b.now})
		}},
		{b.remove, func(ids []int64) error {
			return b.tx.ProductsDeleteBySync(ctx, db.ProductsDeleteBySyncParams{EnvironmentID: env, Ids: ids, Now: &b.now})
		}},
		{b.vanished, func(ids []int64) error {
			return b.tx.IntegrationProductsVanished(ctx, db.IntegrationProductsVanishedParams{EnvironmentID: env, IntegrationID: integration, Ids: ids, Vanished: "handled"})
		}},
		{b.changes.PartnerProductIds, func([]int64) error {
			b.changes.EnvironmentID, b.changes.RunID = env, b.in.RunID
			return b.tx.SyncRunChangesInsert(ctx, b.changes)
		}},
	}
	for _, s := range steps {
		if len(s.ids) == 0 {
			continue
		}
		if err := s.step(s.ids); err != nil {
			return err
		}
	}
	b.progress.EnvironmentID, b.progress.ID = env, b.in.RunID
	if err := b.tx.SyncRunProgress(ctx, b.progress); err != nil {
		return err
	}
	// What we import we may offer on: our own resellers hear of it.
	return b.tx.ProductsChanged(ctx, env, b.now, slices.DeleteFunc(slices.Clone(b.changes.ProductIds), func(id int64) bool { return id == 0 })...)
}

// afterFailure is how soon a partner is looked at again after a look that failed.
const afterFailure = 5 * time.Minute

// FinishInput ends a run.
type FinishInput struct {
	RunInput
	Cursor string
	State  string // done, failed or needs_confirmation
	Reason string
}

// FinishSync writes down how a run ended. Only a complete one moves the cursor and the time of the last check.
func (r *Records) FinishSync(ctx context.Context, in FinishInput) error {
	return r.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		row, err := tx.IntegrationByID(ctx, in.EnvironmentID, in.IntegrationID)
		if err != nil {
			return err
		}
		run, err := tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, ID: in.RunID})
		if err != nil {
			return err
		}
		counts, err := tx.IntegrationProductCounts(ctx, in.EnvironmentID, in.IntegrationID)
		if err != nil {
			return err
		}
		unchanged := max(0, int32(counts.Imported)-run.Added-run.Changed)
		_, err = tx.SyncRunFinish(ctx, db.SyncRunFinishParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, State: in.State, Reason: in.Reason, Unchanged: unchanged, Now: ptr(r.Now())})
		if err != nil {
			return err
		}
		if in.State == "needs_confirmation" {
			// The latest list counts: an older one that waits asks about what may be different by now.
			err := tx.SyncRunsSupersede(ctx, db.SyncRunsSupersedeParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, ID: in.RunID, Now: ptr(r.Now())})
			if err != nil {
				return err
			}
		}
		next := r.Now().Add(time.Duration(row.Settings.SyncIntervalMinutes) * time.Minute)
		if in.State == "failed" {
			next = r.Now().Add(min(afterFailure, next.Sub(r.Now())))
			return tx.IntegrationCheckFailed(ctx, db.IntegrationCheckFailedParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, LastError: in.Reason, NextSyncAt: next})
		}
		changed := run.Added+run.Changed+run.Deactivated+run.Deleted > 0
		// Also when the run changed nothing: a person may have switched a product off since.
		imported, err := tx.IntegrationImports(ctx, in.EnvironmentID, in.IntegrationID)
		if err != nil {
			return err
		}
		if err := tx.IntegrationSetImports(ctx, db.IntegrationSetImportsParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, Imports: digest(imported)}); err != nil {
			return err
		}
		return tx.IntegrationChecked(ctx, db.IntegrationCheckedParams{
			EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, ProductCursor: in.Cursor, Now: ptr(r.Now()), NextSyncAt: next, Changed: changed,
		})
	})
}

// ReasonOf reads the reason of a failed activity, for a run's record.
func ReasonOf(err error) string {
	var ours *temporal.ApplicationError
	if errors.As(err, &ours) {
		return ours.Type()
	}
	return ReasonUnreachable
}
