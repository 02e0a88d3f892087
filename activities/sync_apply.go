package activities

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/states"
)

// ApplyInput asks for the next batch of what a run found.
type ApplyInput struct {
	RunInput
	After    int64 // partner product id
	Complete bool  // the list was read to its end and began at the beginning
	Seen     int   // how many products it had
	Hold     bool  // what vanished waits for a person
}

// ApplyResult says where the next batch begins.
type ApplyResult struct {
	After  int64
	More   bool
	Braked bool // what vanished waits for a person; the rest is taken over
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
			if result.Braked, err = r.brake(ctx, tx, in, row.Settings.VanishedProducts); err != nil {
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
		b := applying{tx: tx, in: in.RunInput, policy: row.Settings.VanishedProducts, hold: in.Hold || result.Braked, now: r.Now()}
		return b.apply(ctx, pending)
	})
	return result, err
}

// brake marks what a complete list no longer has, and says whether that is too much to remove without a person's word.
// Where nothing is removed, nothing needs it.
func (r *Records) brake(ctx context.Context, tx *db.Tx, in ApplyInput, policy string) (bool, error) {
	run, err := tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, ID: in.RunID})
	if err != nil {
		return false, err
	}
	if in.Complete {
		if err := listed(ctx, tx, in.RunInput); err != nil {
			return false, err
		}
	}
	if run.Confirmed || policy == linking.VanishedNothing {
		return false, nil
	}
	counts, err := tx.IntegrationProductCounts(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return false, err
	}
	// What the run adds must not make a share small enough that a person was asked about, here or in an earlier run.
	asked, err := tx.SyncRunBraked(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return false, err
	}
	empty := in.Complete && in.Seen == 0 && counts.Imported > 0
	still := asked && counts.Vanishing > linking.BrakeCount
	if !empty && !still && !linking.BrakeNeeded(int(counts.Vanishing), int(counts.Imported)) {
		return false, nil
	}
	return true, tx.SyncRunBrake(ctx, in.EnvironmentID, in.RunID)
}

// listed marks what a complete list no longer has. A row that does not say which product it is may be any: such a list
// proves nothing.
func listed(ctx context.Context, tx *db.Tx, in RunInput) error {
	nameless, err := tx.SyncRunNamelessProducts(ctx, in.EnvironmentID, in.RunID)
	if err != nil {
		return err
	}
	if !nameless {
		_, err := tx.IntegrationProductsUnseen(ctx, db.IntegrationProductsUnseenParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID})
		if err != nil {
			return err
		}
	}
	err = tx.SetAsideListed(ctx, db.SetAsideListedParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: states.SetAsideProduct, RunID: in.RunID})
	if err != nil {
		return err
	}
	return tx.SetAsidePagesUnread(ctx, in.EnvironmentID, in.IntegrationID)
}

// applying is one batch on its way.
type applying struct {
	tx     *db.Tx
	in     RunInput
	policy string
	hold   bool // what vanished at the partner waits
	now    time.Time

	add, follow, deactivate, remove []int64 // partner product ids; the last two: ours
	same, vanished                  []int64
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
	if b.hold && ip.Selected && !ip.Offered {
		return nil // a person decides
	}
	if !ip.Selected || !ip.Offered {
		return b.vanish(ip, product)
	}
	fields := product.Content.Diff(ip.Content)
	kind := states.ChangeChanged
	switch {
	case product.DeletedAt != nil:
		kind = states.ChangeRestored
	case product.DeactivatedBy == states.DeactivatedBySync:
		kind = states.ChangeReactivated
	case len(fields) == 0: // offered again, or spelled differently, and nothing else happened to it
		b.same = append(b.same, ip.PartnerProductID)
		return nil
	}
	b.follow = append(b.follow, ip.PartnerProductID)
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
		return b.note(ip, product.ID, states.ChangeDeleted, nil)
	case b.policy == linking.VanishedDeactivate && product.Active && product.DeletedAt == nil:
		b.deactivate = append(b.deactivate, product.ID)
		b.progress.Deactivated++
		return b.note(ip, product.ID, states.ChangeDeactivated, nil)
	}
	return b.note(ip, product.ID, states.ChangeKept, nil)
}

