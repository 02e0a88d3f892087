package catalogue

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// ProductSearch narrows the list of products for people.
type ProductSearch struct {
	Q, Type   string
	Active    *bool
	Imported  *bool
	AfterName string
	AfterID   int64
}

// ProductPage reads a page of products by name: an admin sees the account's, others what their organisation
// may sell now.
func (s *Catalogue) ProductPage(ctx context.Context, a service.Actor, f ProductSearch) (page service.Page[db.Product], types []string, err error) {
	params := db.ProductSearchParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: a.VisibleTo(true), AfterName: f.AfterName, AfterID: f.AfterID, Active: f.Active, Imported: f.Imported,
		Type: service.Optional(f.Type), Q: service.Optional(f.Q), PageSize: service.PageSize + 1,
	}
	if !a.Admin() {
		params.Active = new(true)
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if page, err = service.PageOf(tx.ProductSearch(ctx, params)); err != nil {
			return err
		}
		types, err = tx.ProductTypes(ctx, a.EnvironmentID)
		return err
	})
	return page, types, err
}

// ProductTypes lists the types of the environment's products.
func (s *Catalogue) ProductTypes(ctx context.Context, a service.Actor) (types []string, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		types, err = tx.ProductTypes(ctx, a.EnvironmentID)
		return err
	})
	return types, err
}

// ProductFilter narrows a product list.
type ProductFilter struct {
	Account    bool // the whole account, for admins
	Q          string
	Types      []string
	Business   string
	SupplierID *int64
	Active     *bool
	PeriodOn   string // created_date or updated_date
	From, Till *time.Time
}

// Products lists products as the actor may see them.
func (s *Catalogue) Products(ctx context.Context, a service.Actor, f ProductFilter) (list []db.Product, err error) {
	params := db.ProductListParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: a.VisibleTo(f.Account), Q: service.Optional(f.Q), Types: f.Types,
		Business: service.Optional(f.Business), SupplierID: f.SupplierID, Active: f.Active,
	}
	if f.Active == nil || !f.Account {
		params.Active = new(true)
	}
	if f.PeriodOn == "updated_date" {
		params.UpdatedFrom, params.UpdatedTill = f.From, f.Till
	} else {
		params.CreatedFrom, params.CreatedTill = f.From, f.Till
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.ProductList(ctx, params)
		return err
	})
	return list, err
}

// Product reads one product as the actor may see it.
func (s *Catalogue) Product(ctx context.Context, a service.Actor, id int64, account bool) (p db.Product, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		p, err = tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: id, OrganisationID: a.VisibleTo(account)})
		if err == nil && !account && !p.Active {
			return db.ErrNotFound
		}
		return err
	})
	return p, service.OrNotFound(err)
}

// ChangedProduct is a product in a change page; Offered is false for one that the actor may no longer sell.
type ChangedProduct struct {
	db.Product
	Offered bool
}

// ProductChanges reads a page of what changed for the actor's organisation. full says that it began at the
// beginning: what is not listed is not offered.
func (s *Catalogue) ProductChanges(ctx context.Context, a service.Actor, cursor service.Cursor) (page []ChangedProduct, next service.Cursor, more, full bool, err error) {
	org := a.VisibleTo(false)
	if org == nil {
		return nil, service.Cursor{}, false, false, service.Invalid("changed_since", "no_organisation")
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if err := cursor.Open(ctx, tx); err != nil {
			return err
		}
		full = cursor.Since == 0
		if full {
			rows, err := tx.ProductPage(ctx, db.ProductPageParams{EnvironmentID: a.EnvironmentID, OrganisationID: *org, AfterID: cursor.After, PageSize: service.ChangePageSize})
			for _, p := range rows {
				page = append(page, ChangedProduct{p, true})
			}
			return err
		}
		rows, err := tx.ProductChanges(ctx, db.ProductChangesParams{
			EnvironmentID: a.EnvironmentID, OrganisationID: *org, Since: cursor.Since, Horizon: cursor.Horizon, AfterID: cursor.After, PageSize: service.ChangePageSize,
		})
		for _, r := range rows {
			page = append(page, ChangedProduct{r.Product, r.Offered})
		}
		return err
	})
	if err != nil {
		return nil, service.Cursor{}, false, false, err
	}
	var last int64
	if len(page) > 0 {
		last = page[len(page)-1].ID
	}
	next, more = cursor.Advance(len(page), service.ChangePageSize, last)
	return page, next, more, full, nil
}

// ProductInput is what can be said of a product of our own; on an imported product only the own texts and the
// switch.
type ProductInput struct {
	Content    linking.ProductContent
	Own        linking.ProductOwn
	SupplierID *int64
	Active     bool
	ByPerson   bool             // typed on a page: its identifier is a word, whatever clients of a Salesdock account send
	Image      *service.Upload  // nil leaves it; one without content removes it
	Attach     []service.Upload // added to the documents
}

func (in *ProductInput) check() error {
	c := &in.Content
	if missing := service.Required(map[string]string{"name": c.Name, "identifier": c.Identifier, "type": c.Type}); missing != nil {
		return missing
	}
	for field, amount := range map[string]*string{
		"price": &c.Price, "price_action": &c.PriceAction, "price_monthly": &c.PriceMonthly, "price_monthly_action": &c.PriceMonthlyAction,
	} {
		canonical, err := linking.ParsePrice(*amount)
		if err != nil {
			return service.InvalidValue(field, err)
		}
		*amount = canonical
	}
	for field, value := range map[string]string{"business": c.Business, "retention": c.Retention} {
		if !slices.Contains([]string{"", "0", "1", "2"}, value) {
			return service.Invalid(field, "field_invalid", value)
		}
	}
	for field, value := range map[string]*string{"valid_from": &c.ValidFrom, "valid_till": &c.ValidTill} {
		canonical, err := linking.ParseValidity(*value)
		if err != nil {
			return service.Invalid(field, "field_invalid", *value)
		}
		*value, _, _ = strings.Cut(canonical, " ") // our own validity is days
	}
	return nil
}

