package incoming

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// Capabilities says what this environment offers a partner.
func (s *Incoming) Capabilities(a service.Actor) salesdock.Capabilities {
	return salesdock.Capabilities{
		Product: "koppel", Version: s.Version, Account: a.Account, Name: a.EnvironmentName,
		IdempotencyKeys: true, ExternalReference: true, ChangeCursors: true, LinkEvents: true, Optin: true, CancellationRequests: true, Webhooks: true, ConditionalReads: true, DryRun: true,
		RequestsPerMinute: s.RequestsPerMinute, LimitsByTokenAlone: true,
		Token: &salesdock.TokenDescription{Integration: a.Integration, User: salesdock.Text(a.UserName)},
	}
}

// PutLink keeps who sells through the actor's user, and where it listens for events.
func (s *Incoming) PutLink(ctx context.Context, a service.Actor, in salesdock.Link) (link db.IncomingLink, err error) {
	if missing := service.Required(map[string]string{"account": in.Account, "base_url": in.BaseURL, "link_key": in.LinkKey, "secret": in.Secret}); missing != nil {
		return link, missing
	}
	if in.PublicKey != "" && a.SignedBy != nil && in.PublicKey != base64.StdEncoding.EncodeToString(a.SignedBy) {
		return link, service.Invalid("public_key", "signed_by_another")
	}
	parsed, err := url.Parse(in.BaseURL)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return link, service.Invalid("base_url", "field_invalid", in.BaseURL)
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.LinkByUser(ctx, a.EnvironmentID, a.UserID)
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		link, err = tx.LinkUpsert(ctx, db.LinkUpsertParams{
			EnvironmentID: a.EnvironmentID, UserID: a.UserID, PartnerAccount: in.Account, PartnerBaseURL: strings.TrimRight(in.BaseURL, "/"), PartnerLinkKey: in.LinkKey,
			EventSecretSealed: s.Vault.Seal(vault.LinkSecretRow(a.EnvironmentID, a.UserID), []byte(in.Secret)), Settings: linking.DefaultIncomingSettings(),
			PartnerKey: signingKey(a), Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if in.Imported != nil {
			err := tx.LinkReportImports(ctx, db.LinkReportImportsParams{EnvironmentID: a.EnvironmentID, LinkID: link.ID, ProductIds: in.Imported, Now: s.Now()})
			if err != nil {
				return err
			}
		}
		if before.State == link.State && before.PartnerAccount == link.PartnerAccount && before.PartnerBaseURL == link.PartnerBaseURL {
			return nil // it only says again who it is
		}
		return s.Audit(ctx, tx, a, "link", "incoming_link", link.ID, nil, map[string]any{"account": in.Account, "base_url": in.BaseURL})
	})
	return link, err
}

// signingKey is what a link is pinned to: the key that its caller signed with, for a token that is for integrations. The
// key that a plain token's link names is not asked for, since such a token works without.
func signingKey(a service.Actor) []byte {
	if a.Integration {
		return a.SignedBy
	}
	return nil
}

// ResetLinkKey forgets the key of a link: the next one that it is called with will be its key.
func (s *Incoming) ResetLinkKey(ctx context.Context, a service.Actor, id int64) (link db.IncomingLink, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.LinkByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if link, err = tx.LinkResetKey(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		old := map[string]any{}
		if before.PartnerKey != nil {
			old["fingerprint"] = salesdock.Fingerprint(before.PartnerKey)
		}
		return s.Audit(ctx, tx, a, "reset_key", "incoming_link", id, old, nil)
	})
	return link, service.OrNotFound(err)
}

// EndLink ends the actor's link; a link that is not there has ended.
func (s *Incoming) EndLink(ctx context.Context, a service.Actor) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		count, err := tx.LinkEnd(ctx, a.EnvironmentID, a.UserID)
		if err != nil || count == 0 {
			return err
		}
		return s.AuditNamed(ctx, tx, a, "unlink", "incoming_link", "", nil, nil)
	})
}

// ReceiveLinkEvent takes a partner's hint that something changed. It is authenticated by the link's own
// secret, and only has the change cursor read: a forged or repeated one can do nothing else.
func (s *Incoming) ReceiveLinkEvent(ctx context.Context, account string, body []byte, signature string) error {
	env, err := s.Access.EnvironmentOrNone(ctx, account)
	if err != nil {
		return err
	}
	var event salesdock.LinkEvent
	if err := json.Unmarshal(body, &event); err != nil {
		return service.Unreadable(err)
	}
	refused := service.Refuse(service.KindUnidentified, "bad_token")
	if !db.Storable(event.LinkKey) {
		return refused
	}
	return s.Store.WithTx(ctx, env.ID, func(tx *db.Tx) error {
		row, err := tx.IntegrationByLinkKey(ctx, env.ID, event.LinkKey)
		if errors.Is(err, db.ErrNotFound) {
			return refused
		}
		if err != nil {
			return err
		}
		secret, err := s.Vault.Open(vault.EventSecretRow(env.ID, row.LinkKey), row.EventSecretSealed)
		if err != nil {
			return err
		}
		if !hmac.Equal([]byte(salesdock.Sign(secret, body)), []byte(signature)) {
			return refused
		}
		count, err := tx.IntegrationHint(ctx, db.IntegrationHintParams{
			EnvironmentID: env.ID, ID: row.ID, Products: event.Products, Sales: event.Sales, EventSeq: event.Sequence,
		})
		if err != nil || count == 0 {
			return err
		}
		return tx.Move(ctx, env.ID, states.OutboxIntegration, row.ID, states.SignalPartnerChanged, s.Now())
	})
}

