package admin

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/admin/views"
	"koppel/server/service"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// lines splits a field of several lines; empty ones do not count.
func lines(text string) []string {
	list := []string{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func (v *visit) showOrganisations() error {
	ctx := v.gin.Request.Context()
	list, err := v.svc.Organisations(ctx, v.actor)
	if err != nil {
		return err
	}
	counts, err := v.svc.OrganisationCounts(ctx, v.actor)
	if err != nil {
		return err
	}
	page := listOf(v, list, func(o db.Organisation) string { return itoa(o.ID) }, func(o db.Organisation) string { return o.Name + " " + o.Identifier })
	return v.show(views.Organisations(page, counts))
}

func (v *visit) showNewOrganisation() error {
	return v.show(views.NewOrganisation(views.Form{Values: views.Values()}))
}

func (v *visit) postedOrganisation() service.OrganisationInput {
	return service.OrganisationInput{Name: v.posted("name"), Identifier: v.posted("identifier"), Description: v.posted("description"), SalesChannel: v.posted("sales_channel"), Details: v.organisationDetails()}
}

func (v *visit) saveNewOrganisation() error {
	o, err := v.svc.CreateOrganisation(v.gin.Request.Context(), v.actor, v.postedOrganisation())
	if err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.NewOrganisation(form))
	}
	return v.done(v.to("/organisations/%d/products", o.ID), "%s is toegevoegd. Geef nu producten vrij, daarna flows.", o.Name)
}

func (v *visit) organisation() (head views.OrganisationHead, err error) {
	id, err := v.id("id")
	if err != nil {
		return head, err
	}
	ctx := v.gin.Request.Context()
	if head.Organisation, err = v.svc.Organisation(ctx, v.actor, id); err != nil {
		return head, err
	}
	counts, err := v.svc.OrganisationCounts(ctx, v.actor)
	head.Counts = counts[id]
	return head, err
}

func (v *visit) showOrganisation() error {
	head, err := v.organisation()
	if err != nil {
		return err
	}
	values := views.Values("name", head.Name, "identifier", head.Identifier, "description", head.Description, "sales_channel", head.SalesChannel)
	for name, value := range head.Details {
		values.Set(name, value)
	}
	return v.organisationPage(head, views.Form{Values: values})
}

func (v *visit) organisationPage(head views.OrganisationHead, form views.Form) error {
	ctx := v.gin.Request.Context()
	users, err := v.svc.Users(ctx, v.actor)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(u db.User) bool { return u.OrganisationID == nil || *u.OrganisationID != head.ID })
	audit, err := v.svc.AuditOf(ctx, v.actor, "organisation", itoa(head.ID))
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.Organisation(head, users, audit, form))
}

func (v *visit) saveOrganisation() error {
	head, err := v.organisation()
	if err != nil {
		return err
	}
	if _, err := v.svc.UpdateOrganisation(v.gin.Request.Context(), v.actor, head.ID, v.postedOrganisation()); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.organisationPage(head, form)
	}
	return v.done(v.to("/organisations/%d", head.ID), "Opgeslagen.")
}

func (v *visit) deleteOrganisation() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	if err := v.svc.DeleteOrganisation(v.gin.Request.Context(), v.actor, id); err != nil {
		return v.did(err, v.to("/organisations/%d", id), "")
	}
	return v.done(v.to("/organisations"), "De organisatie is verwijderd.")
}

func (v *visit) showGrants() error {
	head, err := v.organisation()
	if err != nil {
		return err
	}
	search := service.GrantSearch{Q: v.q("q"), Granted: v.qFlag("granted"), AfterID: v.qID("after")}
	page, err := v.svc.GrantPage(v.gin.Request.Context(), v.actor, head.ID, search)
	if err != nil {
		return err
	}
	return v.show(views.Grants(head, page, search.AfterID == 0))
}

func (v *visit) saveGrants() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	back := v.back(v.to("/organisations/%d/products", id))
	ids, do := v.postedIDs("products"), v.posted("do")
	search := service.GrantSearch{Q: v.posted("q")}
	switch v.posted("granted") {
	case "1":
		search.Granted = new(true)
	case "0":
		search.Granted = new(false)
	}
	if strings.HasSuffix(do, "-all") {
		ids = nil
	} else if len(ids) == 0 {
		return v.did(&service.Error{Status: 422, Key: "nothing_chosen"}, back, "")
	}
	withdraw := strings.HasPrefix(do, "withdraw")
	count, err := v.svc.ChangeGrants(v.gin.Request.Context(), v.actor, id, ids, search, withdraw)
	if withdraw {
		return v.did(err, back, "%s producten ingetrokken. Wie ze geïmporteerd heeft, merkt het meteen.", count)
	}
	return v.did(err, back, "%s producten vrijgegeven.", count)
}

