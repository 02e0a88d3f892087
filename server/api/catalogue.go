package api

import (
	"cmp"
	"encoding/json"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
)

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
			if number := service.DocumentNumber(p, i); number != 0 {
				row.Documents[i].Location = salesdock.Text(salesdock.DocumentURL(c.svc.PublicURL, c.actor.Account, p.ID, number))
			}
		}
	}
	return row
}

func (c *call) products() (reply, error) {
	version, err := c.svc.ProductsVersion(c.ctx(), c.actor, c.account)
	if err != nil {
		return reply{}, err
	}
	if c.unchanged(version) {
		return notModified()
	}
	if _, asked := c.query["changed_since"]; asked && !c.account {
		return c.productChanges()
	}
	f := service.ProductFilter{Account: c.account, Q: c.q("q"), Types: c.list("types"), Business: c.q("business")}
	if kind := c.q("type"); kind != "" {
		f.Types = append(f.Types, kind)
	}
	if f.SupplierID, err = c.optionalID("supplier_id"); err != nil {
		return reply{}, err
	}
	if f.Active, err = c.flag("active"); err != nil {
		return reply{}, err
	}
	if f.PeriodOn, f.From, f.Till, err = c.period(); err != nil {
		return reply{}, err
	}
	list, err := c.svc.Products(c.ctx(), c.actor, f)
	rows := make([]salesdock.Product, 0, len(list))
	for _, p := range list {
		rows = append(rows, c.wireProduct(p, c.q("extended") == "true"))
	}
	return okOr(rows, err)
}

func (c *call) productChanges() (reply, error) {
	cursor, err := service.ParseCursor(c.q("changed_since"))
	if err != nil {
		return reply{}, err
	}
	list, next, more, full, err := c.svc.ProductChanges(c.ctx(), c.actor, cursor)
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
	p, err := c.svc.Product(c.ctx(), c.actor, id, c.account)
	if err != nil {
		return reply{}, err
	}
	row := c.wireProduct(p, true)
	image, err := c.svc.Image(c.ctx(), c.actor, "product", id, "image")
	row.Image = wireImage(image)
	return okOr(row, err)
}

// readProduct lays a request's fields over a product.
func readProduct(in *service.ProductInput, body []byte) error {
	var row salesdock.Product
	row.ProductDetail = &salesdock.ProductDetail{}
	row.SetContent(in.Content, in.Own, true)
	row.Active = salesdock.Flag(in.Active)
	if in.SupplierID != nil {
		row.SupplierID = salesdock.Int(*in.SupplierID)
	}
	var files struct {
		Image       *upload  `json:"image"`
		Attachments []upload `json:"attachments"`
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
	in := service.ProductInput{Active: true}
	if err := readProduct(&in, body); err != nil {
		return reply{}, err
	}
	p, err := c.svc.CreateProduct(c.ctx(), c.actor, in)
	if err != nil {
		return reply{}, err
	}
	return created(map[string]any{"product_id": p.ID})
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
	p, err := c.svc.UpdateProduct(c.ctx(), c.actor, id, func(in *service.ProductInput) error { return readProduct(in, body) })
	return okOr(map[string]any{"product_id": p.ID}, err)
}

func (c *call) deleteProduct() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return okOr(map[string]any{"product_id": id}, c.svc.DeleteProduct(c.ctx(), c.actor, id))
}

func wireSupplier(s db.Supplier) salesdock.Supplier {
	return salesdock.Supplier{
		ID: salesdock.Int(s.ID), Name: salesdock.Text(s.Name), Text: salesdock.Text(s.Text), Identifier: salesdock.Text(s.Identifier),
		Description: salesdock.Text(s.Description), Active: salesdock.Flag(s.Active),
	}
}

func (c *call) suppliers() (reply, error) {
	list, err := c.svc.Suppliers(c.ctx(), c.actor)
	rows := make([]salesdock.Supplier, 0, len(list))
	for _, s := range list {
		rows = append(rows, wireSupplier(s))
	}
	return okOr(rows, err)
}

func (c *call) supplier() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.Supplier(c.ctx(), c.actor, id)
	return okOr(wireSupplier(s), err)
}

// pathID reads the id of an operation that both adds (no id) and changes.
func (c *call) pathID() (int64, error) {
	if c.gin.Param("id") == "" {
		return 0, nil
	}
	return c.id("id")
}

// saved answers an operation that both adds and changes.
func (c *call) saved(data any, err error) (reply, error) {
	if err == nil && c.gin.Param("id") == "" {
		return created(data)
	}
	return okOr(data, err)
}

func (c *call) saveSupplier() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	in := salesdock.Supplier{Active: true}
	if id != 0 {
		before, err := c.svc.Supplier(c.ctx(), c.actor, id)
		if err != nil {
			return reply{}, err
		}
		in = wireSupplier(before)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	s, err := c.svc.SaveSupplier(c.ctx(), c.actor, db.Supplier{
		ID: id, Name: string(in.Name), Identifier: string(in.Identifier), Description: string(in.Description), Text: string(in.Text), Active: bool(in.Active),
	})
	return c.saved(wireSupplier(s), err)
}

func wireFlow(f db.Flow, detail bool) salesdock.Flow {
	row := salesdock.Flow{ID: salesdock.Int(f.ID), CreatedAt: salesdock.Stamp{Time: f.CreatedAt}, UpdatedAt: salesdock.Stamp{Time: f.UpdatedAt}}
	row.SetMeaning(f.Config, detail)
	return row
}

func (c *call) flows() (reply, error) {
	list, err := c.svc.Flows(c.ctx(), c.actor, c.account)
	rows := make([]salesdock.Flow, 0, len(list))
	for _, f := range list {
		rows = append(rows, wireFlow(f, c.q("extended") == "true"))
	}
	return okOr(rows, err)
}

