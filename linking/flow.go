package linking

import (
	"slices"

	"koppel/states"
)

// Flow is the order form that a product is sold through.
type Flow struct {
	ID                        int64           `json:"id,omitempty"`
	Title                     string          `json:"title"`
	Type                      string          `json:"type"`
	Identifier                string          `json:"identifier"`
	TransactionType           states.SaleType `json:"transaction_type"` // all, offer, order
	VerificationMethod        string          `json:"verification_method"`
	MinimumAge                int             `json:"minimum_age_customer,omitempty"`
	MaximumAge                int             `json:"maximum_age_customer,omitempty"`
	ConsumerOfferIBANRequired bool            `json:"consumer_offer_iban_required,omitempty"`
	BusinessOfferIBANRequired bool            `json:"business_offer_iban_required,omitempty"`
	ConsumerOrderIBANRequired bool            `json:"consumer_order_iban_required,omitempty"`
	BusinessOrderIBANRequired bool            `json:"business_order_iban_required,omitempty"`
	ProductTypes              []string        `json:"product_types,omitempty"` // product types it carries; empty: by sections, or all
	Sections                  []Section       `json:"sections,omitempty"`
}

// Section of a flow of type default: products that are sold together.
type Section struct {
	ID         int64            `json:"id"`
	Title      string           `json:"title"`
	Identifier string           `json:"identifier"`
	Mandatory  bool             `json:"mandatory,omitempty"`
	Products   []SectionProduct `json:"products"`
}

// SectionProduct is a product that a section offers.
type SectionProduct struct {
	ID              int64 `json:"id"`
	MaximumQuantity int   `json:"maximum_quantity,omitempty"` // 0: no limit
}

// Carries says whether a product can be sold through the flow: named in a section, or of a type it carries.
// A flow that says neither carries everything.
func (f *Flow) Carries(productID int64, productType string) bool {
	for _, section := range f.Sections {
		for _, p := range section.Products {
			if p.ID == productID {
				return true
			}
		}
	}
	if len(f.ProductTypes) > 0 {
		return slices.Contains(f.ProductTypes, productType)
	}
	return len(f.Sections) == 0
}

// SignatureRequired says whether an order through the flow is verified by a signature that comes with it. A completed
// one has its contract.
func (f *Flow) SignatureRequired(s *Submission) bool {
	return f.VerificationMethod == "signature" && s.TransactionType == states.SaleOrder && s.ContractPDF == nil
}

// IBANRequired says whether a sale of this kind needs an IBAN.
func (f *Flow) IBANRequired(transactionType states.SaleType, business bool) bool {
	switch {
	case transactionType == states.SaleOffer && business:
		return f.BusinessOfferIBANRequired
	case transactionType == states.SaleOffer:
		return f.ConsumerOfferIBANRequired
	case business:
		return f.BusinessOrderIBANRequired
	}
	return f.ConsumerOrderIBANRequired
}
