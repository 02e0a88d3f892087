package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"time"

	"koppel/db"
)

// invitationExpiry is how long somebody has to choose a password.
const invitationExpiry = 7 * 24 * time.Hour

// Invite adds a user without a password, and gives the text of a link to choose one with, this once.
func (s *Service) Invite(ctx context.Context, a Actor, in UserInput) (user db.User, text string, err error) {
	in.Password = ""
	if user, err = s.CreateUser(ctx, a, in); err != nil {
		return user, "", err
	}
	text = rand.Text()
	hash := sha256.Sum256([]byte(text))
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		return tx.InvitationInsert(ctx, db.InvitationInsertParams{EnvironmentID: a.EnvironmentID, UserID: user.ID, Hash: hash[:], ExpiresAt: s.Now().Add(invitationExpiry)})
	})
	return user, text, err
}

// Invited finds who an invitation is for. One that was used, has expired or never was, is not there.
func (s *Service) Invited(ctx context.Context, account, text string) (env db.Environment, user db.User, err error) {
	gone := refuse(http.StatusNotFound, "invitation_gone")
	if env, err = s.Environment(ctx, account); err != nil {
		return env, user, gone
	}
	hash := sha256.Sum256([]byte(text))
	err = s.Store.WithTx(ctx, env.ID, func(tx *db.Tx) error {
		user, err = tx.InvitationUser(ctx, db.InvitationUserParams{EnvironmentID: env.ID, Hash: hash[:], Now: s.Now()})
		return err
	})
	if orNotFound(err) != err { //nolint:errorlint // whether it was turned into a refusal
		err = gone
	}
	return env, user, err
}

// AcceptInvitation sets the password that somebody who was invited chose.
func (s *Service) AcceptInvitation(ctx context.Context, account, text, password string) error {
	env, user, err := s.Invited(ctx, account, text)
	if err != nil {
		return err
	}
	hashed, err := hashPassword(password)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	actor := Actor{EnvironmentID: env.ID, UserID: user.ID}
	return s.tx(ctx, actor, func(tx *db.Tx) error {
		used, err := tx.InvitationUse(ctx, db.InvitationUseParams{EnvironmentID: env.ID, Hash: sum[:], Now: s.Now()})
		if err != nil {
			return err
		}
		if used == 0 {
			return refuse(http.StatusNotFound, "invitation_gone")
		}
		if err := mustChange(tx.UserSetPassword(ctx, db.UserSetPasswordParams{EnvironmentID: env.ID, ID: user.ID, PasswordHash: hashed})); err != nil {
			return err
		}
		return s.audit(ctx, tx, actor, "accept_invitation", "user", user.ID, nil, nil)
	})
}