func (c *call) flow() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	f, err := c.svc.Flow(c.ctx(), c.actor, id, c.account)
	return okOr(wireFlow(f, true), err)
}

func (c *call) saveFlow() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	var in salesdock.Flow
	in.SetMeaning(linking.Flow{TransactionType: "all", VerificationMethod: "none"}, true)
	if id != 0 {
		before, err := c.svc.Flow(c.ctx(), c.actor, id, true)
		if err != nil {
			return reply{}, err
		}
		in = wireFlow(before, true)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	meaning := in.Meaning()
	meaning.ID = 0
	f, err := c.svc.SaveFlow(c.ctx(), c.actor, id, meaning)
	return c.saved(wireFlow(f, true), err)
}

func (c *call) deleteFlow() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.DeleteFlow(c.ctx(), c.actor, id) })
}

func (c *call) deleteByID(remove func(id int64) error) (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return okOr(map[string]any{"id": id}, remove(id))
}

func wireQuestion(q db.ProductQuestion, detail bool) salesdock.Question {
	row := salesdock.Question{ID: salesdock.Int(q.ID)}
	row.SetMeaning(q.Definition, detail)
	if detail {
		row.CreatedAt, row.UpdatedAt = salesdock.Stamp{Time: q.CreatedAt}, salesdock.Stamp{Time: q.UpdatedAt}
	}
	return row
}

func (c *call) questions() (reply, error) {
	list, err := c.svc.Questions(c.ctx(), c.actor)
	rows := make([]salesdock.Question, 0, len(list))
	for _, q := range list {
		rows = append(rows, wireQuestion(q, c.q("extended") == "true"))
	}
	return okOr(rows, err)
}

func (c *call) question() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	q, err := c.svc.Question(c.ctx(), c.actor, id)
	return okOr(wireQuestion(q, true), err)
}

func (c *call) saveQuestion() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	in := struct {
		salesdock.Question
		Sort salesdock.Int `json:"sort"`
	}{}
	in.SetMeaning(linking.Question{Visible: true, VisibleCustomer: true}, true)
	if id != 0 {
		before, err := c.svc.Question(c.ctx(), c.actor, id)
		if err != nil {
			return reply{}, err
		}
		in.Question, in.Sort = wireQuestion(before, true), salesdock.Int(before.Sort)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	meaning, err := in.Meaning()
	if err != nil {
		return reply{}, service.Unreadable(linking.InField("rule", err))
	}
	q, err := c.svc.SaveQuestion(c.ctx(), c.actor, id, meaning, int(in.Sort))
	return c.saved(wireQuestion(q, true), err)
}

func (c *call) deleteQuestion() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.DeleteQuestion(c.ctx(), c.actor, id) })
}

func wireAgreement(a db.Agreement, detail bool) salesdock.Agreement {
	row := salesdock.Agreement{ID: salesdock.Int(a.ID)}
	row.SetMeaning(a.Definition, int(a.Sort), detail)
	return row
}

func (c *call) agreements() (reply, error) {
	list, err := c.svc.Agreements(c.ctx(), c.actor)
	rows := make([]salesdock.Agreement, 0, len(list))
	for _, a := range list {
		rows = append(rows, wireAgreement(a, c.q("extended") == "true"))
	}
	return okOr(rows, err)
}

func (c *call) agreement() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	a, err := c.svc.Agreement(c.ctx(), c.actor, id)
	return okOr(wireAgreement(a, true), err)
}

func (c *call) saveAgreement() (reply, error) {
	id, err := c.pathID()
	if err != nil {
		return reply{}, err
	}
	var in salesdock.Agreement
	in.SetMeaning(linking.Agreement{Visible: true}, 0, true)
	if id != 0 {
		before, err := c.svc.Agreement(c.ctx(), c.actor, id)
		if err != nil {
			return reply{}, err
		}
		in = wireAgreement(before, true)
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	meaning, err := in.Meaning()
	if err != nil {
		return reply{}, service.Unreadable(linking.InField("rule", err))
	}
	a, err := c.svc.SaveAgreement(c.ctx(), c.actor, id, meaning, int(in.Sort))
	return c.saved(wireAgreement(a, true), err)
}

func (c *call) deleteAgreement() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.DeleteAgreement(c.ctx(), c.actor, id) })
}

func wireStatus(s linking.Status) salesdock.Status {
	return salesdock.Status{
		Source: "sale", ID: salesdock.Text(s.ID), Name: salesdock.Text(s.Name), Text: salesdock.Text(s.Text), Type: salesdock.Text(s.Type), SourceData: json.RawMessage("null"),
	}
}

func (c *call) statuses() (reply, error) {
	list, err := c.svc.Statuses(c.ctx(), c.actor)
	rows := make([]salesdock.Status, 0, len(list))
	for _, s := range list {
		rows = append(rows, wireStatus(s))
	}
	return okOr(rows, err)
}

func (c *call) saveStatus() (reply, error) {
	var in salesdock.Status
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	if id := c.gin.Param("id"); id != "" {
		in.ID = salesdock.Text(id)
	}
	s, err := c.svc.SaveStatus(c.ctx(), c.actor, linking.Status{ID: string(in.ID), Name: string(in.Name), Text: string(in.Text), Type: string(in.Type)})
	return c.saved(wireStatus(s), err)
}

func (c *call) deleteStatus() (reply, error) {
	id := c.gin.Param("id")
	return okOr(map[string]any{"id": id}, c.svc.DeleteStatus(c.ctx(), c.actor, id))
}
