package api

import (
	"time"

	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
)

// saleRow is a row of the plain list.
type saleRow struct {
	ID                int64           `json:"id"`
	UserID            int64           `json:"user_id"`
	Type              states.SaleType `json:"type"`
	SubType           string          `json:"sub_type"`
	Offer             salesdock.Flag  `json:"offer"`
	OfferAccepted     *string         `json:"offer_accepted"`
	Status            string          `json:"status"`
	Verification      *string         `json:"verification"` // Salesdock's, and always null here, as verified and lead_id are
	Verified          *string         `json:"verified"`
	FlowID            int64           `json:"flow_id"`
	ProductID         int64           `json:"product_id"`
	IncomingID        *string         `json:"incoming_id"`
	CreatedAt         salesdock.Stamp `json:"created_at"`
	FinalizedAt       salesdock.Stamp `json:"finalized_at"`
	UpdatedAt         salesdock.Stamp `json:"updated_at"`
	OutgoingAt        salesdock.Stamp `json:"outgoing_at"`
	CancelledAt       salesdock.Stamp `json:"cancelled_at"`
	StatusRemark      string          `json:"status_remark"`
	CancelledRemark   *string         `json:"cancelled_remark"`
	ProductName       string          `json:"product_name"`
	ProductIdentifier string          `json:"product_identifier"`
	SupplierName      string          `json:"supplier_name"`
	LeadID            *string         `json:"lead_id"`
	RelationID        *string         `json:"relation_id"`
	ExternalReference *string         `json:"external_reference"`
	saleFields
}

// saleFields are the plain fields of a sale that a person may correct.
type saleFields struct {
	Firstname             *string `json:"firstname"`
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
		Firstname: f("firstname"), Lastname: f("lastname"), Email: f("email"), Phone: f("phone"), Birthdate: f("birthdate"), Gender: f("gender"),
		Postcode: f("postcode"), Housenumber: f("housenumber"), Suffix: f("suffix"), Streetname: f("streetname"), City: f("city"),
		ConnectionPostcode: f("connection_postcode"), ConnectionHousenumber: f("connection_housenumber"), ConnectionSuffix: f("connection_suffix"),
		ConnectionStreetname: f("connection_streetname"), ConnectionCity: f("connection_city"),
		ContactPerson: f("contact_person"), CompanyName: f("company_name"), CompanyCoC: f("company_coc"), CompanyVAT: f("company_vat"),
		IBAN: f("iban"), IBANHolder: f("iban_holder"),
	}
}

func plainSale(s sales.SaleView) saleRow {
	row := saleRow{
		ID: s.ID, UserID: s.UserID, Type: s.Type, SubType: s.Sold.Product.Type, Offer: s.Type == states.SaleOffer, OfferAccepted: s.OfferAccepted, Status: s.Status,
		FlowID: s.FlowID, ProductID: s.ProductID, IncomingID: s.IncomingID,
		CreatedAt: salesdock.Stamp{Time: s.CreatedAt}, FinalizedAt: stamp(s.FinalizedAt), UpdatedAt: salesdock.Stamp{Time: s.UpdatedAt},
		OutgoingAt: stamp(s.OutgoingAt), CancelledAt: stamp(s.CancelledAt), StatusRemark: s.StatusRemark,
		ProductName: s.Sold.Product.Name, ProductIdentifier: s.Sold.Product.Identifier, SupplierName: s.Sold.Product.SupplierName,
		RelationID: service.Optional(s.Submission.Fields["relation_id"]), ExternalReference: s.ExternalReference,
		saleFields: wireSaleFields(s.Submission.Fields),
	}
	if s.CancelledAt != nil {
		row.CancelledRemark = &s.StatusRemark
	}
	return row
}

