// Package ledger is what follows from a sale, its status, a cancellation or a partner's set-up, in one transaction: the
// forwardings that start or are withdrawn, the history, and who is told. It stands above the store.
package ledger

import (
	"context"
	"time"

	"koppel/db"
)

// Events that a webhook can be about. Those of the account name what they are about; those of a user are hints.
const (
	EventProductUpdated  = "product.updated"
	EventOfferAccepted   = "offer.accepted"
	EventSaleCancelled   = "sale.cancelled"
	EventSaleDeleted     = "sale.deleted" // sales are not deleted here: it is known, and never comes
	EventProductsChanged = "products.changed"
	EventSalesChanged    = "sales.changed"
)

// SaleEvents are those that name a sale.
var SaleEvents = []string{EventOfferAccepted, EventSaleCancelled, EventSaleDeleted}

// ProductsChanged has everybody told that the environment's products, or what sells them, changed: linked environments,
// users' webhooks, and for the products that are named the account's.
func ProductsChanged(ctx context.Context, tx *db.Tx, environmentID int64, now time.Time, productIDs ...int64) error {
	if err := tx.LinksProductsChanged(ctx, now, environmentID); err != nil {
		return err
	}
	if err := tx.WebhookHint(ctx, db.WebhookHintParams{EnvironmentID: environmentID, Event: EventProductsChanged, Now: now}); err != nil || len(productIDs) == 0 {
		return err
	}
	return tx.WebhookEventsInsert(ctx, db.WebhookEventsInsertParams{EnvironmentID: environmentID, Event: EventProductUpdated, SubjectIds: productIDs, Now: now})
}

// saleChanged has everybody told that a sale changed: the environment it came from, and webhooks.
func announceSale(ctx context.Context, tx *db.Tx, sale db.Sale, now time.Time) error {
	if sale.LinkID != nil {
		if err := tx.LinkSalesChanged(ctx, db.LinkSalesChangedParams{EnvironmentID: sale.EnvironmentID, ID: *sale.LinkID, Now: now}); err != nil {
			return err
		}
	}
	return tx.WebhookHint(ctx, db.WebhookHintParams{EnvironmentID: sale.EnvironmentID, Event: EventSalesChanged, UserID: &sale.UserID, Now: now})
}
