package admin

import (
	"slices"

	"koppel/linking"
	"koppel/server/admin/views"
)

func (v *visit) showStatuses() error {
	list, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	system := v.q("system") != ""
	list = slices.DeleteFunc(list, func(x linking.Status) bool { return x.System && !system })
	page := listOf(v, list, func(x linking.Status) string { return x.ID }, func(x linking.Status) string { return x.Name + " " + x.ID })
	return v.show(views.Statuses(page, system))
}

func (v *visit) status() (linking.Status, error) {
	list, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return linking.Status{}, err
	}
	i := slices.IndexFunc(list, func(s linking.Status) bool { return s.ID == v.gin.Param("id") && !s.System })
	if i < 0 {
		return linking.Status{}, notFound()
	}
	return list[i], nil
}

func (v *visit) showStatus() error {
	if v.gin.Param("id") == "new" {
		return v.show(views.Status("new", "", views.Form{Values: views.Values("type", "default")}))
	}
	s, err := v.status()
	if err != nil {
		return err
	}
	return v.show(views.Status(s.ID, s.Name, views.Form{Values: views.Values("name", s.Name, "type", s.Type, "text", s.Text)}))
}

func (v *visit) saveStatus() error {
	key := v.gin.Param("id")
	in := linking.Status{Name: v.posted("name"), Type: v.posted("type"), Text: v.posted("text")}
	id := key
	if key == "new" {
		id, in.ID = "", v.posted("id")
	}
	if _, err := v.svc.Catalogue.SaveStatus(v.gin.Request.Context(), v.actor, id, in); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		return v.page(form.Status(), views.Status(key, in.Name, form))
	}
	return v.done(v.to("/statuses"), "Opgeslagen.")
}

func (v *visit) deleteStatus() error {
	err := v.svc.Catalogue.DeleteStatus(v.gin.Request.Context(), v.actor, v.gin.Param("id"))
	return v.did(err, v.to("/statuses"), "De status is verwijderd.")
}
