package linking

import (
	"encoding/json"
	"slices"
	"strconv"

	"koppel/states"
)

// Submission is a sale as it was submitted and checked. Plain text fields (customer, addresses, company,
// energy, who made the sale originally) are kept under the names of the Salesdock API.
type Submission struct {
	TransactionType states.SaleType   `json:"transaction_type"`
	ProductID       int64             `json:"product_id"`
	Business        bool              `json:"business"`
	Fields          map[string]string `json:"fields"`
	Answers         map[string]Answer `json:"answers"`
	Agreements      map[string]bool   `json:"agreements"`
	Related         []RelatedProduct  `json:"related,omitempty"`
	ContractPDF     *ContractPDF      `json:"contract_pdf,omitempty"`
	// More is what came along under names that mean nothing to us, as it was written: it goes on to the partner.
	More map[string]json.RawMessage `json:"more,omitempty"`
	// Chain names the environments that the sale came through, the first one first; see EnvironmentName.
	Chain []string `json:"chain,omitempty"`
}

// Erased is what stays of a submission when the person whose it is goes: what was sold, and which way it came.
func (s *Submission) Erased() Submission {
	left := Submission{
		TransactionType: s.TransactionType, ProductID: s.ProductID, Business: s.Business, Related: s.Related, Chain: s.Chain,
		Fields: map[string]string{}, Answers: map[string]Answer{}, Agreements: map[string]bool{},
	}
	for _, name := range []string{"sale_channel", "contract_date", "valid_till"} {
		if value := s.Fields[name]; value != "" {
			left.Fields[name] = value
		}
	}
	return left
}

// EnvironmentName names an environment among all deployments: where it is served, and its account.
func EnvironmentName(baseURL, account string) string { return baseURL + "/" + account }

// RelatedProduct is a further product of the same sale, in a section of its flow.
type RelatedProduct struct {
	ProductID int64  `json:"product_id"`
	Quantity  int    `json:"quantity"`
	Section   string `json:"section_identifier"`
}

// ContractPDF is the signed contract of a completed sale; its presence keeps B from mailing the customer.
type ContractPDF struct {
	Content   string `json:"content"`
	Extension string `json:"extension"`
	CreatedAt string `json:"created_at,omitempty"`
}

// Required plain fields, by the Salesdock API.
var (
	RequiredFields = []string{
		"firstname", "lastname", "email", "phone", "birthdate",
		"postcode", "housenumber", "streetname", "city",
		"connection_postcode", "connection_housenumber", "connection_streetname", "connection_city",
	}
	RequiredBusinessFields = []string{"contact_person", "company_name", "company_coc"}
	OptionalFields         = []string{
		"gender", "initials", "infix", "suffix", "connection_suffix", "contact_person", "company_name", "company_coc", "company_coc_branch_number", "company_vat",
		"iban", "iban_holder", "sale_channel", "contract_date", "valid_till", "signature", "relation_id",
		"initial_user_firstname", "initial_user_lastname", "initial_organisation_name", "initial_created_at",
		"type", "tarifftype", "usage_e_single", "usage_e_high", "usage_e_low", "usage_e_exclusive", "exclusive_night", "usage_g", "has_return",
		"return", "return_e_high", "return_e_low", "electricity_ean", "gas_ean", "building_function", "delivery_mainly_private", "large_business",
		"e_gridoperator", "g_gridoperator", "e_connection_type", "g_connection_type", "g_region",
		"e_grid_operator", "g_grid_operator", "e_measurement_frequency", "g_measurement_frequency", "region", "includes_internet",
	}
)

// InventedNames are what we called some fields of the contract before we read its names: by the name we gave, the contract's.
// Clients that learned ours go on sending them, and sales that were kept then have them.
var InventedNames = map[string]string{
	"grid_operator_e": "e_gridoperator", "grid_operator_g": "g_gridoperator", "connection_type_e": "e_connection_type", "connection_type_g": "g_connection_type",
}

// ContractNames puts what has an invented name under the contract's. What has both has the contract's.
func ContractNames(fields map[string]string) {
	for invented, name := range InventedNames {
		value, given := fields[invented]
		if given && fields[name] == "" {
			fields[name] = value
		}
		delete(fields, invented)
	}
}

