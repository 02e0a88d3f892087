package api

import (
	"encoding/json"
	"time"

	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
)

func (c *call) createSale() (reply, error) {
	values, raw, err := c.body()
	if err != nil {
		return reply{}, err
	}
	dryRun, err := c.flag("dry_run")
	if err != nil {
		return reply{}, err
	}
	id, err := c.svc.CreateSale(c.ctx(), c.actor, service.CreateSaleInput{
		FlowType: c.gin.Param("flow_type"), FlowIdentifier: c.gin.Param("flow_identifier"), Body: values, Raw: raw, Key: c.gin.GetHeader("Idempotency-Key"),
		DryRun: dryRun != nil && *dryRun,
	})
	if err != nil {
		return reply{}, err
	}
	if id == 0 {
		return ok(map[string]any{"sale_id": nil})
	}
	return created(map[string]any{"sale_id": id})
}

func (c *call) saleFilter() (f service.SaleFilter, err error) {
	f = service.SaleFilter{
		Account: c.account, ExternalReference: c.q("external_reference"), Statuses: c.list("statuses"),
		OfferStatuses: c.list("offer_statuses"), ProductTypes: c.list("product_types"),
	}
	switch c.q("type") {
	case "":
	case "offer":
		f.Type = "offer"
	case "sale", "order":
		f.Type = "order"
	default:
		return f, badRequest("type", c.q("type"))
	}
	if f.FlowID, err = c.optionalID("flow_id"); err != nil {
		return f, err
	}
	if f.SupplierID, err = c.optionalID("supplier_id"); err != nil {
		return f, err
	}
	if f.SaleIDs, err = c.numbers("sale_ids"); err != nil {
		return f, err
	}
	if f.Organisations, err = c.numbers("organisations"); err != nil {
		return f, err
	}
	if f.PeriodOn, f.From, f.Till, err = c.period(); err != nil {
		return f, err
	}
	f.Page, f.PerPage, err = c.page()
	return f, err
}

func (c *call) sales() (reply, error) {
	version, err := c.svc.SalesVersion(c.ctx(), c.actor, c.account)
	if err != nil {
		return reply{}, err
	}
	if c.unchanged(version) {
		return notModified()
	}
	if _, asked := c.query["changed_since"]; asked && !c.account {
		return c.saleChanges()
	}
	f, err := c.saleFilter()
	if err != nil {
		return reply{}, err
	}
	list, total, err := c.svc.Sales(c.ctx(), c.actor, f)
	if err != nil {
		return reply{}, err
	}
	wire := plainSale
	if c.q("extended") == "true" || c.q("extended") == "1" {
		wire = extendedSale
	}
	rows := make([]map[string]any, 0, len(list))
	for _, s := range list {
		rows = append(rows, wire(s))
	}
	return ok(offsetPage(c, rows, f.Page, f.PerPage, total))
}

func (c *call) saleChanges() (reply, error) {
	cursor, err := service.ParseCursor(c.q("changed_since"))
	if err != nil {
		return reply{}, err
	}
	list, next, more, err := c.svc.SaleChanges(c.ctx(), c.actor, cursor)
	if err != nil {
		return reply{}, err
	}
	rows := make([]map[string]any, 0, len(list))
	for _, s := range list {
		rows = append(rows, extendedSale(s))
	}
	return ok(cursorPage(c, rows, next, more, false))
}

func (c *call) sale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.Sale(c.ctx(), c.actor, id, c.account)
	if err != nil {
		return reply{}, err
	}
	return ok(extendedSale(s))
}

func (c *call) saleAnswers() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.Sale(c.ctx(), c.actor, id, c.account)
	return okOr(s.Submission.Answers, err)
}

func stamp(at *time.Time) salesdock.Stamp { return salesdock.StampOf(at) }

// plainSale is a row of the plain list.
func plainSale(s service.SaleView) map[string]any {
	f := s.Submission.Fields
	row := map[string]any{
		"id": s.ID, "user_id": s.UserID, "type": s.Type, "sub_type": s.Sold.Product.Type, "offer": flagText(s.Type == "offer"), "offer_accepted": s.OfferAccepted,
		"status": s.Status, "verification": nil, "verified": nil, "flow_id": s.FlowID, "product_id": s.ProductID, "incoming_id": s.IncomingID,
		"created_at": salesdock.Stamp{Time: s.CreatedAt}, "finalized_at": stamp(s.FinalizedAt), "updated_at": salesdock.Stamp{Time: s.UpdatedAt},
		"outgoing_at": stamp(s.OutgoingAt), "cancelled_at": stamp(s.CancelledAt), "status_remark": s.StatusRemark,
		"cancelled_remark": nil, "product_name": s.Sold.Product.Name, "product_identifier": s.Sold.Product.Identifier,
		"supplier_name": s.Sold.Product.SupplierName, "lead_id": nil, "relation_id": nullable(f["relation_id"]), "external_reference": s.ExternalReference,
	}
	if s.CancelledAt != nil {
		row["cancelled_remark"] = s.StatusRemark
	}
	for _, name := range linking.CustomerFields() {
		row[name] = nullable(f[name])
	}
	return row
}

