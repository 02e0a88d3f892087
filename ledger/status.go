package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/states"
)

// StatusChange is a new status for a sale, by a person or client (UserID) or by a partner.
type StatusChange struct {
	Status        linking.Status
	Remark        string
	MarkProcessed bool
	UserID        *int64
	By            states.CancelledBy // whose word it is, for a cancelled sale
	Now           time.Time
}

// ChangeSaleStatus sets a status with everything that follows from it: the history, the forwardings that
// start or are withdrawn, and the announcement to the environment that the sale came from.
func ChangeSaleStatus(ctx context.Context, tx *db.Tx, sale db.Sale, change StatusChange) (db.Sale, error) {
	if sale.ErasedAt != nil {
		change.Remark = "" // what somebody says of a sale may be about its person
	}
	updated, err := tx.SaleSetStatus(ctx, db.SaleSetStatusParams{
		EnvironmentID: sale.EnvironmentID, ID: sale.ID, Status: change.Status.ID, StatusType: change.Status.Type, Remark: change.Remark,
		ByPerson: change.UserID != nil, CancelledBy: string(change.By), MarkProcessed: change.MarkProcessed, Now: change.Now,
	})
	if err != nil {
		return db.Sale{}, err
	}
	err = AddHistory(ctx, tx, sale, History{
		Type: states.HistoryStatus, Previous: sale.Status, New: change.Status.ID, Remark: change.Remark, UserID: change.UserID, At: change.Now,
	})
	if err != nil {
		return db.Sale{}, err
	}
	if _, err := Consider(ctx, tx, updated, false, change.Now); err != nil {
		return db.Sale{}, err
	}
	if err := settleByStatus(ctx, tx, updated, change); err != nil {
		return db.Sale{}, err
	}
	if event := saleEvent(updated); event != "" && updated.Status != sale.Status {
		err = tx.WebhookEventsInsert(ctx, db.WebhookEventsInsertParams{EnvironmentID: sale.EnvironmentID, Event: event, SubjectIds: []int64{sale.ID}, Now: change.Now})
		if err != nil {
			return db.Sale{}, err
		}
	}
	return updated, announceSale(ctx, tx, updated, change.Now)
}

// saleEvent names what an account hears of a sale's new status.
func saleEvent(sale db.Sale) string {
	switch {
	case sale.StatusType == linking.StatusTypeCancelled:
		return EventSaleCancelled
	case sale.Status == linking.StatusOfferAccepted:
		return EventOfferAccepted
	}
	return ""
}

// History is an entry in a sale's timeline.
type History struct {
	Type                  states.HistoryType
	Previous, New, Remark string
	Data                  any
	UserID                *int64
	At                    time.Time
}

// AddHistory writes an entry in a sale's timeline.
func AddHistory(ctx context.Context, tx *db.Tx, sale db.Sale, h History) error {
	if sale.ErasedAt != nil {
		h.Remark = ""
	}
	data := []byte("{}")
	if h.Data != nil {
		var err error
		if data, err = json.Marshal(h.Data); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return tx.SaleHistoryInsert(ctx, db.SaleHistoryInsertParams{
		EnvironmentID: sale.EnvironmentID, SaleID: sale.ID, Type: h.Type, PreviousStatus: h.Previous, NewStatus: h.New, Remark: h.Remark,
		Data: data, UserID: h.UserID, Now: h.At,
	})
}

// Status finds a status of an environment: the system's, or one of its own.
func Status(ctx context.Context, tx *db.Tx, environmentID int64, id string) (linking.Status, error) {
	if status, ok := linking.SystemStatus(id); ok {
		return status, nil
	}
	row, err := tx.StatusByID(ctx, environmentID, id)
	if err != nil {
		return linking.Status{}, err
	}
	return linking.Status{ID: row.ID, Name: row.Name, Text: row.Text, Type: row.Type}, nil
}
