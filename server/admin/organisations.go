package admin

import (
	"slices"

	"koppel/db"
	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/server/service/access"
)

func (v *visit) showOrganisations() error {
	ctx := v.gin.Request.Context()
	list, err := v.svc.Access.Organisations(ctx, v.actor)
	if err != nil {
		return err
	}
	counts, err := v.svc.Access.OrganisationCounts(ctx, v.actor)
	if err != nil {
		return err
	}
	page := listOf(v, list, func(o db.Organisation) string { return itoa(o.ID) }, func(o db.Organisation) string { return o.Name + " " + o.Identifier })
	return v.show(views.Organisations(page, counts))
}

func (v *visit) showNewOrganisation() error {
	return v.show(views.NewOrganisation(views.Form{Values: views.Values()}))
}

func (v *visit) postedOrganisation() access.OrganisationInput {
	return access.OrganisationInput{ByPerson: true, Name: v.posted("name"), Identifier: v.posted("identifier"), Description: v.posted("description"), SalesChannel: v.posted("sales_channel"), Details: v.organisationDetails()}
}

func (v *visit) saveNewOrganisation() error {
	o, err := v.svc.Access.CreateOrganisation(v.gin.Request.Context(), v.actor, v.postedOrganisation())
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
	if head.Organisation, err = v.svc.Access.Organisation(ctx, v.actor, id); err != nil {
		return head, err
	}
	counts, err := v.svc.Access.OrganisationCounts(ctx, v.actor)
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
	users, err := v.svc.Access.Users(ctx, v.actor)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(u db.User) bool { return u.OrganisationID == nil || *u.OrganisationID != head.ID })
	audit, err := v.svc.AuditLogOf(ctx, v.actor, "organisation", itoa(head.ID))
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
	if _, err := v.svc.Access.UpdateOrganisation(v.gin.Request.Context(), v.actor, head.ID, v.postedOrganisation()); err != nil {
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
	if err := v.svc.Access.DeleteOrganisation(v.gin.Request.Context(), v.actor, id); err != nil {
		return v.did(err, v.to("/organisations/%d", id), "")
	}
	return v.done(v.to("/organisations"), "De organisatie is verwijderd.")
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
