package admin

import "koppel/server/admin/views"

// showInvitation lets somebody who was invited choose a password.
func (v *visit) showInvitation() error {
	return v.invitationPage(views.Form{Values: views.Values()})
}

func (v *visit) invitationPage(form views.Form) error {
	env, user, err := v.svc.Access.Invited(v.gin.Request.Context(), v.gin.Param("account"), v.gin.Param("text"))
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.Invitation(env.Name, user.Email, v.gin.Request.URL.Path, form))
}

func (v *visit) acceptInvitation() error {
	err := v.svc.Access.AcceptInvitation(v.gin.Request.Context(), v.gin.Param("account"), v.gin.Param("text"), v.gin.PostForm("password"))
	if err != nil {
		form := v.form()
		form.Values.Del("password")
		if !v.refused(&form, err) {
			return err
		}
		return v.invitationPage(form)
	}
	return v.done("/sign-in", "Je wachtwoord is opgeslagen. Log nu in.")
}
