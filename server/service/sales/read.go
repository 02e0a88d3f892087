package sales

import (
	"context"
	"errors"
	"strings"
	"time"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// SaleFilter narrows a list of sales.
type SaleFilter struct {
	Account                               bool
	Type                                  states.SaleType
	PeriodOn, ExternalReference           string
	FlowID, SupplierID                    *int64
	Statuses, OfferStatuses, ProductTypes []string
	SaleIDs, Organisations                []int64
	From, Till                            *time.Time
	Page, PerPage                         int
}

// SaleView is a sale with what its readers want beside it.
type SaleView struct {
	db.Sale
	Lines                  []linking.SoldLine
	StatusName             string
	User                   db.User
	Organisation           string // its name
	OrganisationIdentifier string
	Cancellation           *db.CancellationRequest // the last one that a linked environment made for it
}

// DeletedDate asks for sales by when they were deleted. None ever is here.
const DeletedDate = "deleted_date"

// List reads a page of sales, newest first, and how many there are.
func (s *Sales) List(ctx context.Context, a service.Actor, f SaleFilter) (page []SaleView, total int, err error) {
	count := db.SaleCountParams{
		EnvironmentID: a.EnvironmentID, Type: service.Optional(string(f.Type)), FlowID: f.FlowID, SupplierID: f.SupplierID, Statuses: f.Statuses, OfferStatuses: f.OfferStatuses,
		ProductTypes: f.ProductTypes, SaleIds: f.SaleIDs, Organisations: f.Organisations, ExternalReference: service.Optional(f.ExternalReference),
		PeriodColumn: f.PeriodOn, PeriodFrom: f.From, PeriodTill: f.Till,
	}
	if !f.Account || !a.Admin() {
		count.UserID = &a.UserID
	}
	if f.PeriodOn == DeletedDate {
		return nil, 0, nil
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if err := statusesKnown(ctx, tx, a, f.Statuses); err != nil {
			return err
		}
		n, err := tx.SaleCount(ctx, count)
		if err != nil {
			return err
		}
		total = int(n)
		rows, err := tx.SaleList(ctx, db.SaleListParams{
			EnvironmentID: count.EnvironmentID, UserID: count.UserID, Type: count.Type, FlowID: count.FlowID, SupplierID: count.SupplierID, Statuses: count.Statuses,
			OfferStatuses: count.OfferStatuses, ProductTypes: count.ProductTypes, SaleIds: count.SaleIds, Organisations: count.Organisations,
			ExternalReference: count.ExternalReference, PeriodColumn: count.PeriodColumn, PeriodFrom: count.PeriodFrom, PeriodTill: count.PeriodTill,
			PageSize: int32(f.PerPage), Skip: int32((f.Page - 1) * f.PerPage),
		})
		if err != nil {
			return err
		}
		page, err = s.viewSales(ctx, tx, a, rows)
		return err
	})
	return page, total, err
}

