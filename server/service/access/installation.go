package access

import (
	"context"
	"crypto/rand"
	"slices"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// Installation lists the environments for the installation's owner; nobody else sees them.
func (s *Access) Installation(ctx context.Context, a service.Actor) (list []db.SystemEnvironmentListRow, owns bool, err error) {
	if a.Role != states.RoleOwner {
		return nil, false, nil
	}
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		first, err := tx.SystemEnvironmentFirst(ctx)
		if owns = first == a.EnvironmentID; !owns || err != nil {
			return err
		}
		list, err = tx.SystemEnvironmentList(ctx)
		return err
	})
	return list, owns, err
}

// AddEnvironment makes another environment for the installation's owner. Its owner is invited: nobody else knows the password.
func (s *Access) AddEnvironment(ctx context.Context, a service.Actor, account, name, email string, language states.Language) (invitation Invitation, err error) {
	_, owns, err := s.Installation(ctx, a)
	switch {
	case err != nil:
		return invitation, err
	case !owns:
		return invitation, service.Forbidden()
	}
	if missing := service.Required(map[string]string{"account": account, "name": name, "email": email}); missing != nil {
		return invitation, missing
	}
	switch {
	case !ValidAccount(account):
		return invitation, service.Invalid("account", "account_form")
	case !linking.ValidEmail(email):
		return invitation, service.Invalid("email", "not_an_email", email)
	case !slices.Contains(states.Languages, language):
		return invitation, service.Invalid("language", "field_invalid", string(language))
	}
	if _, err := s.createEnvironment(ctx, newEnvironment{account, name, email, language, rand.Text(), false}); err != nil {
		return invitation, err
	}
	there, err := s.OperatorIn(ctx, account)
	if err != nil {
		return invitation, err
	}
	user, err := s.UserCalled(ctx, there, email)
	if err != nil {
		return invitation, err
	}
	if invitation, err = s.InviteUser(ctx, there, user.ID); err != nil {
		return invitation, err
	}
	return invitation, s.Tx(ctx, a, func(tx *db.Tx) error {
		return s.Audit(ctx, tx, a, "create", "environment", there.EnvironmentID, nil, map[string]any{"account": account, "name": name})
	})
}
