package admin

import (
	"koppel/linking"
	"koppel/server/admin/views"
	"koppel/server/service/sales"
)

// showExisting asks which earlier sales go to the partner, and counts them when a choice was made.
func (v *visit) showExisting() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	form := views.Form{Values: views.Values("from", v.q("from"), "status_mode", v.q("status_mode"))}
	if form.Values.Get("status_mode") == "" {
		form.Values.Set("status_mode", "all")
	}
	form.Values["statuses"] = v.gin.QueryArray("statuses")
	var count *int
	if v.q("count") != "" {
		selection, err := existing(v.q("from"), v.q("status_mode"), v.gin.QueryArray("statuses"))
		if err == nil {
			var counted int
			counted, _, err = v.svc.Sales.ForwardExisting(v.gin.Request.Context(), v.actor, link.ID, selection, true)
			count = &counted
		}
		if err != nil {
			count = nil
			if !v.refused(&form, err) {
				return err
			}
		}
	}
	statuses, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.ForwardExisting(views.Settings{Link: link, Statuses: statuses}, form, count))
}

func existing(from, mode string, statuses []string) (selection linking.Selection, err error) {
	if from != "" {
		at, err := sales.ParseMoment("from", from)
		if err != nil {
			return selection, err
		}
		selection.From = &at
	}
	if mode == "specific" {
		selection.Statuses = statuses
	}
	return selection, nil
}

func (v *visit) forwardExisting() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	selection, err := existing(v.posted("from"), v.posted("status_mode"), v.gin.PostFormArray("statuses"))
	count := 0
	if err == nil {
		count, _, err = v.svc.Sales.ForwardExisting(v.gin.Request.Context(), v.actor, id, selection, false)
	}
	return v.did(err, v.to("/integrations/%d", id), "%s transacties gaan nu mee, in het tempo van de partner. Hier zie je hoe ver het is.", count)
}

func (v *visit) cancelOperation() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Sales.CancelOperation(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.back(v.to("/integrations")), "Gestopt. Wat al onderweg was gaat door; de rest blijft zoals het was.")
}
