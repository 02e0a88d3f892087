package admin

import (
	"koppel/db"
	"koppel/server/admin/views"
)

func (v *visit) showSuppliers() error {
	list, err := v.svc.Catalogue.Suppliers(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	page := listOf(v, list, func(x db.Supplier) string { return itoa(x.ID) }, func(x db.Supplier) string { return x.Name + " " + x.Identifier })
	return v.show(views.Suppliers(page))
}

func (v *visit) showSupplier() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	if id == 0 {
		return v.show(views.Supplier("new", "", views.Form{Values: views.Values("active", "1")}))
	}
	s, err := v.svc.Catalogue.Supplier(v.gin.Request.Context(), v.actor, id)
	if err != nil {
		return err
	}
	return v.show(views.Supplier(itoa(id), s.Name, views.Form{Values: views.Values(
		"name", s.Name, "identifier", s.Identifier, "description", s.Description, "text", s.Text, "active", views.Flag(s.Active),
	)}))
}

func (v *visit) saveSupplier() error {
	id, err := v.key()
	if err != nil {
		return err
	}
	in := db.Supplier{ID: id, Name: v.posted("name"), Identifier: v.posted("identifier"), Description: v.posted("description"), Text: v.posted("text"), Active: v.posted("active") != ""}
	if _, err := v.svc.Catalogue.SaveSupplier(v.gin.Request.Context(), v.actor, in); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.Supplier(v.gin.Param("id"), in.Name, form))
	}
	return v.done(v.to("/suppliers"), "Opgeslagen.")
}
