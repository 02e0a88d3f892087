package api

import (
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
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

func (b organisationBody) input() service.OrganisationInput {
	details := linking.OrganisationDetails{}
	for name, value := range b.fields() {
		if *value != nil && **value != "" {
			details[name] = string(**value)
		}
	}
	return service.OrganisationInput{
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
	return row
}

func (c *call) organisations() (reply, error) {
	list, err := c.svc.Organisations(c.ctx(), c.actor)
	if err != nil {
		return reply{}, err
	}
	rows := make([]organisationRow, 0, len(list))
	for _, o := range list {
		rows = append(rows, wireOrganisation(o))
	}
	return pageOf(c, rows)
}

// pageOf cuts a page out of a list that is read whole because it is short.
func pageOf[T any](c *call, rows []T) (reply, error) {
	page, size, err := c.page()
	if err != nil {
		return reply{}, err
	}
	from := min((page-1)*size, len(rows))
	return ok(offsetPage(c, rows[from:min(from+size, len(rows))], page, size, len(rows)))
}

func (c *call) organisation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	o, err := c.svc.Organisation(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	row := wireOrganisation(o)
	logo, err := c.svc.Image(c.ctx(), c.actor, "organisation", id, "logo")
	row.Logo = wireImage(logo)
	return okOr(row, err)
}

func (c *call) createOrganisation() (reply, error) {
	var in organisationBody
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	o, err := c.svc.CreateOrganisation(c.ctx(), c.actor, in.input())
	return c.saved(wireOrganisation(o), err)
}

func (c *call) updateOrganisation() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	before, err := c.svc.Organisation(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	in := wireOrganisation(before).organisationBody
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	o, err := c.svc.UpdateOrganisation(c.ctx(), c.actor, id, in.input())
	return okOr(wireOrganisation(o), err)
}

func (c *call) deleteOrganisation() (reply, error) {
	return c.deleteByID(func(id int64) error { return c.svc.DeleteOrganisation(c.ctx(), c.actor, id) })
}

func (c *call) organisationProducts() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	ids, err := c.svc.OrganisationProducts(c.ctx(), c.actor, id)
	return okOr(map[string]any{"products": ints(ids)}, err)
}

func ints(ids []int64) []int64 { return append([]int64{}, ids...) }

// idList reads a list of ids; a key that is absent gives nil, which means all.
type idList struct {
	Products      *[]salesdock.Int `json:"products"`
	Organisations *[]salesdock.Int `json:"organisations"`
	FlowIDs       *[]salesdock.Int `json:"flow_ids"`
	ProductIDs    *[]salesdock.Int `json:"product_ids"`
	Add           *[]salesdock.Int `json:"add"`
	Remove        *[]salesdock.Int `json:"remove"`
}

func idsOf(list *[]salesdock.Int) []int64 {
	if list == nil {
		return nil
	}
	ids := make([]int64, 0, len(*list))
	for _, id := range *list {
		ids = append(ids, int64(id))
	}
	return ids
}

func (c *call) grantProducts() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	ids, err := c.svc.GrantProducts(c.ctx(), c.actor, id, idsOf(in.Products))
	return okOr(map[string]any{"organisation_id": id, "products": ints(ids)}, err)
}

func (c *call) bindIDs() (int64, *idList, error) {
	id, err := c.id("id")
	if err != nil {
		return 0, nil, err
	}
	in := &idList{}
	return id, in, c.bind(in)
}

func (c *call) grantProductTo() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	ids, err := c.svc.GrantProductTo(c.ctx(), c.actor, id, idsOf(in.Organisations))
	return okOr(map[string]any{"product_id": id, "organisations": ints(ids)}, err)
}

func (c *call) grantFlows() (reply, error) {
	id, in, err := c.bindIDs()
	if err != nil {
		return reply{}, err
	}
	if in.FlowIDs == nil {
		return reply{}, missing("flow_ids")
	}
	ids, err := c.svc.GrantFlows(c.ctx(), c.actor, id, idsOf(in.FlowIDs))
	return okOr(map[string]any{"organisation_id": id, "flow_ids": ints(ids)}, err)
}

func missing(field string) error {
	return &service.Error{Status: 422, Key: "missing", Fields: map[string]service.Sentence{field: {Key: "field_required"}}}
}

type userRow struct {
	ID                     int64   `json:"id"`
	Firstname              string  `json:"firstname"`
	Lastname               string  `json:"lastname"`
	Email                  string  `json:"email"`
	Role                   string  `json:"role"`
	Active                 bool    `json:"active"`
	Organisation           *string `json:"organisation"`
	OrganisationID         *int64  `json:"organisation_id"`
	OrganisationIdentifier *string `json:"organisation_identifier"`
}

func wireUser(u db.User) userRow {
	return userRow{ID: u.ID, Firstname: u.Firstname, Lastname: u.Lastname, Email: u.Email, Role: u.Role, Active: u.Active, OrganisationID: u.OrganisationID}
}

