package api

import (
	"encoding/json"

	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
)

// plainType is what the plain list calls everything that is sold; which of the two it is, sub_type says.
const plainType = "sale"

// saleRow is a row of the plain list.
type saleRow struct {
	ID                     int64           `json:"id"`
	UserID                 int64           `json:"user_id"`
	Type                   string          `json:"type"`
	SubType                states.SaleType `json:"sub_type"`
	Offer                  salesdock.Flag  `json:"offer"`
	OfferAccepted          string          `json:"offer_accepted"`
	Status                 string          `json:"status"`
	Verification           *string         `json:"verification"` // Salesdock's, and null here, as is whatever nobody keeps
	Verified               *string         `json:"verified"`
	FlowID                 int64           `json:"flow_id"`
	ProductID              int64           `json:"product_id"`
	IncomingID             *string         `json:"incoming_id"`
	CreatedAt              salesdock.Stamp `json:"created_at"`
	LastPublishedAt        salesdock.Stamp `json:"last_published_at"`
	FinalizedAt            salesdock.Stamp `json:"finalized_at"`
	UpdatedAt              salesdock.Stamp `json:"updated_at"`
	OutgoingAt             salesdock.Stamp `json:"outgoing_at"`
	OfferAnsweredAt        salesdock.Stamp `json:"offer_answered_at"`
	VerifiedAt             salesdock.Stamp `json:"verified_at"`
	ValidTill              salesdock.Stamp `json:"valid_till"`
	CancelledAt            salesdock.Stamp `json:"cancelled_at"`
	StatusRemark           *string         `json:"status_remark"`
	CancelledRemark        string          `json:"cancelled_remark"`
	UserFirstname          string          `json:"user_firstname"`
	UserLastname           string          `json:"user_lastname"`
	UserEmail              string          `json:"user_email"`
	OrganisationName       string          `json:"organisation_name"`
	OrganisationIdentifier string          `json:"organisation_identifier"`
	Business               salesdock.Flag  `json:"business"`
	Source                 *string         `json:"source"`
	SourceID               *string         `json:"source_id"`
	CoCBranchNumber        *string         `json:"coc_branch_number"`
	ProductName            string          `json:"product_name"`
	ProductIdentifier      string          `json:"product_identifier"`
	SupplierName           string          `json:"supplier_name"`
	LeadID                 *int64          `json:"lead_id"`
	RelationID             *int64          `json:"relation_id"`
	ExternalReference      *string         `json:"external_reference"`
	saleFields
}

// saleFields are the plain fields of a sale that a person may correct.
type saleFields struct {
	Initials              *string `json:"initials"`
	Firstname             *string `json:"firstname"`
	Infix                 *string `json:"infix"`
	Lastname              *string `json:"lastname"`
	Email                 *string `json:"email"`
	Phone                 *string `json:"phone"`
	Birthdate             *string `json:"birthdate"`
	Gender                *string `json:"gender"`
	Postcode              *string `json:"postcode"`
	Housenumber           *string `json:"housenumber"`
	Suffix                *string `json:"suffix"`
	Streetname            *string `json:"streetname"`
	City                  *string `json:"city"`
	ConnectionPostcode    *string `json:"connection_postcode"`
	ConnectionHousenumber *string `json:"connection_housenumber"`
	ConnectionSuffix      *string `json:"connection_suffix"`
	ConnectionStreetname  *string `json:"connection_streetname"`
	ConnectionCity        *string `json:"connection_city"`
	ContactPerson         *string `json:"contact_person"`
	CompanyName           *string `json:"company_name"`
	CompanyCoC            *string `json:"company_coc"`
	CompanyVAT            *string `json:"company_vat"`
	IBAN                  *string `json:"iban"`
	IBANHolder            *string `json:"iban_holder"`
}

func wireSaleFields(given map[string]string) saleFields {
	f := func(name string) *string { return service.Optional(given[name]) }
	return saleFields{
		Initials: f("initials"), Firstname: f("firstname"), Infix: f("infix"), Lastname: f("lastname"), Email: f("email"), Phone: f("phone"), Birthdate: f("birthdate"), Gender: f("gender"),
		Postcode: f("postcode"), Housenumber: f("housenumber"), Suffix: f("suffix"), Streetname: f("streetname"), City: f("city"),
		ConnectionPostcode: f("connection_postcode"), ConnectionHousenumber: f("connection_housenumber"), ConnectionSuffix: f("connection_suffix"),
		ConnectionStreetname: f("connection_streetname"), ConnectionCity: f("connection_city"),
		ContactPerson: f("contact_person"), CompanyName: f("company_name"), CompanyCoC: f("company_coc"), CompanyVAT: f("company_vat"),
		IBAN: f("iban"), IBANHolder: f("iban_holder"),
	}
}

func plainSale(s sales.SaleView) saleRow {
	fields := s.Submission.Fields
	row := saleRow{
		ID: s.ID, UserID: s.UserID, Type: plainType, SubType: s.Type, Offer: s.Type == states.SaleOffer, OfferAccepted: acceptedText(s), Status: s.Status,
		FlowID: s.FlowID, ProductID: s.ProductID, IncomingID: s.IncomingID,
		CreatedAt: salesdock.Stamp{Time: s.CreatedAt}, LastPublishedAt: salesdock.Stamp{Time: s.CreatedAt}, FinalizedAt: stamp(s.FinalizedAt), UpdatedAt: salesdock.Stamp{Time: s.UpdatedAt},
		OutgoingAt: stamp(s.OutgoingAt), ValidTill: validTill(s), CancelledAt: stamp(s.CancelledAt), StatusRemark: service.Optional(s.StatusRemark),
		UserFirstname: s.User.Firstname, UserLastname: s.User.Lastname, UserEmail: s.User.Email, OrganisationName: s.Organisation, OrganisationIdentifier: s.OrganisationIdentifier,
		Business: salesdock.Flag(s.Business), Source: moreText(s, "source"), SourceID: moreText(s, "source_id"), CoCBranchNumber: service.Optional(fields["company_coc_branch_number"]),
		ProductName: s.Sold.Product.Name, ProductIdentifier: s.Sold.Product.Identifier, SupplierName: s.Sold.Product.SupplierName,
		RelationID: wholeOf(fields["relation_id"]), ExternalReference: s.ExternalReference, saleFields: wireSaleFields(fields),
	}
	if s.CancelledAt != nil {
		row.CancelledRemark = s.StatusRemark
	}
	return row
}

// acceptedText says what became of an offer as the plain list does: what was not answered was not accepted.
func acceptedText(s sales.SaleView) string {
	if s.OfferAccepted == nil {
		return "0"
	}
	return *s.OfferAccepted
}

// validTill is until when an offer holds; a text that is no time is with what was submitted.
func validTill(s sales.SaleView) salesdock.Stamp {
	at, err := salesdock.ParseStamp(s.Submission.Fields["valid_till"])
	if err != nil {
		return salesdock.Stamp{}
	}
	return salesdock.Stamp{Time: at}
}

// wholeOf is a number of a sale, which is kept as text; nil for what is none.
func wholeOf(text string) *int64 {
	number, err := linking.ReadWhole(text)
	if err != nil {
		return nil
	}
	return &number
}

// moreText is a text that came along with a sale.
func moreText(s sales.SaleView, name string) *string {
	var text salesdock.Text
	if json.Unmarshal(s.Submission.More[name], &text) != nil {
		return nil
	}
	return service.Optional(string(text))
}
