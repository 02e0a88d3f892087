package api

import (
	"cmp"
	"encoding/json"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/catalogue"
	"koppel/states"
)

// productID is the product that something was done to.
type productID struct {
	ProductID int64 `json:"product_id"`
}

func (c *call) wireProduct(p db.Product, detail bool) salesdock.Product {
	row := salesdock.Product{
		ID: salesdock.Int(p.ID), Active: salesdock.Flag(p.Active), CreatedAt: salesdock.Stamp{Time: p.CreatedAt}, UpdatedAt: salesdock.Stamp{Time: p.UpdatedAt},
	}
	if p.SupplierID != nil {
		row.SupplierID = salesdock.Int(*p.SupplierID)
	}
	row.SetContent(p.Content, p.Own, detail)
	if detail && p.IntegrationID != nil { // what the partner keeps for the link is served to who may see the product here
		for i := range p.Content.Documents {
			if number := catalogue.DocumentNumber(p, i); number != 0 {
				row.Documents[i].Location = salesdock.Text(salesdock.DocumentURL(c.svc.PublicURL, c.actor.Account, p.ID, number))
			}
		}
	}
	return row
}

func (c *call) products() (reply, error) {
	version, err := c.svc.Catalogue.ProductsVersion(c.ctx(), c.actor, c.account)
	if err != nil {
		return reply{}, err
	}
	if c.unchanged(version) {
		return notModified()
	}
	if _, asked := c.query["changed_since"]; asked && !c.account {
		return c.productChanges()
	}
	f, detail, err := c.productFilter()
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Catalogue.Products(c.ctx(), c.actor, f)
	return okOr(each(list, func(p db.Product) salesdock.Product { return c.wireProduct(p, detail) }), err)
}

func (c *call) productFilter() (f catalogue.ProductFilter, detail bool, err error) {
	f = catalogue.ProductFilter{Account: c.account, Q: c.q("q"), Types: c.list("types")}
	if err = c.single("q", "type"); err != nil {
		return f, false, err
	}
	if kind := c.q("type"); kind != "" {
		f.Types = append(f.Types, kind)
	}
	if f.Business, err = c.choice("business", "0", "1", "2"); err != nil {
		return f, false, err
	}
	if f.SupplierID, err = c.optionalID("supplier_id"); err != nil {
		return f, false, err
	}
	if f.Active, err = c.flag("active"); err != nil {
		return f, false, err
	}
	if !c.account && f.Active != nil && !*f.Active { // what is switched off is the account's matter
		return f, false, among("active", []string{"0"}, "1")
	}
	if f.PeriodOn, f.From, f.Till, err = c.period(createdDate, updatedDate); err != nil {
		return f, false, err
	}
	detail, err = c.extended()
	return f, detail, err
}

func (c *call) productChanges() (reply, error) {
	cursor, err := service.ParseCursor(c.q("changed_since"))
	if err != nil {
		return reply{}, err
	}
	list, next, more, full, err := c.svc.Catalogue.ProductChanges(c.ctx(), c.actor, cursor)
	if err != nil {
		return reply{}, err
	}
	rows := make([]salesdock.Product, 0, len(list))
	for _, p := range list {
		row := c.wireProduct(p.Product, true)
		row.Removed = !p.Offered
		rows = append(rows, row)
	}
	return ok(cursorPage(c, rows, next, more, full))
}

func (c *call) product() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	p, err := c.svc.Catalogue.Product(c.ctx(), c.actor, id, c.account)
	if err != nil {
		return reply{}, err
	}
	row := c.wireProduct(p, true)
	image, err := c.svc.Image(c.ctx(), c.actor, states.FileOfProduct, id, states.FileImage)
	row.Image = wireImage(image)
	return okOr(row, err)
}

// readProduct lays a request's fields over a product.
func readProduct(in *catalogue.ProductInput, body []byte) error {
	var row salesdock.Product
	row.ProductDetail = &salesdock.ProductDetail{}
	row.SetContent(in.Content, in.Own, true)
	row.Active = salesdock.Flag(in.Active)
	if in.SupplierID != nil {
		row.SupplierID = salesdock.Int(*in.SupplierID)
	}
	var files struct {
		Image       *upload `json:"image"`
		Attachments uploads `json:"attachments"`
	}
	if err := cmp.Or(decode(body, &row), decode(body, &files)); err != nil {
		return err
	}
	in.Image = files.Image.input()
	for _, file := range files.Attachments {
		in.Attach = append(in.Attach, *file.input())
	}
	in.SupplierID = nil
	if row.SupplierID != 0 {
		in.SupplierID = new(int64(row.SupplierID))
	}
	in.Active = bool(row.Active)
	if row.Name == "" || row.Type == "" {
		in.Content.Name, in.Content.Type, in.Content.Identifier = string(row.Name), string(row.Type), string(row.Identifier)
		return nil // the service says what is missing
	}
	content, own, err := row.Content()
	if err != nil {
		return service.Unreadable(err)
	}
	in.Content, in.Own = content, own
	return nil
}

func (c *call) productBody() (json.RawMessage, error) {
	var body json.RawMessage
	return body, c.bind(&body)
}

func (c *call) createProduct() (reply, error) {
	body, err := c.productBody()
	if err != nil {
		return reply{}, err
	}
	in := catalogue.ProductInput{Active: true}
	if err := readProduct(&in, body); err != nil {
		return reply{}, err
	}
	p, err := c.svc.Catalogue.CreateProduct(c.ctx(), c.actor, in)
	if err != nil {
		return reply{}, err
	}
	return created(productID{p.ID})
}

func (c *call) updateProduct() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	body, err := c.productBody()
	if err != nil {
		return reply{}, err
	}
	p, err := c.svc.Catalogue.UpdateProduct(c.ctx(), c.actor, id, func(in *catalogue.ProductInput) error { return readProduct(in, body) })
	return okOr(productID{p.ID}, err)
}

func (c *call) deleteProduct() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return okOr(productID{id}, c.svc.Catalogue.DeleteProduct(c.ctx(), c.actor, id))
}
