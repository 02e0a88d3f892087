package salesdock

import (
	"koppel/linking"
	"koppel/states"
)

// Flow is a row of the flow list; the detail fills the rest.
type Flow struct {
	ID         Int   `json:"id"`
	Title      Text  `json:"title"`
	Type       Text  `json:"type"`
	Identifier Text  `json:"identifier"`
	CreatedAt  Stamp `json:"created_at"`
	UpdatedAt  Stamp `json:"updated_at"`
	*FlowDetail
}

// FlowDetail is what only a flow's detail (or our extended list) has.
type FlowDetail struct {
	TransactionType           Text      `json:"transaction_type"`
	VerificationMethod        Text      `json:"verification_method"`
	MinimumAge                Age       `json:"minimum_age_customer"`
	MaximumAge                Age       `json:"maximum_age_customer"`
	ConsumerOfferIBANRequired Bool      `json:"consumer_offer_iban_required"`
	BusinessOfferIBANRequired Bool      `json:"business_offer_iban_required"`
	ConsumerOrderIBANRequired Bool      `json:"consumer_order_iban_required"`
	BusinessOrderIBANRequired Bool      `json:"business_order_iban_required"`
	ProductTypes              []Text    `json:"product_types,omitempty"` // our extension: the product types it carries
	Sections                  []Section `json:"sections,omitempty"`
}

// Section of a flow of type default.
type Section struct {
	ID         Int              `json:"id"`
	Title      Text             `json:"title"`
	Identifier Text             `json:"identifier"`
	Mandatory  Bool             `json:"mandatory"`
	Products   []SectionProduct `json:"products"`
}

// SectionProduct is a product a section offers.
type SectionProduct struct {
	ID              Int  `json:"id"`
	Name            Text `json:"name,omitempty"`
	Identifier      Text `json:"identifier,omitempty"`
	MaximumQuantity Int  `json:"maximum_quantity"`
}

// Meaning gives the flow in the product's terms.
func (f *Flow) Meaning() linking.Flow {
	flow := linking.Flow{ID: int64(f.ID), Title: string(f.Title), Type: string(f.Type), Identifier: string(f.Identifier), TransactionType: states.EverySaleType, VerificationMethod: "none"}
	d := f.FlowDetail
	if d == nil {
		return flow
	}
	if d.TransactionType != "" {
		flow.TransactionType = states.SaleType(d.TransactionType)
	}
	if d.VerificationMethod != "" {
		flow.VerificationMethod = string(d.VerificationMethod)
	}
	flow.MinimumAge, flow.MaximumAge = int(d.MinimumAge), int(d.MaximumAge)
	flow.ConsumerOfferIBANRequired, flow.BusinessOfferIBANRequired = bool(d.ConsumerOfferIBANRequired), bool(d.BusinessOfferIBANRequired)
	flow.ConsumerOrderIBANRequired, flow.BusinessOrderIBANRequired = bool(d.ConsumerOrderIBANRequired), bool(d.BusinessOrderIBANRequired)
	for _, t := range d.ProductTypes {
		flow.ProductTypes = append(flow.ProductTypes, string(t))
	}
	for _, s := range d.Sections {
		section := linking.Section{ID: int64(s.ID), Title: string(s.Title), Identifier: string(s.Identifier), Mandatory: bool(s.Mandatory)}
		for _, p := range s.Products {
			section.Products = append(section.Products, linking.SectionProduct{ID: int64(p.ID), MaximumQuantity: int(p.MaximumQuantity)})
		}
		flow.Sections = append(flow.Sections, section)
	}
	return flow
}

// SetMeaning fills a row, and with detail the rest.
func (f *Flow) SetMeaning(flow linking.Flow, detail bool) {
	f.Title, f.Type, f.Identifier = Text(flow.Title), Text(flow.Type), Text(flow.Identifier)
	if !detail {
		return
	}
	d := &FlowDetail{
		TransactionType: Text(flow.TransactionType), VerificationMethod: Text(flow.VerificationMethod),
		MinimumAge: Age(flow.MinimumAge), MaximumAge: Age(flow.MaximumAge),
		ConsumerOfferIBANRequired: Bool(flow.ConsumerOfferIBANRequired), BusinessOfferIBANRequired: Bool(flow.BusinessOfferIBANRequired),
		ConsumerOrderIBANRequired: Bool(flow.ConsumerOrderIBANRequired), BusinessOrderIBANRequired: Bool(flow.BusinessOrderIBANRequired),
	}
	for _, t := range flow.ProductTypes {
		d.ProductTypes = append(d.ProductTypes, Text(t))
	}
	for _, s := range flow.Sections {
		section := Section{ID: Int(s.ID), Title: Text(s.Title), Identifier: Text(s.Identifier), Mandatory: Bool(s.Mandatory), Products: []SectionProduct{}}
		for _, p := range s.Products {
			section.Products = append(section.Products, SectionProduct{ID: Int(p.ID), MaximumQuantity: Int(p.MaximumQuantity)})
		}
		d.Sections = append(d.Sections, section)
	}
	f.FlowDetail = d
}
