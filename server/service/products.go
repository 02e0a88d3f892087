package service

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
)

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
func (s *Service) Products(ctx context.Context, a Actor, f ProductFilter) (list []db.Product, err error) {
	params := db.ProductListParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: a.visibleTo(f.Account), Q: optional(f.Q), Types: f.Types,
		Business: optional(f.Business), SupplierID: f.SupplierID, Active: f.Active,
	}
	if f.Active == nil || !f.Account {
		params.Active = new(true)
	}
	if f.PeriodOn == "updated_date" {
		params.UpdatedFrom, params.UpdatedTill = f.From, f.Till
	} else {
		params.CreatedFrom, params.CreatedTill = f.From, f.Till
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.ProductList(ctx, params)
		return err
	})
	return list, err
}

// Product reads one product as the actor may see it.
func (s *Service) Product(ctx context.Context, a Actor, id int64, account bool) (p db.Product, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		p, err = tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: id, OrganisationID: a.visibleTo(account)})
		if err == nil && !account && !p.Active {
			return db.ErrNotFound
		}
		return err
	})
	return p, orNotFound(err)
}

// Cursor is a place in the changes of an environment. While pages are read, Since and Horizon stay and After
// moves; at the end Since becomes Horizon.
type Cursor struct{ Since, Horizon, After int64 }

// String writes the cursor as callers keep it.
func (c Cursor) String() string {
	return strconv.FormatInt(c.Since, 36) + "." + strconv.FormatInt(c.Horizon, 36) + "." + strconv.FormatInt(c.After, 36)
}

// ParseCursor reads a cursor; nothing is the beginning.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	parts := strings.Split(text, ".")
	var numbers [3]int64
	for i := range numbers {
		if len(parts) != 3 {
			return Cursor{}, invalid("changed_since", "field_invalid", text)
		}
		n, err := strconv.ParseInt(parts[i], 36, 64)
		if err != nil || n < 0 {
			return Cursor{}, invalid("changed_since", "field_invalid", text)
		}
		numbers[i] = n
	}
	return Cursor{numbers[0], numbers[1], numbers[2]}, nil
}

// open fixes what this reading covers. A cursor from before a restore of the database starts from the beginning.
func (c *Cursor) open(horizon int64) {
	if c.Since > horizon || c.Horizon > horizon {
		*c = Cursor{}
	}
	if c.Horizon == 0 {
		c.Horizon = horizon
	}
}

// advance gives the cursor after a page, and whether there is more.
func (c Cursor) advance(rows, pageSize int, last int64) (Cursor, bool) {
	if rows == pageSize {
		return Cursor{c.Since, c.Horizon, last}, true
	}
	return Cursor{Since: c.Horizon}, false
}

// ChangePageSize is how many rows a change page has.
const ChangePageSize = 2000

// ChangedProduct is a product in a change page; Offered is false for one that the actor may no longer sell.
type ChangedProduct struct {
	db.Product
	Offered bool
}

// ProductChanges reads a page of what changed for the actor's organisation. full says that it began at the
// beginning: what is not listed is not offered.
func (s *Service) ProductChanges(ctx context.Context, a Actor, cursor Cursor) (page []ChangedProduct, next Cursor, more, full bool, err error) {
	org := a.visibleTo(false)
	if org == nil {
		return nil, Cursor{}, false, false, invalid("changed_since", "field_invalid", "this user belongs to no organisation")
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		horizon, err := tx.SystemChangeHorizon(ctx)
		if err != nil {
			return err
		}
		cursor.open(horizon)
		full = cursor.Since == 0
		if full {
			rows, err := tx.ProductPage(ctx, db.ProductPageParams{EnvironmentID: a.EnvironmentID, OrganisationID: *org, AfterID: cursor.After, PageSize: ChangePageSize})
			for _, p := range rows {
				page = append(page, ChangedProduct{p, true})
			}
			return err
		}
		rows, err := tx.ProductChanges(ctx, db.ProductChangesParams{
			EnvironmentID: a.EnvironmentID, OrganisationID: *org, Since: cursor.Since, Horizon: cursor.Horizon, AfterID: cursor.After, PageSize: ChangePageSize,
		})
		for _, r := range rows {
			page = append(page, ChangedProduct{r.Product, r.Offered})
		}
		return err
	})
	if err != nil {
		return nil, Cursor{}, false, false, err
	}
	var last int64
	if len(page) > 0 {
		last = page[len(page)-1].ID
	}
	next, more = cursor.advance(len(page), ChangePageSize, last)
	return page, next, more, full, nil
}

// ProductInput is what can be said of a product of our own; on an imported product only the own texts and the
// switch.
type ProductInput struct {
	Content    linking.ProductContent
	Own        linking.ProductOwn
	SupplierID *int64
	Active     bool
	Image      *Upload  // nil leaves it; one without content removes it
	Attach     []Upload // added to the documents
}

