package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"koppel/db"
	"koppel/salesdock"
	"koppel/server/service"
)

// How long a person stays signed in.
const (
	SessionIdle    = 12 * time.Hour
	SessionLongest = 7 * 24 * time.Hour
)

// SignIn checks a password and begins a session. The refusal does not tell what was wrong: account, address or
// password. After some failures it says how long to wait.
func (s *Access) SignIn(ctx context.Context, account, email, password string, remote netip.Addr) (session string, a service.Actor, err error) {
	if missing := service.Required(map[string]string{"account": account, "email": email, "password": password}); missing != nil {
		return "", a, missing
	}
	account, email = AccountName(account), strings.TrimSpace(email)
	if !db.Storable(email) {
		return "", a, service.Invalid("email", "field_invalid", strings.ToValidUTF8(email, "?"))
	}
	tries := triesFor(account, email, remote)
	counted, err := s.beginSignIn(ctx, tries)
	if err != nil {
		return "", a, err
	}
	env, user, err := s.userByEmail(ctx, account, email)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return "", a, err
	}
	switch match, err := s.passwordMatches(ctx, env.ID, user, password); {
	case err != nil:
		return "", a, err
	case !match || !user.Active:
		if err := s.notLetIn(ctx, env.ID, user.ID, tries); err != nil {
			return "", a, err
		}
		return "", a, service.Refuse(service.KindUnidentified, "sign_in_refused")
	}
	a = actorOf(env, user)
	session = rand.Text()
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if err := tx.SessionInsert(ctx, db.SessionInsertParams{EnvironmentID: env.ID, UserID: user.ID, Hash: sessionHash(session), Now: s.Now()}); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "sign_in", "user", user.ID, nil, nil)
	})
	if err != nil {
		return "", a, err
	}
	return session, a, s.signedIn(ctx, tries, counted)
}

// auditFailed keeps that somebody was not who they said; never what they typed.
func (s *Access) auditFailed(ctx context.Context, environmentID, userID int64, action string) error {
	subject := ""
	if userID != 0 {
		subject = fmt.Sprint(userID)
	}
	return s.Store.WithTx(ctx, environmentID, func(tx *db.Tx) error {
		return s.AuditNamed(ctx, tx, service.Actor{EnvironmentID: environmentID}, action, "user", subject, nil, nil)
	})
}

func subject(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return sum[:]
}

func sessionHash(session string) []byte { return subject("session", session) }

func (s *Access) userByEmail(ctx context.Context, account, email string) (env db.Environment, user db.User, err error) {
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if env, err = tx.EnvironmentByAccount(ctx, account); err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		user, err = tx.UserByEmail(ctx, env.ID, email) // in none, too: it takes as long
		return err
	})
	return env, user, err
}

func actorOf(env db.Environment, user db.User) service.Actor {
	return service.Actor{
		EnvironmentID: env.ID, Account: env.Account, EnvironmentName: env.Name, Language: env.Language,
		UserID: user.ID, UserName: UserName(user), OrganisationID: user.OrganisationID, Role: user.Role,
	}
}

// notLetIn writes down that somebody was not let in; at an account that is not there it takes as long.
func (s *Access) notLetIn(ctx context.Context, environmentID, userID int64, tries signInTries) error {
	if environmentID == 0 {
		return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error { return tx.SystemSignInTouch(ctx, tries.here.subject) })
	}
	return s.auditFailed(ctx, environmentID, userID, "sign_in_failed")
}

// Session finds who is signed in to an environment. A session ends when it was idle or open too long.
func (s *Access) Session(ctx context.Context, account, session string) (a service.Actor, err error) {
	ended := service.Refuse(service.KindUnidentified, "signed_out")
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
func (s *Access) SignOut(ctx context.Context, a service.Actor, session string) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error { return tx.SessionDelete(ctx, a.EnvironmentID, sessionHash(session)) })
}

// ExpireSessions forgets sessions, failed tries and seen signatures whose time is over.
func (s *Access) ExpireSessions(ctx context.Context) error {
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.SystemSessionsExpire(ctx, s.Now().Add(-SessionIdle), s.Now().Add(-SessionLongest)); err != nil {
			return err
		}
		if err := tx.SystemSignInFailuresExpire(ctx, s.Now().Add(-triesRemembered)); err != nil {
			return err
		}
		if err := tx.SystemSignatureNoncesExpire(ctx, s.Now().Add(-2*salesdock.SignatureAge)); err != nil {
			return err
		}
		return tx.SystemSignInAddressesExpire(ctx, s.Now().Add(-addressesRemembered))
	})
}
