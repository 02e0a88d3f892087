package admin

import (
	"encoding/json"

	"koppel/db"
	"koppel/server/admin/views"
	"koppel/states"
)

func (v *visit) showIncoming() error {
	list, err := v.svc.Incoming.IncomingLinks(v.gin.Request.Context(), v.actor)
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
	link, err := v.svc.Incoming.IncomingLink(v.gin.Request.Context(), v.actor, id)
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
	statuses, err := v.svc.Catalogue.Statuses(v.gin.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	traffic, err := v.svc.Incoming.LinkTraffic(v.gin.Request.Context(), v.actor, link.ID)
	if err != nil {
		return err
	}
	jobs, err := v.svc.JobsOf(v.gin.Request.Context(), v.actor, states.SubjectLink, link.ID)
	if err != nil {
		return err
	}
	return v.page(form.Status(), views.IncomingLink(link, traffic, jobs, statuses, form))
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
	if _, err := v.svc.Incoming.UpdateIncomingLink(ctx, v.actor, id, patch); err != nil {
		form := v.form()
		if !v.refused(&form, err) {
			return err
		}
		link, err := v.svc.Incoming.IncomingLink(ctx, v.actor, id)
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
	_, err = v.svc.Incoming.ResetLinkKey(v.gin.Request.Context(), v.actor, id)
	return v.did(err, v.to("/incoming/%d", id), "De sleutel is vergeten. De volgende ondertekende oproep legt een nieuwe vast.")
}
