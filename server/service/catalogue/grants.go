package catalogue

import (
	"context"
	"fmt"
	"math"
	"slices"

	"koppel/db"
	"koppel/ledger"
	"koppel/server/service"
)

// OrganisationProducts lists what is granted to an organisation.
func (s *Catalogue) OrganisationProducts(ctx context.Context, a service.Actor, id int64) (ids []int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.OrganisationByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		ids, err = tx.OrganisationProductIDs(ctx, a.EnvironmentID, id)
		return err
	})
	return ids, service.OrNotFound(err)
}

// GrantProducts sets what an organisation may sell; nil grants everything there is.
func (s *Catalogue) GrantProducts(ctx context.Context, a service.Actor, organisationID int64, products []int64) (ids []int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.OrganisationByID(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		before, err := tx.OrganisationProductIDs(ctx, a.EnvironmentID, organisationID)
		if err != nil {
			return err
		}
		if products == nil {
			all, err := tx.ProductList(ctx, db.ProductListParams{EnvironmentID: a.EnvironmentID})
			if err != nil {
				return err
			}
			products = []int64{}
			for _, p := range all {
				products = append(products, p.ID)
			}
		}
		params := db.OrganisationProductsWithdrawParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, ProductIds: products}
		if _, err = tx.OrganisationProductsWithdraw(ctx, params); err != nil {
			return err
		}
		if _, err = tx.OrganisationProductsGrant(ctx, db.OrganisationProductsGrantParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, ProductIds: products}); err != nil {
			return err
		}
		if ids, err = tx.OrganisationProductIDs(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		if unknown := service.MissingIDs(products, ids); len(unknown) > 0 {
			return service.Invalid("products", "field_invalid", fmt.Sprint(unknown))
		}
		return s.productsChanged(ctx, tx, a, "grant", "organisation", organisationID, nil, granted(before, ids))
	})
	return ids, service.OrNotFound(err)
}

// GrantProductTo sets which organisations may sell a product; nil means all.
func (s *Catalogue) GrantProductTo(ctx context.Context, a service.Actor, productID int64, organisations []int64) (ids []int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: productID}); err != nil {
			return err
		}
		before, err := tx.ProductOrganisationIDs(ctx, a.EnvironmentID, productID)
		if err != nil {
			return err
		}
		if organisations == nil {
			all, err := tx.OrganisationList(ctx, a.EnvironmentID)
			if err != nil {
				return err
			}
			organisations = []int64{}
			for _, o := range all {
				organisations = append(organisations, o.ID)
			}
		}
		params := db.ProductOrganisationsWithdrawParams{EnvironmentID: a.EnvironmentID, ProductID: productID, OrganisationIds: organisations}
		if _, err = tx.ProductOrganisationsWithdraw(ctx, params); err != nil {
			return err
		}
		if _, err = tx.ProductOrganisationsGrant(ctx, db.ProductOrganisationsGrantParams{EnvironmentID: a.EnvironmentID, ProductID: productID, OrganisationIds: organisations}); err != nil {
			return err
		}
		if ids, err = tx.ProductOrganisationIDs(ctx, a.EnvironmentID, productID); err != nil {
			return err
		}
		if unknown := service.MissingIDs(organisations, ids); len(unknown) > 0 {
			return service.Invalid("organisations", "field_invalid", fmt.Sprint(unknown))
		}
		return s.productsChanged(ctx, tx, a, "grant", "product", productID, nil, granted(before, ids))
	})
	return ids, service.OrNotFound(err)
}

// GrantFlows sets which flows an organisation may sell through.
func (s *Catalogue) GrantFlows(ctx context.Context, a service.Actor, organisationID int64, flows []int64) (ids []int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.OrganisationByID(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		before, err := tx.OrganisationFlowIDs(ctx, a.EnvironmentID, organisationID)
		if err != nil {
			return err
		}
		params := db.OrganisationFlowsWithdrawParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, FlowIds: flows}
		if err = tx.OrganisationFlowsWithdraw(ctx, params); err != nil {
			return err
		}
		if err = tx.OrganisationFlowsGrant(ctx, db.OrganisationFlowsGrantParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, FlowIds: flows}); err != nil {
			return err
		}
		if ids, err = tx.OrganisationFlowIDs(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		if unknown := service.MissingIDs(flows, ids); len(unknown) > 0 {
			return service.Invalid("flow_ids", "field_invalid", fmt.Sprint(unknown))
		}
		return s.productsChanged(ctx, tx, a, "grant_flows", "organisation", organisationID, nil, granted(before, ids))
	})
	return ids, service.OrNotFound(err)
}

// OrganisationFlows lists the flows that are granted to an organisation.
func (s *Catalogue) OrganisationFlows(ctx context.Context, a service.Actor, id int64) (ids []int64, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		ids, err = tx.OrganisationFlowIDs(ctx, a.EnvironmentID, id)
		return err
	})
	return ids, err
}

// granted is what a change of grants did, for the audit log.
func granted(before, after []int64) map[string]any {
	return map[string]any{"granted": service.MissingIDs(after, before), "withdrawn": service.MissingIDs(before, after)}
}

// productsChanged audits a change that linked environments must hear of, and has them told.
func (s *Catalogue) productsChanged(ctx context.Context, tx *db.Tx, a service.Actor, action, entity string, id int64, before, after any) error {
	var products []int64
	if entity == "product" {
		products = []int64{id}
	}
	if err := ledger.ProductsChanged(ctx, tx, a.EnvironmentID, s.Now(), products...); err != nil {
		return err
	}
	return s.Audit(ctx, tx, a, action, entity, id, before, after)
}

// GrantSearch narrows the list of an organisation's products.
type GrantSearch struct {
	Q       string
	Granted *bool
	AfterID int64
}

func (f GrantSearch) params(a service.Actor, organisationID int64, size int32) db.OrganisationProductPageParams {
	return db.OrganisationProductPageParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, AfterID: f.AfterID, Granted: f.Granted, Q: service.Optional(f.Q), PageSize: size,
	}
}

// GrantPage reads a page of products with whether an organisation may sell them.
func (s *Catalogue) GrantPage(ctx context.Context, a service.Actor, organisationID int64, f GrantSearch) (page service.Page[db.OrganisationProductPageRow], err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		page, err = service.PageOf(tx.OrganisationProductPage(ctx, f.params(a, organisationID, service.PageSize+1)))
		return err
	})
	return page, err
}

// ChangeGrants grants products to an organisation, or withdraws them: these, or (ids nil) all that a search
// finds. It says how many.
func (s *Catalogue) ChangeGrants(ctx context.Context, a service.Actor, organisationID int64, ids []int64, f GrantSearch, withdraw bool) (count int, err error) {
	current, err := s.OrganisationProducts(ctx, a, organisationID)
	if err != nil {
		return 0, err
	}
	if ids == nil {
		f.AfterID = 0
		err = s.Tx(ctx, a, func(tx *db.Tx) error {
			rows, err := tx.OrganisationProductPage(ctx, f.params(a, organisationID, math.MaxInt32))
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	chosen := make(map[int64]bool, len(ids))
	for _, id := range ids {
		chosen[id] = true
	}
	wanted := slices.DeleteFunc(slices.Clone(current), func(id int64) bool { return chosen[id] })
	if !withdraw {
		wanted = append(wanted, ids...)
	}
	after, err := s.GrantProducts(ctx, a, organisationID, append([]int64{}, wanted...))
	if err != nil {
		return 0, err
	}
	return max(len(after)-len(current), len(current)-len(after)), nil
}
