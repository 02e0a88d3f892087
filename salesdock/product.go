package salesdock

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"koppel/linking"
	"koppel/states"
)

// Product is a row of the product list; the detail fills Detail too.
type Product struct {
	ID                 Int      `json:"id"`
	Name               Text     `json:"name"`
	Identifier         Text     `json:"identifier"`
	SupplierID         Int      `json:"supplier_id"`
	SupplierName       Text     `json:"supplier_name"`
	SupplierIdentifier Text     `json:"supplier_identifier"`
	Type               Text     `json:"type"`
	USP                Lines    `json:"usp"`
	Description        Text     `json:"description"`
	CartInfo           Text     `json:"cart_info"`
	Business           Text     `json:"business"`
	Active             Flag     `json:"active"`
	ValidFrom          NullText `json:"valid_from"`
	ValidTill          NullText `json:"valid_till"`
	CreatedAt          Stamp    `json:"created_at"`
	UpdatedAt          Stamp    `json:"updated_at"`
	Removed            bool     `json:"removed,omitempty"` // our extension, in change pages: no longer offered
	*ProductDetail
}

// ProductDetail is what only a product's detail (or our extended list) has.
type ProductDetail struct {
	Main                     Int        `json:"main"`
	Duration                 Months     `json:"duration"`
	Retention                Text       `json:"retention"`
	Price                    NullText   `json:"price"`
	PriceAction              NullText   `json:"price_action"`
	PriceMonthly             NullText   `json:"price_monthly"`
	PriceMonthlyAction       NullText   `json:"price_monthly_action"`
	PriceMonthlyActionType   NullText   `json:"price_monthly_action_type"`
	PriceMonthlyActionMonths Months     `json:"price_monthly_action_value"`
	CustomFields             TextMap    `json:"customfields"`
	Documents                []Document `json:"documents"`
	Image                    *Image     `json:"image"` // in the detail of one product only
}

// Image is a picture in an answer: base64 and its extension.
type Image struct {
	Extension Text `json:"extension"`
	Content   Text `json:"content"`
}

// Document is an attachment by its address.
type Document struct {
	Name     Text `json:"name"`
	Location Text `json:"location"`
}

// Content gives a product's meaning; an Unreadable where it has none.
func (p *Product) Content() (linking.ProductContent, linking.ProductOwn, error) {
	c := linking.ProductContent{
		Name: string(p.Name), Identifier: string(p.Identifier), Type: string(p.Type),
		SupplierName: string(p.SupplierName), SupplierIdentifier: string(p.SupplierIdentifier),
		Business: string(p.Business),
	}
	own := linking.ProductOwn{USP: strings.Join(p.USP, "\n"), Description: string(p.Description), CartInfo: string(p.CartInfo)}
	for _, must := range []struct{ name, value string }{{"name", c.Name}, {"type", c.Type}} {
		if must.value == "" {
			return c, own, meansNothing(int64(p.ID), p.Name, linking.Problem{Code: states.ProblemRequired, Field: must.name})
		}
	}
	for _, day := range []struct {
		name string
		from NullText
		to   *string
	}{{"valid_from", p.ValidFrom, &c.ValidFrom}, {"valid_till", p.ValidTill, &c.ValidTill}} {
		var err error
		if *day.to, err = linking.ParseValidity(string(day.from)); err != nil {
			return c, own, meansNothing(int64(p.ID), p.Name, linking.InField(day.name, err))
		}
	}
	d := p.ProductDetail
	if d == nil {
		return c, own, nil
	}
	c.Main, c.Duration, c.Retention = d.Main != 0, int(d.Duration), string(d.Retention)
	c.PriceMonthlyActionType, c.PriceMonthlyActionMonths = string(d.PriceMonthlyActionType), int(d.PriceMonthlyActionMonths)
	for _, amount := range []struct {
		name string
		from NullText
		to   *string
	}{
		{"price", d.Price, &c.Price},
		{"price_action", d.PriceAction, &c.PriceAction},
		{"price_monthly", d.PriceMonthly, &c.PriceMonthly},
		{"price_monthly_action", d.PriceMonthlyAction, &c.PriceMonthlyAction},
	} {
		canonical, err := linking.ReadAmount(string(amount.from))
		if err != nil {
			return c, own, meansNothing(int64(p.ID), p.Name, linking.InField(amount.name, err))
		}
		*amount.to = canonical
	}
	if len(d.CustomFields) > 0 {
		c.CustomFields = maps.Clone(d.CustomFields) // what looks like a number need not be one: 0012 stays 0012
	}
	for _, doc := range d.Documents {
		c.Documents = append(c.Documents, linking.Document{Name: string(doc.Name), Location: webAddress(string(doc.Location))})
	}
	return c, own, nil
}

// SetContent fills a row, and with detail the rest, from a product's meaning.
func (p *Product) SetContent(c linking.ProductContent, own linking.ProductOwn, detail bool) {
	p.Name, p.Identifier, p.Type = Text(c.Name), Text(c.Identifier), Text(c.Type)
	p.SupplierName, p.SupplierIdentifier = Text(c.SupplierName), Text(c.SupplierIdentifier)
	p.Business, p.ValidFrom, p.ValidTill = Text(c.Business), NullText(c.ValidFrom), NullText(c.ValidTill)
	p.USP, p.Description, p.CartInfo = SplitLines(own.USP), Text(own.Description), Text(own.CartInfo)
	if !detail {
		return
	}
	d := &ProductDetail{
		Duration: Months(c.Duration), Retention: Text(c.Retention), Price: NullText(c.Price), PriceAction: NullText(c.PriceAction),
		PriceMonthly: NullText(c.PriceMonthly), PriceMonthlyAction: NullText(c.PriceMonthlyAction),
		PriceMonthlyActionType: NullText(c.PriceMonthlyActionType), PriceMonthlyActionMonths: Months(c.PriceMonthlyActionMonths),
		CustomFields: c.CustomFields, Documents: []Document{},
	}
	if c.Main {
		d.Main = 1
	}
	if d.CustomFields == nil {
		d.CustomFields = TextMap{}
	}
	for _, doc := range c.Documents {
		d.Documents = append(d.Documents, Document{Name: Text(doc.Name), Location: Text(doc.Location)})
	}
	p.ProductDetail = d
}

// Supplier is a row of the supplier list.
type Supplier struct {
	ID          Int  `json:"id"`
	Name        Text `json:"name"`
	Text        Text `json:"text"`
	Identifier  Text `json:"identifier"`
	Description Text `json:"description"`
	Active      Flag `json:"active"`
}

// webAddress is an address that a person may be sent to; nothing for one that a browser would run.
func webAddress(text string) string {
	address, err := url.Parse(strings.TrimSpace(text))
	if err != nil || !slices.Contains([]string{"", "http", "https"}, strings.ToLower(address.Scheme)) {
		return ""
	}
	return text
}
