package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/server/service"
	"koppel/states"
	"koppel/words"
)

// invitationExpiry is how long somebody has to choose a password.
const invitationExpiry = 7 * 24 * time.Hour

// Invitation is a link with which a user chooses a password, told this once.
type Invitation struct {
	User   db.User
	URL    string
	Mailed bool // the link goes to the user by mail too
}

// Invite adds a user without a password, and invites them. Who has not chosen a password yet is invited anew.
func (s *Access) Invite(ctx context.Context, a service.Actor, in UserInput) (invitation Invitation, err error) {
	if err := s.checkUser(a, in); err != nil {
		return invitation, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err := tx.UserByEmail(ctx, a.EnvironmentID, in.Email)
		switch {
		case errors.Is(err, db.ErrNotFound):
			user, err = s.addUser(ctx, tx, a, in, "")
		case err == nil && (user.PasswordHash != "" || !user.Active || user.Role != in.Role || !sameID(user.OrganisationID, in.OrganisationID)):
			err = service.Conflict("user_exists")
		}
		if err != nil {
			return err
		}
		invitation, err = s.invite(ctx, tx, a, user)
		return err
	})
	return invitation, err
}

func sameID(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// InviteUser has a user choose a password, a new one where they have one.
func (s *Access) InviteUser(ctx context.Context, a service.Actor, id int64) (invitation Invitation, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err := tx.UserByID(ctx, a.EnvironmentID, id)
		switch {
		case err != nil:
			return err
		case !mayManage(a, user):
			return service.Forbidden()
		case !user.Active:
			return service.Conflict("user_off")
		}
		invitation, err = s.invite(ctx, tx, a, user)
		return err
	})
	return invitation, service.OrNotFound(err)
}

// invite makes a link, which replaces an earlier one, and has it mailed.
func (s *Access) invite(ctx context.Context, tx *db.Tx, a service.Actor, user db.User) (Invitation, error) {
	text := rand.Text()
	hash := sha256.Sum256([]byte(text))
	invitation := Invitation{User: user, URL: words.InvitationURL(s.PublicURL, a.Account, text), Mailed: s.MailConfigured}
	if err := tx.InvitationsOfUserDelete(ctx, a.EnvironmentID, user.ID); err != nil {
		return invitation, err
	}
	if err := tx.InvitationInsert(ctx, db.InvitationInsertParams{EnvironmentID: a.EnvironmentID, UserID: user.ID, Hash: hash[:], ExpiresAt: s.Now().Add(invitationExpiry)}); err != nil {
		return invitation, err
	}
	if err := s.Audit(ctx, tx, a, "invite", "user", user.ID, nil, nil); err != nil || !s.MailConfigured {
		return invitation, err
	}
	sealed := s.Vault.Seal(vault.InvitationRow(a.EnvironmentID, user.ID), []byte(text))
	mail, err := tx.MailInsert(ctx, db.MailInsertParams{EnvironmentID: a.EnvironmentID, UserID: &user.ID, SecretSealed: sealed, Kind: states.MailInvitation, State: states.MailWaiting, Now: s.Now()})
	if err != nil {
		return invitation, err
	}
	return invitation, tx.Move(ctx, a.EnvironmentID, states.OutboxMail, mail.ID, states.SignalStart, s.Now())
}

// Invited finds who an invitation is for. One that was used, has expired or never was, is not there.
func (s *Access) Invited(ctx context.Context, account, text string) (env db.Environment, user db.User, err error) {
	gone := service.Refuse(service.KindNotFound, "invitation_gone")
	if env, err = s.EnvironmentOrNone(ctx, account); err != nil {
		return env, user, err
	}
	hash := sha256.Sum256([]byte(text))
	err = s.Store.WithTx(ctx, env.ID, func(tx *db.Tx) error {
		row, err := tx.InvitationUser(ctx, db.InvitationUserParams{EnvironmentID: env.ID, Hash: hash[:], Now: s.Now()})
		user = row.User
		return err
	})
	if service.OrNotFound(err) != err { //nolint:errorlint // whether it was turned into a refusal
		err = gone
	}
	return env, user, err
}

// AcceptInvitation sets the password that somebody who was invited chose.
func (s *Access) AcceptInvitation(ctx context.Context, account, text, password string) error {
	env, user, err := s.Invited(ctx, account, text)
	if err != nil {
		return err
	}
	hashed, err := hashPassword(ctx, password, env.Account, env.Name, user.Email, UserName(user))
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	actor := service.Actor{EnvironmentID: env.ID, UserID: user.ID}
	return s.Tx(ctx, actor, func(tx *db.Tx) error {
		used, err := tx.InvitationUse(ctx, db.InvitationUseParams{EnvironmentID: env.ID, Hash: sum[:], Now: s.Now()})
		if err != nil {
			return err
		}
		if used == 0 {
			return service.Refuse(service.KindNotFound, "invitation_gone")
		}
		if err := service.MustChange(tx.UserSetPassword(ctx, db.UserSetPasswordParams{EnvironmentID: env.ID, ID: user.ID, PasswordHash: hashed})); err != nil {
			return err
		}
		if _, err := tx.SessionsOfUserDelete(ctx, env.ID, user.ID); err != nil {
			return err
		}
		return s.Audit(ctx, tx, actor, "accept_invitation", "user", user.ID, nil, nil)
	})
}