// extendedSale is a row of the extended list, and the detail.
type extendedSale struct {
	ID                  int64                        `json:"id"`
	Type                states.SaleType              `json:"type"`
	Status              salesdock.SaleStatus         `json:"status"`
	OfferAccepted       *string                      `json:"offer_accepted"`
	CreatedAt           salesdock.Stamp              `json:"created_at"`
	FinalizedAt         salesdock.Stamp              `json:"finalized_at"`
	UpdatedAt           salesdock.Stamp              `json:"updated_at"`
	StatusChangedAt     string                       `json:"status_changed_at"` // our extension, with fractions of a second
	ExternalReference   *string                      `json:"external_reference"`
	Processed           *processedSale               `json:"processed"`
	Cancelled           *cancelledSale               `json:"cancelled"`
	CancellationRequest *salesdock.CancellationState `json:"cancellation_request,omitempty"`
	Channel             *string                      `json:"channel"`
	Customer            saleCustomer                 `json:"customer"`
	CreatedBy           saleCreator                  `json:"created_by"`
	Relation            *string                      `json:"relation"`
	Product             saleProduct                  `json:"product"`
	Products            []saleLine                   `json:"products"`
	Supplier            saleSupplier                 `json:"supplier"`
	Flow                saleFlow                     `json:"flow"`
	FlowData            saleFlowData                 `json:"flow_data"`
	Extrafields         struct{}                     `json:"extrafields"` // Salesdock's; there are none here
}

type processedSale struct {
	ProcessedAt salesdock.Stamp `json:"processed_at"`
	OutgoingID  *string         `json:"outgoing_id"`
	OutgoingApp *string         `json:"outgoing_app"`
}

type cancelledSale struct {
	CancelledAt salesdock.Stamp `json:"cancelled_at"`
	Reason      string          `json:"reason"`
	CancelledBy string          `json:"cancelled_by"`
}

type saleCustomer struct {
	Gender                *string        `json:"gender"`
	Firstname             string         `json:"firstname"`
	Lastname              string         `json:"lastname"`
	Birthdate             string         `json:"birthdate"`
	Email                 string         `json:"email"`
	Phone                 string         `json:"phone"`
	Business              salesdock.Flag `json:"business"`
	CompanyName           *string        `json:"company_name"`
	ContactPerson         *string        `json:"contact_person"`
	CoC                   *string        `json:"coc"`
	VAT                   *string        `json:"vat"`
	IBAN                  *string        `json:"iban"`
	IBANHolder            *string        `json:"iban_holder"`
	Address               saleAddress    `json:"address"`
	CorrespondenceAddress saleAddress    `json:"correspondence_address"`
}

type saleAddress struct {
	Postcode    string  `json:"postcode"`
	Housenumber string  `json:"housenumber"`
	Suffix      *string `json:"suffix"`
	Streetname  string  `json:"streetname"`
	City        string  `json:"city"`
}

type saleCreator struct {
	User         string  `json:"user"`
	Organisation *string `json:"organisation"`
	Team         *string `json:"team"` // Salesdock's, and always null here
}

type saleProduct struct {
	ID         int64  `json:"id"`
	Identifier string `json:"identifier"`
	Label      string `json:"label"`
}

type saleLine struct {
	saleProduct
	Quantity          int     `json:"quantity"`
	SectionIdentifier *string `json:"section_identifier"`
}

type saleSupplier struct {
	ID    int64  `json:"id"`
	Label string `json:"label"`
}

type saleFlow struct {
	ID         int64  `json:"id"`
	Identifier string `json:"identifier"`
	Type       string `json:"type"`
	Label      string `json:"label"`
}

type saleFlowData struct {
	ProductQuestions []saleQuestion  `json:"product_questions"`
	Agreements       []saleAgreement `json:"agreements"`
}

type saleQuestion struct {
	ID         int64          `json:"id"`
	Identifier string         `json:"identifier"`
	Type       string         `json:"type"`
	Label      string         `json:"label"`
	Value      linking.Answer `json:"value"`
}

type saleAgreement struct {
	ID         int64          `json:"id"`
	Identifier string         `json:"identifier"`
	Label      string         `json:"label"`
	Value      salesdock.Flag `json:"value"`
}

