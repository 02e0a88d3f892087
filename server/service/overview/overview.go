package overview

import (
	"context"
	"math"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/server/service/sales"
	"koppel/states"
)

// LinkOverview is a link as the overview shows it.
type LinkOverview struct {
	db.Integration
	Last     *db.SyncRun // the last run that ended
	Running  *db.SyncRun
	Waiting  map[states.ForwardingState]int64 // forwardings by state
	Unmapped []db.ForwardingUnmappedStatusesRow
	Jobs     []service.BackgroundJob  // of it that fail, or do not run
	SetAside integrations.SetAsideSum // rows of the partner that could not be read
	// SetAsideRows names the first few of them.
	SetAsideRows []db.SetAsideRow
	// Holding and Unfollowed are of its health: what keeps sales, now or soon, and statuses that are not followed.
	Holding, Unfollowed int64
	// Operations are under way at it.
	Operations []db.Operation
}

// Glance is what a person should know first.
type Glance struct {
	Links     []LinkOverview
	Groups    []db.ForwardingGroupsRow // what waits for a person, by cause
	ToConfirm []db.SyncRun             // runs that the brake stopped
	Requests  []db.CancellationListRow // what linked environments ask to cancel
	Webhooks  []db.WebhookListRow      // that stand still
	Incoming  []db.LinkListRow
	Latest    []sales.SaleRow
	Jobs      []service.BackgroundJob // that fail, or do not run
	Kept      Kept
}

// Kept is how backups of the whole installation fare, and drills of them: for owners.
type Kept struct {
	Shown         bool
	Backup, Drill db.Safekeeping
}

const (
	backupGood = 3 * 24 * time.Hour
	drillGood  = 35 * 24 * time.Hour
)

// Wrong says whether the last backup or drill failed, or is too long ago. Where there never was one nobody is told that it is late.
func (k Kept) Wrong(now time.Time) bool {
	old := func(row db.Safekeeping, good time.Duration) bool {
		return row.FailedAt != nil || row.SucceededAt != nil && now.Sub(*row.SucceededAt) > good
	}
	return old(k.Backup, backupGood) || old(k.Drill, drillGood)
}

func (s *Overview) kept(ctx context.Context, tx *db.Tx, a service.Actor) (k Kept, err error) {
	if a.Role != states.RoleOwner {
		return k, nil
	}
	rows, err := tx.SystemSafekeeping(ctx)
	for _, row := range rows {
		switch row.Kind {
		case states.SafekeepingBackup:
			k.Backup = row
		case states.SafekeepingDrill:
			k.Drill = row
		}
	}
	k.Shown = s.Standalone || len(rows) > 0
	return k, err
}

// Waiting is how much waits for a person.
func (o Glance) Waiting() (count int64) {
	for _, g := range o.Groups {
		if ForPerson(g) {
			count += g.Sales
		}
	}
	for _, l := range o.Links {
		if TokenTrouble(l.Integration) {
			count++
		}
		if l.SetAside.Rows > 0 {
			count++
		}
	}
	for _, j := range o.Jobs {
		if j.Failing() && !j.ByItself() {
			count++
		}
	}
	return count + int64(len(o.ToConfirm)+len(o.Requests)+len(o.Webhooks))
}

// Holding counts what in the connections to partners keeps sales, now or soon.
func (o Glance) Holding() (count int64) {
	for _, l := range o.Links {
		count += l.Holding
	}
	return count
}

// ForPerson says whether a group waits for a person: unknown outcomes do after a look that can be trusted.
func ForPerson(g db.ForwardingGroupsRow) bool {
	return g.Look != string(states.LookLooking) && g.Look != string(states.LookResending)
}

// TokenTrouble says whether a link waits for a person because of its token: it is paused, or is refused again and again.
// One refusal that was not looked at yet is none.
func TokenTrouble(i db.Integration) bool {
	return i.State == states.IntegrationPaused && i.PausedReason != states.PausedByPerson || i.State == states.IntegrationActive && i.TokenProbeAt != nil && i.TokenProbes > 1
}

