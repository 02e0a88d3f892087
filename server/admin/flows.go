package admin

import (
	"fmt"
	"strconv"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/states"
)

func (v *visit) showFlows() error {
	list, err := v.svc.Catalogue.Flows(v.gin.Request.Context(), v.actor, true)
	if err != nil {
		return err
	}
	page := listOf(v, list, func(f db.Flow) string { return itoa(f.ID) }, func(f db.Flow) string { return f.Title + " " + f.Identifier })
	return v.show(views.Flows(page))
}

func (v *visit) showFlow() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	if id == 0 {
		return v.show(views.Flow("new", "", 0, views.Form{Values: views.Values("type", "default", "transaction_type", string(states.EverySaleType))}))
	}
	f, err := v.svc.Catalogue.Flow(v.gin.Request.Context(), v.actor, id, true)
	if err != nil {
		return err
	}
	c := f.Config
	values := views.Values(
		"title", f.Title, "type", f.Type, "identifier", f.Identifier, "transaction_type", string(c.TransactionType), "verification_method", c.VerificationMethod,
		"product_types", strings.Join(c.ProductTypes, "\n"), "minimum_age_customer", strconv.Itoa(c.MinimumAge), "maximum_age_customer", strconv.Itoa(c.MaximumAge),
		"consumer_order_iban_required", views.Flag(c.ConsumerOrderIBANRequired), "consumer_offer_iban_required", views.Flag(c.ConsumerOfferIBANRequired),
		"business_order_iban_required", views.Flag(c.BusinessOrderIBANRequired), "business_offer_iban_required", views.Flag(c.BusinessOfferIBANRequired),
	)
	for i, s := range c.Sections {
		at := fmt.Sprintf("sections.%d.", i)
		values.Set(at+"title", s.Title)
		values.Set(at+"identifier", s.Identifier)
		values.Set(at+"mandatory", views.Flag(s.Mandatory))
		var products []string
		for _, p := range s.Products {
			text := itoa(p.ID)
			if p.MaximumQuantity > 0 {
				text += ":" + strconv.Itoa(p.MaximumQuantity)
			}
			products = append(products, text)
		}
		values.Set(at+"products", strings.Join(products, ", "))
	}
	return v.show(views.Flow(itoa(id), f.Title, len(c.Sections), views.Form{Values: values}))
}

func (v *visit) saveFlow() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	flow := linking.Flow{
		Title: v.posted("title"), Type: v.posted("type"), Identifier: v.posted("identifier"), TransactionType: states.SaleType(v.posted("transaction_type")),
		VerificationMethod: v.posted("verification_method"), MinimumAge: v.postedCount("minimum_age_customer"), MaximumAge: v.postedCount("maximum_age_customer"),
		ConsumerOrderIBANRequired: v.posted("consumer_order_iban_required") != "", ConsumerOfferIBANRequired: v.posted("consumer_offer_iban_required") != "",
		BusinessOrderIBANRequired: v.posted("business_order_iban_required") != "", BusinessOfferIBANRequired: v.posted("business_offer_iban_required") != "",
		ProductTypes: lines(v.posted("product_types")),
	}
	form, sections, wrong := v.form(), 0, map[string][]string{}
	for i := 0; ; i++ {
		section, there, bad := v.postedSection(i)
		if !there {
			break
		}
		sections = i
		if bad != "" {
			field := fmt.Sprintf("sections.%d.products", i)
			wrong[field] = []string{v.say("field_invalid", bad)}
		}
		if section.Title != "" {
			flow.Sections = append(flow.Sections, section)
		}
	}
	if len(wrong) > 0 {
		form.Message, form.Errors = v.say("invalid"), wrong
		return v.page(form.Status(), views.Flow(v.gin.Param("id"), flow.Title, sections, form))
	}
	saved, err := v.svc.Catalogue.SaveFlow(v.gin.Request.Context(), v.actor, id, flow)
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.Flow(v.gin.Param("id"), flow.Title, sections, form))
	}
	return v.done(v.to("/flows/%d", saved.ID), "Opgeslagen.")
}

// postedSection reads one section of the form; bad is what cannot be read of its products.
func (v *visit) postedSection(i int) (section linking.Section, there bool, bad string) {
	at := fmt.Sprintf("sections.%d.", i)
	if _, there = v.gin.GetPostForm(at + "title"); !there {
		return section, false, ""
	}
	section = linking.Section{ID: int64(i + 1), Title: v.posted(at + "title"), Identifier: v.posted(at + "identifier"), Mandatory: v.posted(at+"mandatory") != ""}
	if section.Identifier == "" {
		section.Identifier = "section-" + strconv.Itoa(i+1)
	}
	for part := range strings.SplitSeq(v.posted(at+"products"), ",") {
		number, quantity, limited := strings.Cut(strings.TrimSpace(part), ":")
		if number == "" {
			continue
		}
		p := linking.SectionProduct{}
		var errLimit error
		id, err := strconv.ParseInt(number, 10, 64)
		if p.ID = id; limited {
			p.MaximumQuantity, errLimit = strconv.Atoi(quantity)
		}
		if err != nil || errLimit != nil || id <= 0 || p.MaximumQuantity < 0 {
			return section, true, part
		}
		section.Products = append(section.Products, p)
	}
	return section, true, ""
}

func (v *visit) deleteFlow() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Catalogue.DeleteFlow(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/flows"), "De flow is verwijderd.")
}