func flagText(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// extendedSale is a row of the extended list, and the detail.
func extendedSale(s service.SaleView) map[string]any {
	f := s.Submission.Fields
	address := func(prefix string) map[string]any {
		return map[string]any{
			"postcode": f[prefix+"postcode"], "housenumber": f[prefix+"housenumber"], "suffix": nullable(f[prefix+"suffix"]), "streetname": f[prefix+"streetname"], "city": f[prefix+"city"],
		}
	}
	row := map[string]any{
		"id": s.ID, "type": s.Type,
		"status":         map[string]any{"status_identifier": s.Status, "status": s.StatusName, "status_remark": s.StatusRemark},
		"offer_accepted": s.OfferAccepted, "created_at": salesdock.Stamp{Time: s.CreatedAt}, "finalized_at": stamp(s.FinalizedAt), "updated_at": salesdock.Stamp{Time: s.UpdatedAt},
		"status_changed_at": s.StatusChangedAt.UTC().Format(time.RFC3339Nano), "external_reference": s.ExternalReference,
		"processed": nil, "cancelled": nil, "channel": nullable(s.Channel),
		"customer": map[string]any{
			"gender": nullable(f["gender"]), "firstname": f["firstname"], "lastname": f["lastname"], "birthdate": f["birthdate"], "email": f["email"], "phone": f["phone"],
			"business": flagText(s.Business), "company_name": nullable(f["company_name"]), "contact_person": nullable(f["contact_person"]), "coc": nullable(f["company_coc"]),
			"vat": nullable(f["company_vat"]), "iban": nullable(f["iban"]), "iban_holder": nullable(f["iban_holder"]),
			"address": address("connection_"), "correspondence_address": address(""),
		},
		"created_by": map[string]any{"user": s.User.Firstname + " " + s.User.Lastname, "organisation": nullable(s.Organisation), "team": nil},
		"relation":   nullable(f["relation_id"]),
		"product":    map[string]any{"id": s.ProductID, "identifier": s.Sold.Product.Identifier, "label": s.Sold.Product.Name},
		"products":   products(s),
		"supplier":   map[string]any{"id": s.Sold.Product.SupplierID, "label": s.Sold.Product.SupplierName},
		"flow":       map[string]any{"id": s.FlowID, "identifier": s.Sold.Flow.Identifier, "type": s.Sold.Flow.Type, "label": s.Sold.Flow.Title},
		"flow_data":  flowData(s), "extrafields": map[string]any{},
	}
	if s.ProcessedAt != nil {
		row["processed"] = map[string]any{"processed_at": stamp(s.ProcessedAt), "outgoing_id": s.OutgoingID, "outgoing_app": s.OutgoingApp}
	}
	if c := s.Cancellation; c != nil {
		row["cancellation_request"] = salesdock.CancellationState{Reference: salesdock.Text(c.Reference), State: salesdock.Text(c.State), Answer: salesdock.Text(c.Answer)}
	}
	if s.CancelledAt != nil {
		row["cancelled"] = map[string]any{"cancelled_at": stamp(s.CancelledAt), "reason": s.StatusRemark, "cancelled_by": s.CancelledBy}
	}
	return row
}

func products(s service.SaleView) []map[string]any {
	rows := []map[string]any{}
	for _, l := range s.Lines {
		rows = append(rows, map[string]any{
			"id": l.ProductID, "identifier": l.Content.Identifier, "label": l.Content.Name, "quantity": l.Quantity, "section_identifier": nullable(l.Section),
		})
	}
	return rows
}

func flowData(s service.SaleView) map[string]any {
	questions := []map[string]any{}
	for _, q := range s.Sold.Questions {
		if answer, given := s.Submission.Answers[q.Identifier]; given {
			questions = append(questions, map[string]any{"id": q.ID, "identifier": q.Identifier, "type": q.InputType, "label": q.Name, "value": answer})
		}
	}
	agreements := []map[string]any{}
	for _, a := range s.Sold.Agreements {
		agreements = append(agreements, map[string]any{"id": a.ID, "identifier": a.Identifier, "label": a.Name, "value": flagText(s.Submission.Agreements[a.Identifier])})
	}
	return map[string]any{"product_questions": questions, "agreements": agreements}
}

func (c *call) saleHistory() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, users, err := c.svc.SaleHistory(c.ctx(), c.actor, id)
	rows := make([]map[string]any, 0, len(list))
	for _, h := range list {
		row := map[string]any{
			"type": h.Type, "modified_at": salesdock.Stamp{Time: h.ModifiedAt}, "previous_status": nullable(h.PreviousStatus), "new_status": nullable(h.NewStatus),
			"remark": h.Remark, "user": nil, "type_data": raw(h.Data),
		}
		if h.UserID != nil {
			row["user"] = map[string]any{"id": *h.UserID, "name": users[*h.UserID]}
		}
		rows = append(rows, row)
	}
	return okOr(rows, err)
}

