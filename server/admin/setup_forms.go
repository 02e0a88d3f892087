package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/admin/views"
)

// key gives the id in the address: "new" is 0.
func (v *visit) key() (int64, error) {
	if v.gin.Param("id") == "new" {
		return 0, nil
	}
	return v.id("id")
}

func (v *visit) showFlows() error {
	list, err := v.svc.Flows(v.gin.Request.Context(), v.actor, true)
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
		return v.show(views.Flow("new", "", 0, views.Form{Values: views.Values("type", "default", "transaction_type", "all")}))
	}
	f, err := v.svc.Flow(v.gin.Request.Context(), v.actor, id, true)
	if err != nil {
		return err
	}
	c := f.Config
	values := views.Values(
		"title", f.Title, "type", f.Type, "identifier", f.Identifier, "transaction_type", c.TransactionType, "verification_method", c.VerificationMethod,
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
		Title: v.posted("title"), Type: v.posted("type"), Identifier: v.posted("identifier"), TransactionType: v.posted("transaction_type"),
		VerificationMethod: v.posted("verification_method"), MinimumAge: max(0, v.postedNumber("minimum_age_customer")), MaximumAge: max(0, v.postedNumber("maximum_age_customer")),
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
	saved, err := v.svc.SaveFlow(v.gin.Request.Context(), v.actor, id, flow)
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
	err = v.svc.DeleteFlow(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/flows"), "De flow is verwijderd.")
}

func (v *visit) showQuestions() error {
	list, err := v.svc.Questions(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	page := listOf(v, list, func(q db.ProductQuestion) string { return itoa(q.ID) }, func(q db.ProductQuestion) string { return q.Definition.Name + " " + q.Identifier })
	return v.show(views.Questions(page))
}

func (v *visit) showQuestion() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	if id == 0 {
		return v.questionPage("", nil, views.Form{Values: views.Values("input_type", "text", "visible", "1", "sort", "0")})
	}
	row, err := v.svc.Question(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	q := row.Definition
	return v.questionPage(q.Name, q.Rule, views.Form{Values: views.Values(
		"name", q.Name, "identifier", q.Identifier, "input_type", q.InputType, "description", q.Description, "options", strings.Join(q.Options, "\n"),
		"validator", q.Validator, "default_value", q.DefaultValue, "product_types", strings.Join(q.ProductTypes, "\n"), "sort", strconv.Itoa(int(row.Sort)),
		"visible", views.Flag(q.Visible), "visible_customer", views.Flag(q.VisibleCustomer), "required", views.Flag(q.Required),
		"rule_visible", views.Flag(q.RuleVisible), "rule_required", views.Flag(q.RuleRequired),
	)})
}

func (v *visit) questionPage(name string, rule *linking.Rule, form views.Form) error {
	vocabulary, err := v.vocabulary()
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.Question(views.QuestionView{Key: v.gin.Param("id"), Name: name, Rule: rule, Vocabulary: vocabulary}, form))
}

func (v *visit) saveQuestion() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	rule, building := v.postedRule()
	form, name := v.form(), v.posted("name")
	if building {
		return v.questionPage(name, rule, form)
	}
	sort, err := strconv.Atoi(v.posted("sort"))
	if err != nil {
		sort = 0
	}
	saved, err := v.svc.SaveQuestion(v.gin.Request.Context(), v.actor, id, linking.Question{
		Name: name, Identifier: v.posted("identifier"), InputType: v.posted("input_type"), Description: v.posted("description"), Options: lines(v.posted("options")),
		Validator: v.posted("validator"), DefaultValue: v.posted("default_value"), ProductTypes: lines(v.posted("product_types")),
		Visible: v.posted("visible") != "", VisibleCustomer: v.posted("visible_customer") != "", Required: v.posted("required") != "",
		RuleVisible: v.posted("rule_visible") != "", RuleRequired: v.posted("rule_required") != "", Rule: rule,
	}, sort)
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.questionPage(name, rule, form)
	}
	return v.done(v.to("/questions/%d", saved.ID), "Opgeslagen.")
}

func (v *visit) deleteQuestion() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.DeleteQuestion(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/questions"), "De productvraag is verwijderd.")
}