// describeSupplier puts the supplier's name with the product, where its readers look for it.
func (in *ProductInput) describeSupplier(ctx context.Context, tx *db.Tx, a service.Actor) error {
	if in.SupplierID == nil {
		return nil
	}
	supplier, err := tx.SupplierByID(ctx, a.EnvironmentID, *in.SupplierID)
	if errors.Is(err, db.ErrNotFound) {
		return service.Invalid("supplier_id", "not_found")
	}
	in.Content.SupplierName, in.Content.SupplierIdentifier = supplier.Name, supplier.Identifier
	return err
}

// CreateProduct adds a product.
func (s *Catalogue) CreateProduct(ctx context.Context, a service.Actor, in ProductInput) (p db.Product, err error) {
	if err := in.check(); err != nil {
		return p, err
	}
	if err := productWrong(in).Beyond(nil); err != nil {
		return p, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if err := identifierFree(ctx, tx, a, 0, in.Content.Identifier); err != nil {
			return err
		}
		if err := in.describeSupplier(ctx, tx, a); err != nil {
			return err
		}
		p, err = tx.ProductInsert(ctx, db.ProductInsertParams{
			EnvironmentID: a.EnvironmentID, SupplierID: in.SupplierID, Content: in.Content, Own: in.Own, Active: in.Active, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if err := s.KeepFile(ctx, tx, a, states.FileOfProduct, p.ID, states.FileImage, in.Image); err != nil {
			return err
		}
		if len(in.Attach) > 0 { // their addresses have the product's number
			if err := s.attach(ctx, tx, a, p.ID, &in.Content, in.Attach); err != nil {
				return err
			}
			p, err = tx.ProductUpdate(ctx, db.ProductUpdateParams{
				EnvironmentID: a.EnvironmentID, ID: p.ID, SupplierID: in.SupplierID, Content: in.Content, Own: in.Own, Active: in.Active, Now: s.Now(),
			})
			if err != nil {
				return err
			}
		}
		return s.productsChanged(ctx, tx, a, "create", "product", p.ID, nil, in.Content)
	})
	return p, err
}

// ProductPatch changes what is given; change works on a copy of what is there.
type ProductPatch func(in *ProductInput) error

// UpdateProduct changes a product. On an imported one the partner's fields are locked.
func (s *Catalogue) UpdateProduct(ctx context.Context, a service.Actor, id int64, patch ProductPatch) (p db.Product, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: id})
		if err != nil {
			return err
		}
		in := ProductInput{Content: before.Content, Own: before.Own, SupplierID: before.SupplierID, Active: before.Active}
		in.Content.CustomFields = maps.Clone(in.Content.CustomFields)
		if err := patch(&in); err != nil {
			return err
		}
		if before.IntegrationID != nil && (len(before.Content.Diff(in.Content)) > 0 || len(in.Attach) > 0 || in.Image != nil) {
			return service.Conflict("locked_field")
		}
		if err := in.check(); err != nil {
			return err
		}
		if before.IntegrationID == nil {
			if err := s.changedRight(ctx, tx, a, before, in); err != nil {
				return err
			}
		}
		if err := in.describeSupplier(ctx, tx, a); err != nil {
			return err
		}
		if err := s.KeepFile(ctx, tx, a, states.FileOfProduct, id, states.FileImage, in.Image); err != nil {
			return err
		}
		if err := s.attach(ctx, tx, a, id, &in.Content, in.Attach); err != nil {
			return err
		}
		p, err = tx.ProductUpdate(ctx, db.ProductUpdateParams{
			EnvironmentID: a.EnvironmentID, ID: id, SupplierID: in.SupplierID, Content: in.Content, Own: in.Own, Active: in.Active, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		return s.productsChanged(ctx, tx, a, "update", "product", id, before.Content, in.Content)
	})
	return p, service.OrNotFound(err)
}

// changedRight refuses what a change makes wrong of a product of our own.
func (s *Catalogue) changedRight(ctx context.Context, tx *db.Tx, a service.Actor, before db.Product, in ProductInput) error {
	if err := productWrong(in).Beyond(productWrong(ProductInput{Content: before.Content, ByPerson: in.ByPerson})); err != nil {
		return err
	}
	if in.Content.Identifier == before.Content.Identifier {
		return nil
	}
	return identifierFree(ctx, tx, a, before.ID, in.Content.Identifier)
}

// DeleteProduct removes a product; sales of it stay readable.
func (s *Catalogue) DeleteProduct(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := service.MustChange(tx.ProductDelete(ctx, db.ProductDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})); err != nil {
			return err
		}
		return s.productsChanged(ctx, tx, a, "delete", "product", id, nil, nil)
	})
}

// ProductsVersion names the state of the products that the actor sees: it differs when one of them changed. It is empty
// while something is being written that may yet belong to it.
func (s *Catalogue) ProductsVersion(ctx context.Context, a service.Actor, account bool) (version string, err error) {
	return s.VersionAfter(ctx, a, func(tx *db.Tx) (int64, error) {
		return tx.ProductsVersion(ctx, a.EnvironmentID, a.VisibleTo(account))
	})
}