func (b *applying) note(ip db.IntegrationProduct, productID int64, kind states.ChangeKind, fields []linking.FieldChange) error {
	data, err := json.Marshal(append([]linking.FieldChange{}, fields...))
	if err != nil {
		return err
	}
	b.changes.PartnerProductIds = append(b.changes.PartnerProductIds, ip.PartnerProductID)
	b.changes.ProductIds = append(b.changes.ProductIds, productID)
	b.changes.Kinds = append(b.changes.Kinds, string(kind))
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
		{b.same, func(ids []int64) error {
			return b.tx.IntegrationProductsFollowed(ctx, db.IntegrationProductsFollowedParams{EnvironmentID: env, IntegrationID: integration, Ids: ids})
		}},
		{b.deactivate, func(ids []int64) error {
			return b.tx.ProductsDeactivateBySync(ctx, db.ProductsDeactivateBySyncParams{EnvironmentID: env, Ids: ids, Now: b.now})
		}},
		{b.remove, func(ids []int64) error {
			return b.tx.ProductsDeleteBySync(ctx, db.ProductsDeleteBySyncParams{EnvironmentID: env, Ids: ids, Now: &b.now})
		}},
		{b.vanished, func(ids []int64) error {
			return b.tx.IntegrationProductsVanished(ctx, db.IntegrationProductsVanishedParams{EnvironmentID: env, IntegrationID: integration, Ids: ids, Vanished: states.VanishedHandled})
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
	return ledger.ProductsChanged(ctx, b.tx, env, b.now, slices.DeleteFunc(slices.Clone(b.changes.ProductIds), func(id int64) bool { return id == 0 })...)
}

// afterFailure is how soon a partner is looked at again after a look that failed.
const afterFailure = 5 * time.Minute

// FinishInput ends a run.
type FinishInput struct {
	RunInput
	Cursor string
	State  states.RunState // done, failed or needs_confirmation
	Reason states.Reason
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
		_, err = tx.SyncRunFinish(ctx, db.SyncRunFinishParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, State: in.State, Reason: in.Reason, Unchanged: unchanged, Now: new(r.Now())})
		if err != nil {
			return err
		}
		if in.State == states.RunNeedsConfirmation {
			// The latest list counts: an older one that waits asks about what may be different by now.
			err := tx.SyncRunsSupersede(ctx, db.SyncRunsSupersedeParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, ID: in.RunID, Now: new(r.Now())})
			if err != nil {
				return err
			}
		}
		next := r.Now().Add(time.Duration(row.Settings.SyncIntervalMinutes) * time.Minute)
		if in.State == states.RunFailed {
			jobFailed(ctx, in.Reason)
			next = r.Now().Add(min(afterFailure, next.Sub(r.Now())))
			return tx.IntegrationCheckFailed(ctx, db.IntegrationCheckFailedParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, NextSyncAt: next})
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
		if err := lookAgain(ctx, tx, db.ForwardingsToRetryParams{EnvironmentID: in.EnvironmentID, IntegrationID: &in.IntegrationID, Cause: new(string(states.ProblemProductGone))}, r.Now()); err != nil {
			return err
		}
		return tx.IntegrationChecked(ctx, db.IntegrationCheckedParams{
			EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, ProductCursor: in.Cursor, Now: new(r.Now()), NextSyncAt: next, Changed: changed,
		})
	})
}

// lookAgain has what waits look at its rows again.
func lookAgain(ctx context.Context, tx *db.Tx, which db.ForwardingsToRetryParams, now time.Time) error {
	ids, err := tx.ForwardingsToRetry(ctx, which)
	if err != nil || len(ids) == 0 {
		return err
	}
	return tx.OutboxInsertMany(ctx, db.OutboxInsertManyParams{EnvironmentID: which.EnvironmentID, Kind: states.OutboxForwarding, SubjectIds: ids, Signal: states.SignalLookAgain, Now: now})
}

// ReasonOf reads the reason of a failed activity, for a run's record.
func ReasonOf(err error) states.Reason {
	var ours *temporal.ApplicationError
	if errors.As(err, &ours) {
		return states.Reason(ours.Type())
	}
	return states.ReasonUnreachable
}
