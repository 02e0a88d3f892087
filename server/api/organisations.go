package api

import (
	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service/access"
	"koppel/states"
)

type organisationBody struct {
	Name         salesdock.Text `json:"name"`
	Identifier   salesdock.Text `json:"identifier"`
	Description  salesdock.Text `json:"description"`
	SalesChannel salesdock.Text `json:"sales_channel"`
	organisationDetails
	Logo *upload `json:"logo"`
}

// organisationDetails are the rest of an organisation's fields, each a text of its own on the wire.
type organisationDetails struct {
	Contractor    *salesdock.Text `json:"contractor"`
	CompanyName   *salesdock.Text `json:"company_name"`
	CompanyCoC    *salesdock.Text `json:"company_coc"`
	CompanyVAT    *salesdock.Text `json:"company_vat"`
	CoC           *salesdock.Text `json:"coc"` // the contract's names of the two
	VAT           *salesdock.Text `json:"vat"`
	ContactPerson *salesdock.Text `json:"contact_person"`
	Email         *salesdock.Text `json:"email"`
	Phone         *salesdock.Text `json:"phone"`
	Website       *salesdock.Text `json:"website"`
	IBAN          *salesdock.Text `json:"iban"`
	IBANHolder    *salesdock.Text `json:"iban_holder"`
	Postcode      *salesdock.Text `json:"postcode"`
	Housenumber   *salesdock.Text `json:"housenumber"`
	Suffix        *salesdock.Text `json:"suffix"`
	Streetname    *salesdock.Text `json:"streetname"`
	City          *salesdock.Text `json:"city"`
	Country       *salesdock.Text `json:"country"`
}

func (d *organisationDetails) fields() map[string]**salesdock.Text {
	return map[string]**salesdock.Text{
		"contractor": &d.Contractor, "company_name": &d.CompanyName, "company_coc": &d.CompanyCoC, "company_vat": &d.CompanyVAT, "contact_person": &d.ContactPerson,
		"email": &d.Email, "phone": &d.Phone, "website": &d.Website, "iban": &d.IBAN, "iban_holder": &d.IBANHolder, "postcode": &d.Postcode,
		"housenumber": &d.Housenumber, "suffix": &d.Suffix, "streetname": &d.Streetname, "city": &d.City, "country": &d.Country,
	}
}

func (b organisationBody) input() access.OrganisationInput {
	details := linking.OrganisationDetails{}
	for name, value := range b.fields() {
		if *value != nil && **value != "" {
			details[name] = string(**value)
		}
	}
	return access.OrganisationInput{
		Name: string(b.Name), Identifier: string(b.Identifier), Description: string(b.Description), SalesChannel: string(b.SalesChannel), Details: details, Logo: b.Logo.input(),
	}
}

type organisationRow struct {
	ID int64 `json:"id"`
	organisationBody
	Logo      *salesdock.Image `json:"logo"`
	CreatedAt salesdock.Stamp  `json:"created_at"`
	UpdatedAt salesdock.Stamp  `json:"updated_at"`
}

func wireOrganisation(o db.Organisation) organisationRow {
	row := organisationRow{
		ID: o.ID, CreatedAt: salesdock.Stamp{Time: o.CreatedAt}, UpdatedAt: salesdock.Stamp{Time: o.UpdatedAt},
		organisationBody: organisationBody{
			Name: salesdock.Text(o.Name), Identifier: salesdock.Text(o.Identifier), Description: salesdock.Text(o.Description), SalesChannel: salesdock.Text(o.SalesChannel),
		},
	}
	for name, value := range row.fields() {
		if text, known := o.Details[name]; known {
			*value = new(salesdock.Text(text))
		}
	}
	row.CoC, row.VAT = row.CompanyCoC, row.CompanyVAT
	return row
}

func (c *call) organisations() (reply, error) {
	list, err := c.svc.Access.Organisations(c.ctx(), c.actor)
	if err != nil {
		return reply{}, err
	}
	rows := make([]organisationRow, 0, len(list))
	for _, o := range list {
		rows = append(rows, wireOrganisation(o))
	}
	return pageOf(c, rows)
}

func (c *call) organisation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	o, err := c.svc.Access.Organisation(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	row := wireOrganisation(o)
	logo, err := c.svc.Image(c.ctx(), c.actor, states.FileOfOrganisation, id, states.FileLogo)
	row.Logo = wireImage(logo)
	return okOr(row, err)
}

// organisationID is the organisation that something was done to, under the contract's name and ours.
type organisationID struct {
	OrganisationID int64 `json:"organisation_id"`
	ID             int64 `json:"id"`
}

type savedOrganisation struct {
	OrganisationID int64 `json:"organisation_id"`
	organisationRow
}

// organisationBody lays a request over what is there. Of two names of a number the one that it gives counts.
func (c *call) organisationBody(in organisationBody) (organisationBody, error) {
	in.CoC, in.VAT = nil, nil
	if err := c.bind(&in); err != nil {
		return in, err
	}
	if in.CoC != nil {
		in.CompanyCoC = in.CoC
	}
	if in.VAT != nil {
		in.CompanyVAT = in.VAT
	}
	return in, nil
}

func (c *call) createOrganisation() (reply, error) {
	in, err := c.organisationBody(organisationBody{})
	if err != nil {
		return reply{}, err
	}
	o, err := c.svc.Access.CreateOrganisation(c.ctx(), c.actor, in.input())
	return c.saved(savedOrganisation{o.ID, wireOrganisation(o)}, err)
}

func (c *call) updateOrganisation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	before, err := c.svc.Access.Organisation(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	in, err := c.organisationBody(wireOrganisation(before).organisationBody)
	if err != nil {
		return reply{}, err
	}
	o, err := c.svc.Access.UpdateOrganisation(c.ctx(), c.actor, id, in.input())
	return okOr(savedOrganisation{o.ID, wireOrganisation(o)}, err)
}

func (c *call) deleteOrganisation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	return okOr(organisationID{id, id}, c.svc.Access.DeleteOrganisation(c.ctx(), c.actor, id))
}
