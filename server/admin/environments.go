package admin

import (
	"strings"

	"koppel/server/admin/views"
	"koppel/server/service/access"
	"koppel/states"
)

func (v *visit) showEnvironments() error {
	return v.environmentsPage(views.Form{Values: views.Values("language", string(states.Dutch))}, nil)
}

// environmentsPage shows the installation's owner which environments there are; others hear who can make one.
func (v *visit) environmentsPage(form views.Form, made *access.Invitation) error {
	ctx := v.gin.Request.Context()
	view := views.EnvironmentsView{Made: made}
	var err error
	if view.List, view.Owner, err = v.svc.Access.Installation(ctx, v.actor); err != nil {
		return err
	}
	return v.page(form.Status(), views.Environments(view, form))
}

// addEnvironment makes an environment after the password was given again, and shows its owner's invitation this once.
func (v *visit) addEnvironment() error {
	form := v.form()
	account, language := strings.ToLower(v.posted("account")), states.Language(v.posted("language"))
	var made access.Invitation
	err := v.confirmed(true)
	if err == nil {
		made, err = v.svc.Access.AddEnvironment(v.gin.Request.Context(), v.actor, account, v.posted("name"), v.posted("email"), language)
	}
	form.Values.Del("your_password")
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.environmentsPage(form, nil)
	}
	return v.environmentsPage(views.Form{Values: views.Values("language", string(states.Dutch))}, &made)
}
