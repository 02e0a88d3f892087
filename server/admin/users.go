package admin

import (
	"slices"

	"koppel/db"
	"koppel/server/admin/views"
	"koppel/server/service/access"
	"koppel/states"
)

func (v *visit) showUsers() error {
	ctx := v.gin.Request.Context()
	list, err := v.svc.Access.Users(ctx, v.actor)
	if err != nil {
		return err
	}
	organisations, err := v.svc.Access.Organisations(ctx, v.actor)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, o := range organisations {
		names[o.ID] = o.Name
	}
	total, role := len(list), v.q("role")
	list = slices.DeleteFunc(list, func(u db.User) bool { return role != "" && u.Role != states.Role(role) })
	page := listOf(v, list, func(u db.User) string { return itoa(u.ID) }, func(u db.User) string { return access.UserName(u) + " " + u.Email })
	return v.show(views.Users(page, total, names))
}

func (v *visit) showNewUser() error {
	return v.newUserPage(views.Form{Values: views.Values("role", "agent", "organisation_id", v.q("organisation"))})
}

func (v *visit) newUserPage(form views.Form) error {
	organisations, err := v.svc.Access.Organisations(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.NewUser(organisations, form))
}

func (v *visit) postedUser() access.UserInput {
	return access.UserInput{
		Email: v.posted("email"), Firstname: v.posted("firstname"), Lastname: v.posted("lastname"), Role: states.Role(v.posted("role")),
		Password: v.gin.PostForm("password"), OrganisationID: v.postedID("organisation_id"),
	}
}

func (v *visit) saveNewUser() error {
	in := v.postedUser()
	user, err := db.User{}, v.confirmed(access.SensitiveNew(in))
	if err == nil {
		user, err = v.svc.Access.CreateUser(v.gin.Request.Context(), v.actor, in)
	}
	if err != nil {
		form := v.form()
		form.Values.Del("password")
		form.Values.Del("your_password")
		if !v.refused(&form, err) {
			return err
		}
		return v.newUserPage(form)
	}
	return v.done(v.to("/users/%d/tokens", user.ID), "%s is toegevoegd. Genereer hier een token als dat nodig is.", access.UserName(user))
}

func (v *visit) showUser() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	user, err := v.svc.Access.User(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	return v.userPage(user, nil, userForm(user))
}

func userForm(user db.User) views.Form {
	values := views.Values("email", user.Email, "firstname", user.Firstname, "lastname", user.Lastname, "role", string(user.Role), "active", views.Flag(user.Active))
	if user.OrganisationID != nil {
		values.Set("organisation_id", itoa(*user.OrganisationID))
	}
	return views.Form{Values: values}
}

func (v *visit) userPage(user db.User, invitation *access.Invitation, form views.Form) error {
	ctx := v.gin.Request.Context()
	organisations, err := v.svc.Access.Organisations(ctx, v.actor)
	if err != nil {
		return err
	}
	tokens, err := v.svc.Access.Tokens(ctx, v.actor, user.ID)
	if err != nil {
		return err
	}
	audit, err := v.svc.AuditLogOf(ctx, v.actor, "user", itoa(user.ID))
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.User(user, invitation, tokens, organisations, audit, form))
}

func (v *visit) saveUser() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx, in, active := v.gin.Request.Context(), v.postedUser(), v.posted("active") != ""
	user, err := v.svc.Access.User(ctx, v.actor, id)
	if err != nil {
		return err
	}
	if err = v.confirmed(access.Sensitive(user, in, active)); err == nil {
		_, err = v.svc.Access.UpdateUser(ctx, v.actor, id, in, active)
	}
	if err != nil {
		form := v.form()
		form.Values.Del("password")
		form.Values.Del("your_password")
		if !v.refused(&form, err) {
			return err
		}
		return v.userPage(user, nil, form)
	}
	return v.done(v.to("/users/%d", id), "Opgeslagen.")
}

// confirmed has the person prove again who they are, where that is needed.
func (v *visit) confirmed(needed bool) error {
	if !needed {
		return nil
	}
	return v.svc.Access.ConfirmPassword(v.gin.Request.Context(), v.actor, v.gin.PostForm("your_password"))
}

// inviteUser makes a link to choose a password with, and shows it this once.
func (v *visit) inviteUser() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	if err := v.confirmed(true); err != nil {
		return v.did(err, v.to("/users/%d", id), "")
	}
	invitation, err := v.svc.Access.InviteUser(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	v.site.Path = v.to("/users/%d", id) // which page this is, and where a change of language returns to
	return v.userPage(invitation.User, &invitation, userForm(invitation.User))
}
