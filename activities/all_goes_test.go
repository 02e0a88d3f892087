package activities_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/linking"
	"koppel/server/service/catalogue"
	"koppel/server/service/sales"
	"koppel/states"
)

// household is an order of a household with panels and one meter.
func (w *world) household(more map[string]any) int64 {
	w.t.Helper()
	products, err := w.svc.Catalogue.Products(w.t.Context(), w.actor, catalogue.ProductFilter{Account: true})
	require.NoError(w.t, err)
	body := map[string]any{
		"transaction_type": "order", "product_id": fmt.Sprint(products[0].ID), "business": "0", "questionData": map[string]any{}, "agreements": map[string]any{},
		"firstname": "Wim", "lastname": "Zon", "email": "zon@voorbeeld.example", "phone": "0612345678", "birthdate": "01-02-1980", "type": "e", "tarifftype": "1", "has_return": json.Number("1"),
		"usage_e_single": json.Number("2500"),
	}
	for _, field := range []string{"streetname", "city"} {
		body[field], body["connection_"+field] = "x", "x"
	}
	for field, value := range map[string]string{"postcode": "1234 AB", "housenumber": "1"} {
		body[field], body["connection_"+field] = value, value
	}
	maps.Copy(body, more)
	sale, err := w.svc.Sales.CreateSale(w.t.Context(), w.actor, sales.CreateSaleInput{FlowType: "energie", FlowIdentifier: "e", Body: body})
	require.NoError(w.t, err)
	return sale
}

// A partner that asks a household with panels what it returns gets it, under the contract's name, and with it everything else
// that came with the sale; what we called otherwise goes under the contract's name too.
func TestWhateverComesWithASaleGoesToThePartner(t *testing.T) {
	t.Parallel()
	m := newInAnyMood(t, 1)
	sale := m.household(map[string]any{
		"return": json.Number("1800"), "grid_operator_e": "liander", "initials": "W.", "valid_till": "2026-12-31", "panel_count": json.Number("12"),
		"option_products": []any{map[string]any{"product_id": json.Number("5"), "price": json.Number("1.50")}}, "street_view_url": "", "product_ID": "9", "chain": "nee",
	})
	m.in.ForwardingID = m.forwardingOf(sale).ID
	result, err := m.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingForwarded, result.State)
	took := m.partner.Took(linking.Reference(m.actor.Account, m.row.ID, sale))
	for name, value := range map[string]any{
		"return": "1800", "has_return": "1", "usage_e_single": "2500", "e_gridoperator": "liander", "initials": "W.", "valid_till": "2026-12-31", "panel_count": 12.0,
		"option_products": []any{map[string]any{"product_id": 5.0, "price": 1.5}}, "street_view_url": "", "product_ID": "9", "product_id": 70.0,
	} {
		require.Equal(t, value, took[name], name)
	}
	require.NotContains(t, took, "grid_operator_e")
	require.NotContains(t, took, "chain")
}

// Without it the partner refuses, at the field.
func TestAHouseholdWithPanelsTellsWhatItReturns(t *testing.T) {
	t.Parallel()
	m := newInAnyMood(t, 2)
	m.in = activities.SendSaleInput{EnvironmentID: m.actor.EnvironmentID, ForwardingID: m.forwardingOf(m.household(nil)).ID}
	result, err := m.send()
	require.NoError(t, err)
	require.Equal(t, states.ForwardingActionRequired, result.State)
	require.Contains(t, fmt.Sprint(m.forwarding().Problems), "return")
}