// UnmarshalJSON reads a submission, one that was kept with names we invented too.
func (s *Submission) UnmarshalJSON(data []byte) error {
	type plain Submission
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	ContractNames(s.Fields)
	return nil
}

// CustomerFields are the plain fields a person may correct on a sale that was not forwarded yet.
func CustomerFields() []string {
	return slices.Concat(RequiredFields, []string{
		"gender", "initials", "infix", "suffix", "connection_suffix", "contact_person", "company_name", "company_coc", "company_coc_branch_number", "company_vat", "iban", "iban_holder",
	})
}

// SoldLine is a product as it was sold.
type SoldLine struct {
	ProductID        int64
	Quantity         int
	Section          string
	Content          ProductContent
	IntegrationID    int64 // 0 for a product of our own
	PartnerProductID int64
}

// Sold is what was fixed with the sale: later changes of the set-up do not touch it.
type Sold struct {
	Product    SoldProduct `json:"product"`
	Flow       SoldFlow    `json:"flow"`
	Questions  []Question  `json:"questions"`
	Agreements []Agreement `json:"agreements"`
}

// SoldProduct names the main product of a sale.
type SoldProduct struct {
	ID           int64  `json:"id"`
	Identifier   string `json:"identifier"`
	Name         string `json:"name"`
	Type         string `json:"type"`
	SupplierID   int64  `json:"supplier_id"`
	SupplierName string `json:"supplier_name"`
}

// SoldFlow names the flow a sale came through.
type SoldFlow struct {
	ID         int64  `json:"id"`
	Type       string `json:"type"`
	Identifier string `json:"identifier"`
	Title      string `json:"title"`
}

// SaleFacts answers conditions about a sale.
type SaleFacts struct {
	Type                        states.SaleType
	Status, StatusType, Channel string
	Business                    bool
	Erased                      bool // there is nobody whose it is any more
	OrganisationID              int64
	Flow                        SoldFlow
	ProductIDs                  []int64
	ProductTypes, Suppliers     []string
	Answers                     map[string]Answer // by question identifier
	QuestionNames               map[string]string // question name → identifier
}

// Fact implements Facts.
func (f *SaleFacts) Fact(identifier, name string) ([]string, bool) {
	switch identifier {
	case "product.id":
		ids := make([]string, len(f.ProductIDs))
		for i, id := range f.ProductIDs {
			ids[i] = strconv.FormatInt(id, 10)
		}
		return ids, true
	case "product.type":
		return f.ProductTypes, true
	case "supplier.id", "supplier.identifier":
		return f.Suppliers, true
	case "flow.id":
		return []string{strconv.FormatInt(f.Flow.ID, 10)}, true
	case "flow.identifier":
		return []string{f.Flow.Identifier}, true
	case "sale.channel":
		return []string{f.Channel}, true
	case "sale.type":
		return []string{string(f.Type)}, true
	case "sale.status":
		return []string{f.Status}, true
	case "organisation.id":
		return []string{strconv.FormatInt(f.OrganisationID, 10)}, true
	case "profile.type":
		if f.Business {
			return []string{"business"}, true
		}
		return []string{"consumer"}, true
	case "question.id", "question.identifier":
		if answer, ok := f.Answers[name]; ok {
			return answer.Values, true
		}
		if id, ok := f.QuestionNames[name]; ok {
			return f.Answers[id].Values, true
		}
		return nil, false
	}
	return nil, false
}

// NewSaleFacts collects what conditions may ask about a sale.
func NewSaleFacts(s *Submission, lines []SoldLine, questions []Question) *SaleFacts {
	facts := &SaleFacts{
		Type: s.TransactionType, Business: s.Business, Channel: s.Fields["sale_channel"],
		Answers: s.Answers, QuestionNames: map[string]string{},
	}
	for i := range questions {
		facts.QuestionNames[questions[i].Name] = questions[i].Identifier
		facts.QuestionNames[questions[i].Identifier] = questions[i].Identifier
	}
	for _, line := range lines {
		facts.ProductIDs = append(facts.ProductIDs, line.ProductID)
		facts.ProductTypes = append(facts.ProductTypes, line.Content.Type)
		facts.Suppliers = append(facts.Suppliers, line.Content.SupplierIdentifier, strconv.FormatInt(line.Content.SupplierID, 10))
	}
	return facts
}