func wireSale(s sales.SaleView) extendedSale {
	row := extendedSale{
		ID: s.ID, Type: s.Type, OfferAccepted: s.OfferAccepted,
		Status:    salesdock.SaleStatus{StatusIdentifier: salesdock.Text(s.Status), Status: salesdock.Text(s.StatusName), StatusRemark: salesdock.Text(s.StatusRemark)},
		CreatedAt: salesdock.Stamp{Time: s.CreatedAt}, FinalizedAt: stamp(s.FinalizedAt), UpdatedAt: salesdock.Stamp{Time: s.UpdatedAt},
		StatusChangedAt: s.StatusChangedAt.UTC().Format(time.RFC3339Nano), ExternalReference: s.ExternalReference, Channel: service.Optional(s.Channel),
		Customer:  wireCustomer(s.Business, s.Submission.Fields),
		CreatedBy: saleCreator{User: s.User.Firstname + " " + s.User.Lastname, Organisation: service.Optional(s.Organisation)},
		Relation:  service.Optional(s.Submission.Fields["relation_id"]),
		Product:   saleProduct{ID: s.ProductID, Identifier: s.Sold.Product.Identifier, Label: s.Sold.Product.Name}, Products: saleLines(s),
		Supplier: saleSupplier{ID: s.Sold.Product.SupplierID, Label: s.Sold.Product.SupplierName},
		Flow:     saleFlow{ID: s.FlowID, Identifier: s.Sold.Flow.Identifier, Type: s.Sold.Flow.Type, Label: s.Sold.Flow.Title}, FlowData: flowData(s),
	}
	if s.ProcessedAt != nil {
		row.Processed = &processedSale{ProcessedAt: stamp(s.ProcessedAt), OutgoingID: s.OutgoingID, OutgoingApp: s.OutgoingApp}
	}
	if c := s.Cancellation; c != nil {
		row.CancellationRequest = &salesdock.CancellationState{Reference: salesdock.Text(c.Reference), State: salesdock.Text(c.State), Answer: salesdock.Text(c.Answer)}
	}
	if s.CancelledAt != nil {
		row.Cancelled = &cancelledSale{CancelledAt: stamp(s.CancelledAt), Reason: s.StatusRemark, CancelledBy: s.CancelledBy}
	}
	return row
}

func wireCustomer(business bool, f map[string]string) saleCustomer {
	address := func(prefix string) saleAddress {
		return saleAddress{
			Postcode: f[prefix+"postcode"], Housenumber: f[prefix+"housenumber"], Suffix: service.Optional(f[prefix+"suffix"]),
			Streetname: f[prefix+"streetname"], City: f[prefix+"city"],
		}
	}
	return saleCustomer{
		Gender: service.Optional(f["gender"]), Firstname: f["firstname"], Lastname: f["lastname"], Birthdate: f["birthdate"], Email: f["email"], Phone: f["phone"],
		Business: salesdock.Flag(business), CompanyName: service.Optional(f["company_name"]), ContactPerson: service.Optional(f["contact_person"]),
		CoC: service.Optional(f["company_coc"]), VAT: service.Optional(f["company_vat"]), IBAN: service.Optional(f["iban"]), IBANHolder: service.Optional(f["iban_holder"]),
		Address: address("connection_"), CorrespondenceAddress: address(""),
	}
}

func saleLines(s sales.SaleView) []saleLine {
	rows := []saleLine{}
	for _, l := range s.Lines {
		rows = append(rows, saleLine{
			saleProduct: saleProduct{ID: l.ProductID, Identifier: l.Content.Identifier, Label: l.Content.Name}, Quantity: l.Quantity, SectionIdentifier: service.Optional(l.Section),
		})
	}
	return rows
}

func flowData(s sales.SaleView) saleFlowData {
	data := saleFlowData{ProductQuestions: []saleQuestion{}, Agreements: []saleAgreement{}}
	for _, q := range s.Sold.Questions {
		if answer, given := s.Submission.Answers[q.Identifier]; given {
			data.ProductQuestions = append(data.ProductQuestions, saleQuestion{ID: q.ID, Identifier: q.Identifier, Type: q.InputType, Label: q.Name, Value: answer})
		}
	}
	for _, a := range s.Sold.Agreements {
		data.Agreements = append(data.Agreements, saleAgreement{ID: a.ID, Identifier: a.Identifier, Label: a.Name, Value: salesdock.Flag(s.Submission.Agreements[a.Identifier])})
	}
	return data
}
