package integrations

import (
	"context"
	"time"

	"koppel/db"
	"koppel/server/service"
	"koppel/states"
)

// setAsideShown is how many rows that were set aside are shown at once.
const setAsideShown = 200

// SetAsideNamed is how many of a link's are named where everything that waits is listed.
const SetAsideNamed = 5

// SetAsideSum is how much of a link's rows is set aside.
type SetAsideSum struct {
	Rows  int64
	Kinds map[states.SetAsideKind]int64
	Since time.Time // the oldest
}

// SetAsideSums says of each link how many rows are set aside, or of one.
func SetAsideSums(ctx context.Context, tx *db.Tx, a service.Actor, integrationID *int64) (map[int64]SetAsideSum, error) {
	counts, err := tx.SetAsideCounts(ctx, a.EnvironmentID, integrationID)
	sums := map[int64]SetAsideSum{}
	for _, c := range counts {
		sum := sums[c.IntegrationID]
		if sum.Kinds == nil {
			sum = SetAsideSum{Kinds: map[states.SetAsideKind]int64{}, Since: c.Since}
		}
		sum.Rows += c.Rows
		sum.Kinds[c.Kind] = c.Rows
		if c.Since.Before(sum.Since) {
			sum.Since = c.Since
		}
		sums[c.IntegrationID] = sum
	}
	return sums, err
}

// SetAside lists the rows of a partner that could not be read.
func (s *Integrations) SetAside(ctx context.Context, a service.Actor, id int64) (list []db.SetAsideListRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		list, err = tx.SetAsideList(ctx, db.SetAsideListParams{EnvironmentID: a.EnvironmentID, IntegrationID: &id, PageSize: setAsideShown})
		return err
	})
	return list, err
}

// RunSetAside lists the rows that a run could not read.
func (s *Integrations) RunSetAside(ctx context.Context, a service.Actor, id, runID int64) (list []db.SyncRunSetAside, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, ID: runID}); err != nil {
			return err
		}
		list, err = tx.SyncRunSetAside(ctx, db.SyncRunSetAsideParams{EnvironmentID: a.EnvironmentID, RunID: runID, PageSize: setAsideShown})
		return err
	})
	return list, err
}