func (in *ProductInput) check() error {
	c := &in.Content
	if missing := required(map[string]string{"name": c.Name, "identifier": c.Identifier, "type": c.Type}); missing != nil {
		return missing
	}
	for field, amount := range map[string]*string{
		"price": &c.Price, "price_action": &c.PriceAction, "price_monthly": &c.PriceMonthly, "price_monthly_action": &c.PriceMonthlyAction,
	} {
		canonical, err := linking.ParseAmount(*amount)
		if err != nil {
			return invalidValue(field, err)
		}
		*amount = canonical
	}
	for name, value := range c.CustomFields {
		if canonical, err := linking.ParseAmount(value); err == nil {
			c.CustomFields[name] = canonical
		}
	}
	for field, value := range map[string]string{"business": c.Business, "retention": c.Retention} {
		if !slices.Contains([]string{"", "0", "1", "2"}, value) {
			return invalid(field, "field_invalid", value)
		}
	}
	for field, value := range map[string]string{"valid_from": c.ValidFrom, "valid_till": c.ValidTill} {
		if value != "" {
			if _, err := time.Parse(time.DateOnly, value); err != nil {
				return invalid(field, "field_invalid", value)
			}
		}
	}
	return nil
}

// describeSupplier puts the supplier's name with the product, where its readers look for it.
func (in *ProductInput) describeSupplier(ctx context.Context, tx *db.Tx, a Actor) error {
	if in.SupplierID == nil {
		return nil
	}
	supplier, err := tx.SupplierByID(ctx, a.EnvironmentID, *in.SupplierID)
	if errors.Is(err, db.ErrNotFound) {
		return invalid("supplier_id", "not_found")
	}
	in.Content.SupplierName, in.Content.SupplierIdentifier = supplier.Name, supplier.Identifier
	return err
}

// CreateProduct adds a product.
func (s *Service) CreateProduct(ctx context.Context, a Actor, in ProductInput) (p db.Product, err error) {
	if err := in.check(); err != nil {
		return p, err
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if err := in.describeSupplier(ctx, tx, a); err != nil {
			return err
		}
		p, err = tx.ProductInsert(ctx, db.ProductInsertParams{
			EnvironmentID: a.EnvironmentID, SupplierID: in.SupplierID, Content: in.Content, Own: in.Own, Active: in.Active, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if err := s.keepFile(ctx, tx, a, "product", p.ID, "image", in.Image); err != nil {
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
func (s *Service) UpdateProduct(ctx context.Context, a Actor, id int64, patch ProductPatch) (p db.Product, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: id})
		if err != nil {
			return err
		}
		in := ProductInput{Content: before.Content, Own: before.Own, SupplierID: before.SupplierID, Active: before.Active}
		in.Content.CustomFields = cloneMap(in.Content.CustomFields)
		if err := patch(&in); err != nil {
			return err
		}
		if before.IntegrationID != nil && (len(before.Content.Diff(in.Content)) > 0 || len(in.Attach) > 0 || in.Image != nil) {
			return conflict("locked_field")
		}
		if err := in.check(); err != nil {
			return err
		}
		if err := in.describeSupplier(ctx, tx, a); err != nil {
			return err
		}
		if err := s.keepFile(ctx, tx, a, "product", id, "image", in.Image); err != nil {
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
		return s.productsChanged(ctx, tx, a, "update", "product", id, before.Content.Diff(in.Content), nil)
	})
	return p, orNotFound(err)
}

func cloneMap(m map[string]string) map[string]string {
	clone := map[string]string{}
	for k, v := range m {
		clone[k] = v
	}
	return clone
}

// DeleteProduct removes a product; sales of it stay readable.
func (s *Service) DeleteProduct(ctx context.Context, a Actor, id int64) error {
	return s.tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := mustChange(tx.ProductDelete(ctx, db.ProductDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})); err != nil {
			return err
		}
		return s.productsChanged(ctx, tx, a, "delete", "product", id, nil, nil)
	})
}

// ProductsVersion names the state of the products that the actor sees: it differs when one of them changed. It is empty
// while something is being written that may yet belong to it.
func (s *Service) ProductsVersion(ctx context.Context, a Actor, account bool) (version string, err error) {
	return s.version(ctx, a, func(tx *db.Tx) (int64, error) {
		return tx.ProductsVersion(ctx, a.EnvironmentID, a.visibleTo(account))
	})
}

// SalesVersion is the same for the actor's own sales, or the account's.
func (s *Service) SalesVersion(ctx context.Context, a Actor, account bool) (version string, err error) {
	user := &a.UserID
	if account && a.Admin() {
		user = nil
	}
	return s.version(ctx, a, func(tx *db.Tx) (int64, error) { return tx.SalesVersion(ctx, user, a.EnvironmentID) })
}

func (s *Service) version(ctx context.Context, a Actor, last func(*db.Tx) (int64, error)) (version string, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		horizon, err := tx.SystemChangeHorizon(ctx)
		if err != nil {
			return err
		}
		changed, err := last(tx)
		if err == nil && changed < horizon { // an older transaction that still runs could change something unseen
			version = strconv.FormatInt(changed, 36)
		}
		return err
	})
	return version, err
}
