package service

import (
	"context"
	"math"

	"koppel/db"
	"koppel/linking"
)

// LinkOverview is a link as the overview shows it.
type LinkOverview struct {
	db.Integration
	Last     *db.SyncRun // the last run that ended
	Running  *db.SyncRun
	Waiting  map[string]int64 // forwardings by state
	Unmapped []db.ForwardingUnmappedStatusesRow
	// Silent: a check is long overdue, though nothing says why.
	Silent bool
}

// Overview is what a person should know first.
type Overview struct {
	Links     []LinkOverview
	Groups    []db.ForwardingGroupsRow // what waits for a person, by cause
	ToConfirm []db.SyncRun             // runs that the brake stopped
	Requests  []db.CancellationListRow // what linked environments ask to cancel
	Webhooks  []db.WebhookListRow      // that stand still
	Incoming  []db.LinkListRow
	Latest    []SaleRow
}

// Waiting is how much waits for a person.
func (o Overview) Waiting() (count int64) {
	for _, g := range o.Groups {
		count += g.Sales
	}
	for _, l := range o.Links {
		if l.State == "paused" && l.PausedReason != "person" {
			count++
		}
	}
	return count + int64(len(o.ToConfirm)+len(o.Requests)+len(o.Webhooks))
}

// Overview reads what a person should know first.
func (s *Service) Overview(ctx context.Context, a Actor) (o Overview, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if o.Groups, err = tx.ForwardingGroups(ctx, a.EnvironmentID); err != nil {
			return err
		}
		if o.ToConfirm, err = tx.SyncRunsToConfirm(ctx, a.EnvironmentID); err != nil {
			return err
		}
		if _, err = tx.CancellationsExpire(ctx, a.EnvironmentID, s.Now()); err != nil {
			return err
		}
		o.Requests, err = tx.CancellationList(ctx, db.CancellationListParams{EnvironmentID: a.EnvironmentID, Direction: new("incoming"), States: []string{db.CancellationOpen}, PageSize: 200})
		if err != nil {
			return err
		}
		webhooks, err := tx.WebhookList(ctx, db.WebhookListParams{EnvironmentID: a.EnvironmentID})
		if err != nil {
			return err
		}
		for _, w := range webhooks {
			if w.Webhook.State == "paused" {
				o.Webhooks = append(o.Webhooks, w)
			}
		}
		if o.Incoming, err = tx.LinkList(ctx, a.EnvironmentID); err != nil {
			return err
		}
		if o.Links, err = s.linkOverviews(ctx, tx, a); err != nil {
			return err
		}
		rows, err := tx.SalePage(ctx, db.SalePageParams{EnvironmentID: a.EnvironmentID, BeforeID: math.MaxInt64, PageSize: 8})
		if err != nil {
			return err
		}
		latest, err := s.saleRows(ctx, tx, a, Page[db.SalePageRow]{Rows: rows})
		o.Latest = latest.Rows
		return err
	})
	return o, err
}

func (s *Service) linkOverviews(ctx context.Context, tx *db.Tx, a Actor) ([]LinkOverview, error) {
	rows, err := tx.IntegrationList(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	waiting, err := tx.ForwardingsWaiting(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	list := make([]LinkOverview, 0, len(rows))
	for _, row := range rows {
		link := LinkOverview{Integration: row, Waiting: map[string]int64{}}
		for _, w := range waiting {
			if w.IntegrationID == row.ID {
				link.Waiting[w.State] = w.Sales
			}
		}
		if link.Last, err = maybe(tx.SyncRunLast(ctx, a.EnvironmentID, row.ID)); err != nil {
			return nil, err
		}
		if link.Running, err = maybe(tx.SyncRunRunning(ctx, a.EnvironmentID, row.ID)); err != nil {
			return nil, err
		}
		unmapped, err := tx.ForwardingUnmappedStatuses(ctx, a.EnvironmentID, row.ID)
		if err != nil {
			return nil, err
		}
		for _, u := range unmapped {
			if _, system := linking.SystemStatus(u.PartnerStatus); !system {
				link.Unmapped = append(link.Unmapped, u)
			}
		}
		overdue := s.Now().Sub(row.NextSyncAt)
		link.Silent = row.State == "active" && link.Running == nil && overdue > max(minutes(30), minutes(row.Settings.SyncIntervalMinutes))
		list = append(list, link)
	}
	return list, nil
}

// WaitingCount is how much waits for a person, for the navigation of every page.
func (s *Service) WaitingCount(ctx context.Context, a Actor) (count int64, err error) {
	if !a.Admin() {
		return 0, nil
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		count, err = tx.WaitingForPersonCount(ctx, a.EnvironmentID, s.Now())
		return err
	})
	return count, err
}

// Links reads the environment's links as the list shows them.
func (s *Service) Links(ctx context.Context, a Actor) (list []LinkOverview, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		list, err = s.linkOverviews(ctx, tx, a)
		return err
	})
	return list, err
}
