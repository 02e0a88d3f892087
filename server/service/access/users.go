package access

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// UserInput is what can be said of a new user.
type UserInput struct {
	Email, Firstname, Lastname, Password string
	Role                                 states.Role
	OrganisationID                       *int64
}

// Users lists the environment's users.
func (s *Access) Users(ctx context.Context, a service.Actor) (list []db.User, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.UserList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// CreateUser adds a user.
func (s *Access) CreateUser(ctx context.Context, a service.Actor, in UserInput) (user db.User, err error) {
	if err := s.checkUser(a, in); err != nil {
		return user, err
	}
	var hash string
	if in.Password != "" {
		if hash, err = hashPassword(ctx, in.Password, a.Account, a.EnvironmentName, in.Email, in.Firstname, in.Lastname); err != nil {
			return user, err
		}
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err = s.addUser(ctx, tx, a, in, hash)
		return err
	})
	return user, err
}

func (s *Access) addUser(ctx context.Context, tx *db.Tx, a service.Actor, in UserInput, passwordHash string) (db.User, error) {
	user, err := tx.UserInsert(ctx, db.UserInsertParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: in.OrganisationID, Email: in.Email, Firstname: in.Firstname, Lastname: in.Lastname,
		Role: in.Role, PasswordHash: passwordHash, Now: s.Now(),
	})
	if err != nil {
		return user, service.OrConflict(userError(err), "user_exists")
	}
	return user, s.Audit(ctx, tx, a, "create", "user", user.ID, nil, map[string]any{"email": in.Email, "role": in.Role, "organisation_id": in.OrganisationID})
}

// UserName is what a person is called: the name, or the e-mail address where there is none.
func UserName(user db.User) string {
	if name := strings.TrimSpace(user.Firstname + " " + user.Lastname); name != "" {
		return name
	}
	return user.Email
}

// User reads one user.
func (s *Access) User(ctx context.Context, a service.Actor, id int64) (user db.User, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err = tx.UserByID(ctx, a.EnvironmentID, id)
		return err
	})
	return user, service.OrNotFound(err)
}

// UpdateUser changes a user. Who is switched off, or gets a new password, is signed out everywhere; an
// environment keeps an owner.
func (s *Access) UpdateUser(ctx context.Context, a service.Actor, id int64, in UserInput, active bool) (user db.User, err error) {
	if err := s.checkUser(a, in); err != nil {
		return user, err
	}
	var hash string
	if in.Password != "" {
		if hash, err = hashPassword(ctx, in.Password, a.Account, a.EnvironmentName, in.Email, in.Firstname, in.Lastname); err != nil {
			return user, err
		}
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.UserByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if !mayManage(a, before) {
			return service.Forbidden()
		}
		user, err = tx.UserUpdate(ctx, db.UserUpdateParams{
			EnvironmentID: a.EnvironmentID, ID: id, Email: in.Email, Firstname: in.Firstname, Lastname: in.Lastname, Role: in.Role, OrganisationID: in.OrganisationID, Active: active,
		})
		if err != nil {
			return service.OrConflict(userError(err), "user_exists")
		}
		owners, err := tx.UserOwners(ctx, a.EnvironmentID)
		if err != nil {
			return err
		}
		if owners == 0 {
			return service.Conflict("last_owner")
		}
		if hash != "" {
			if _, err := tx.UserSetPassword(ctx, db.UserSetPasswordParams{EnvironmentID: a.EnvironmentID, ID: id, PasswordHash: hash}); err != nil {
				return err
			}
		}
		if hash != "" || !active {
			if _, err := tx.SessionsOfUserDelete(ctx, a.EnvironmentID, id); err != nil {
				return err
			}
		}
		seen := func(u db.User) map[string]any {
			return map[string]any{"email": u.Email, "firstname": u.Firstname, "lastname": u.Lastname, "role": u.Role, "organisation_id": u.OrganisationID, "active": u.Active}
		}
		if err := s.Audit(ctx, tx, a, "update", "user", id, seen(before), seen(user)); err != nil {
			return err
		}
		return s.accessChanged(ctx, tx, a, before, accessChanges(before, in, active)...)
	})
	return user, service.OrNotFound(err)
}

// Roles of users, from all rights to few.
var Roles = []states.Role{states.RoleOwner, states.RoleAdmin, states.RoleOrganisationAdmin, states.RoleTeamleader, states.RoleAgent}

func (s *Access) checkUser(a service.Actor, in UserInput) error {
	if wrong := cmp.Or(service.Required(map[string]string{"email": in.Email, "role": string(in.Role)}), service.Fits(map[string]string{"firstname": in.Firstname, "lastname": in.Lastname})); wrong != nil {
		return wrong
	}
	switch {
	case !linking.ValidEmail(in.Email):
		return service.Invalid("email", "field_invalid", in.Email)
	case !slices.Contains(Roles, in.Role):
		return service.Invalid("role", "field_invalid", strings.Join(states.Texts(Roles...), ", "))
	case !mayManage(a, db.User{Role: in.Role}):
		return service.Forbidden()
	case in.OrganisationID == nil && in.Role != states.RoleOwner && in.Role != states.RoleAdmin:
		return service.Invalid("organisation_id", "field_required")
	}
	return nil
}

func userError(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return service.Invalid("organisation_id", "not_found")
	}
	return err
}
