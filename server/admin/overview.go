package admin

import (
	"slices"

	"koppel/server/admin/views"
	"koppel/server/service"
)

// showOverview shows an admin what to know first; others see their own sales.
func (v *visit) showOverview() error {
	if !v.actor.Admin() {
		v.redirect(v.to("/sales"))
		return nil
	}
	o, err := v.svc.Overview(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.show(views.Overview(o))
}

func (v *visit) showActionRequired() error {
	o, err := v.svc.Overview(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.show(views.ActionRequired(o))
}

func (v *visit) showForwardings() error {
	link, err := v.link()
	if err != nil {
		return err
	}
	ctx := v.gin.Request.Context()
	search := service.ForwardingSearch{IntegrationID: &link.ID, Cause: v.q("cause"), BeforeID: v.qID("before")}
	if state := v.q("state"); slices.Contains(views.ForwardingStates, state) {
		search.States = []string{state}
	}
	if code := v.q("code"); code != "" {
		subject := v.q("subject")
		search.Code, search.Subject = &code, &subject
	}
	page, err := v.svc.ForwardingPage(ctx, v.actor, search)
	if err != nil {
		return err
	}
	states, err := v.svc.ForwardingStates(ctx, v.actor, link.ID)
	if err != nil {
		return err
	}
	return v.show(views.Forwardings(views.ForwardingsView{Link: link, Page: page, States: states, First: search.BeforeID == 0}))
}

// retryForwardings has many forwardings looked at again: those chosen, or all with a cause at a partner.
func (v *visit) retryForwardings() error {
	in := service.RetryInput{IDs: v.postedIDs("ids"), Cause: v.posted("cause"), IntegrationID: v.postedID("integration_id")}
	if len(in.IDs) == 0 {
		in.IDs = nil
	}
	back := v.back(v.to("/action-required"))
	if in.IDs == nil && in.IntegrationID == nil {
		return v.did(&service.Error{Status: 422, Key: "nothing_chosen"}, back, "")
	}
	count, _, err := v.svc.RetryForwardings(v.gin.Request.Context(), v.actor, in)
	return v.did(err, back, "%s verzendingen worden opnieuw bekeken, in het tempo van de partner.", count)
}

func (v *visit) retryForwarding() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, _, err = v.svc.RetryForwardings(v.gin.Request.Context(), v.actor, service.RetryInput{IDs: []int64{id}})
	return v.did(err, v.back(v.to("/action-required")), "De transactie wordt opnieuw bekeken.")
}

func (v *visit) abandonForwarding() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.AbandonForwarding(v.gin.Request.Context(), v.actor, id, v.posted("reason"))
	return v.did(err, v.back(v.to("/action-required")), "De transactie wordt niet verzonden.")
}

func (v *visit) adoptSale() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.AdoptSale(v.gin.Request.Context(), v.actor, id, v.posted("partner_sale_id"))
	return v.did(err, v.back(v.to("/action-required")), "Overgenomen: dit is de transactie bij de partner.")
}

func (v *visit) resendForwarding() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.ResendForwarding(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.back(v.to("/action-required")), "De transactie wordt opnieuw verzonden.")
}
