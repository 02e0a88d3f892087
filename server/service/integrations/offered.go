package integrations

import (
	"context"
	"math"
	"slices"

	"koppel/db"
	"koppel/server/service"
	"koppel/states"
)

// OfferSearch narrows the list of what a partner offers.
type OfferSearch struct {
	Q, State string
	AfterID  int64
}

// OfferedPage reads a page of what a partner offers, and how many products are in each state.
func (s *Integrations) OfferedPage(ctx context.Context, a service.Actor, id int64, f OfferSearch) (page service.Page[db.IntegrationProductPageRow], states map[string]int64, err error) {
	states = map[string]int64{}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		rows, err := tx.IntegrationProductStates(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		for _, r := range rows {
			states[r.State] = r.Products
		}
		page, err = service.PageOf(tx.IntegrationProductPage(ctx, f.params(a, id, service.PageSize+1)))
		return err
	})
	return page, states, err
}

func (f OfferSearch) params(a service.Actor, id int64, size int32) db.IntegrationProductPageParams {
	return db.IntegrationProductPageParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: id, Q: service.Optional(f.Q), State: service.Optional(f.State), AfterID: f.AfterID, PageSize: size,
	}
}

// Matching lists everything that a search finds.
func (s *Integrations) Matching(ctx context.Context, a service.Actor, id int64, f OfferSearch) (ids []int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		f.AfterID = 0
		rows, err := tx.IntegrationProductPage(ctx, f.params(a, id, math.MaxInt32))
		for _, r := range rows {
			ids = append(ids, r.PartnerProductID)
		}
		return err
	})
	return ids, err
}

// DeselectEffect counts what becomes of our own when products are no longer imported.
func (s *Integrations) DeselectEffect(ctx context.Context, a service.Actor, id int64, ids []int64) (effect db.IntegrationDeselectEffectRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		effect, err = tx.IntegrationDeselectEffect(ctx, db.IntegrationDeselectEffectParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, Ids: ids})
		return err
	})
	return effect, err
}

// OfferedProduct is a partner's product and what became of it here.
type OfferedProduct struct {
	db.IntegrationProduct
	State       string // new, imported, changed, vanished
	LocalActive bool
	Deleted     bool
}

// OfferedProducts lists what a partner offers, and what vanished there.
func (s *Integrations) OfferedProducts(ctx context.Context, a service.Actor, id int64) (list []OfferedProduct, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		rows, err := tx.IntegrationProductsOf(ctx, a.EnvironmentID, id)
		for _, r := range rows {
			p := OfferedProduct{IntegrationProduct: r.IntegrationProduct, State: "imported", LocalActive: r.LocalActive != nil && *r.LocalActive, Deleted: r.LocalDeletedAt != nil}
			switch {
			case !p.Offered:
				p.State = "vanished"
			case p.LocalProductID == nil:
				p.State = "new"
			case string(p.Hash) != string(p.AppliedHash):
				p.State = "changed"
			}
			list = append(list, p)
		}
		return err
	})
	return list, err
}

// Selection says which of a partner's products are imported: all of them at once, or what is added to and
// removed from what was selected.
type Selection struct {
	Products    []int64 // nil: as before, with the other two
	Add, Remove []int64
}

// SelectProducts sets which of a partner's products are imported; the import is a run of its own.
func (s *Integrations) SelectProducts(ctx context.Context, a service.Actor, id int64, selection Selection) (run db.SyncRun, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.LockIntegration(ctx, tx, a, id); err != nil {
			return err
		}
		products := selection.Products
		if products == nil {
			selected, err := tx.IntegrationProductsSelected(ctx, a.EnvironmentID, id)
			if err != nil {
				return err
			}
			products = slices.Concat(selected, selection.Add)
			products = slices.DeleteFunc(products, func(p int64) bool { return slices.Contains(selection.Remove, p) })
		}
		known, err := tx.IntegrationProductsKnown(ctx, db.IntegrationProductsKnownParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, Ids: products})
		if err != nil {
			return err
		}
		if unknown := service.MissingIDs(products, known); len(unknown) > 0 {
			return service.Invalid("product_ids", "unknown_product", unknown[0])
		}
		changed, err := tx.IntegrationProductsSelect(ctx, db.IntegrationProductsSelectParams{EnvironmentID: a.EnvironmentID, IntegrationID: id, Ids: products})
		if err != nil {
			return err
		}
		if run, err = s.queueRun(ctx, tx, a, id, states.RunBySelection); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "select_products", "integration", id, nil, map[string]any{"selected": len(products), "changed": changed})
	})
	return run, err
}
