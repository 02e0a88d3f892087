package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/alexedwards/argon2id"
	"github.com/ccojocar/zxcvbn-go"

	"koppel/db"
	"koppel/server/service"
	"koppel/states"
)

// A password has so many characters, and is not easily guessed: zxcvbn gives it 3 of 4 at least.
const (
	minimumPassword = 12
	longestPassword = 200
	guessedOf       = 72 // what the guesser is given: the rest of a longer one only makes it better
	minimumScore    = 3
)

// What OWASP's Password Storage Cheat Sheet gives for Argon2id: 19 MiB, two passes, one thread.
var hashParams = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Hashing takes a core for a while: a few at a time, some wait, and more are told that it is busy.
var (
	hashing      = make(chan struct{}, 4)
	hashingQueue = make(chan struct{}, 68)
)

func whileHashing(ctx context.Context, do func() error) error {
	select {
	case hashingQueue <- struct{}{}:
		defer func() { <-hashingQueue }()
	default:
		return service.Refuse(service.KindTooOften, "sign_in_busy")
	}
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		return do()
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
}

// A password to compare with where there is no user, so that both take as long.
var dummyHash = sync.OnceValue(func() string {
	hash, err := argon2id.CreateHash(rand.Text(), hashParams)
	if err != nil {
		panic("argon2id: " + err.Error())
	}
	return hash
})

// passwordMatches compares. A hash that was made with less, or with other parameters, is made anew where it matches.
func (s *Access) passwordMatches(ctx context.Context, environmentID int64, user db.User, password string) (match bool, err error) {
	var renewed string
	err = whileHashing(ctx, func() error {
		if user.PasswordHash == "" {
			_, _ = argon2id.ComparePasswordAndHash(password, dummyHash())
			return nil
		}
		var params *argon2id.Params
		match, params, err = argon2id.CheckHash(password, user.PasswordHash)
		if err != nil {
			return fmt.Errorf("compare the password with its hash: %w", err)
		}
		if match && *params != *hashParams {
			renewed, err = argon2id.CreateHash(password, hashParams)
		}
		return err
	})
	if err != nil || renewed == "" {
		return match, err
	}
	return match, s.Store.WithTx(ctx, environmentID, func(tx *db.Tx) error {
		return service.MustChange(tx.UserSetPassword(ctx, db.UserSetPasswordParams{EnvironmentID: environmentID, ID: user.ID, PasswordHash: renewed}))
	})
}

// hashPassword refuses what is easily guessed, by who knows the person too: their address, account and name.
func hashPassword(ctx context.Context, password string, about ...string) (hash string, err error) {
	if len(password) < minimumPassword || len(password) > longestPassword {
		return "", service.Invalid("password", "password_length", minimumPassword)
	}
	err = whileHashing(ctx, func() error {
		if zxcvbn.PasswordStrength(password[:min(len(password), guessedOf)], personal(about)).Score < minimumScore {
			return service.Invalid("password", "password_guessed")
		}
		if hash, err = argon2id.CreateHash(password, hashParams); err != nil {
			return fmt.Errorf("hash the password: %w", err)
		}
		return nil
	})
	return hash, err
}

// What a guesser tries first in this country, beside the lists of zxcvbn, which are English.
var dutch = []string{
	"welkom", "wachtwoord", "geheim", "hallo", "lente", "zomer", "herfst", "winter", "voetbal", "feyenoord", "psv", "amsterdam", "rotterdam", "nederland",
	"stroom", "energie", "verkoop", "koppel", "salesdock", "contract", "januari", "februari", "maart", "april", "juni", "juli", "augustus", "september", "oktober",
}

// personal adds what is known of a person, whole and in parts.
func personal(about []string) []string {
	guesses := slices.Concat(dutch, about)
	for _, text := range about {
		guesses = append(guesses, strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })...)
	}
	return guesses
}

// ConfirmPassword has the actor prove again who they are, before something that cannot be taken back.
func (s *Access) ConfirmPassword(ctx context.Context, a service.Actor, password string) error {
	person := limit{subject("confirm", a.Account, fmt.Sprint(a.UserID)), 5, 15 * time.Minute}
	err := s.Store.WithSystemTx(ctx, func(tx *db.Tx) error { return s.countTry(ctx, tx, []limit{person}) })
	if err != nil {
		return err
	}
	user, err := s.User(ctx, a, a.UserID)
	if err != nil {
		return err
	}
	match, err := s.passwordMatches(ctx, a.EnvironmentID, user, password)
	if err != nil {
		return err
	}
	if !match {
		if err := s.auditFailed(ctx, a.EnvironmentID, a.UserID, "confirm_failed"); err != nil {
			return err
		}
		return service.Invalid("your_password", "password_wrong")
	}
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error { return tx.SystemSignInForget(ctx, person.subject) })
}

// ChangePassword gives the actor a new password, and a new session: every other one ends.
func (s *Access) ChangePassword(ctx context.Context, a service.Actor, current, password string) (session string, err error) {
	if err := s.ConfirmPassword(ctx, a, current); err != nil {
		return "", err
	}
	user, err := s.User(ctx, a, a.UserID)
	if err != nil {
		return "", err
	}
	hash, err := hashPassword(ctx, password, a.Account, a.EnvironmentName, user.Email, UserName(user))
	if err != nil {
		return "", err
	}
	session = rand.Text()
	return session, s.Tx(ctx, a, func(tx *db.Tx) error {
		if err := service.MustChange(tx.UserSetPassword(ctx, db.UserSetPasswordParams{EnvironmentID: a.EnvironmentID, ID: a.UserID, PasswordHash: hash})); err != nil {
			return err
		}
		if _, err := tx.SessionsOfUserDelete(ctx, a.EnvironmentID, a.UserID); err != nil {
			return err
		}
		if err := tx.SessionInsert(ctx, db.SessionInsertParams{EnvironmentID: a.EnvironmentID, UserID: a.UserID, Hash: sessionHash(session), Now: s.Now()}); err != nil {
			return err
		}
		return s.accessChanged(ctx, tx, a, user, states.AccessPassword)
	})
}