func (c *call) users() (reply, error) {
	list, err := c.svc.Users(c.ctx(), c.actor)
	if err != nil {
		return reply{}, err
	}
	organisations, err := c.svc.Organisations(c.ctx(), c.actor)
	if err != nil {
		return reply{}, err
	}
	byID := map[int64]db.Organisation{}
	for _, o := range organisations {
		byID[o.ID] = o
	}
	rows := make([]userRow, 0, len(list))
	for _, u := range list {
		row := wireUser(u)
		if u.OrganisationID != nil {
			if o, known := byID[*u.OrganisationID]; known {
				row.Organisation, row.OrganisationIdentifier = &o.Name, &o.Identifier
			}
		}
		rows = append(rows, row)
	}
	return pageOf(c, rows)
}

// userInput reads a new user.
func (c *call) userInput() (service.UserInput, error) {
	var in struct {
		Email          salesdock.Text `json:"email"`
		Firstname      salesdock.Text `json:"firstname"`
		Lastname       salesdock.Text `json:"lastname"`
		Role           salesdock.Text `json:"role"`
		Password       salesdock.Text `json:"password"`
		OrganisationID salesdock.Int  `json:"organisation_id"`
	}
	if err := c.bind(&in); err != nil {
		return service.UserInput{}, err
	}
	input := service.UserInput{Email: string(in.Email), Firstname: string(in.Firstname), Lastname: string(in.Lastname), Role: string(in.Role), Password: string(in.Password)}
	if in.OrganisationID != 0 {
		input.OrganisationID = new(int64(in.OrganisationID))
	}
	return input, nil
}

func (c *call) createUser() (reply, error) {
	input, err := c.userInput()
	if err != nil {
		return reply{}, err
	}
	u, err := c.svc.CreateUser(c.ctx(), c.actor, input)
	return c.saved(wireUser(u), err)
}

func (c *call) invite() (reply, error) {
	input, err := c.userInput()
	if err != nil {
		return reply{}, err
	}
	invitation, err := c.svc.Invite(c.ctx(), c.actor, input)
	if err != nil {
		return reply{}, err
	}
	u := invitation.User
	return created(map[string]any{
		"user_id": u.ID, "email": u.Email, "role": u.Role, "organisation_id": u.OrganisationID, "mailed": invitation.Mailed,
		"invitation_url": invitation.URL, // in this answer only
	})
}

type tokenRow struct {
	ID          int64           `json:"id"`
	Name        string          `json:"name"`
	Prefix      string          `json:"prefix"`
	Integration bool            `json:"integration"`
	IPAllowlist []string        `json:"ip_allowlist"`
	CreatedAt   salesdock.Stamp `json:"created_at"`
	ExpiresAt   salesdock.Stamp `json:"expires_at"`
	RevokedAt   salesdock.Stamp `json:"revoked_at"`
	Token       string          `json:"token,omitempty"` // in the answer to its creation only
}

func wireToken(t db.Token) tokenRow {
	return tokenRow{
		ID: t.ID, Name: t.Name, Prefix: t.Prefix, Integration: t.Integration, IPAllowlist: append([]string{}, t.IPAllowlist...),
		CreatedAt: salesdock.Stamp{Time: t.CreatedAt}, ExpiresAt: salesdock.StampOf(t.ExpiresAt), RevokedAt: salesdock.StampOf(t.RevokedAt),
	}
}

func (c *call) tokens() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Tokens(c.ctx(), c.actor, id)
	rows := make([]tokenRow, 0, len(list))
	for _, t := range list {
		rows = append(rows, wireToken(t))
	}
	return okOr(rows, err)
}

func (c *call) createToken() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		Name        salesdock.Text  `json:"name"`
		Integration salesdock.Flag  `json:"integration"`
		IPAllowlist salesdock.Lines `json:"ip_allowlist"`
		ExpiresAt   salesdock.Stamp `json:"expires_at"`
	}
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	input := service.TokenInput{Name: string(in.Name), Integration: bool(in.Integration), IPAllowlist: in.IPAllowlist}
	if !in.ExpiresAt.IsZero() {
		input.ExpiresAt = new(in.ExpiresAt.Truncate(time.Second))
	}
	t, text, err := c.svc.CreateToken(c.ctx(), c.actor, id, input)
	row := wireToken(t)
	row.Token = text
	if err != nil {
		return reply{}, err
	}
	return created(row)
}

func (c *call) revokeToken() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	tokenID, err := c.id("token_id")
	if err != nil {
		return reply{}, err
	}
	return okOr(map[string]any{"id": tokenID}, c.svc.RevokeToken(c.ctx(), c.actor, id, tokenID))
}

func (c *call) audit() (reply, error) {
	list, err := c.svc.Audit(c.ctx(), c.actor, c.q("entity"))
	rows := make([]map[string]any, 0, len(list))
	for _, l := range list {
		rows = append(rows, map[string]any{
			"id": l.ID, "action": l.Action, "entity": l.Entity, "entity_id": l.EntityID, "user_id": l.UserID, "old": raw(l.Old), "new": raw(l.New), "at": salesdock.Stamp{Time: l.At},
		})
	}
	return okOr(rows, err)
}
