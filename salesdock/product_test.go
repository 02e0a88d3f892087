package salesdock_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/linking"
	"koppel/salesdock"
)

// Text that a product has stays text, byte for byte, from one account to the other and back: a number, a telephone number and
// an amount are none of ours to respell.
func TestTextOfAProductStaysText(t *testing.T) {
	t.Parallel()
	written := map[string]string{"code": "0012", "phone": "0612345678", "cashback": "1.10", "tariff_single": "0.2500", "space": " x ", "big": "1e9", "empty": "", "version": "+1"}
	row := map[string]any{"id": 1, "name": "Stroom", "type": "energy_e", "price": "10.00", "price_monthly": "6.990", "customfields": written}
	for range 2 { // what was read is written, and read again
		data, err := json.Marshal(row)
		require.NoError(t, err)
		var product salesdock.Product
		product.ProductDetail = &salesdock.ProductDetail{}
		require.NoError(t, json.Unmarshal(data, &product))
		content, own, err := product.Content()
		require.NoError(t, err)
		require.Equal(t, written, content.CustomFields)
		require.Equal(t, []string{"10.00", "6.990"}, []string{content.Price, content.PriceMonthly})
		again := salesdock.Product{ID: 1}
		again.SetContent(content, own, true)
		data, err = json.Marshal(again)
		require.NoError(t, err)
		row = map[string]any{}
		require.NoError(t, json.Unmarshal(data, &row))
	}
}

// A respelling is a change: who has the product here sees what the partner wrote.
func TestARespellingIsAChange(t *testing.T) {
	t.Parallel()
	before := linking.ProductContent{Name: "Stroom", Type: "energy_e", Price: "10", CustomFields: map[string]string{"code": "12"}}
	after := linking.ProductContent{Name: "Stroom", Type: "energy_e", Price: "10.00", CustomFields: map[string]string{"code": "0012"}}
	require.Equal(t, []linking.FieldChange{{Field: "customfields.code", Old: "12", New: "0012"}, {Field: "price", Old: "10", New: "10.00"}}, before.Diff(after))
	require.NotEqual(t, before.Hash(), after.Hash())
}