// statusesKnown refuses a status that the environment does not have.
func statusesKnown(ctx context.Context, tx *db.Tx, a service.Actor, statuses []string) error {
	for _, id := range statuses {
		_, err := ledger.Status(ctx, tx, a.EnvironmentID, id)
		if errors.Is(err, db.ErrNotFound) {
			return service.Invalid("statuses", "field_invalid", id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SaleChanges reads a page of the actor's sales that changed since a cursor.
func (s *Sales) SaleChanges(ctx context.Context, a service.Actor, cursor service.Cursor) (page []SaleView, next service.Cursor, more bool, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if err := cursor.Open(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.SaleChanges(ctx, db.SaleChangesParams{
			EnvironmentID: a.EnvironmentID, UserID: a.UserID, Since: cursor.Since, Horizon: cursor.Horizon, AfterID: cursor.After, PageSize: service.ChangePageSize,
		})
		if err != nil {
			return err
		}
		var last int64
		if len(rows) > 0 {
			last = rows[len(rows)-1].ID
		}
		next, more = cursor.Advance(len(rows), service.ChangePageSize, last)
		page, err = s.viewSales(ctx, tx, a, rows)
		return err
	})
	return page, next, more, err
}

// Sale reads one sale as the actor may see it.
func (s *Sales) Sale(ctx context.Context, a service.Actor, id int64, account bool) (view SaleView, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if sale.UserID != a.UserID && (!account || !a.Admin()) {
			return db.ErrNotFound
		}
		views, err := s.viewSales(ctx, tx, a, []db.Sale{sale})
		if err != nil {
			return err
		}
		view = views[0]
		return nil
	})
	return view, service.OrNotFound(err)
}

func (s *Sales) viewSales(ctx context.Context, tx *db.Tx, a service.Actor, rows []db.Sale) ([]SaleView, error) {
	users, organisations, statuses := map[int64]db.User{}, map[int64]db.Organisation{}, map[string]string{}
	ids := make([]int64, len(rows))
	for i, sale := range rows {
		ids[i] = sale.ID
	}
	requests, err := tx.CancellationsOfSales(ctx, a.EnvironmentID, ids)
	if err != nil {
		return nil, err
	}
	lines, err := linesOf(ctx, tx, a, ids)
	if err != nil {
		return nil, err
	}
	cancellations := map[int64]*db.CancellationRequest{}
	for i := range requests {
		cancellations[requests[i].SaleID] = &requests[i]
	}
	views := make([]SaleView, 0, len(rows))
	for _, sale := range rows {
		if _, ok := users[sale.UserID]; !ok {
			user, err := tx.UserByID(ctx, a.EnvironmentID, sale.UserID)
			if err != nil {
				return nil, err
			}
			users[sale.UserID] = user
		}
		view := SaleView{Sale: sale, Lines: ledger.SoldLines(lines[sale.ID]), User: users[sale.UserID], Cancellation: cancellations[sale.ID]}
		if sale.OrganisationID != nil {
			o, ok := organisations[*sale.OrganisationID]
			if !ok {
				if o, err = tx.OrganisationByID(ctx, a.EnvironmentID, *sale.OrganisationID); err != nil && !errors.Is(err, db.ErrNotFound) {
					return nil, err
				}
				organisations[*sale.OrganisationID] = o
			}
			view.Organisation, view.OrganisationIdentifier = o.Name, o.Identifier
		}
		if _, ok := statuses[sale.Status]; !ok {
			status, err := ledger.Status(ctx, tx, a.EnvironmentID, sale.Status)
			if err != nil && !errors.Is(err, db.ErrNotFound) {
				return nil, err
			}
			statuses[sale.Status] = status.Name
		}
		view.StatusName = statuses[sale.Status]
		views = append(views, view)
	}
	return views, nil
}

// linesOf reads the lines of some sales.
func linesOf(ctx context.Context, tx *db.Tx, a service.Actor, ids []int64) (map[int64][]db.SaleLine, error) {
	rows, err := tx.SaleLinesOf(ctx, a.EnvironmentID, ids)
	lines := map[int64][]db.SaleLine{}
	for _, row := range rows {
		lines[row.SaleID] = append(lines[row.SaleID], row)
	}
	return lines, err
}

// SaleHistory reads a sale's timeline.
func (s *Sales) SaleHistory(ctx context.Context, a service.Actor, id int64) (list []db.SaleHistory, users map[int64]string, err error) {
	users = map[int64]string{}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.SaleByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		if list, err = tx.SaleHistory(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		for _, h := range list {
			if h.UserID == nil || users[*h.UserID] != "" {
				continue
			}
			user, err := tx.UserByID(ctx, a.EnvironmentID, *h.UserID)
			if err != nil {
				return err
			}
			users[user.ID] = strings.TrimSpace(user.Firstname + " " + user.Lastname)
		}
		return nil
	})
	return list, users, service.OrNotFound(err)
}
