package admin

import (
	"slices"

	"koppel/server/admin/views"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
)

// showOverview shows an admin what to know first; others see their own sales.
func (v *visit) showOverview() error {
	if !v.actor.Admin() {
		v.redirect(v.to("/sales"))
		return nil
	}
	o, err := v.svc.Overview.Read(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return v.show(views.Overview(o))
}

func (v *visit) showActionRequired() error {
	o, err := v.svc.Overview.Read(v.gin.Request.Context(), v.actor)
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
	search := sales.ForwardingSearch{IntegrationID: &link.ID, Cause: states.Reason(v.q("cause")), BeforeID: v.qID("before")}
	if state := v.q("state"); slices.Contains(views.ForwardingStates, states.ForwardingState(state)) {
		search.States = []string{state}
	}
	if code := v.q("code"); code != "" {
		subject := v.q("subject")
		search.Code, search.Subject = &code, &subject
	}
	page, err := v.svc.Sales.ForwardingPage(ctx, v.actor, search)
	if err != nil {
		return err
	}
	states, err := v.svc.Sales.ForwardingStates(ctx, v.actor, link.ID)
	if err != nil {
		return err
	}
	return v.show(views.Forwardings(views.ForwardingsView{Link: link, Page: page, States: states, First: search.BeforeID == 0}))
}

// retryForwardings has many forwardings looked at again: those chosen, or all with a cause at a partner.
func (v *visit) retryForwardings() error {
	in := sales.RetryInput{IDs: v.postedIDs("ids"), Cause: states.Reason(v.posted("cause")), IntegrationID: v.postedID("integration_id")}
	if len(in.IDs) == 0 {
		in.IDs = nil
	}
	back := v.back(v.to("/action-required"))
	if in.IDs == nil && in.IntegrationID == nil {
		return v.did(service.Refuse(service.KindIncomplete, "nothing_chosen"), back, "")
	}
	retried, err := v.svc.Sales.RetryForwardings(v.gin.Request.Context(), v.actor, in)
	if err != nil {
		return v.did(err, back, "")
	}
	said := v.site.N(int64(retried.Count), "%s verzending wordt opnieuw bekeken.", "%s verzendingen worden opnieuw bekeken, in het tempo van de partner.")
	for _, h := range retried.Held {
		said += " " + v.say(h.Sentence().Key, h.Sentence().Args...)
	}
	v.flash(views.Flash{Kind: "good", Text: said})
	v.redirect(back)
	return nil
}

// settleUnknown settles the unknown outcomes of a link together.
func (v *visit) settleUnknown() error {
	in := sales.SettleInput{Action: states.OperationKind(v.posted("action")), Reason: v.posted("reason")}
	if id := v.postedID("integration_id"); id != nil {
		in.IntegrationID = *id
	}
	settled, err := v.svc.Sales.SettleUnknown(v.gin.Request.Context(), v.actor, in)
	back := v.to("/action-required")
	switch in.Action {
	case states.SettleAdopt:
		return v.did(err, back, "%s transacties worden overgenomen. Hier zie je hoe ver het is.", settled.Count)
	case states.SettleAbandon:
		return v.did(err, back, "%s transacties worden niet verzonden. Hier zie je hoe ver het is.", settled.Count)
	}
	return v.did(err, back, "%s transacties worden opnieuw verzonden, in het tempo van de partner. Hier zie je hoe ver het is.", settled.Count)
}

func (v *visit) retryForwarding() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	_, err = v.svc.Sales.RetryForwardings(v.gin.Request.Context(), v.actor, sales.RetryInput{IDs: []int64{id}})
	return v.did(err, v.back(v.to("/action-required")), "De transactie wordt opnieuw bekeken.")
}

func (v *visit) abandonForwarding() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Sales.AbandonForwarding(v.gin.Request.Context(), v.actor, id, v.posted("reason"))
	return v.did(err, v.back(v.to("/action-required")), "De transactie wordt niet verzonden.")
}

func (v *visit) adoptSale() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Sales.AdoptSale(v.gin.Request.Context(), v.actor, id, v.posted("partner_sale_id"))
	return v.did(err, v.back(v.to("/action-required")), "Overgenomen: dit is de transactie bij de partner.")
}

func (v *visit) resendForwarding() error {
	id, err := v.id("id")
	if err != nil {
		return err
	}
	err = v.svc.Sales.ResendForwarding(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.back(v.to("/action-required")), "De transactie wordt opnieuw verzonden.")
}
