package activities

import (
	"context"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/salesdock"
	"koppel/states"
)

// AnnounceInput names an incoming link.
type AnnounceInput struct {
	EnvironmentID int64
	LinkID        int64
}

// AnnounceResult says whether there is more to tell.
type AnnounceResult struct{ More bool }

// visibleLink reads a link once its changes can be read by a change cursor: told any earlier, the partner
// would look, find nothing, and not look again. Any older transaction that still runs holds them back.
func (p *Partner) visibleLink(ctx context.Context, in AnnounceInput) (link db.IncomingLink, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		var horizon int64
		err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
			if link, err = tx.LinkByID(ctx, in.EnvironmentID, in.LinkID); err != nil {
				return err
			}
			horizon, err = tx.SystemChangeHorizon(ctx)
			return err
		})
		if err != nil || link.Changed < horizon {
			return link, err
		}
		select {
		case <-ctx.Done():
			return link, ctx.Err()
		case <-tick.C:
		}
	}
}

// Announce tells a linked environment that something changed. Idempotent: a hint with a sequence number.
func (p *Partner) Announce(ctx context.Context, in AnnounceInput) (AnnounceResult, error) {
	link, err := p.visibleLink(ctx, in)
	if err != nil || link.State != states.LinkActive {
		return AnnounceResult{}, err
	}
	event := salesdock.LinkEvent{
		LinkKey: link.PartnerLinkKey, Sequence: link.ProductsSeq + link.SalesSeq,
		Products: link.ProductsSeq > link.ProductsAnnounced, Sales: link.SalesSeq > link.SalesAnnounced,
	}
	if !event.Products && !event.Sales {
		return AnnounceResult{}, nil
	}
	secret, err := p.Vault.Open(vault.LinkSecretRow(link.EnvironmentID, link.UserID), link.EventSecretSealed)
	if err != nil {
		return AnnounceResult{}, err
	}
	if err := p.clients().Announcer(link).PostLinkEvent(ctx, event, secret); err != nil {
		return AnnounceResult{}, classify(err, asRead).asError()
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		err := tx.LinkAnnounced(ctx, db.LinkAnnouncedParams{EnvironmentID: in.EnvironmentID, ID: in.LinkID, ProductsSeq: link.ProductsSeq, SalesSeq: link.SalesSeq})
		if err != nil {
			return err
		}
		link, err = tx.LinkByID(ctx, in.EnvironmentID, in.LinkID)
		return err
	})
	return AnnounceResult{More: link.ProductsSeq > link.ProductsAnnounced || link.SalesSeq > link.SalesAnnounced}, err
}
