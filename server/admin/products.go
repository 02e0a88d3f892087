package admin

import (
	"strconv"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/server/service/catalogue"
)

func (v *visit) showProducts() error {
	ctx := v.gin.Request.Context()
	search := catalogue.ProductSearch{Q: v.q("q"), Type: v.q("type"), Active: v.qFlag("active"), Imported: v.qFlag("imported"), AfterName: v.gin.Query("after_name"), AfterID: v.qID("after")}
	page, types, err := v.svc.Catalogue.ProductPage(ctx, v.actor, search)
	if err != nil {
		return err
	}
	view := views.ProductsView{Page: page, Types: types, First: search.AfterID == 0, Filtered: search != catalogue.ProductSearch{}, Links: map[int64]string{}}
	links, err := v.svc.Integrations.List(ctx, v.actor)
	for _, l := range links {
		view.Links[l.ID] = l.Name
	}
	if err != nil {
		return err
	}
	return v.show(views.Products(view))
}

func (v *visit) showNewProduct() error {
	return v.newProductPage(views.Form{Values: views.Values("active", "1", "main", "1", "business", "2", "retention", "2")})
}

func (v *visit) newProductPage(form views.Form) error {
	suppliers, types, err := v.productChoices()
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.NewProduct(suppliers, types, form))
}

func (v *visit) productChoices() (suppliers []db.Supplier, types []string, err error) {
	if suppliers, err = v.svc.Catalogue.Suppliers(v.gin.Request.Context(), v.actor); err != nil {
		return nil, nil, err
	}
	types, err = v.svc.Catalogue.ProductTypes(v.gin.Request.Context(), v.actor)
	return suppliers, types, err
}

func (v *visit) saveNewProduct() error {
	var in catalogue.ProductInput
	v.postedContent(&in)
	v.postedOwn(&in)
	p, err := v.svc.Catalogue.CreateProduct(v.gin.Request.Context(), v.actor, in)
	if err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.newProductPage(form)
	}
	return v.done(v.to("/products/%d", p.ID), "%s is toegevoegd. Geef het vrij bij de organisaties die het mogen verkopen.", p.Name)
}

// postedContent reads what the owner of a product decides; what the form does not ask stays as it is.
func (v *visit) postedContent(in *catalogue.ProductInput) {
	c := &in.Content
	c.Name, c.Identifier, c.Type = v.posted("name"), v.posted("identifier"), v.posted("type")
	c.Business, c.Retention, c.Main = v.posted("business"), v.posted("retention"), v.posted("main") != ""
	c.ValidFrom, c.ValidTill = v.posted("valid_from"), v.posted("valid_till")
	c.Duration = v.postedCount("duration")
	c.Price, c.PriceAction = v.postedAmount("price"), v.postedAmount("price_action")
	c.PriceMonthly, c.PriceMonthlyAction = v.postedAmount("price_monthly"), v.postedAmount("price_monthly_action")
	c.CustomFields = map[string]string{}
	for _, line := range lines(v.posted("customfields")) {
		name, value, _ := strings.Cut(line, "=")
		c.CustomFields[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	c.Documents = nil
	for _, line := range lines(v.posted("documents")) {
		name, location, found := strings.Cut(line, "=")
		if !found {
			location = name
		}
		c.Documents = append(c.Documents, linking.Document{Name: strings.TrimSpace(name), Location: strings.TrimSpace(location)})
	}
	in.ByPerson = true
	in.SupplierID = v.postedID("supplier_id")
	if in.SupplierID == nil {
		c.SupplierID, c.SupplierName, c.SupplierIdentifier = 0, "", ""
	}
}

// postedAmount takes a comma for a point: that is how people here type an amount.
func (v *visit) postedAmount(name string) string {
	return strings.Replace(v.posted(name), ",", ".", 1)
}

func (v *visit) postedOwn(in *catalogue.ProductInput) {
	in.Own = linking.ProductOwn{USP: v.posted("usp"), Description: v.posted("description"), CartInfo: v.posted("cart_info")}
	in.Active = v.posted("active") != ""
}

func (v *visit) showProduct() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	p, err := v.svc.Catalogue.Product(v.gin.Request.Context(), v.actor, id, true)
	if err != nil {
		return err
	}
	c := p.Content
	values := views.Values(
		"name", c.Name, "identifier", c.Identifier, "type", c.Type, "business", c.Business, "retention", c.Retention, "main", views.Flag(c.Main),
		"valid_from", c.ValidFrom, "valid_till", c.ValidTill, "duration", strconv.Itoa(c.Duration), "price", c.Price, "price_action", c.PriceAction,
		"price_monthly", c.PriceMonthly, "price_monthly_action", c.PriceMonthlyAction,
		"usp", p.Own.USP, "description", p.Own.Description, "cart_info", p.Own.CartInfo, "active", views.Flag(p.Active),
	)
	if p.SupplierID != nil {
		values.Set("supplier_id", itoa(*p.SupplierID))
	}
	var custom, documents strings.Builder
	for _, name := range sortedNames(c.CustomFields) {
		custom.WriteString(name + " = " + c.CustomFields[name] + "\n")
	}
	for _, d := range c.Documents {
		documents.WriteString(d.Name + " = " + d.Location + "\n")
	}
	values.Set("customfields", custom.String())
	values.Set("documents", documents.String())
	return v.productPage(p, views.Form{Values: values})
}

func (v *visit) productPage(p db.Product, form views.Form) error {
	view := views.ProductView{Product: p}
	var err error
	if v.actor.Admin() {
		if view.Suppliers, view.Types, err = v.productChoices(); err != nil {
			return err
		}
		if view.Audit, err = v.svc.AuditLogOf(v.gin.Request.Context(), v.actor, "product", itoa(p.ID)); err != nil {
			return err
		}
	}
	if p.IntegrationID != nil {
		row, err := v.svc.Integrations.IntegrationName(v.gin.Request.Context(), v.actor, *p.IntegrationID)
		if err != nil {
			return err
		}
		view.Partner = row
		if view.Gone, err = v.svc.Sales.ProductGone(v.gin.Request.Context(), v.actor, p); err != nil {
			return err
		}
	}
	return v.page(form.Status(), views.Product(view, form))
}

func (v *visit) saveProduct() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	before, err := v.svc.Catalogue.Product(ctx, v.actor, id, true)
	if err != nil {
		return err
	}
	_, err = v.svc.Catalogue.UpdateProduct(ctx, v.actor, id, func(in *catalogue.ProductInput) error {
		if before.IntegrationID == nil {
			v.postedContent(in)
		}
		v.postedOwn(in)
		return nil
	})
	if err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.productPage(before, form)
	}
	return v.done(v.to("/products/%d", id), "Opgeslagen.")
}

func (v *visit) deleteProduct() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Catalogue.DeleteProduct(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/products"), "Het product is verwijderd.")
}

func (v *visit) downloadDocument() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	number, err := v.id("number")
	if err != nil {
		return err
	}
	file, err := v.svc.Integrations.ProductDocument(v.gin.Request.Context(), v.actor, id, number, true)
	if err != nil {
		return err
	}
	return v.download(file.Name+"."+file.Extension, file.Content)
}