func (v *visit) showFlowGrants() error {
	head, err := v.organisation()
	if err != nil {
		return err
	}
	ids, err := v.svc.OrganisationFlows(v.gin.Request.Context(), v.actor, head.ID)
	if err != nil {
		return err
	}
	form := views.Form{Values: views.Values()}
	for _, id := range ids {
		form.Values.Add("flows", itoa(id))
	}
	flows, err := v.svc.Flows(v.gin.Request.Context(), v.actor, true)
	if err != nil {
		return err
	}
	return v.show(views.FlowGrants(head, flows, form))
}

func (v *visit) saveFlowGrants() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.GrantFlows(v.gin.Request.Context(), v.actor, id, v.postedIDs("flows"))
	return v.did(err, v.to("/organisations/%d/flows", id), "Opgeslagen.")
}

func (v *visit) showUsers() error {
	ctx := v.gin.Request.Context()
	list, err := v.svc.Users(ctx, v.actor)
	if err != nil {
		return err
	}
	organisations, err := v.svc.Organisations(ctx, v.actor)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, o := range organisations {
		names[o.ID] = o.Name
	}
	total, role := len(list), v.q("role")
	list = slices.DeleteFunc(list, func(u db.User) bool { return role != "" && u.Role != role })
	page := listOf(v, list, func(u db.User) string { return itoa(u.ID) }, func(u db.User) string { return service.UserName(u) + " " + u.Email })
	return v.show(views.Users(page, total, names))
}

func (v *visit) showNewUser() error {
	return v.newUserPage(views.Form{Values: views.Values("role", "agent", "organisation_id", v.q("organisation"))})
}

func (v *visit) newUserPage(form views.Form) error {
	organisations, err := v.svc.Organisations(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.NewUser(organisations, form))
}

func (v *visit) postedUser() service.UserInput {
	return service.UserInput{
		Email: v.posted("email"), Firstname: v.posted("firstname"), Lastname: v.posted("lastname"), Role: v.posted("role"),
		Password: v.gin.PostForm("password"), OrganisationID: v.postedID("organisation_id"),
	}
}

func (v *visit) saveNewUser() error {
	user, err := v.svc.CreateUser(v.gin.Request.Context(), v.actor, v.postedUser())
	if err != nil {
		form := v.form()
		form.Values.Del("password")
		if !v.refused(&form, err) {
			return err
		}
		return v.newUserPage(form)
	}
	return v.done(v.to("/users/%d/tokens", user.ID), "%s is toegevoegd. Genereer hier een token als dat nodig is.", service.UserName(user))
}

func (v *visit) showUser() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	user, err := v.svc.User(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	return v.userPage(user, nil, userForm(user))
}

func userForm(user db.User) views.Form {
	values := views.Values("email", user.Email, "firstname", user.Firstname, "lastname", user.Lastname, "role", user.Role, "active", views.Flag(user.Active))
	if user.OrganisationID != nil {
		values.Set("organisation_id", itoa(*user.OrganisationID))
	}
	return views.Form{Values: values}
}

func (v *visit) userPage(user db.User, invitation *service.Invitation, form views.Form) error {
	ctx := v.gin.Request.Context()
	organisations, err := v.svc.Organisations(ctx, v.actor)
	if err != nil {
		return err
	}
	tokens, err := v.svc.Tokens(ctx, v.actor, user.ID)
	if err != nil {
		return err
	}
	audit, err := v.svc.AuditOf(ctx, v.actor, "user", itoa(user.ID))
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
	ctx := v.gin.Request.Context()
	if _, err := v.svc.UpdateUser(ctx, v.actor, id, v.postedUser(), v.posted("active") != ""); err != nil {
		form := v.form()
		form.Values.Del("password")
		if !v.refused(&form, err) {
			return err
		}
		user, err := v.svc.User(ctx, v.actor, id)
		if err != nil {
			return err
		}
		return v.userPage(user, nil, form)
	}
	return v.done(v.to("/users/%d", id), "Opgeslagen.")
}

// inviteUser makes a link to choose a password with, and shows it this once.
func (v *visit) inviteUser() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	invitation, err := v.svc.InviteUser(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	v.site.Path = v.to("/users/%d", id) // which page this is, and where a change of language returns to
	return v.userPage(invitation.User, &invitation, userForm(invitation.User))
}

func (v *visit) showTokens() error {
	return v.tokenPage("", views.Form{Values: views.Values("integration", "1")})
}