func (v *visit) showAgreements() error {
	list, err := v.svc.Agreements(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	page := listOf(v, list, func(a db.Agreement) string { return itoa(a.ID) }, func(a db.Agreement) string { return a.Definition.Name + " " + a.Identifier })
	return v.show(views.Agreements(page))
}

func (v *visit) showAgreement() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	if id == 0 {
		return v.agreementPage("", nil, views.Form{Values: views.Values("visible", "1", "required", "1", "sort", "0")})
	}
	row, err := v.svc.Agreement(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	a := row.Definition
	return v.agreementPage(a.Name, a.Rule, views.Form{Values: views.Values(
		"name", a.Name, "identifier", a.Identifier, "text", a.Text, "sort", strconv.Itoa(int(row.Sort)), "visible", views.Flag(a.Visible), "required", views.Flag(a.Required),
		"archive", views.Flag(a.Archive), "rule_visible", views.Flag(a.RuleVisible), "rule_required", views.Flag(a.RuleRequired),
	)})
}

func (v *visit) agreementPage(name string, rule *linking.Rule, form views.Form) error {
	vocabulary, err := v.vocabulary()
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.Agreement(views.QuestionView{Key: v.gin.Param("id"), Name: name, Rule: rule, Vocabulary: vocabulary}, form))
}

func (v *visit) saveAgreement() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	rule, building := v.postedRule()
	form, name := v.form(), v.posted("name")
	if building {
		return v.agreementPage(name, rule, form)
	}
	sort, err := strconv.Atoi(v.posted("sort"))
	if err != nil {
		sort = 0
	}
	saved, err := v.svc.SaveAgreement(v.gin.Request.Context(), v.actor, id, linking.Agreement{
		Name: name, Identifier: v.posted("identifier"), Text: v.posted("text"), Visible: v.posted("visible") != "", Required: v.posted("required") != "",
		Archive: v.posted("archive") != "", RuleVisible: v.posted("rule_visible") != "", RuleRequired: v.posted("rule_required") != "", Rule: rule,
	}, sort)
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.agreementPage(name, rule, form)
	}
	return v.done(v.to("/agreements/%d", saved.ID), "Opgeslagen.")
}

func (v *visit) deleteAgreement() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.DeleteAgreement(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/agreements"), "De accordering is verwijderd.")
}

func (v *visit) showStatuses() error {
	list, err := v.svc.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	system := v.q("system") != ""
	list = slices.DeleteFunc(list, func(x linking.Status) bool { return x.System && !system })
	page := listOf(v, list, func(x linking.Status) string { return x.ID }, func(x linking.Status) string { return x.Name + " " + x.ID })
	return v.show(views.Statuses(page, system))
}

func (v *visit) status() (linking.Status, error) {
	list, err := v.svc.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return linking.Status{}, err
	}
	i := slices.IndexFunc(list, func(s linking.Status) bool { return s.ID == v.gin.Param("id") && !s.System })
	if i < 0 {
		return linking.Status{}, notFound()
	}
	return list[i], nil
}

func (v *visit) showStatus() error {
	if v.gin.Param("id") == "new" {
		return v.show(views.Status("new", "", views.Form{Values: views.Values("type", "default")}))
	}
	s, err := v.status()
	if err != nil {
		return err
	}
	return v.show(views.Status(s.ID, s.Name, views.Form{Values: views.Values("name", s.Name, "type", s.Type, "text", s.Text)}))
}

func (v *visit) saveStatus() error {
	key := v.gin.Param("id")
	in := linking.Status{ID: key, Name: v.posted("name"), Type: v.posted("type"), Text: v.posted("text")}
	if key == "new" {
		in.ID = v.posted("id")
	} else if _, err := v.status(); err != nil {
		return err
	}
	if _, err := v.svc.SaveStatus(v.gin.Request.Context(), v.actor, in); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.Status(key, in.Name, form))
	}
	return v.done(v.to("/statuses"), "Opgeslagen.")
}

func (v *visit) deleteStatus() error {
	err := v.svc.DeleteStatus(v.gin.Request.Context(), v.actor, v.gin.Param("id"))
	return v.did(err, v.to("/statuses"), "De status is verwijderd.")
}

func (v *visit) showSuppliers() error {
	list, err := v.svc.Suppliers(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	page := listOf(v, list, func(x db.Supplier) string { return itoa(x.ID) }, func(x db.Supplier) string { return x.Name + " " + x.Identifier })
	return v.show(views.Suppliers(page))
}

func (v *visit) showSupplier() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	if id == 0 {
		return v.show(views.Supplier("new", "", views.Form{Values: views.Values("active", "1")}))
	}
	s, err := v.svc.Supplier(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	return v.show(views.Supplier(itoa(id), s.Name, views.Form{Values: views.Values(
		"name", s.Name, "identifier", s.Identifier, "description", s.Description, "text", s.Text, "active", views.Flag(s.Active),
	)}))
}

func (v *visit) saveSupplier() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	in := db.Supplier{ID: id, Name: v.posted("name"), Identifier: v.posted("identifier"), Description: v.posted("description"), Text: v.posted("text"), Active: v.posted("active") != ""}
	if _, err := v.svc.SaveSupplier(v.gin.Request.Context(), v.actor, in); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.Supplier(v.gin.Param("id"), in.Name, form))
	}
	return v.done(v.to("/suppliers"), "Opgeslagen.")
}
