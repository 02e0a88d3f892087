package admin

import (
	"strings"

	"koppel/server/admin/views"
	"koppel/server/service"
	"koppel/server/service/catalogue"
)

func (v *visit) showGrants() error {
	head, err := v.organisation()
	if err != nil {
		return err
	}
	search := catalogue.GrantSearch{Q: v.q("q"), Granted: v.qFlag("granted"), AfterID: v.qID("after")}
	page, err := v.svc.Catalogue.GrantPage(v.gin.Request.Context(), v.actor, head.ID, search)
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
	search := catalogue.GrantSearch{Q: v.posted("q")}
	switch v.posted("granted") {
	case "1":
		search.Granted = new(true)
	case "0":
		search.Granted = new(false)
	}
	if strings.HasSuffix(do, "-all") {
		ids = nil
	} else if len(ids) == 0 {
		return v.did(service.Refuse(service.KindIncomplete, "nothing_chosen"), back, "")
	}
	withdraw := strings.HasPrefix(do, "withdraw")
	count, err := v.svc.Catalogue.ChangeGrants(v.gin.Request.Context(), v.actor, id, ids, search, withdraw)
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
	ids, err := v.svc.Catalogue.OrganisationFlows(v.gin.Request.Context(), v.actor, head.ID)
	if err != nil {
		return err
	}
	form := views.Form{Values: views.Values()}
	for _, id := range ids {
		form.Values.Add("flows", itoa(id))
	}
	flows, err := v.svc.Catalogue.Flows(v.gin.Request.Context(), v.actor, true)
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
	_, err = v.svc.Catalogue.GrantFlows(v.gin.Request.Context(), v.actor, id, v.postedIDs("flows"))
	return v.did(err, v.to("/organisations/%d/flows", id), "Opgeslagen.")
}