func (v *visit) tokenPage(fresh string, form views.Form) error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	user, err := v.svc.User(ctx, v.actor, id)
	if err != nil {
		return err
	}
	tokens, err := v.svc.Tokens(ctx, v.actor, id)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.Tokens(user, tokens, fresh, form))
}

// createToken makes a token after the password was given again, and shows it this once.
func (v *visit) createToken() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	form := v.form()
	in := service.TokenInput{Name: v.posted("name"), Integration: v.posted("integration") != "", IPAllowlist: lines(v.posted("ip_allowlist"))}
	if text := v.posted("expires_at"); text != "" {
		day, err := time.ParseInLocation(time.DateOnly, text, salesdock.Amsterdam)
		if err != nil {
			form.Message, form.Errors = v.say("invalid"), map[string][]string{"expires_at": {v.say("field_invalid", text)}}
			return v.tokenPage("", form)
		}
		in.ExpiresAt = new(day.AddDate(0, 0, 1))
	}
	var text string
	err = v.svc.ConfirmPassword(v.gin.Request.Context(), v.actor, v.gin.PostForm("your_password"))
	if err == nil {
		_, text, err = v.svc.CreateToken(v.gin.Request.Context(), v.actor, id, in)
	}
	form.Values.Del("your_password")
	if err != nil {
		if !v.refused(&form, err) {
			return err
		}
		return v.tokenPage("", form)
	}
	return v.tokenPage(text, views.Form{Values: views.Values("integration", "1")})
}

func (v *visit) revokeToken() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	token, err := v.id("token")
	if err != nil {
		return err
	}
	err = v.svc.RevokeToken(v.gin.Request.Context(), v.actor, id, token)
	return v.did(err, v.to("/users/%d/tokens", id), "Het token is ingetrokken.")
}

func (v *visit) showEnvironment() error {
	env, err := v.svc.Environment(v.gin.Request.Context(), v.actor.Account)
	if err != nil {
		return err
	}
	return v.show(views.Environment(views.Form{Values: views.Values("name", env.Name, "language", env.Language)}))
}

func (v *visit) saveEnvironment() error {
	if err := v.svc.UpdateEnvironment(v.gin.Request.Context(), v.actor, v.posted("name"), v.posted("language")); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.Environment(form))
	}
	return v.done(v.to("/environment"), "Opgeslagen.")
}

func (v *visit) showIncoming() error {
	list, err := v.svc.IncomingLinks(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.show(views.Incoming(list))
}

func (v *visit) showIncomingLink() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	link, err := v.svc.IncomingLink(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	s := link.Settings
	return v.incomingLinkPage(link, views.Form{Values: views.Values(
		"validate_verification", views.Flag(s.ValidateVerification), "validate_agreements", views.Flag(s.ValidateAgreements),
		"send_confirmation_mail", views.Flag(s.SendConfirmationMail), "accept_cancellation_requests", views.Flag(s.AcceptCancellationRequests),
		"initial_offer_status", s.InitialOfferStatus, "initial_order_status", s.InitialOrderStatus,
	)})
}

func (v *visit) incomingLinkPage(link db.IncomingLink, form views.Form) error {
	statuses, err := v.svc.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	traffic, err := v.svc.LinkTraffic(v.gin.Request.Context(), v.actor, link.ID)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.IncomingLink(link, traffic, statuses, form))
}

func (v *visit) saveIncomingLink() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	patch, err := json.Marshal(map[string]any{
		"validate_verification": v.posted("validate_verification") != "", "validate_agreements": v.posted("validate_agreements") != "",
		"send_confirmation_mail": v.posted("send_confirmation_mail") != "", "accept_cancellation_requests": v.posted("accept_cancellation_requests") != "",
		"initial_offer_status": v.posted("initial_offer_status"), "initial_order_status": v.posted("initial_order_status"),
	})
	if err != nil {
		return err
	}
	if _, err := v.svc.UpdateIncomingLink(ctx, v.actor, id, patch); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		link, err := v.svc.IncomingLink(ctx, v.actor, id)
		if err != nil {
			return err
		}
		return v.incomingLinkPage(link, form)
	}
	return v.done(v.to("/incoming/%d", id), "Opgeslagen.")
}

// resetLinkKey forgets the key that a linked environment signs with.
func (v *visit) resetLinkKey() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.ResetLinkKey(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/incoming/%d", id), "De sleutel is vergeten. De volgende ondertekende oproep legt een nieuwe vast.")
}

// organisationDetails reads company, address and contact from the form.
func (v *visit) organisationDetails() linking.OrganisationDetails {
	details := linking.OrganisationDetails{}
	for _, name := range linking.OrganisationFields {
		if value := v.posted(name); value != "" {
			details[name] = value
		}
	}
	return details
}
