package sales

import (
	"context"

	"koppel/db"
	"koppel/server/service"
)

// Stuck lists what has not arrived though it was due, and what waits for a person: by link and reason.
func (s *Sales) Stuck(ctx context.Context, a service.Actor) (list []db.ForwardingsStuckRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.ForwardingsStuck(ctx, a.EnvironmentID, s.Now())
		return err
	})
	return list, err
}

// RetrySale has every forwarding of a sale looked at again, as a person does with each.
func (s *Sales) RetrySale(ctx context.Context, a service.Actor, saleID int64) (r Retried, err error) {
	var ids []int64
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.SaleByID(ctx, a.EnvironmentID, saleID); err != nil {
			return err
		}
		list, err := tx.ForwardingsOfSale(ctx, a.EnvironmentID, saleID)
		for _, f := range list {
			ids = append(ids, f.ID)
		}
		return err
	})
	switch {
	case err != nil:
		return r, service.OrNotFound(err)
	case len(ids) == 0:
		return r, service.Conflict("sale_no_integration")
	}
	return s.RetryForwardings(ctx, a, RetryInput{IDs: ids})
}
