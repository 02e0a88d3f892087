package incoming_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/servicetest"
	"koppel/states"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// A user is one link: who says again who it is changes nothing, and who ended it can begin again.
func TestAUserIsOneLink(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	ctx := t.Context()
	link := s.Linked(s.Agent, "reseller")
	require.Equal(t, link.ID, s.Linked(s.Agent, "reseller").ID)
	log, err := s.AuditLog(ctx, s.Owner, "incoming_link")
	require.NoError(t, err)
	require.Len(t, log, 1)
	require.NoError(t, s.Incoming.EndLink(ctx, s.Agent))
	require.NoError(t, s.Incoming.EndLink(ctx, s.Agent), "it has ended")
	ended, err := s.Incoming.IncomingLink(ctx, s.Owner, link.ID)
	require.NoError(t, err)
	require.Equal(t, states.LinkEnded, ended.State)
	again := s.Linked(s.Agent, "reseller")
	require.Equal(t, link.ID, again.ID)
	require.Equal(t, states.LinkActive, again.State)
	_, err = s.Incoming.IncomingLink(ctx, s.Environment("other"), link.ID)
	s.Refused(service.NotFound().Key, err)
}

// A link's settings lay over what there is, and name statuses that there are.
func TestSettingsOfALink(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Linked(s.Agent, "reseller")
	_, err := s.Incoming.UpdateIncomingLink(t.Context(), s.Owner, link.ID, json.RawMessage(`{"initial_order_status": "bestaat-niet"}`))
	s.RefusedField("initial_order_status", "field_invalid", err)
	changed, err := s.Incoming.UpdateIncomingLink(t.Context(), s.Owner, link.ID, json.RawMessage(`{"initial_order_status": "verified"}`))
	require.NoError(t, err)
	link.Settings.InitialOrderStatus = "verified"
	require.Equal(t, link.Settings, changed.Settings)
	sale, err := s.Sales.Sale(t.Context(), s.Agent, s.Sell(s.Agent, s.Product), false)
	require.NoError(t, err)
	require.Equal(t, "verified", sale.Status)
}

// A hint is believed by its signature alone, and a repeated one moves nothing.
func TestAHintIsSigned(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	body, err := json.Marshal(salesdock.LinkEvent{LinkKey: link.LinkKey, Sequence: 1, Products: true})
	require.NoError(t, err)
	s.Refused("bad_token", s.Incoming.ReceiveLinkEvent(t.Context(), "acme", body, "verzonnen"))
	unknown, err := json.Marshal(salesdock.LinkEvent{LinkKey: "onbekend"})
	require.NoError(t, err)
	s.Refused("bad_token", s.Incoming.ReceiveLinkEvent(t.Context(), "acme", unknown, salesdock.Sign([]byte("x"), unknown)))
}

// What goes over a link: what it took over, what it lacks, and what no granted flow carries.
func TestTrafficOfALink(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link, err := s.Incoming.PutLink(t.Context(), s.Agent, salesdock.Link{Account: "reseller", BaseURL: "https://reseller.example", LinkKey: "k", Secret: "s", Imported: []int64{s.Product, 999}})
	require.NoError(t, err)
	s.Sell(s.Agent, s.Product)
	traffic, err := s.Incoming.LinkTraffic(t.Context(), s.Owner, link.ID)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 1}, []int{traffic.Offered, traffic.Imported, traffic.Withdrawn})
	require.Empty(t, traffic.WithoutFlow)
	_, err = s.Catalogue.GrantFlows(t.Context(), s.Owner, s.Organisation, []int64{})
	require.NoError(t, err)
	traffic, err = s.Incoming.LinkTraffic(t.Context(), s.Owner, link.ID)
	require.NoError(t, err)
	require.Len(t, traffic.WithoutFlow, 1)
}
