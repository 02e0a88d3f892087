package admin

import (
	"strconv"

	"koppel/db"
	"koppel/linking"
	"koppel/server/admin/views"
)

func (v *visit) showAgreements() error {
	list, err := v.svc.Catalogue.Agreements(v.gin.Request.Context(), v.actor)
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
	row, err := v.svc.Catalogue.Agreement(v.gin.Request.Context(), v.actor, id)
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
	sort := v.postedSort()
	saved, err := v.svc.Catalogue.SaveAgreement(v.gin.Request.Context(), v.actor, id, linking.Agreement{
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
	err = v.svc.Catalogue.DeleteAgreement(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/agreements"), "De accordering is verwijderd.")
}
