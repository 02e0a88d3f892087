package api

import (
	"maps"
	"slices"
	"strings"
	"time"

	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/sales"
	"koppel/states"
)

// extendedSale is a row of the extended list, and the detail.
type extendedSale struct {
	ID              int64           `json:"id"`
	Type            states.SaleType `json:"type"`
	Status          saleStatusNow   `json:"status"`
	CreatedAt       salesdock.Stamp `json:"created_at"`
	LastPublishedAt salesdock.Stamp `json:"last_published_at"`
	FinalizedAt     salesdock.Stamp `json:"finalized_at"`
	UpdatedAt       salesdock.Stamp `json:"updated_at"`
	saleOffer
	StatusChangedAt     string                       `json:"status_changed_at"` // our extension, with fractions of a second
	ExternalReference   *string                      `json:"external_reference"`
	Processed           *processedSale               `json:"processed"`
	Cancelled           *cancelledSale               `json:"cancelled"`
	CancellationRequest *salesdock.CancellationState `json:"cancellation_request,omitempty"`
	PurchaseNumber      *string                      `json:"purchase_number"` // Salesdock's, and null here, as is whatever nobody keeps
	Channel             *string                      `json:"channel"`
	Source              *string                      `json:"source"`
	Customer            saleCustomer                 `json:"customer"`
	CreatedBy           saleCreator                  `json:"created_by"`
	SalesRepresentative *saleRepresentative          `json:"sales_representative"`
	AssignedTo          *string                      `json:"assigned_to"`
	Lead                *string                      `json:"lead"`
	Relation            *saleRelation                `json:"relation"`
	Product             saleProduct                  `json:"product"`
	Products            []saleLine                   `json:"products"`
	AdditionalCosts     []struct{}                   `json:"additional_costs"`
	Discounts           []struct{}                   `json:"discounts"`
	Supplier            saleProduct                  `json:"supplier"`
	Flow                saleFlow                     `json:"flow"`
	FlowData            saleFlowData                 `json:"flow_data"`
	FlowDataEnergy      *saleEnergy                  `json:"flow_data_energy,omitempty"`
	Extrafields         saleExtrafields              `json:"extrafields"`
	Bundle              *string                      `json:"bundle"`
	Submitted           map[string]any               `json:"submitted,omitempty"` // our extension, in the detail only
}

type saleStatusNow struct {
	StatusIdentifier string  `json:"status_identifier"`
	Status           string  `json:"status"`
	StatusRemark     *string `json:"status_remark"`
}

// saleOffer is what became of an offer. Nobody keeps here when it was looked at.
type saleOffer struct {
	OfferAccepted       bool            `json:"offer_accepted"`
	OfferAnsweredAt     salesdock.Stamp `json:"offer_answered_at"`
	OfferRejectMessage  *string         `json:"offer_reject_message"`
	OfferLastViewedAt   salesdock.Stamp `json:"offer_last_viewed_at"`
	OfferLastViewedIP   *string         `json:"offer_last_viewed_ip"`
	OfferViews          *int64          `json:"offer_views"`
	OfferDownloads      *int64          `json:"offer_downloads"`
	OfferLastDownloadAt salesdock.Stamp `json:"offer_last_download_at"`
	OfferValidTill      salesdock.Stamp `json:"offer_valid_till"`
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
	Gender                *string     `json:"gender"`
	Initials              *string     `json:"initials"`
	Firstname             string      `json:"firstname"`
	Infix                 *string     `json:"infix"`
	Lastname              string      `json:"lastname"`
	Birthdate             *string     `json:"birthdate"`
	Email                 string      `json:"email"`
	Phone                 *string     `json:"phone"`
	Business              bool        `json:"business"`
	CompanyName           *string     `json:"company_name"`
	ContactPerson         *string     `json:"contact_person"`
	CoC                   *string     `json:"coc"`
	VAT                   *string     `json:"vat"`
	IBAN                  *string     `json:"iban"`
	IBANHolder            *string     `json:"iban_holder"`
	Address               saleAddress `json:"address"`
	CorrespondenceAddress saleAddress `json:"correspondence_address"`
}

