package linking

// OrganisationDetails are the company, address and contact of an organisation, under the names of the Salesdock API.
type OrganisationDetails map[string]string

// OrganisationFields are the details that an organisation can have.
var OrganisationFields = []string{
	"contractor", "company_name", "company_coc", "company_vat", "contact_person", "email", "phone", "website", "iban", "iban_holder",
	"postcode", "housenumber", "suffix", "streetname", "city", "country",
}
