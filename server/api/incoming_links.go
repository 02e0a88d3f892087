package api

import (
	"encoding/json"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service/incoming"
	"koppel/states"
)

// incomingLinkRow is the link of another environment towards us.
type incomingLinkRow struct {
	ID             int64            `json:"id"`
	Account        string           `json:"account"`
	BaseURL        string           `json:"base_url"`
	State          states.LinkState `json:"state"`
	UserID         int64            `json:"user_id"`
	LinkedAt       salesdock.Stamp  `json:"linked_at"`
	LastContactAt  salesdock.Stamp  `json:"last_contact_at"`
	KeyFingerprint *string          `json:"key_fingerprint"`
	linking.IncomingSettings
}

// listedIncomingLink says too who the link is, and what it sent.
type listedIncomingLink struct {
	incomingLinkRow
	User           string `json:"user"`
	OrganisationID *int64 `json:"organisation_id"`
	Sales          int64  `json:"sales"`
}

// incomingLinkDetail says too what goes over the link.
type incomingLinkDetail struct {
	incomingLinkRow
	Traffic linkTraffic `json:"traffic"`
}

// linkTraffic is what the other environment took over, what it sent, and what is lacking.
type linkTraffic struct {
	Offered                  int              `json:"offered"`
	Imported                 int              `json:"imported"`
	ImportsReportedAt        salesdock.Stamp  `json:"imports_reported_at"`
	Withdrawn                int              `json:"withdrawn"`
	NotImported              []lackingProduct `json:"not_imported"`
	WithoutFlow              []lackingProduct `json:"without_flow"`
	Sales                    int64            `json:"sales"`
	SalesLast30Days          int64            `json:"sales_last_30_days"`
	LastSaleAt               salesdock.Stamp  `json:"last_sale_at"`
	OpenCancellationRequests int64            `json:"open_cancellation_requests"`
}

type lackingProduct struct {
	ID         int64   `json:"id"`
	Identifier *string `json:"identifier"`
	Name       string  `json:"name"`
}

func wireIncomingLink(l db.IncomingLink) incomingLinkRow {
	row := incomingLinkRow{
		ID: l.ID, Account: l.PartnerAccount, BaseURL: l.PartnerBaseURL, State: l.State, UserID: l.UserID,
		LinkedAt: salesdock.Stamp{Time: l.LinkedAt}, LastContactAt: salesdock.Stamp{Time: l.LastContactAt}, IncomingSettings: l.Settings,
	}
	if l.PartnerKey != nil {
		row.KeyFingerprint = new(salesdock.Fingerprint(l.PartnerKey))
	}
	return row
}

func wireListedLink(l db.LinkListRow) listedIncomingLink {
	return listedIncomingLink{
		incomingLinkRow: wireIncomingLink(db.IncomingLink{
			ID: l.ID, UserID: l.UserID, PartnerAccount: l.PartnerAccount, PartnerBaseURL: l.PartnerBaseURL, State: l.State, Settings: l.Settings,
			LinkedAt: l.LinkedAt, LastContactAt: l.LastContactAt, PartnerKey: l.PartnerKey,
		}),
		User: l.Email, OrganisationID: l.OrganisationID, Sales: l.Sales,
	}
}

func wireTraffic(t incoming.LinkTraffic) linkTraffic {
	row := linkTraffic{
		Offered: t.Offered, Imported: t.Imported, ImportsReportedAt: stamp(t.ReportedAt), Withdrawn: t.Withdrawn,
		NotImported: each(t.NotImported, wireLacking), WithoutFlow: each(t.WithoutFlow, wireLacking),
		Sales: t.Sent.Sales, SalesLast30Days: t.Sent.Recent, OpenCancellationRequests: t.Sent.CancellationRequests,
	}
	if t.Sent.Sales > 0 {
		row.LastSaleAt = salesdock.Stamp{Time: t.Sent.LastAt}
	}
	return row
}

func wireLacking(p db.ProductsOfferedRow) lackingProduct {
	return lackingProduct{ID: p.ID, Identifier: p.Identifier, Name: p.Name}
}

func (c *call) incomingLinks() (reply, error) {
	list, err := c.svc.Incoming.IncomingLinks(c.ctx(), c.actor)
	return okOr(each(list, wireListedLink), err)
}

func (c *call) incomingLink() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	l, err := c.svc.Incoming.IncomingLink(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	traffic, err := c.svc.Incoming.LinkTraffic(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	return ok(incomingLinkDetail{incomingLinkRow: wireIncomingLink(l), Traffic: wireTraffic(traffic)})
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
	l, err := c.svc.Incoming.UpdateIncomingLink(c.ctx(), c.actor, id, patch)
	return okOr(wireIncomingLink(l), err)
}

func (c *call) resetLinkKey() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	l, err := c.svc.Incoming.ResetLinkKey(c.ctx(), c.actor, id)
	return okOr(wireIncomingLink(l), err)
}
