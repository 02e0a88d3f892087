package demo

import (
	"context"
	"fmt"
)

var customers = []struct{ first, last string }{
	{"Anna", "Demo"}, {"Bram", "Voorbeeld"}, {"Carla", "Proef"}, {"Daan", "Test"}, {"Eva", "Demo"}, {"Finn", "Voorbeeld"}, {"Gijs", "Proef"}, {"Hanna", "Test"}, {"Ivo", "Demo"}, {"Jet", "Voorbeeld"},
}

// sale is a complete order for a product of the demo.
func sale(n int, productID int64) object {
	c := customers[n%len(customers)]
	return object{
		"transaction_type": "order", "product_id": productID, "business": 0,
		"firstname": c.first, "lastname": c.last, "email": fmt.Sprintf("klant%d@voorbeeld.example", n), "phone": "0612345678", "birthdate": "01-02-1980",
		"postcode": "1234 AB", "housenumber": fmt.Sprint(n + 1), "streetname": "Voorbeeldstraat", "city": "Utrecht", "suffix": nil,
		"connection_postcode": "1234 AB", "connection_housenumber": fmt.Sprint(n + 1), "connection_streetname": "Voorbeeldstraat", "connection_city": "Utrecht", "connection_suffix": nil,
		"questionData": object{"betaalwijze": "Automatische incasso", "meterstand": "Ja", "zonnepanelen": "Nee"},
		"agreements":   object{"voorwaarden": "1", "machtiging": "1"},
	}
}

// sell makes sales in several states: forwarded ones, one that the provider has processed, one that is
// cancelled, an offer, and one that waits for a person.
func (d *Demo) sell(ctx context.Context) error {
	r := d.reseller()
	var products []struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	}
	if err := r.get(ctx, "account/products?type=energy_e_g", &products); err != nil {
		return err
	}
	if len(products) == 0 {
		return fmt.Errorf("no product was imported")
	}
	const path = "sales/flow/energie-consument/energie"
	for n := range 8 {
		if err := r.post(ctx, path, sale(n, products[n%len(products)].ID), nil); err != nil {
			return err
		}
	}
	offer := sale(8, products[0].ID)
	offer["transaction_type"] = "offer"
	if err := r.post(ctx, path, offer, nil); err != nil {
		return err
	}
	p := d.provider()
	err := wait(ctx, "the forwarding of the demo's sales", func() (bool, error) {
		var page struct {
			Total int `json:"total"`
		}
		err := p.get(ctx, "account/sales", &page)
		return page.Total >= 8, err
	})
	if err != nil {
		return err
	}
	var page struct {
		Data []idOnly `json:"data"`
	}
	if err := p.get(ctx, "account/sales", &page); err != nil {
		return err
	}
	for i, status := range []string{"in-behandeling", "verwerkt", "wacht-op-netbeheerder", "cancelled"} {
		if err := p.post(ctx, fmt.Sprintf("account/sales/updatestatus/%d?status=%s&remark=demo", page.Data[i].ID, status), nil, nil); err != nil {
			return err
		}
	}
	waiting := sale(9, products[1].ID)
	waiting["questionData"].(object)["betaalwijze"] = "Acceptgiro"
	if err := d.keepOption(ctx, r); err != nil {
		return err
	}
	if err := r.post(ctx, path, waiting, nil); err != nil {
		return err
	}
	d.say("10 sales: forwarded, followed, and one that waits for a person")
	return nil
}

// keepOption lets the reseller still offer a choice that the provider does not have.
func (d *Demo) keepOption(ctx context.Context, r client) error {
	var rows []struct {
		ID         int64  `json:"id"`
		Identifier string `json:"identifier"`
	}
	if err := r.get(ctx, "account/productquestions", &rows); err != nil {
		return err
	}
	for _, q := range rows {
		if q.Identifier == "betaalwijze" {
			return r.put(ctx, fmt.Sprintf("account/productquestions/%d", q.ID), object{"options": []string{"Automatische incasso", "Factuur per e-mail", "Acceptgiro"}})
		}
	}
	return nil
}
