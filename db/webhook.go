package db

import (
	"context"
	"time"
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

// ProductsChanged has everybody told that the environment's products, or what sells them, changed: linked environments,
// users' webhooks, and for the products that are named the account's.
func (t *Tx) ProductsChanged(ctx context.Context, environmentID int64, now time.Time, productIDs ...int64) error {
	if err := t.LinksProductsChanged(ctx, now, environmentID); err != nil {
		return err
	}
	if err := t.WebhookHint(ctx, WebhookHintParams{EnvironmentID: environmentID, Event: EventProductsChanged, Now: now}); err != nil || len(productIDs) == 0 {
		return err
	}
	return t.WebhookEventsInsert(ctx, WebhookEventsInsertParams{EnvironmentID: environmentID, Event: EventProductUpdated, SubjectIds: productIDs, Now: now})
}

// saleChanged has everybody told that a sale changed: the environment it came from, and webhooks.
func (t *Tx) saleChanged(ctx context.Context, sale Sale, now time.Time) error {
	if sale.LinkID != nil {
		if err := t.LinkSalesChanged(ctx, LinkSalesChangedParams{EnvironmentID: sale.EnvironmentID, ID: *sale.LinkID, Now: now}); err != nil {
			return err
		}
	}
	return t.WebhookHint(ctx, WebhookHintParams{EnvironmentID: sale.EnvironmentID, Event: EventSalesChanged, UserID: &sale.UserID, Now: now})
}
