package admin

import (
	"koppel/server/admin/views"
	"koppel/states"
)

func (v *visit) showEnvironment() error {
	env, err := v.svc.Access.OwnEnvironment(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.show(views.Environment(views.Form{Values: views.Values("name", env.Name, "language", string(env.Language))}))
}

func (v *visit) saveEnvironment() error {
	if err := v.svc.Access.UpdateEnvironment(v.gin.Request.Context(), v.actor, v.posted("name"), states.Language(v.posted("language"))); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.Environment(form))
	}
	return v.done(v.to("/environment"), "Opgeslagen.")
}
