package activities

import (
	"context"
	"errors"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
)

// pollOverlap is how far a stock partner's window reaches back, for what was written late.
const pollOverlap = 10 * time.Minute

// PollStatuses reads one page of what changed in a partner's sales and takes over what our sales follow.
// Idempotent: a status that was seen before does nothing.
func (p *Partner) PollStatuses(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != "active" {
		return p.plan(ctx, in, err)
	}
	began := p.Now()
	if ref.SalesHint && !ref.PollWindow { // in the middle of a window a hint is about the next one
		err := p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
			return tx.IntegrationTakeSalesHint(ctx, db.IntegrationTakeSalesHintParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, Now: began})
		})
		if err != nil {
			return IntegrationPlan{}, err
		}
	}
	var rows []salesdock.SaleUpdate
	var cursor string
	var more bool
	if keyed(ref.Integration) {
		page, err := ref.client.SaleChanges(ctx, ref.SaleCursor)
		if err != nil {
			return p.pollFailed(ctx, ref, err)
		}
		rows, cursor, more = page.Data, page.NextCursor, page.NextPageURL != nil
	} else {
		w := parseWindow(ref.SaleCursor, ref.CreatedAt, began)
		page, err := ref.client.SalesUpdated(ctx, w.from, w.till, w.page)
		if err != nil {
			return p.pollFailed(ctx, ref, err)
		}
		rows, more = page.Data, page.NextPageURL != nil && len(page.Data) > 0
		cursor = w.next(more)
	}
	next := began.Add(time.Duration(ref.Settings.StatusPollMinutes) * time.Minute)
	if more {
		next = began
	}
	var plan IntegrationPlan
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if err := p.applyStatuses(ctx, tx, ref.Integration, rows); err != nil {
			return err
		}
		err := tx.IntegrationPolled(ctx, db.IntegrationPolledParams{EnvironmentID: in.EnvironmentID, ID: in.IntegrationID, SaleCursor: cursor, PollWindow: more, Now: &began, NextPollAt: next})
		if err != nil {
			return err
		}
		plan, err = readPlan(ctx, tx, in, p.Now())
		return err
	})
	return plan, err
}

// pollFailed tries again a minute later; a refused token pauses.
func (p *Partner) pollFailed(ctx context.Context, ref integrationRef, cause error) (IntegrationPlan, error) {
	c, err := p.noted(ctx, ref.Integration, cause)
	if err != nil {
		return IntegrationPlan{}, err
	}
	err = p.Store.WithTx(ctx, ref.EnvironmentID, func(tx *db.Tx) error {
		return tx.IntegrationPolled(ctx, db.IntegrationPolledParams{
			EnvironmentID: ref.EnvironmentID, ID: ref.ID, SaleCursor: ref.SaleCursor, PollWindow: ref.PollWindow, Now: ref.LastPolledAt, NextPollAt: p.Now().Add(max(time.Minute, c.Delay)),
		})
	})
	return p.plan(ctx, IntegrationInput{ref.EnvironmentID, ref.ID}, err)
}