// Overview reads what a person should know first.
func (s *Overview) Read(ctx context.Context, a service.Actor) (o Glance, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if o.Groups, err = tx.ForwardingGroups(ctx, a.EnvironmentID); err != nil {
			return err
		}
		if o.ToConfirm, err = tx.SyncRunsToConfirm(ctx, a.EnvironmentID); err != nil {
			return err
		}
		o.Requests, err = s.Sales.CancellationList(ctx, tx, db.CancellationListParams{EnvironmentID: a.EnvironmentID, Direction: new(string(states.Incoming)), States: states.Texts(states.CancellationOpen), PageSize: 200})
		if err != nil {
			return err
		}
		webhooks, err := tx.WebhookList(ctx, db.WebhookListParams{EnvironmentID: a.EnvironmentID})
		if err != nil {
			return err
		}
		for _, w := range webhooks {
			if w.Webhook.State == states.WebhookPaused {
				o.Webhooks = append(o.Webhooks, w)
			}
		}
		if o.Incoming, err = tx.LinkList(ctx, a.EnvironmentID); err != nil {
			return err
		}
		if o.Jobs, err = s.Wrong(ctx, tx, a); err != nil {
			return err
		}
		if o.Links, err = s.linkOverviews(ctx, tx, a, o.Jobs); err != nil {
			return err
		}
		if o.Kept, err = s.kept(ctx, tx, a); err != nil {
			return err
		}
		rows, err := tx.SalePage(ctx, db.SalePageParams{EnvironmentID: a.EnvironmentID, BeforeID: math.MaxInt64, PageSize: 8})
		if err != nil {
			return err
		}
		latest, err := s.Sales.SaleRows(ctx, tx, a, service.Page[db.SalePageRow]{Rows: rows})
		o.Latest = latest.Rows
		return err
	})
	return o, err
}

func (s *Overview) linkOverviews(ctx context.Context, tx *db.Tx, a service.Actor, wrong []service.BackgroundJob) ([]LinkOverview, error) {
	rows, err := tx.IntegrationList(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	waiting, err := tx.ForwardingsWaiting(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	aside, err := integrations.SetAsideSums(ctx, tx, a, nil)
	if err != nil {
		return nil, err
	}
	list := make([]LinkOverview, 0, len(rows))
	for _, row := range rows {
		link := LinkOverview{Integration: row, Waiting: map[states.ForwardingState]int64{}, SetAside: aside[row.ID]}
		if link.SetAside.Rows > 0 {
			named, err := tx.SetAsideList(ctx, db.SetAsideListParams{EnvironmentID: a.EnvironmentID, IntegrationID: &row.ID, PageSize: integrations.SetAsideNamed})
			if err != nil {
				return nil, err
			}
			for _, n := range named {
				link.SetAsideRows = append(link.SetAsideRows, n.SetAsideRow)
			}
		}
		for _, w := range waiting {
			if w.IntegrationID == row.ID {
				link.Waiting[states.ForwardingState(w.State)] = w.Sales
			}
		}
		if link.Last, err = service.Maybe(tx.SyncRunLast(ctx, a.EnvironmentID, row.ID)); err != nil {
			return nil, err
		}
		if link.Running, err = service.Maybe(tx.SyncRunRunning(ctx, a.EnvironmentID, row.ID)); err != nil {
			return nil, err
		}
		if link.Operations, err = tx.OperationsUnderWay(ctx, a.EnvironmentID, row.ID); err != nil {
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
		health, err := s.Integrations.IntegrationHealth(ctx, a, row.ID)
		if err != nil {
			return nil, err
		}
		link.Holding, link.Unfollowed = health.Holding(), health.Unfollowed()
		link.Jobs = service.JobsOf(wrong, states.SubjectIntegration, row.ID)
		list = append(list, link)
	}
	return list, nil
}

// WaitingCount is how much waits for a person, for the navigation of every page.
func (s *Overview) WaitingCount(ctx context.Context, a service.Actor) (count int64, err error) {
	if !a.Admin() {
		return 0, nil
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		failing, err := tx.BackgroundForPersonCount(ctx, a.EnvironmentID, states.Texts(service.Passing...))
		if err != nil {
			return err
		}
		count, err = tx.WaitingForPersonCount(ctx, a.EnvironmentID, s.Now())
		count += failing
		return err
	})
	return count, err
}

// Links reads the environment's links as the list shows them.
func (s *Overview) Links(ctx context.Context, a service.Actor) (list []LinkOverview, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		wrong, err := s.Wrong(ctx, tx, a)
		if err != nil {
			return err
		}
		list, err = s.linkOverviews(ctx, tx, a, wrong)
		return err
	})
	return list, err
}
