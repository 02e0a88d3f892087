package api

import (
	"slices"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service/access"
	"koppel/states"
)

type userRow struct {
	ID                     int64       `json:"id"`
	Firstname              string      `json:"firstname"`
	Lastname               string      `json:"lastname"`
	Email                  string      `json:"email"`
	Role                   states.Role `json:"role"`
	Active                 bool        `json:"active"`
	Organisation           *string     `json:"organisation"`
	OrganisationID         *int64      `json:"organisation_id"`
	OrganisationIdentifier *string     `json:"organisation_identifier"`
}

// invitedUser is a user who chooses a password with the link, which is in this answer only.
type invitedUser struct {
	UserID         int64       `json:"user_id"`
	Email          string      `json:"email"`
	Role           states.Role `json:"role"`
	OrganisationID *int64      `json:"organisation_id"`
	InvitationURL  string      `json:"invitation_url"`
	Mailed         bool        `json:"mailed"`
}

func wireUser(u db.User) userRow {
	return userRow{ID: u.ID, Firstname: u.Firstname, Lastname: u.Lastname, Email: u.Email, Role: u.Role, Active: u.Active, OrganisationID: u.OrganisationID}
}

func (c *call) users() (reply, error) {
	_, from, till, err := c.period(createdDate)
	if err != nil {
		return reply{}, err
	}
	list, err := c.svc.Access.Users(c.ctx(), c.actor)
	if err != nil {
		return reply{}, err
	}
	if from != nil {
		list = slices.DeleteFunc(list, func(u db.User) bool { return u.CreatedAt.Before(*from) || !u.CreatedAt.Before(*till) })
	}
	organisations, err := c.svc.Access.Organisations(c.ctx(), c.actor)
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
func (c *call) userInput() (access.UserInput, error) {
	var in struct {
		Email          salesdock.Text `json:"email"`
		Firstname      salesdock.Text `json:"firstname"`
		Lastname       salesdock.Text `json:"lastname"`
		Role           salesdock.Text `json:"role"`
		Password       salesdock.Text `json:"password"`
		OrganisationID salesdock.Int  `json:"organisation_id"`
	}
	if err := c.bind(&in); err != nil {
		return access.UserInput{}, err
	}
	input := access.UserInput{Email: string(in.Email), Firstname: string(in.Firstname), Lastname: string(in.Lastname), Role: states.Role(in.Role), Password: string(in.Password)}
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
	u, err := c.svc.Access.CreateUser(c.ctx(), c.actor, input)
	return c.saved(wireUser(u), err)
}

func (c *call) invite() (reply, error) {
	input, err := c.userInput()
	if err != nil {
		return reply{}, err
	}
	invitation, err := c.svc.Access.Invite(c.ctx(), c.actor, input)
	if err != nil {
		return reply{}, err
	}
	u := invitation.User
	return created(invitedUser{UserID: u.ID, Email: u.Email, Role: u.Role, OrganisationID: u.OrganisationID, InvitationURL: invitation.URL, Mailed: invitation.Mailed})
}
