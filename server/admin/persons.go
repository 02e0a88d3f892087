package admin

import (
	"encoding/json"
	"strconv"

	"koppel/server/admin/views"
	"koppel/server/service/persons"
)

// showPerson finds what there is of somebody, and changes nothing.
func (v *visit) showPerson() error {
	view := views.PersonView{Form: views.Form{Values: views.Values("q", v.q("q"))}}
	return v.personPage(view, v.q("q"))
}

func (v *visit) personPage(view views.PersonView, typed string) error {
	if typed != "" {
		found, err := v.svc.Persons.Find(v.gin.Request.Context(), v.actor, persons.Typed(typed))
		if err == nil {
			view.Found = &found
		} else if !v.personRefused(&view.Form, err) {
			return err
		}
	}
	if view.Found != nil && len(view.Found.Sales) > 0 {
		list, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
		if err != nil {
			return err
		}
		view.Statuses = list
	}
	return v.page(view.Form.Status(), views.Person(view))
}

// personRefused says at the one field of the page what is wrong with any of three; a number that no sale has is no missing page.
func (v *visit) personRefused(f *views.Form, err error) bool {
	if isNotFound(err) {
		f.Message, f.Errors = v.say("invalid"), map[string][]string{"q": {v.say("not_found")}}
		return true
	}
	if !v.refused(f, err) {
		return false
	}
	for _, field := range []string{"email", "phone"} {
		if said := f.Errors[field]; len(said) > 0 {
			f.Errors = map[string][]string{"q": said}
		}
	}
	return true
}

// exportPerson gives a file with everything that is kept of somebody.
func (v *visit) exportPerson() error {
	typed := v.posted("q")
	export, err := v.svc.Persons.Export(v.gin.Request.Context(), v.actor, persons.Typed(typed))
	if err != nil {
		form := v.form()
		if !v.personRefused(&form, err) {
			return err
		}
		return v.personPage(views.PersonView{Form: form}, "")
	}
	content, err := json.MarshalIndent(export, "", "  ")
	if err != nil {
		return err
	}
	return v.download(v.actor.Account+"-"+strconv.FormatInt(v.svc.Now().Unix(), 10)+".json", content)
}

// erasePerson takes it all away once the password was given again. What others keep is shown this once: it is not found by its person
// any more.
func (v *visit) erasePerson() error {
	typed := v.posted("q")
	err := v.confirmed(true)
	if err == nil {
		var erased persons.Found
		if erased, err = v.svc.Persons.Erase(v.gin.Request.Context(), v.actor, persons.Typed(typed)); err == nil {
			v.site.Path = v.to("/persons") // which page this is, and where a change of language returns to
			return v.show(views.Person(views.PersonView{Erased: &erased}))
		}
	}
	form := v.form()
	form.Values.Del("your_password")
	if !v.personRefused(&form, err) {
		return err
	}
	return v.personPage(views.PersonView{Form: form}, typed)
}

// saveRetention changes for how long persons are kept.
func (v *visit) saveRetention() error {
	form := v.form()
	days := func(field string) int {
		text := v.posted(field)
		if text == "" {
			return 0
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return -1 // what is no number the service refuses, at its field
		}
		return n
	}
	err := v.svc.Persons.SetKept(v.gin.Request.Context(), v.actor, persons.Kept{Concepts: days("concepts_days"), Refused: days("refused_days"), Ended: days("ended_days")})
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.environmentPage(views.EnvironmentView{Kept: form})
	}
	return v.done(v.to("/environment"), "Opgeslagen.")
}
