package service

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"koppel/db"
	"koppel/linking"
)

// How long a person stays signed in, and how often may be tried.
const (
	SessionIdle     = 12 * time.Hour
	SessionLongest  = 7 * 24 * time.Hour
	signInWindow    = 15 * time.Minute
	triesPerPerson  = 8
	triesPerAddress = 40
	minimumPassword = 12
)

// argon2 takes 64 MiB a time: more than a few at once wait.
var hashing = make(chan struct{}, 4)

// A password to compare with where there is no user, so that both take as long.
var dummyHash = sync.OnceValue(func() string {
	hash, err := argon2id.CreateHash(rand.Text(), argon2id.DefaultParams)
	if err != nil {
		panic("argon2id: " + err.Error())
	}
	return hash
})

func passwordMatches(password, hash string) bool {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	if hash == "" {
		_, _ = argon2id.ComparePasswordAndHash(password, dummyHash())
		return false
	}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	return err == nil && match
}

func hashPassword(password string) (string, error) {
	if len(password) < minimumPassword || len(password) > 200 {
		return "", invalid("password", "password_length", minimumPassword)
	}
	hashing <- struct{}{}
	defer func() { <-hashing }()
	hash, err := argon2id.CreateHash(password, argon2id.DefaultParams)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return hash, nil
}

// SignIn checks a password and begins a session. The refusal does not tell what was wrong: account, address or
// password. After too many failures it says how long to wait.
func (s *Service) SignIn(ctx context.Context, account, email, password string, remote netip.Addr) (session string, a Actor, err error) {
	if missing := required(map[string]string{"account": account, "email": email, "password": password}); missing != nil {
		return "", a, missing
	}
	if !db.Storable(email) {
		return "", a, invalid("email", "field_invalid", strings.ToValidUTF8(email, "?"))
	}
	person, address := subject("person", account, strings.ToLower(email)), subject("address", remote.String())
	if err := s.mayTry(ctx, person, address); err != nil {
		return "", a, err
	}
	env, user, err := s.userByEmail(ctx, account, email)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return "", a, err
	}
	if !passwordMatches(password, user.PasswordHash) || !user.Active {
		err := s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
			return tx.SystemSignInFailed(ctx, db.SystemSignInFailedParams{Subjects: [][]byte{person, address}, Now: s.Now(), Since: s.Now().Add(-signInWindow)})
		})
		if err != nil {
			return "", a, err
		}
		return "", a, refuse(http.StatusUnauthorized, "sign_in_refused")
	}
	a = actorOf(env, user)
	session = rand.Text()
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if err := tx.SessionInsert(ctx, db.SessionInsertParams{EnvironmentID: env.ID, UserID: user.ID, Hash: sessionHash(session), Now: s.Now()}); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "sign_in", "user", user.ID, nil, nil)
	})
	if err != nil {
		return "", a, err
	}
	return session, a, s.Store.WithSystemTx(ctx, func(tx *db.Tx) error { return tx.SystemSignInForget(ctx, person) })
}

func (s *Service) mayTry(ctx context.Context, person, address []byte) error {
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		for _, limit := range []struct {
			subject []byte
			tries   int32
		}{{person, triesPerPerson}, {address, triesPerAddress}} {
			failures, err := tx.SystemSignInFailures(ctx, [][]byte{limit.subject}, s.Now().Add(-signInWindow))
			if err != nil {
				return err
			}
			if len(failures) > 0 && failures[0] >= limit.tries {
				return refuse(http.StatusTooManyRequests, "sign_in_too_often", int(signInWindow.Minutes()))
			}
		}
		return nil
	})
}

func subject(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return sum[:]
}

func sessionHash(session string) []byte { return subject("session", session) }

func (s *Service) userByEmail(ctx context.Context, account, email string) (env db.Environment, user db.User, err error) {
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if env, err = tx.EnvironmentByAccount(ctx, account); err != nil {
			return err
		}
		user, err = tx.UserByEmail(ctx, env.ID, email)
		return err
	})
	return env, user, err
}

func actorOf(env db.Environment, user db.User) Actor {
	return Actor{
		EnvironmentID: env.ID, Account: env.Account, EnvironmentName: env.Name, Language: env.Language,
		UserID: user.ID, UserName: UserName(user), OrganisationID: user.OrganisationID, Role: user.Role,
	}
}

