package access

import (
	"context"
	"encoding/json"
	"fmt"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/server/service"
	"koppel/states"
	"koppel/words"
)

// mayManage says whether the actor may change somebody's access. An owner's is an owner's to change; and a token, which
// can confirm no password, changes only that of roles below its user's.
func mayManage(a service.Actor, person db.User) bool {
	switch {
	case a.Role == states.RoleOwner || person.ID == a.UserID:
		return true
	case person.Role == states.RoleOwner:
		return false
	}
	return a.TokenID == 0 || person.Role != states.RoleAdmin
}

// accessChanges are what a change of a user does to their access.
func accessChanges(before db.User, in UserInput, active bool) (changes []states.AccessChange) {
	if in.Password != "" {
		changes = append(changes, states.AccessPassword)
	}
	if in.Email != before.Email {
		changes = append(changes, states.AccessEmail)
	}
	if in.Role != before.Role {
		changes = append(changes, states.AccessRole)
	}
	switch {
	case before.Active && !active:
		changes = append(changes, states.AccessOff)
	case !before.Active && active:
		changes = append(changes, states.AccessOn)
	}
	return changes
}

// Sensitive says whether a change of a user changes what they, or others in their name, can get at: a person who does
// that proves first who they are.
func Sensitive(before db.User, in UserInput, active bool) bool {
	return len(accessChanges(before, in, active)) > 0
}

// SensitiveNew says the same of a new user.
func SensitiveNew(in UserInput) bool {
	return in.Role == states.RoleOwner || in.Role == states.RoleAdmin
}

// nameOf is who acts, for people: a user, or who runs this deployment.
func (s *Access) nameOf(ctx context.Context, tx *db.Tx, a service.Actor) (string, error) {
	if s.Operator != "" {
		return words.Say(a.Language, "an_operator"), nil
	}
	by, err := tx.UserByID(ctx, a.EnvironmentID, a.UserID)
	return UserName(by), err
}

// accessChanged audits, as an action of its own, what was done to a person's access, and has it mailed to the address that
// they had.
func (s *Access) accessChanged(ctx context.Context, tx *db.Tx, a service.Actor, person db.User, changes ...states.AccessChange) error {
	by, err := s.nameOf(ctx, tx, a)
	if err != nil && len(changes) > 0 {
		return fmt.Errorf("who changes access: %w", err)
	}
	for _, change := range changes {
		if err := s.Audit(ctx, tx, a, string(change), "user", person.ID, nil, nil); err != nil {
			return err
		}
		if !s.MailConfigured {
			continue
		}
		told, err := json.Marshal(words.AccessTold{Change: change, By: by, To: person.Email})
		if err != nil {
			return err
		}
		sealed := s.Vault.Seal(vault.AccessMailRow(a.EnvironmentID, person.ID), told)
		mail, err := tx.MailInsert(ctx, db.MailInsertParams{EnvironmentID: a.EnvironmentID, UserID: &person.ID, SecretSealed: sealed, Kind: states.MailAccess, State: states.MailWaiting, Now: s.Now()})
		if err != nil {
			return err
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxMail, mail.ID, states.SignalStart, s.Now()); err != nil {
			return err
		}
	}
	return nil
}