type saleAddress struct {
	Postcode    string  `json:"postcode"`
	Housenumber string  `json:"housenumber"`
	Suffix      *string `json:"suffix"`
	Streetname  string  `json:"streetname"`
	City        string  `json:"city"`
}

type saleCreator struct {
	User         saleUser     `json:"user"`
	Organisation *saleProduct `json:"organisation"`
	Team         *saleProduct `json:"team"` // there are none here
}

type saleUser struct {
	ID        int64  `json:"id"`
	Username  string `json:"username"`
	Firstname string `json:"firstname"`
	Lastname  string `json:"lastname"`
}

// saleRepresentative is who made the sale originally, as the create told.
type saleRepresentative struct {
	Name         string  `json:"name"`
	Organisation *string `json:"organisation"`
	Account      *string `json:"account"`
}

type saleRelation struct {
	ID    *int64 `json:"id"`
	Label string `json:"label"`
}

// saleProduct names something that a sale has: a product, a supplier, an organisation.
type saleProduct struct {
	ID         int64  `json:"id"`
	Identifier string `json:"identifier"`
	Label      string `json:"label"`
}

type saleFlow struct {
	saleProduct
	Type string `json:"type"`
}

type saleFlowData struct {
	AdditionalPricing []struct{}      `json:"additional_pricing"`
	ProductQuestions  []saleQuestion  `json:"product_questions"`
	Agreements        []saleAgreement `json:"agreements"`
	Introduction      *string         `json:"introduction"`
	AdditionalNotes   *string         `json:"additional_notes"`
	ProductSubsidies  []struct{}      `json:"product_subsidies"`
}

type saleQuestion struct {
	ID         int64          `json:"id"`
	Identifier string         `json:"identifier"`
	Type       string         `json:"type"`
	Label      string         `json:"label"`
	Value      linking.Answer `json:"value"`
}

type saleAgreement struct {
	saleProduct
	Type  string `json:"type"`
	Text  string `json:"text"`
	Value bool   `json:"value"`
}

// agreementType is the only one there is here: a box to tick.
const agreementType = "checkbox"

// saleExtrafields are Salesdock's; there are none here.
type saleExtrafields struct {
	Sale     []struct{} `json:"sale"`
	Products []struct{} `json:"products"`
}

