package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// Environment finds an environment by its account name.
func (s *Access) Environment(ctx context.Context, account string) (env db.Environment, err error) {
	if !db.Storable(account) {
		return env, service.NotFound()
	}
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		env, err = tx.EnvironmentByAccount(ctx, AccountName(account))
		return err
	})
	return env, service.OrNotFound(err)
}

// EnvironmentOrNone is Environment for who has not proved anything yet: one that is not there is the number of none, in which nothing is
// found. What follows is done all the same, so that it takes as long.
func (s *Access) EnvironmentOrNone(ctx context.Context, account string) (db.Environment, error) {
	env, err := s.Environment(ctx, account)
	if refusal, is := errors.AsType[*service.Error](err); is && refusal.Kind == service.KindNotFound {
		return db.Environment{}, nil
	}
	return env, err
}

// NewEnvironment is a new environment's owner, with what is shown once.
type NewEnvironment struct {
	Account       string `json:"account"`
	OwnerEmail    string `json:"owner_email"`
	OwnerPassword string `json:"owner_password"`
	OwnerToken    string `json:"owner_token"`
}

var accountForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{1,62}$`)

// ValidAccount says whether a text can be an account name: a slug.
func ValidAccount(account string) bool { return accountForm.MatchString(account) }

// CreateEnvironment makes an environment with its owner, whose password it makes up: on the command line.
func (s *Access) CreateEnvironment(ctx context.Context, account, name, email string, language states.Language) (NewEnvironment, error) {
	if !linking.ValidEmail(email) {
		return NewEnvironment{}, fmt.Errorf("%q is not an e-mail address", email)
	}
	return s.createEnvironment(ctx, newEnvironment{account, name, email, language, rand.Text(), true})
}

// newEnvironment is what an environment is made of; token says that its owner gets one at once.
type newEnvironment struct {
	account, name, email string
	language             states.Language
	password             string
	token                bool
}

func (s *Access) createEnvironment(ctx context.Context, in newEnvironment) (NewEnvironment, error) {
	account, name, email, password := in.account, in.name, in.email, in.password
	hash, err := hashPassword(ctx, password, account, name, email)
	if err != nil {
		return NewEnvironment{}, err
	}
	created := NewEnvironment{Account: account, OwnerEmail: email, OwnerPassword: password}
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		env, err := tx.EnvironmentInsert(ctx, db.EnvironmentInsertParams{Account: account, Name: name, Language: in.language, Now: s.Now()})
		if err != nil {
			return err
		}
		user, err := tx.UserInsert(ctx, db.UserInsertParams{EnvironmentID: env.ID, Email: email, Role: states.RoleOwner, PasswordHash: hash, Now: s.Now()})
		if err != nil {
			return err
		}
		if in.token {
			text, prefix, sum := newToken()
			created.OwnerToken = text
			_, err = tx.TokenInsert(ctx, db.TokenInsertParams{
				EnvironmentID: env.ID, UserID: user.ID, Name: "owner", Prefix: prefix, Hash: sum, IPAllowlist: []string{}, Now: s.Now(),
			})
			if err != nil {
				return err
			}
		}
		return s.Audit(ctx, tx, service.Actor{EnvironmentID: env.ID}, "create", "environment", env.ID, nil, map[string]any{"account": account, "name": name})
	})
	if errors.Is(err, db.ErrConflict) {
		return NewEnvironment{}, service.Taken("account", account)
	}
	return created, err
}

// UpdateEnvironment changes an environment's name and language.
func (s *Access) UpdateEnvironment(ctx context.Context, a service.Actor, name string, language states.Language) error {
	if missing := service.Required(map[string]string{"name": name}); missing != nil {
		return missing
	}
	if !slices.Contains(states.Languages, language) {
		return service.Invalid("language", "field_invalid", string(language))
	}
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if err := tx.EnvironmentSet(ctx, db.EnvironmentSetParams{ID: a.EnvironmentID, Name: name, Language: language}); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "update", "environment", a.EnvironmentID, map[string]any{"name": a.EnvironmentName}, map[string]any{"name": name, "language": language})
	})
}

// NeedsSetUp says whether this deployment has no environment yet.
func (s *Access) NeedsSetUp(ctx context.Context) (bool, error) {
	var count int64
	err := s.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
		count, err = tx.SystemEnvironmentCount(ctx)
		return err
	})
	return count == 0, err
}

// SetUpCode is what the first environment's maker must know: who can read the server's log has it. It follows
// from the encryption keys, so that several servers agree.
func (s *Access) SetUpCode() string { return s.setUpCodes()[0] }

// setUpCodes are the codes of all keys: one that was read before a new key came first is good still.
func (s *Access) setUpCodes() (codes []string) {
	for _, secret := range s.Vault.Derive("set-up") {
		codes = append(codes, base32.StdEncoding.EncodeToString(hmac.New(sha256.New, secret).Sum(nil))[:12])
	}
	return codes
}

func (s *Access) setUpCodeFits(code string) bool {
	code = strings.ToUpper(strings.TrimSpace(code))
	return slices.ContainsFunc(s.setUpCodes(), func(known string) bool { return subtle.ConstantTimeCompare([]byte(code), []byte(known)) == 1 })
}

// FirstEnvironment makes the first environment with its owner, and signs the owner in.
func (s *Access) FirstEnvironment(ctx context.Context, code, account, name, email, password string, remote netip.Addr) (session string, a service.Actor, err error) {
	if missing := service.Required(map[string]string{"code": code, "account": account, "name": name, "email": email, "password": password}); missing != nil {
		return "", a, missing
	}
	needed, err := s.NeedsSetUp(ctx)
	switch {
	case err != nil:
		return "", a, err
	case !needed:
		return "", a, service.Conflict("set_up_done")
	case !s.setUpCodeFits(code):
		return "", a, service.Invalid("code", "set_up_code_wrong")
	case !linking.ValidEmail(email):
		return "", a, service.Invalid("email", "field_invalid", email)
	case !ValidAccount(account):
		return "", a, service.Invalid("account", "account_form")
	}
	if _, err := s.createEnvironment(ctx, newEnvironment{account, name, email, states.Dutch, password, true}); err != nil {
		return "", a, err
	}
	return s.SignIn(ctx, account, email, password, remote)
}
