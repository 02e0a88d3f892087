package activities

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"koppel/db"
	"koppel/salesdock"
	"koppel/states"
)

const (
	// sweepEvery is how often every outstanding sale is asked for by its number.
	sweepEvery = 24 * time.Hour
	// sweepPage is how many are asked for in one request: as many as a stock account answers with on one page.
	sweepPage = 20
)

// SweepStatuses reads the next few outstanding sales of a stock partner by their numbers, once a day: it finds what
// polling by time missed. A partner of ours has change cursors, which miss nothing, and is swept only while a sale of it is
// set aside. Idempotent: a status that was
// seen before does nothing.
func (p *Partner) SweepStatuses(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != states.IntegrationActive {
		return p.plan(ctx, in, err)
	}
	var next []db.ForwardingsOutstandingRow
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
		next, err = tx.ForwardingsOutstanding(ctx, db.ForwardingsOutstandingParams{EnvironmentID: ref.EnvironmentID, IntegrationID: ref.ID, AfterID: ref.SweepAfter, PageSize: ref.SweepPage})
		return err
	})
	if err != nil {
		return IntegrationPlan{}, err
	}
	began := p.Now()
	swept := db.IntegrationSweptParams{EnvironmentID: ref.EnvironmentID, ID: ref.ID, SweepAt: began.Add(sweepEvery), SweepPage: sweepPage}
	var page salesdock.Page[salesdock.SaleUpdate]
	if len(next) > 0 {
		var cause error
		page, cause = ref.sweep(ctx, next)
		swept.SweepAt = p.Now()
		swept.SweepAfter, swept.SweepPage = sweptTo(next, page, ref.Integration)
		if cause != nil {
			c, err := p.noted(ctx, ref.Integration, cause)
			if err != nil {
				return IntegrationPlan{}, err
			}
			swept.SweepAt, swept.SweepAfter, swept.SweepPage = p.Now().Add(max(afterFailure, c.Delay)), ref.SweepAfter, ref.SweepPage
		}
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if err := p.applyStatuses(ctx, tx, ref.Integration, began, page.Data, page.Unreadable); err != nil {
			return err
		}
		return tx.IntegrationSwept(ctx, swept)
	})
	return p.plan(ctx, in, err)
}

// sweep asks for sales by their numbers; for one by its own address, which every account has.
func (ref integrationRef) sweep(ctx context.Context, asked []db.ForwardingsOutstandingRow) (page salesdock.Page[salesdock.SaleUpdate], err error) {
	ids := make([]string, len(asked))
	for i, f := range asked {
		ids[i] = *f.PartnerSaleID
	}
	if ref.SweepPage > 1 {
		return ref.client.SalesByIDs(ctx, ids)
	}
	row, err := ref.client.Sale(ctx, ids[0])
	var refused *salesdock.Error
	switch odd := unreadable(err); {
	case odd != nil:
		odd.ID = ids[0]
		page.Unreadable = append(page.Unreadable, *odd)
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound: // it is gone
	case err != nil:
		return page, err
	default:
		page.Data = append(page.Data, row)
	}
	return page, nil
}

// sweptTo is where the sweep goes on, and with how many at once: with the first that did not come. An account may answer
// for fewer numbers than it was asked for, or heed none of them, and a sale may be gone: what did not come first is asked
// for by itself, and so are those after it where that helped.
func sweptTo(asked []db.ForwardingsOutstandingRow, page salesdock.Page[salesdock.SaleUpdate], i db.Integration) (after int64, atOnce int32) {
	if i.SweepPage == 1 {
		if len(page.Data)+len(page.Unreadable) == 0 {
			return asked[0].ID, sweepPage
		}
		return asked[0].ID, 1
	}
	after = i.SweepAfter
	for n, f := range asked {
		came := slices.ContainsFunc(page.Data, func(row salesdock.SaleUpdate) bool { return string(row.ID) == *f.PartnerSaleID }) ||
			slices.ContainsFunc(page.Unreadable, func(row salesdock.Unreadable) bool { return row.ID == *f.PartnerSaleID })
		if !came {
			if n == 0 {
				return after, 1
			}
			return after, i.SweepPage
		}
		after = f.ID
	}
	return after, i.SweepPage
}
