package admin

import "koppel/server/admin/views"

// showSetAside lists the rows of a partner that could not be read.
func (v *visit) showSetAside() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	rows, err := v.svc.Integrations.SetAside(v.gin.Request.Context(), v.actor, link.ID)
	if err != nil {
		return err
	}
	return v.show(views.SetAside(views.SetAsideView{Link: link, Rows: rows}))
}