func (p *Partner) applyStatuses(ctx context.Context, tx *db.Tx, i db.Integration, rows []salesdock.SaleUpdate) error {
	ids := make([]string, 0, len(rows))
	updates := map[string]salesdock.SaleUpdate{}
	for _, row := range rows {
		ids = append(ids, string(row.ID))
		updates[string(row.ID)] = row
	}
	if len(ids) == 0 {
		return nil
	}
	mappings, err := tx.MappingsOf(ctx, i.EnvironmentID, i.ID)
	if err != nil {
		return err
	}
	ours, err := tx.ForwardingsByPartnerSales(ctx, db.ForwardingsByPartnerSalesParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, PartnerSaleIds: ids})
	if err != nil {
		return err
	}
	for _, row := range ours {
		update := updates[*row.Forwarding.PartnerSaleID]
		if err := p.applyStatus(ctx, tx, row, update, mappings.Statuses); err != nil {
			return err
		}
		if c := update.CancellationRequest; c != nil {
			answered := db.Answered{State: string(c.State), Answer: string(c.Answer), Zone: salesdock.Amsterdam, Now: p.Now()}
			if err := tx.ReadCancellation(ctx, row.Forwarding, string(c.Reference), answered); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Partner) applyStatus(ctx context.Context, tx *db.Tx, row db.ForwardingsByPartnerSalesRow, u salesdock.SaleUpdate, mapping map[string]string) error {
	f := row.Forwarding
	changedAt := u.StatusChangedAt.Time
	if changedAt.IsZero() {
		changedAt = u.UpdatedAt.Time
	}
	known := linking.StatusKnown{
		Status: row.SaleStatus, CancelledByPerson: row.StatusByPerson && row.SaleStatusType == linking.StatusTypeCancelled, PartnerStatus: f.PartnerStatus,
	}
	if f.PartnerStatusAt != nil {
		known.PartnerAt = *f.PartnerStatusAt
	}
	update := linking.StatusUpdate{Status: string(u.Status.StatusIdentifier), At: changedAt, CreatedAt: u.CreatedAt.Time, Repeated: salesdock.Repeated(changedAt)}
	decision, status := linking.DecideStatus(known, update, mapping)
	if decision == linking.StatusOlder || decision == linking.StatusNothing && known.PartnerStatus == update.Status {
		return nil
	}
	err := tx.ForwardingPartnerStatus(ctx, db.ForwardingPartnerStatusParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, PartnerStatus: update.Status, PartnerStatusAt: &update.At, Now: p.Now(),
	})
	if err != nil {
		return err
	}
	sale, err := tx.SaleLock(ctx, f.EnvironmentID, f.SaleID)
	if err != nil {
		return err
	}
	switch decision {
	case linking.StatusApply:
		target, err := tx.Status(ctx, f.EnvironmentID, status)
		if errors.Is(err, db.ErrNotFound) {
			return p.ignore(ctx, tx, sale, update.Status, linking.StatusUnmapped)
		}
		if err != nil {
			return err
		}
		_, err = tx.ChangeSaleStatus(ctx, sale, db.StatusChange{Status: target, Remark: string(u.Status.StatusRemark), By: "partner", Zone: salesdock.Amsterdam, Now: p.Now()})
		return err
	case linking.StatusUnmapped, linking.StatusStaysGone:
		return p.ignore(ctx, tx, sale, update.Status, decision)
	}
	return nil
}

// ignore keeps a status that was not taken over in the timeline, with the reason.
func (p *Partner) ignore(ctx context.Context, tx *db.Tx, sale db.Sale, status, reason string) error {
	return tx.AddHistory(ctx, sale, db.History{
		Type: "status_ignored", Previous: sale.Status, New: status, Data: map[string]string{"reason": reason}, At: p.Now(),
	})
}

const (
	// sweepEvery is how often every outstanding sale is asked for by its number.
	sweepEvery = 24 * time.Hour
	// sweepPage is how many are asked for in one request: as many as a stock account answers with on one page.
	sweepPage = 20
)

// SweepStatuses reads the next few outstanding sales of a stock partner by their numbers, once a day: it finds what
// polling by time missed. A partner of ours has change cursors, which miss nothing. Idempotent: a status that was
// seen before does nothing.
func (p *Partner) SweepStatuses(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != "active" {
		return p.plan(ctx, in, err)
	}
	var next []db.ForwardingsOutstandingRow
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
		next, err = tx.ForwardingsOutstanding(ctx, db.ForwardingsOutstandingParams{EnvironmentID: ref.EnvironmentID, IntegrationID: ref.ID, AfterID: ref.SweepAfter, PageSize: sweepPage})
		return err
	})
	if err != nil {
		return IntegrationPlan{}, err
	}
	swept := db.IntegrationSweptParams{EnvironmentID: ref.EnvironmentID, ID: ref.ID, SweepAt: p.Now().Add(sweepEvery)}
	var rows []salesdock.SaleUpdate
	if len(next) > 0 {
		ids := make([]string, len(next))
		for i, f := range next {
			ids[i] = *f.PartnerSaleID
		}
		page, cause := ref.client.SalesByIDs(ctx, ids)
		swept.SweepAt, swept.SweepAfter = p.Now(), next[len(next)-1].ID
		if cause != nil {
			c, err := p.noted(ctx, ref.Integration, cause)
			if err != nil {
				return IntegrationPlan{}, err
			}
			swept.SweepAt, swept.SweepAfter = p.Now().Add(max(afterFailure, c.Delay)), ref.SweepAfter
		}
		rows = page.Data
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if err := p.applyStatuses(ctx, tx, ref.Integration, rows); err != nil {
			return err
		}
		return tx.IntegrationSwept(ctx, swept)
	})
	return p.plan(ctx, in, err)
}
