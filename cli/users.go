package cli

import (
	"errors"
	"fmt"

	"koppel/db"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/service/services"
	"koppel/states"
)

// UserCmd is koppel user.
type UserCmd struct {
	List          UserListCmd          `cmd:"" help:"List an environment's users."`
	Create        UserCreateCmd        `cmd:"" help:"Add a user, who chooses a password with a link that is mailed or printed."`
	Disable       UserDisableCmd       `cmd:"" help:"Switch a user off: signed out everywhere, and without tokens that work."`
	Enable        UserEnableCmd        `cmd:"" help:"Switch a user on again."`
	ResetPassword UserResetPasswordCmd `cmd:"" help:"Have a user choose a new password with a link that is mailed or printed."`
	EndSessions   UserEndSessionsCmd   `cmd:"" help:"Sign a user out everywhere."`
}

// ofUser names the user that a command is about.
type ofUser struct {
	Account string `required:"" help:"The environment's account name."`
	Email   string `required:"" help:"The user's e-mail address."`
}

// listedUser is a user as commands print one.
type listedUser struct {
	ID             int64       `json:"id"`
	Email          string      `json:"email"`
	Name           string      `json:"name"`
	Role           states.Role `json:"role"`
	OrganisationID *int64      `json:"organisation_id"`
	Active         bool        `json:"active"`
	Invited        bool        `json:"has_no_password"`
}

func listed(u db.User) listedUser {
	return listedUser{u.ID, u.Email, access.UserName(u), u.Role, u.OrganisationID, u.Active, u.PasswordHash == ""}
}

// do finds the user.
func (o ofUser) do(r *Run, with func(svc *services.Services, a service.Actor, person listedUser) error) error {
	return asOperator(r, func(svc *services.Services) error {
		actor, err := inAccount(r, svc, o.Account)
		if err != nil {
			return err
		}
		found, err := svc.Access.UserCalled(r.Ctx, actor, o.Email)
		var refusal *service.Error
		if errors.As(err, &refusal) && refusal.Kind == service.KindNotFound {
			return fmt.Errorf("environment %s has no user %s: koppel user list --account %s shows those that there are", actor.Account, o.Email, actor.Account)
		}
		if err != nil {
			return err
		}
		return with(svc, actor, listed(found))
	})
}

// UserListCmd is koppel user list.
type UserListCmd struct {
	Account string `required:"" help:"The environment's account name."`
	JSON    bool   `help:"Print JSON."`
}

// Run lists them.
func (c *UserListCmd) Run(r *Run) error {
	return asOperator(r, func(svc *services.Services) error {
		actor, err := inAccount(r, svc, c.Account)
		if err != nil {
			return err
		}
		users, err := svc.Access.Users(r.Ctx, actor)
		if err != nil {
			return err
		}
		list, lines := []listedUser{}, []string{"ID\tE-MAIL\tNAME\tROLE\tSTANDING"}
		for _, u := range users {
			person, standing := listed(u), "active"
			switch {
			case !u.Active:
				standing = "switched off"
			case person.Invited:
				standing = "has chosen no password yet"
			}
			list = append(list, person)
			lines = append(lines, fmt.Sprintf("%d\t%s\t%s\t%s\t%s", u.ID, u.Email, person.Name, u.Role, standing))
		}
		return r.told(c.JSON, list, lines...)
	})
}

// byLink says how a link to choose a password with reaches the user.
type byLink struct {
	PrintLink bool `help:"Print the link, this once, and mail nothing."`
	JSON      bool `help:"Print JSON."`
}

// prepare has nothing be mailed that is printed, and refuses where neither would be.
func (l byLink) prepare(svc *services.Services) error {
	if l.PrintLink {
		svc.MailConfigured = false
	} else if !svc.MailConfigured {
		return errors.New("no mail server is set (KOPPEL_SMTP_URL), so no link can be mailed: print it with --print-link, and hand it over yourself")
	}
	return nil
}