// IncomingLinks lists the environments that are linked to this one.
func (s *Incoming) IncomingLinks(ctx context.Context, a service.Actor) (list []db.LinkListRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.LinkList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// IncomingLink reads one incoming link.
func (s *Incoming) IncomingLink(ctx context.Context, a service.Actor, id int64) (link db.IncomingLink, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		link, err = tx.LinkByID(ctx, a.EnvironmentID, id)
		return err
	})
	return link, service.OrNotFound(err)
}

// LinkTraffic is what goes over an incoming link: what the other environment took over, what it sent, what is lacking.
type LinkTraffic struct {
	Offered     int
	Imported    int        // of what is offered
	Withdrawn   int        // taken over, and no longer offered
	ReportedAt  *time.Time // nil: it never said what it took over
	NotImported []db.ProductsOfferedRow
	WithoutFlow []db.ProductsOfferedRow // offered, and no granted flow carries them: they cannot be sold
	Sent        db.LinkSentRow
}

// recently is how far "lately" reaches back on a link's page.
const recently = 30 * 24 * time.Hour

// LinkTraffic reads what goes over an incoming link.
func (s *Incoming) LinkTraffic(ctx context.Context, a service.Actor, id int64) (t LinkTraffic, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		link, err := tx.LinkByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		user, err := tx.UserByID(ctx, a.EnvironmentID, link.UserID)
		if err != nil {
			return err
		}
		if t.Sent, err = tx.LinkSent(ctx, db.LinkSentParams{EnvironmentID: a.EnvironmentID, LinkID: &id, Since: s.Now().Add(-recently)}); err != nil {
			return err
		}
		imports, err := tx.LinkImports(ctx, a.EnvironmentID, id)
		switch {
		case err == nil:
			t.ReportedAt = &imports.ReportedAt
		case !errors.Is(err, db.ErrNotFound):
			return err
		}
		if user.OrganisationID == nil {
			return nil
		}
		flows, err := tx.FlowList(ctx, a.EnvironmentID, user.OrganisationID)
		if err != nil {
			return err
		}
		offered, err := tx.ProductsOffered(ctx, a.EnvironmentID, *user.OrganisationID)
		t.compare(offered, imports.ProductIds, flows)
		return err
	})
	return t, service.OrNotFound(err)
}

// compare sets what is offered beside what was taken over, and beside the flows that carry it.
func (t *LinkTraffic) compare(offered []db.ProductsOfferedRow, imported []int64, flows []db.Flow) {
	taken := make(map[int64]bool, len(imported))
	for _, id := range imported {
		taken[id] = true
	}
	t.Offered = len(offered)
	for _, p := range offered {
		if taken[p.ID] {
			t.Imported++
		} else {
			t.NotImported = append(t.NotImported, p)
		}
		if !slices.ContainsFunc(flows, func(f db.Flow) bool { return f.Config.Carries(p.ID, p.Type) }) {
			t.WithoutFlow = append(t.WithoutFlow, p)
		}
	}
	t.Withdrawn = len(taken) - t.Imported
}

// UpdateIncomingLink lays settings over an incoming link's.
func (s *Incoming) UpdateIncomingLink(ctx context.Context, a service.Actor, id int64, patch json.RawMessage) (link db.IncomingLink, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.LinkByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		settings := before.Settings
		if err := json.Unmarshal(patch, &settings); err != nil {
			return service.InvalidValue("settings", err)
		}
		for field, status := range map[string]string{"initial_offer_status": settings.InitialOfferStatus, "initial_order_status": settings.InitialOrderStatus} {
			if _, err := ledger.Status(ctx, tx, a.EnvironmentID, status); err != nil {
				return service.Invalid(field, "field_invalid", status)
			}
		}
		link, err = tx.LinkSetSettings(ctx, db.LinkSetSettingsParams{EnvironmentID: a.EnvironmentID, ID: id, Settings: settings})
		if err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "update", "incoming_link", id, before.Settings, settings)
	})
	return link, service.OrNotFound(err)
}
