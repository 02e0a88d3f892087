package retention

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/ledger"
)

// erasePersons takes the persons out of what an environment says it keeps no longer: sales that are cancelled or closed, a
// transaction each, and what a dialer prefilled.
func (k *Keeper) erasePersons(ctx context.Context) error {
	concepts, err := k.forget(ctx, Rule{batch: batch, forget: (*db.Tx).SystemConceptsOver})
	failed := err
	sales, after := 0, int64(0)
	for {
		var over []db.SystemSalesOverRow
		err := k.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
			over, err = tx.SystemSalesOver(ctx, db.SystemSalesOverParams{AfterID: after, Now: k.Now(), PageSize: batch})
			return err
		})
		if err != nil || len(over) == 0 {
			failed = errors.Join(failed, err)
			break
		}
		for _, row := range over {
			after = row.ID
			erased, err := k.eraseSale(ctx, row)
			if err != nil { // the others go all the same
				failed = errors.Join(failed, fmt.Errorf("sale %d: %w", row.ID, err))
			}
			if erased {
				sales++
			}
		}
	}
	if sales > 0 || concepts > 0 {
		k.Log.Info("retention.erased", zap.Int("sales", sales), zap.Int64("concepts", concepts))
	}
	if failed != nil {
		return fmt.Errorf("erase persons: %w", failed)
	}
	return nil
}

// eraseSale looks again once nobody else moves the sale: what is under way by now, or goes on, is left alone.
func (k *Keeper) eraseSale(ctx context.Context, row db.SystemSalesOverRow) (erased bool, err error) {
	err = k.Store.WithTx(ctx, row.EnvironmentID, func(tx *db.Tx) error {
		sale, err := ledger.LockToErase(ctx, tx, row.EnvironmentID, row.ID)
		if err != nil || sale.ErasedAt != nil || !ledger.Over(sale) {
			return err
		}
		underWay, err := ledger.UnderWay(ctx, tx, row.EnvironmentID, row.ID)
		if err != nil || len(underWay) > 0 {
			return err
		}
		if err := ledger.Erase(ctx, tx, sale, k.Now()); err != nil {
			return err
		}
		erased = true
		return tx.AuditInsert(ctx, db.AuditInsertParams{EnvironmentID: row.EnvironmentID, Action: "erase", Entity: "sale", EntityID: strconv.FormatInt(row.ID, 10), Now: k.Now()})
	})
	return erased && err == nil, err
}