func wireSale(s sales.SaleView) extendedSale {
	product := s.Sold.Product
	row := extendedSale{
		ID: s.ID, Type: s.Type, Status: saleStatusNow{StatusIdentifier: s.Status, Status: s.StatusName, StatusRemark: service.Optional(s.StatusRemark)},
		CreatedAt: salesdock.Stamp{Time: s.CreatedAt}, LastPublishedAt: salesdock.Stamp{Time: s.CreatedAt}, FinalizedAt: stamp(s.FinalizedAt), UpdatedAt: salesdock.Stamp{Time: s.UpdatedAt},
		saleOffer:       saleOffer{OfferAccepted: acceptedText(s) == "1", OfferValidTill: validTill(s)},
		StatusChangedAt: s.StatusChangedAt.UTC().Format(time.RFC3339Nano), ExternalReference: s.ExternalReference, Channel: service.Optional(s.Channel), Source: moreText(s, "source"),
		Customer: wireCustomer(s.Business, s.Submission.Fields), CreatedBy: wireCreator(s), SalesRepresentative: wireRepresentative(s.Submission.Fields),
		Product: saleProduct{ID: s.ProductID, Identifier: product.Identifier, Label: product.Name}, Products: saleLines(s), AdditionalCosts: []struct{}{}, Discounts: []struct{}{},
		Supplier: saleProduct{ID: product.SupplierID, Label: product.SupplierName},
		Flow:     saleFlow{saleProduct{ID: s.FlowID, Identifier: s.Sold.Flow.Identifier, Label: s.Sold.Flow.Title}, s.Sold.Flow.Type}, FlowData: flowData(s), FlowDataEnergy: wireEnergy(s),
	}
	if len(s.Lines) > 0 {
		row.Supplier.Identifier = s.Lines[0].Content.SupplierIdentifier
	}
	if relation := s.Submission.Fields["relation_id"]; relation != "" {
		row.Relation = &saleRelation{ID: wholeOf(relation), Label: relation}
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
	text := func(name string) *string { return service.Optional(f[name]) }
	return saleCustomer{
		Gender: text("gender"), Initials: text("initials"), Firstname: f["firstname"], Infix: text("infix"), Lastname: f["lastname"], Birthdate: text("birthdate"),
		Email: f["email"], Phone: text("phone"), Business: business, CompanyName: text("company_name"), ContactPerson: text("contact_person"),
		CoC: text("company_coc"), VAT: text("company_vat"), IBAN: text("iban"), IBANHolder: text("iban_holder"),
		Address: address("connection_"), CorrespondenceAddress: address(""),
	}
}

func wireCreator(s sales.SaleView) saleCreator {
	by := saleCreator{User: saleUser{ID: s.UserID, Username: s.User.Email, Firstname: s.User.Firstname, Lastname: s.User.Lastname}}
	if s.OrganisationID != nil {
		by.Organisation = &saleProduct{ID: *s.OrganisationID, Identifier: s.OrganisationIdentifier, Label: s.Organisation}
	}
	return by
}

func wireRepresentative(f map[string]string) *saleRepresentative {
	name := strings.TrimSpace(f["initial_user_firstname"] + " " + f["initial_user_lastname"])
	if name == "" && f["initial_organisation_name"] == "" {
		return nil
	}
	return &saleRepresentative{Name: name, Organisation: service.Optional(f["initial_organisation_name"])}
}

func flowData(s sales.SaleView) saleFlowData {
	data := saleFlowData{AdditionalPricing: []struct{}{}, ProductQuestions: []saleQuestion{}, Agreements: []saleAgreement{}, ProductSubsidies: []struct{}{}}
	for _, q := range s.Sold.Questions {
		if answer, given := s.Submission.Answers[q.Identifier]; given {
			data.ProductQuestions = append(data.ProductQuestions, saleQuestion{ID: q.ID, Identifier: q.Identifier, Type: q.InputType, Label: q.Name, Value: answer})
		}
	}
	for _, a := range s.Sold.Agreements {
		data.Agreements = append(data.Agreements, saleAgreement{
			saleProduct: saleProduct{ID: a.ID, Identifier: a.Identifier, Label: a.Name}, Type: agreementType, Text: a.Text, Value: s.Submission.Agreements[a.Identifier],
		})
	}
	return data
}

// submitted is a sale as it was submitted and corrected since, under the names that a create has: nothing of it is lost on the
// way. The contract's file has an address of its own.
func submitted(s linking.Submission) map[string]any {
	all := map[string]any{"transaction_type": s.TransactionType, "product_id": s.ProductID, "business": salesdock.Flag(s.Business), "questionData": s.Answers}
	for name, value := range s.More {
		all[name] = value
	}
	for name, value := range s.Fields {
		all[name] = value
	}
	agreements := map[string]salesdock.Flag{}
	for _, identifier := range slices.Sorted(maps.Keys(s.Agreements)) {
		agreements[identifier] = salesdock.Flag(s.Agreements[identifier])
	}
	all["agreements"] = agreements
	if len(s.Related) > 0 {
		all["related_products"] = s.Related
	}
	if s.ContractPDF != nil {
		all["contract_pdf"] = map[string]string{"extension": s.ContractPDF.Extension, "created_at": s.ContractPDF.CreatedAt}
	}
	return all
}