func raw(data []byte) json.RawMessage {
	if len(data) == 0 {
		return json.RawMessage("null")
	}
	return data
}

// statusInput reads a status from the query, as the contract has it, or from the body.
func (c *call) statusInput() (service.StatusInput, error) {
	var in struct {
		Status        salesdock.Text `json:"status"`
		Remark        salesdock.Text `json:"remark"`
		MarkProcessed salesdock.Flag `json:"mark_processed"`
	}
	if err := c.bind(&in); err != nil {
		return service.StatusInput{}, err
	}
	input := service.StatusInput{Status: string(in.Status), Remark: string(in.Remark), MarkProcessed: bool(in.MarkProcessed), Account: c.account}
	if status := c.q("status"); status != "" {
		input.Status = status
	}
	if remark := c.q("remark"); remark != "" {
		input.Remark = remark
	}
	mark, err := c.flag("mark_processed")
	if mark != nil {
		input.MarkProcessed = *mark
	}
	return input, err
}

func (c *call) setStatus(id int64, input service.StatusInput) (reply, error) {
	s, err := c.svc.SetSaleStatus(c.ctx(), c.actor, id, input)
	return okOr(map[string]any{"sale_id": s.ID, "status": s.Status}, err)
}

func (c *call) updateStatus() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	input, err := c.statusInput()
	if err != nil {
		return reply{}, err
	}
	return c.setStatus(id, input)
}

func (c *call) updateStatusIncoming() (reply, error) {
	input, err := c.statusInput()
	if err != nil {
		return reply{}, err
	}
	id, err := c.svc.SaleIDByIncoming(c.ctx(), c.actor, c.gin.Param("incoming_id"))
	if err != nil {
		return reply{}, err
	}
	return c.setStatus(id, input)
}

func (c *call) cancelSale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	input, err := c.statusInput()
	if err != nil {
		return reply{}, err
	}
	if input.Status == "" {
		input.Status = linking.StatusCancelled
	}
	input.MustCancel = true
	return c.setStatus(id, input)
}

func (c *call) correctSale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		Customer salesdock.TextMap         `json:"customer"`
		Answers  map[string]linking.Answer `json:"answers"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	s, err := c.svc.CorrectSale(c.ctx(), c.actor, id, in.Customer, in.Answers)
	if err != nil {
		return reply{}, err
	}
	return ok(extendedSale(s))
}

func (c *call) forwardSale() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		IntegrationID salesdock.Int `json:"integration_id"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	var only *int64
	if in.IntegrationID != 0 {
		only = new(int64(in.IntegrationID))
	}
	list, err := c.svc.ForwardByHand(c.ctx(), c.actor, id, only)
	if err != nil {
		return reply{}, err
	}
	return accepted(c.wireForwardings(list))
}

func (c *call) previewForward() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.PreviewForwarding(c.ctx(), c.actor, id)
	rows := make([]map[string]any, 0, len(list))
	for _, p := range list {
		rows = append(rows, map[string]any{
			"integration_id": p.IntegrationID, "automatic": c.verdict(p.Automatic), "by_hand": c.verdict(p.ByHand),
			"request":  map[string]any{"path": "sales/flow/" + p.Request.FlowType + "/" + p.Request.FlowIdentifier, "body": p.Request.Body},
			"problems": c.problems(p.Problems), "optin": nullable(p.Optin),
		})
	}
	return okOr(rows, err)
}

func (c *call) verdict(v linking.Verdict) map[string]any {
	return map[string]any{"qualifies": v.OK, "rule": nullable(v.By), "reasons": c.problems(v.Reasons)}
}
