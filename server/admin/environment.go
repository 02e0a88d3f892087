package admin

import (
	"strconv"

	"koppel/server/admin/views"
	"koppel/states"
)

func (v *visit) showEnvironment() error { return v.environmentPage(views.EnvironmentView{}) }

// environmentPage shows what is kept where no form came back with what was typed.
func (v *visit) environmentPage(view views.EnvironmentView) error {
	ctx := v.gin.Request.Context()
	status := max(view.Named.Status(), view.Kept.Status())
	if view.Named.Values == nil {
		env, err := v.svc.Access.OwnEnvironment(ctx, v.actor)
		if err != nil {
			return err
		}
		view.Named = views.Form{Values: views.Values("name", env.Name, "language", string(env.Language))}
	}
	if view.Kept.Values == nil {
		kept, err := v.svc.Persons.Kept(ctx, v.actor)
		if err != nil {
			return err
		}
		days := func(n int) string {
			if n == 0 {
				return ""
			}
			return strconv.Itoa(n)
		}
		view.Kept = views.Form{Values: views.Values("concepts_days", days(kept.Concepts), "refused_days", days(kept.Refused), "ended_days", days(kept.Ended))}
	}
	return v.page(status, views.Environment(view))
}

func (v *visit) saveEnvironment() error {
	if err := v.svc.Access.UpdateEnvironment(v.gin.Request.Context(), v.actor, v.posted("name"), states.Language(v.posted("language"))); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.environmentPage(views.EnvironmentView{Named: form})
	}
	return v.done(v.to("/environment"), "Opgeslagen.")
}
