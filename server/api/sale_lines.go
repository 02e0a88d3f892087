package api

import (
	"encoding/json"
	"strings"

	"koppel/linking"
	"koppel/server/service"
	"koppel/server/service/sales"
)

// saleLine is a product of a sale, with the price that it was sold at. Nothing here knows of VAT.
type saleLine struct {
	saleProduct
	Name              string         `json:"name"`
	Type              string         `json:"type"`
	Quantity          int            `json:"quantity"`
	SectionIdentifier *string        `json:"section_identifier"`
	VATType           *string        `json:"vat_type"`
	VATPercentage     *int64         `json:"vat_percentage"`
	PriceData         map[string]any `json:"price_data"`
}

func saleLines(s sales.SaleView) []saleLine {
	rows := []saleLine{}
	for _, l := range s.Lines {
		rows = append(rows, saleLine{
			saleProduct: saleProduct{ID: l.ProductID, Identifier: l.Content.Identifier, Label: l.Content.Name}, Name: l.Content.Name, Type: l.Content.Type,
			Quantity: l.Quantity, SectionIdentifier: service.Optional(l.Section), PriceData: priceData(l.Content),
		})
	}
	return rows
}

// priceData is what a product cost when it was sold: of energy its tariffs, of anything else its prices.
func priceData(c linking.ProductContent) map[string]any {
	if !strings.HasPrefix(c.Type, "energy") {
		return map[string]any{
			"onetime": map[string]any{"price": numberOf(c.Price), "promotion_price": numberOf(c.PriceAction)},
			"monthly": map[string]any{"price": numberOf(c.PriceMonthly), "promotion_price": numberOf(c.PriceMonthlyAction), "promotion_months": c.PriceMonthlyActionMonths},
		}
	}
	tariffs := map[string]any{}
	for name, value := range c.CustomFields {
		if amount := numberOf(value); amount != nil && (strings.HasPrefix(name, "tariff_") || name == "cashback") {
			tariffs[name] = amount
		}
	}
	return tariffs
}

// numberOf writes an amount as a number; nil for what is none.
func numberOf(text string) any {
	amount, err := linking.ParseAmount(text)
	if err != nil || amount == "" {
		return nil
	}
	return json.Number(amount)
}
