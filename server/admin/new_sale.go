package admin

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/server/service"
	"koppel/server/service/catalogue"
	"koppel/server/service/sales"
)

// showNewSale asks for the product first, then shows the form of its flow. A dialer's link fills in what is known.
func (v *visit) showNewSale() error {
	concept, err := v.concept()
	if err != nil {
		return err
	}
	product := v.qID("product")
	if known := concept.Fields["product_id"]; product == 0 && known != "" {
		v.redirect(v.gin.Request.URL.Path + "?" + views.Values("product", known, "concept", concept.UUID, "kind", v.q("kind")).Encode())
		return nil
	}
	if product == 0 {
		search := catalogue.ProductSearch{Q: v.q("q"), Type: v.q("type"), Active: new(true), AfterName: v.gin.Query("after_name"), AfterID: v.qID("after")}
		page, types, err := v.svc.Catalogue.ProductPage(v.gin.Request.Context(), v.actor, search)
		if err != nil {
			return err
		}
		return v.show(views.NewSaleProduct(views.ChooseProduct{Page: page, Types: types, First: search.AfterID == 0}))
	}
	form := views.Form{Values: views.Values("key", rand.Text())}
	for name, value := range concept.Fields {
		form.Values.Set(name, value)
	}
	if kind := v.q("kind"); kind != "" {
		form.Values.Set("transaction_type", kind)
	}
	order, flows, err := v.orderForm()
	if err != nil {
		return err
	}
	for _, q := range order.Questions {
		if q.DefaultValue != "" && !form.Values.Has("questionData."+q.Identifier) {
			form.Values.Set("questionData."+q.Identifier, q.DefaultValue)
		}
	}
	gone, err := v.svc.Sales.ProductGone(v.gin.Request.Context(), v.actor, order.Product)
	if err != nil {
		return err
	}
	return v.show(views.NewSale(views.NewSaleView{Form: order, Flows: flows, Concept: concept, Gone: gone}, form))
}

// concept is the dialer's proposal that the address names, if any.
func (v *visit) concept() (sales.Concept, error) {
	uuid := v.q("concept")
	if uuid == "" {
		return sales.Concept{}, nil
	}
	return v.svc.Sales.Concept(v.gin.Request.Context(), v.actor, uuid)
}

func (v *visit) orderForm() (order sales.OrderForm, flows []db.Flow, err error) {
	ctx, product, flow := v.gin.Request.Context(), v.qID("product"), v.qID("flow")
	_, flows, err = v.svc.Sales.FlowsFor(ctx, v.actor, product)
	if err != nil {
		return order, nil, err
	}
	if len(flows) == 0 {
		return order, nil, service.Conflict("product_without_flow")
	}
	if flow == 0 {
		flow = flows[0].ID
	}
	order, err = v.svc.Sales.OrderForm(ctx, v.actor, product, flow)
	return order, flows, err
}

// saveNewSale takes a sale as the API would. The key in the form makes a second click find the first one's sale.
func (v *visit) saveNewSale() error {
	order, flows, err := v.orderForm()
	if err != nil {
		return err
	}
	concept, err := v.concept()
	if err != nil {
		return err
	}
	body := v.saleBody(order)
	if concept.UUID != "" {
		body["concept_transaction"] = concept.UUID
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	saleID, err := v.svc.Sales.CreateSale(v.gin.Request.Context(), v.actor, sales.CreateSaleInput{
		FlowType: order.Flow.Type, FlowIdentifier: order.Flow.Identifier, Body: body, Raw: raw, Key: v.posted("key"),
	})
	if err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		nameRelated(&form, body)
		return v.page(form.Status(), views.NewSale(views.NewSaleView{Form: order, Flows: flows, Concept: concept}, form))
	}
	return v.done(v.to("/sales/%d", saleID), "De order is opgeslagen onder nummer %s.", json.Number(itoa(saleID)))
}

// nameRelated puts what is wrong with a product beside the main one at its field.
func nameRelated(form *views.Form, body map[string]any) {
	related, _ := body["related_products"].([]any)
	for name, texts := range form.Errors {
		rest, isRelated := strings.CutPrefix(name, "related_products.")
		number, _, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(number)
		if !isRelated || err != nil || i < 0 || i >= len(related) {
			continue
		}
		row, _ := related[i].(map[string]any)
		form.Errors[fmt.Sprintf("related.%v.%v", row["section_identifier"], row["product_id"])] = texts
		delete(form.Errors, name)
	}
}

// saleBody makes of the order form what an API client would have sent.
func (v *visit) saleBody(order sales.OrderForm) map[string]any {
	body := map[string]any{
		"transaction_type": v.posted("transaction_type"), "product_id": itoa(order.Product.ID), "business": v.posted("business"), "sale_channel": v.posted("sale_channel"),
	}
	for _, name := range append(linking.CustomerFields(), views.OrderFields...) {
		if value := v.posted(name); value != "" {
			body[name] = value
		}
	}
	for _, name := range []string{"postcode", "housenumber", "suffix", "streetname", "city"} {
		if body["connection_"+name] == nil && body[name] != nil {
			body["connection_"+name] = body[name]
		}
	}
	related := []any{}
	for _, section := range order.Sections {
		for _, p := range section.Products {
			if quantity := v.posted(views.RelatedField(section.Identifier, p.ID)); quantity != "" && quantity != "0" {
				related = append(related, map[string]any{"product_id": itoa(p.ID), "quantity": quantity, "section_identifier": section.Identifier})
			}
		}
	}
	if len(related) > 0 {
		body["related_products"] = related
	}
	answers := map[string]any{}
	for identifier, answer := range v.postedAnswers(order.Questions) {
		switch {
		case answer.Multi && len(answer.Values) > 0:
			list := make([]any, len(answer.Values))
			for i, value := range answer.Values {
				list[i] = value
			}
			answers[identifier] = list
		case !answer.Multi && !answer.Empty():
			answers[identifier] = answer.Text()
		}
	}
	agreements := map[string]any{}
	for _, a := range order.Agreements {
		if strings.TrimSpace(v.posted("agreements."+a.Identifier)) != "" {
			agreements[a.Identifier] = "1"
		}
	}
	body["questionData"], body["agreements"] = answers, agreements
	return body
}
