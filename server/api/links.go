package api

import (
	"encoding/json"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
)

func (c *call) capabilities() (reply, error) { return ok(c.svc.Capabilities(c.actor)) }

func (c *call) putLink() (reply, error) {
	var in salesdock.Link
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	link, err := c.svc.PutLink(c.ctx(), c.actor, in)
	capabilities := c.svc.Capabilities(c.actor)
	return okOr(salesdock.LinkAnswer{LinkID: link.ID, Capabilities: &capabilities}, err)
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

func wireTraffic(t service.LinkTraffic) map[string]any {
	var reported, lastSale any
	if t.ReportedAt != nil {
		reported = salesdock.Stamp{Time: *t.ReportedAt}
	}
	if t.Sent.Sales > 0 {
		lastSale = salesdock.Stamp{Time: t.Sent.LastAt}
	}
	products := func(list []db.ProductsOfferedRow) []map[string]any {
		rows := make([]map[string]any, 0, len(list))
		for _, p := range list {
			rows = append(rows, map[string]any{"id": p.ID, "identifier": p.Identifier, "name": p.Name})
		}
		return rows
	}
	return map[string]any{
		"offered": t.Offered, "imported": t.Imported, "imports_reported_at": reported, "withdrawn": t.Withdrawn,
		"not_imported": products(t.NotImported), "without_flow": products(t.WithoutFlow),
		"sales": t.Sent.Sales, "sales_last_30_days": t.Sent.Recent, "last_sale_at": lastSale, "open_cancellation_requests": t.Sent.CancellationRequests,
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
	if err != nil {
		return reply{}, err
	}
	traffic, err := c.svc.LinkTraffic(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	row := wireLink(l)
	row["traffic"] = wireTraffic(traffic)
	return ok(row)
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