func (l byLink) tell(r *Run, invitation access.Invitation) error {
	told := map[string]any{"user": listed(invitation.User), "mailed": invitation.Mailed}
	if !l.PrintLink {
		return r.told(l.JSON, told, "A link to choose a password with is mailed to "+invitation.User.Email+".")
	}
	told["link"] = invitation.URL
	return r.told(l.JSON, told, invitation.URL, "This link works once, for a week. It is shown this once.")
}

// UserCreateCmd is koppel user create.
type UserCreateCmd struct {
	ofUser
	byLink
	Role         states.Role `required:"" help:"owner, admin, organisation_admin, teamleader or agent."`
	Firstname    string      `help:"First name."`
	Lastname     string      `help:"Last name."`
	Organisation *int64      `help:"Number of the organisation, for roles below admin." placeholder:"ID"`
}

// Run adds a user.
func (c *UserCreateCmd) Run(r *Run) error {
	return asOperator(r, func(svc *services.Services) error {
		if err := c.prepare(svc); err != nil {
			return err
		}
		actor, err := inAccount(r, svc, c.Account)
		if err != nil {
			return err
		}
		invitation, err := svc.Access.Invite(r.Ctx, actor, access.UserInput{Email: c.Email, Firstname: c.Firstname, Lastname: c.Lastname, Role: c.Role, OrganisationID: c.Organisation})
		if err != nil {
			return err
		}
		return c.tell(r, invitation)
	})
}

// UserResetPasswordCmd is koppel user reset-password.
type UserResetPasswordCmd struct {
	ofUser
	byLink
}

// Run makes a link. The old password works until another one is chosen.
func (c *UserResetPasswordCmd) Run(r *Run) error {
	return c.do(r, func(svc *services.Services, a service.Actor, person listedUser) error {
		if err := c.prepare(svc); err != nil {
			return err
		}
		if !person.Active {
			return fmt.Errorf("%s is switched off: koppel user enable first", person.Email)
		}
		invitation, err := svc.Access.InviteUser(r.Ctx, a, person.ID)
		if err != nil {
			return err
		}
		return c.tell(r, invitation)
	})
}

// UserDisableCmd is koppel user disable.
type UserDisableCmd struct {
	ofUser
	JSON bool `help:"Print JSON."`
}

// Run switches a user off.
func (c *UserDisableCmd) Run(r *Run) error { return c.switchTo(r, false, c.JSON) }

// UserEnableCmd is koppel user enable.
type UserEnableCmd struct {
	ofUser
	JSON bool `help:"Print JSON."`
}

// Run switches a user on.
func (c *UserEnableCmd) Run(r *Run) error { return c.switchTo(r, true, c.JSON) }

func (o ofUser) switchTo(r *Run, active, asJSON bool) error {
	return o.do(r, func(svc *services.Services, a service.Actor, person listedUser) error {
		before, err := svc.Access.User(r.Ctx, a, person.ID)
		if err != nil {
			return err
		}
		is := map[bool]string{true: "active", false: "switched off"}[active]
		if before.Active == active {
			return r.told(asJSON, person, person.Email+" was "+is+" already.")
		}
		after, err := svc.Access.UpdateUser(r.Ctx, a, before.ID, access.UserInput{
			Email: before.Email, Firstname: before.Firstname, Lastname: before.Lastname, Role: before.Role, OrganisationID: before.OrganisationID,
		}, active)
		if err != nil {
			return err
		}
		return r.told(asJSON, listed(after), after.Email+" is "+is+".")
	})
}

// UserEndSessionsCmd is koppel user end-sessions.
type UserEndSessionsCmd struct {
	ofUser
	JSON bool `help:"Print JSON."`
}

// Run signs a user out.
func (c *UserEndSessionsCmd) Run(r *Run) error {
	return c.do(r, func(svc *services.Services, a service.Actor, person listedUser) error {
		ended, err := svc.Access.EndSessions(r.Ctx, a, person.ID)
		if err != nil {
			return err
		}
		return r.told(c.JSON, map[string]any{"user": person, "ended": ended}, fmt.Sprintf("%s is signed out of %d sessions. Tokens go on working.", person.Email, ended))
	})
}
