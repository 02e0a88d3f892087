package activities

import (
	"context"
	"errors"
	"time"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/states"
)

// PollStatuses reads one page of what changed in a partner's sales and takes over what our sales follow.
// Idempotent: a status that was seen before does nothing.
func (p *Partner) PollStatuses(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State != states.IntegrationActive {
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
	var odd []salesdock.Unreadable
	var cursor string
	var more bool
	if keyed(ref.Integration) {
		page, err := ref.client.SaleChanges(ctx, ref.SaleCursor)
		if err != nil {
			return p.pollFailed(ctx, ref, err)
		}
		rows, odd, cursor, more = page.Data, page.Unreadable, page.NextCursor, page.NextPageURL != nil
	} else {
		clock := clockOf(ref.Integration)
		at := parsePolling(ref.SaleCursor, clock, ref.CreatedAt, began)
		page, err := ref.client.SalesUpdated(ctx, at.Within.part(), at.Within.Page)
		if err != nil {
			return p.pollFailed(ctx, ref, err)
		}
		if ahead, ok := ref.client.Ahead(); ok {
			clock = clock.heard(ahead)
		}
		at, more = at.next(clock, p.Now(), page)
		rows, odd, cursor = page.Data, page.Unreadable, at.String()
	}
	next := began.Add(time.Duration(ref.Settings.StatusPollMinutes) * time.Minute)
	if more {
		next = began
	}
	var plan IntegrationPlan
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if err := p.applyStatuses(ctx, tx, ref.Integration, began, rows, odd); err != nil {
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

// pollFailed tries again a minute later; a refused token is looked at.
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

// applyStatuses takes over what our sales follow; began is when they were asked for. What cannot be read of one of them is
// set aside, as is what does not say which sale it is.
func (p *Partner) applyStatuses(ctx context.Context, tx *db.Tx, i db.Integration, began time.Time, rows []salesdock.SaleUpdate, nameless []salesdock.Unreadable) error {
	ids := make([]string, 0, len(rows))
	updates := map[string]salesdock.SaleUpdate{}
	for _, row := range rows {
		ids = append(ids, string(row.ID))
		updates[string(row.ID)] = row
	}
	if len(ids)+len(nameless) == 0 {
		return nil
	}
	i, err := learnClock(ctx, tx, i, rows)
	if err != nil {
		return err
	}
	mappings, err := ledger.MappingsOf(ctx, tx, i.EnvironmentID, i.ID)
	if err != nil {
		return err
	}
	ours, err := tx.ForwardingsByPartnerSales(ctx, db.ForwardingsByPartnerSalesParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, PartnerSaleIds: ids})
	if err != nil {
		return err
	}
	numbers := make([]string, 0, len(ours))
	for _, row := range ours {
		numbers = append(numbers, *row.Forwarding.PartnerSaleID)
	}
	if err := p.oddSales(ctx, tx, i, rows, nameless, numbers); err != nil {
		return err
	}
	reading := statusReading{clock: clockOf(i), began: began, mapping: mappings.Statuses}
	for _, row := range ours {
		update := updates[*row.Forwarding.PartnerSaleID]
		if update.StatusOdd() != nil {
			continue
		}
		if err := p.applyStatus(ctx, tx, row, update, reading); err != nil {
			return err
		}
		if c := update.CancellationRequest; c != nil && followed(&update) == nil {
			answered := ledger.Answered{State: states.CancellationState(c.State), Answer: string(c.Answer), Now: p.Now()}
			if err := ledger.ReadCancellation(ctx, tx, row.Forwarding, string(c.Reference), answered); err != nil {
				return err
			}
		}
	}
	return nil
}

// statusReading is what rows were read with.
type statusReading struct {
	clock   partnerClock
	began   time.Time // when they were asked for
	mapping map[string]string
}

// update is what a row says. When it changed is kept as the partner says it, to be compared with itself.
func (s statusReading) update(u salesdock.SaleUpdate) linking.StatusUpdate {
	changed := u.ChangedAt()
	update := linking.StatusUpdate{
		Status: string(u.Status.StatusIdentifier), At: changed.Time, CreatedAt: madeBefore(u.CreatedAt, changed), Repeated: salesdock.Repeated(changed.Time),
	}
	if at := s.clock.moment(changed); !at.IsZero() {
		update.Latest = at.Add(s.clock.off(at))
	}
	return update
}

// madeBefore gives when a sale was made, to be compared with when it changed. Where one says its zone and the other does not,
// all that is certain is that zones are whole quarters of an hour apart: so is one moment that is written in two ways, and
// otherwise it changed later.
func madeBefore(made, changed salesdock.Stamp) time.Time {
	if made.IsZero() || changed.IsZero() || made.Zoned == changed.Zoned {
		return made.Time
	}
	apart := changed.Sub(made.Time)
	if quarters := apart.Round(15 * time.Minute); quarters.Abs() <= clockFar && (apart-quarters).Abs() <= time.Second {
		if changed.Nanosecond() != 0 { // a partner of ours: it tells what changed within the second, too
			return made.Add(quarters)
		}
		return changed.Time
	}
	return changed.Add(-time.Second)
}

func (p *Partner) applyStatus(ctx context.Context, tx *db.Tx, row db.ForwardingsByPartnerSalesRow, u salesdock.SaleUpdate, reading statusReading) error {
	f := row.Forwarding
	known := linking.StatusKnown{
		Status: row.SaleStatus, CancelledByPerson: row.StatusByPerson && row.SaleStatusType == linking.StatusTypeCancelled, PartnerStatus: f.PartnerStatus,
	}
	if f.PartnerStatusAt != nil {
		known.PartnerAt = *f.PartnerStatusAt
	}
	if f.PartnerStatusReadAt != nil {
		known.ReadAt = *f.PartnerStatusReadAt
	}
	update := reading.update(u)
	decision, status := linking.DecideStatus(known, update, reading.mapping)
	if decision == linking.StatusOlder || decision == linking.StatusNothing && known.PartnerStatus == update.Status {
		return nil
	}
	err := tx.ForwardingPartnerStatus(ctx, db.ForwardingPartnerStatusParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, PartnerStatus: update.Status, PartnerStatusAt: &update.At, ReadAt: &reading.began, Now: p.Now(),
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
		target, err := ledger.Status(ctx, tx, f.EnvironmentID, status)
		if errors.Is(err, db.ErrNotFound) {
			return p.ignore(ctx, tx, sale, update.Status, linking.StatusUnmapped)
		}
		if err != nil {
			return err
		}
		_, err = ledger.ChangeSaleStatus(ctx, tx, sale, ledger.StatusChange{Status: target, Remark: string(u.Status.StatusRemark), By: states.CancelledByPartner, Now: p.Now()})
		return err
	case linking.StatusUnmapped, linking.StatusStaysGone:
		return p.ignore(ctx, tx, sale, update.Status, decision)
	}
	return nil
}

// ignore keeps a status that was not taken over in the timeline, with the reason.
func (p *Partner) ignore(ctx context.Context, tx *db.Tx, sale db.Sale, status, reason string) error {
	return ledger.AddHistory(ctx, tx, sale, ledger.History{
		Type: states.HistoryStatusIgnored, Previous: sale.Status, New: status, Data: map[string]string{"reason": reason}, At: p.Now(),
	})
}
