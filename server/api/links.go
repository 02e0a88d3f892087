package api

import (
	"encoding/json"

	"koppel/db"
	"koppel/salesdock"
)

func (c *call) capabilities() (reply, error) { return ok(c.svc.Capabilities(c.actor)) }

func (c *call) putLink() (reply, error) {
	var in salesdock.Link
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	link, err := c.svc.PutLink(c.ctx(), c.actor, in)
	return okOr(map[string]any{"link_id": link.ID}, err)
}

func (c *call) deleteLink() (reply, error) { return okOr(nil, c.svc.EndLink(c.ctx(), c.actor)) }

func wireLink(l db.IncomingLink) map[string]any {
	s := l.Settings
	var fingerprint any
	if l.PartnerKey != nil {
		fingerprint = salesdock.Fingerprint(l.PartnerKey)
	}
	return map[string]any{
		"key_fingerprint": fingerprint,
		"id":              l.ID, "account": l.PartnerAccount, "base_url": l.PartnerBaseURL, "state": l.State, "user_id": l.UserID,
		"linked_at": salesdock.Stamp{Time: l.LinkedAt}, "last_contact_at": salesdock.Stamp{Time: l.LastContactAt},
		"validate_verification": s.ValidateVerification, "validate_agreements": s.ValidateAgreements,
		"initial_offer_status": s.InitialOfferStatus, "initial_order_status": s.InitialOrderStatus,
		"send_confirmation_mail": s.SendConfirmationMail, "accept_cancellation_requests": s.AcceptCancellationRequests,
	}
}

func (c *call) incomingLinks() (reply, error) {
	list, err := c.svc.IncomingLinks(c.ctx(), c.actor)
	rows := make([]map[string]any, 0, len(list))
	for _, l := range list {
		row := wireLink(db.IncomingLink{
			ID: l.ID, UserID: l.UserID, PartnerAccount: l.PartnerAccount, PartnerBaseURL: l.PartnerBaseURL, State: l.State, Settings: l.Settings, LinkedAt: l.LinkedAt, LastContactAt: l.LastContactAt,
			PartnerKey: l.PartnerKey,
		})
		row["user"], row["organisation_id"], row["sales"] = l.Email, l.OrganisationID, l.Sales
		rows = append(rows, row)
	}
	return okOr(rows, err)
}

func (c *call) incomingLink() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	l, err := c.svc.IncomingLink(c.ctx(), c.actor, id)
	return okOr(wireLink(l), err)
}

func (c *call) updateIncomingLink() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var patch json.RawMessage
	if err := c.bind(&patch); err != nil {
		return reply{}, err
	}
	l, err := c.svc.UpdateIncomingLink(c.ctx(), c.actor, id, patch)
	return okOr(wireLink(l), err)
}

func (c *call) resetLinkKey() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	l, err := c.svc.ResetLinkKey(c.ctx(), c.actor, id)
	return okOr(wireLink(l), err)
}