// UserName is what a person is called: the name, or the e-mail address where there is none.
func UserName(user db.User) string {
	if name := strings.TrimSpace(user.Firstname + " " + user.Lastname); name != "" {
		return name
	}
	return user.Email
}

// Session finds who is signed in to an environment. A session ends when it was idle or open too long.
func (s *Service) Session(ctx context.Context, account, session string) (a Actor, err error) {
	ended := refuse(http.StatusUnauthorized, "signed_out")
	if session == "" {
		return a, ended
	}
	hash := sessionHash(session)
	var row db.EnvironmentSessionByHashRow
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if row, err = tx.EnvironmentSessionByHash(ctx, hash, account); err != nil {
			return err
		}
		now := s.Now()
		if now.Sub(row.SeenAt) > SessionIdle || now.Sub(row.CreatedAt) > SessionLongest {
			return db.ErrNotFound
		}
		if now.Sub(row.SeenAt) < time.Minute {
			return nil
		}
		return tx.SessionSeen(ctx, db.SessionSeenParams{EnvironmentID: row.Environment.ID, Hash: hash, Now: now})
	})
	if errors.Is(err, db.ErrNotFound) {
		return a, ended
	}
	return actorOf(row.Environment, row.User), err
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, a Actor, session string) error {
	return s.tx(ctx, a, func(tx *db.Tx) error { return tx.SessionDelete(ctx, a.EnvironmentID, sessionHash(session)) })
}

// ExpireSessions forgets sessions and failed attempts whose time is over.
func (s *Service) ExpireSessions(ctx context.Context) error {
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.SystemSessionsExpire(ctx, s.Now().Add(-SessionIdle), s.Now().Add(-SessionLongest)); err != nil {
			return err
		}
		return tx.SystemSignInFailuresExpire(ctx, s.Now().Add(-signInWindow))
	})
}

// ConfirmPassword has the actor prove again who they are, before something that cannot be taken back.
func (s *Service) ConfirmPassword(ctx context.Context, a Actor, password string) error {
	person := subject("person", a.Account, "user", fmt.Sprint(a.UserID))
	if err := s.mayTry(ctx, person, subject("address", "confirm", fmt.Sprint(a.EnvironmentID))); err != nil {
		return err
	}
	var user db.User
	err := s.tx(ctx, a, func(tx *db.Tx) (err error) {
		user, err = tx.UserByID(ctx, a.EnvironmentID, a.UserID)
		return err
	})
	if err != nil {
		return err
	}
	if passwordMatches(password, user.PasswordHash) {
		return nil
	}
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		return tx.SystemSignInFailed(ctx, db.SystemSignInFailedParams{Subjects: [][]byte{person}, Now: s.Now(), Since: s.Now().Add(-signInWindow)})
	})
	if err != nil {
		return err
	}
	return invalid("your_password", "password_wrong")
}

// ChangePassword gives the actor a new password; every session ends but the one that asks.
func (s *Service) ChangePassword(ctx context.Context, a Actor, session, current, password string) error {
	if err := s.ConfirmPassword(ctx, a, current); err != nil {
		return err
	}
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	return s.tx(ctx, a, func(tx *db.Tx) error {
		if err := mustChange(tx.UserSetPassword(ctx, db.UserSetPasswordParams{EnvironmentID: a.EnvironmentID, ID: a.UserID, PasswordHash: hash})); err != nil {
			return err
		}
		if err := tx.SessionsOfUserDelete(ctx, a.EnvironmentID, a.UserID); err != nil {
			return err
		}
		if err := tx.SessionInsert(ctx, db.SessionInsertParams{EnvironmentID: a.EnvironmentID, UserID: a.UserID, Hash: sessionHash(session), Now: s.Now()}); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "change_password", "user", a.UserID, nil, nil)
	})
}

// User reads one user.
func (s *Service) User(ctx context.Context, a Actor, id int64) (user db.User, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		user, err = tx.UserByID(ctx, a.EnvironmentID, id)
		return err
	})
	return user, orNotFound(err)
}

