package sales

import (
	"context"
	"errors"
	"slices"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
)

// Exchangeable lists what can be sold in the place of a sale's main product: of the same partner and type, through the same flow.
// gone says that the partner no longer offers that product.
func (s *Sales) Exchangeable(ctx context.Context, a service.Actor, saleID int64) (list []db.Product, gone bool, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		sale, err := tx.SaleByID(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		rows, err := tx.SaleLines(ctx, a.EnvironmentID, saleID)
		if err != nil {
			return err
		}
		main := ledger.SoldLines(rows)[:1]
		if main[0].IntegrationID == 0 {
			return nil
		}
		away, err := ledger.GoneProducts(ctx, tx, a.EnvironmentID, main[0].IntegrationID, main)
		gone = len(away) > 0
		if err != nil {
			return err
		}
		list, err = s.exchangeable(ctx, tx, sale, main[0])
		return err
	})
	return list, gone, service.OrNotFound(err)
}

// ProductGone says whether the partner that a product came from no longer offers it.
func (s *Sales) ProductGone(ctx context.Context, a service.Actor, p db.Product) (gone bool, err error) {
	if p.IntegrationID == nil || p.PartnerProductID == nil {
		return false, nil
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		away, err := ledger.GoneProducts(ctx, tx, a.EnvironmentID, *p.IntegrationID, []linking.SoldLine{{PartnerProductID: *p.PartnerProductID}})
		gone = len(away) > 0
		return err
	})
	return gone, err
}

func (s *Sales) exchangeable(ctx context.Context, tx *db.Tx, sale db.Sale, main linking.SoldLine) ([]db.Product, error) {
	flow, err := tx.FlowByID(ctx, db.FlowByIDParams{EnvironmentID: sale.EnvironmentID, ID: sale.Sold.Flow.ID})
	if errors.Is(err, db.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := tx.IntegrationProductsLike(ctx, db.IntegrationProductsLikeParams{EnvironmentID: sale.EnvironmentID, IntegrationID: main.IntegrationID, Type: main.Content.Type})
	return slices.DeleteFunc(list, func(p db.Product) bool {
		return p.ID == main.ProductID || !sellable(p, s.Now()) || !flow.Config.Carries(p.ID, p.Content.Type)
	}), err
}

// exchange puts another product in the place of a sale's main one.
func (s *Sales) exchange(ctx context.Context, tx *db.Tx, sale db.Sale, corrected *linking.Submission, productID int64) error {
	if productID == 0 || productID == sale.ProductID {
		return nil
	}
	rows, err := tx.SaleLines(ctx, sale.EnvironmentID, sale.ID)
	if err != nil {
		return err
	}
	main := ledger.SoldLines(rows)[0]
	var list []db.Product
	if main.IntegrationID != 0 {
		if list, err = s.exchangeable(ctx, tx, sale, main); err != nil {
			return err
		}
	}
	at := slices.IndexFunc(list, func(p db.Product) bool { return p.ID == productID })
	if at < 0 {
		return service.Invalid("product_id", "not_exchangeable")
	}
	p := list[at]
	content, sold := p.Content, sale.Sold
	if p.SupplierID != nil {
		content.SupplierID = *p.SupplierID
	}
	sold.Product = soldProduct(linking.SoldLine{ProductID: p.ID, Content: content})
	corrected.ProductID = p.ID
	if err := tx.SaleSetProduct(ctx, db.SaleSetProductParams{EnvironmentID: sale.EnvironmentID, ID: sale.ID, ProductID: p.ID, Sold: sold, Now: s.Now()}); err != nil {
		return err
	}
	return tx.SaleLineSetProduct(ctx, db.SaleLineSetProductParams{
		EnvironmentID: sale.EnvironmentID, SaleID: sale.ID, Line: rows[0].Line, ProductID: p.ID, Content: content, PartnerProductID: p.PartnerProductID,
	})
}
