package admin

import (
	"strconv"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/admin/views"
)

func (v *visit) showQuestions() error {
	list, err := v.svc.Catalogue.Questions(v.gin.Request.Context(), v.actor)
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
	row, err := v.svc.Catalogue.Question(v.gin.Request.Context(), v.actor, id)
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
	sort := v.postedSort()
	saved, err := v.svc.Catalogue.SaveQuestion(v.gin.Request.Context(), v.actor, id, linking.Question{
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
	err = v.svc.Catalogue.DeleteQuestion(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/questions"), "De productvraag is verwijderd.")
}