// UpdateUser changes a user. Who is switched off, or gets a new password, is signed out everywhere; an
// environment keeps an owner.
func (s *Service) UpdateUser(ctx context.Context, a Actor, id int64, in UserInput, active bool) (user db.User, err error) {
	if err := s.checkUser(a, in); err != nil {
		return user, err
	}
	var hash string
	if in.Password != "" {
		if hash, err = hashPassword(in.Password); err != nil {
			return user, err
		}
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.UserByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		if before.Role == "owner" && a.Role != "owner" {
			return forbidden()
		}
		user, err = tx.UserUpdate(ctx, db.UserUpdateParams{
			EnvironmentID: a.EnvironmentID, ID: id, Email: in.Email, Firstname: in.Firstname, Lastname: in.Lastname, Role: in.Role, OrganisationID: in.OrganisationID, Active: active,
		})
		if err != nil {
			return orConflict(userError(err), "user_exists")
		}
		owners, err := tx.UserOwners(ctx, a.EnvironmentID)
		if err != nil {
			return err
		}
		if owners == 0 {
			return conflict("last_owner")
		}
		if hash != "" {
			if _, err := tx.UserSetPassword(ctx, db.UserSetPasswordParams{EnvironmentID: a.EnvironmentID, ID: id, PasswordHash: hash}); err != nil {
				return err
			}
		}
		if hash != "" || !active {
			if err := tx.SessionsOfUserDelete(ctx, a.EnvironmentID, id); err != nil {
				return err
			}
		}
		seen := func(u db.User) map[string]any {
			return map[string]any{"email": u.Email, "firstname": u.Firstname, "lastname": u.Lastname, "role": u.Role, "organisation_id": u.OrganisationID, "active": u.Active}
		}
		return s.audit(ctx, tx, a, "update", "user", id, seen(before), seen(user))
	})
	return user, orNotFound(err)
}

// Roles of users, from all rights to few.
var Roles = []string{"owner", "admin", "organisationadmin", "teamleader", "agent"}

func (s *Service) checkUser(a Actor, in UserInput) error {
	if missing := required(map[string]string{"email": in.Email, "role": in.Role}); missing != nil {
		return missing
	}
	switch {
	case !linking.ValidEmail(in.Email):
		return invalid("email", "field_invalid", in.Email)
	case !slices.Contains(Roles, in.Role):
		return invalid("role", "field_invalid", strings.Join(Roles, ", "))
	case in.Role == "owner" && a.Role != "owner":
		return forbidden()
	case in.OrganisationID == nil && in.Role != "owner" && in.Role != "admin":
		return invalid("organisation_id", "field_required")
	}
	return nil
}

func userError(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return invalid("organisation_id", "not_found")
	}
	return err
}

// NeedsSetUp says whether this deployment has no environment yet.
func (s *Service) NeedsSetUp(ctx context.Context) (bool, error) {
	var count int64
	err := s.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
		count, err = tx.SystemEnvironmentCount(ctx)
		return err
	})
	return count == 0, err
}

// SetUpCode is what the first environment's maker must know: who can read the server's log has it. It follows
// from the encryption keys, so that several servers agree.
func (s *Service) SetUpCode() string {
	mac := hmac.New(sha256.New, s.Vault.Derive("set-up"))
	return base32.StdEncoding.EncodeToString(mac.Sum(nil))[:12]
}

// FirstEnvironment makes the first environment with its owner, and signs the owner in.
func (s *Service) FirstEnvironment(ctx context.Context, code, account, name, email, password string, remote netip.Addr) (session string, a Actor, err error) {
	if missing := required(map[string]string{"code": code, "account": account, "name": name, "email": email, "password": password}); missing != nil {
		return "", a, missing
	}
	needed, err := s.NeedsSetUp(ctx)
	switch {
	case err != nil:
		return "", a, err
	case !needed:
		return "", a, conflict("set_up_done")
	case subtle.ConstantTimeCompare([]byte(strings.ToUpper(strings.TrimSpace(code))), []byte(s.SetUpCode())) != 1:
		return "", a, invalid("code", "set_up_code_wrong")
	case !linking.ValidEmail(email):
		return "", a, invalid("email", "field_invalid", email)
	case !ValidAccount(account):
		return "", a, invalid("account", "account_form")
	}
	if _, err := s.createEnvironment(ctx, account, name, email, "nl", password); err != nil {
		return "", a, err
	}
	return s.SignIn(ctx, account, email, password, remote)
}
