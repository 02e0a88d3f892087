package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"time"

	"koppel/db"
	"koppel/server/service"
	"koppel/states"
)

// tokenMark begins every token, so that secret scanners know one.
const tokenMark = "kpl_"

// newToken makes a token of 256 random bits; prefix finds it, hash proves it.
func newToken() (text, prefix string, hash []byte) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	prefix = rand.Text()[:10]
	text = tokenMark + prefix + "_" + base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(text))
	return text, prefix, sum[:]
}

// Authenticate finds who a token belongs to. remote is the caller's address. An account that is not there is looked in like any other:
// who has no token of it learns nothing of which there are.
func (s *Access) Authenticate(ctx context.Context, account, token string, remote netip.Addr) (service.Actor, error) {
	if token == "" {
		return service.Actor{}, service.Refuse(service.KindUnidentified, "no_token")
	}
	bad := service.Refuse(service.KindUnidentified, "bad_token")
	rest, isOurs := strings.CutPrefix(token, tokenMark)
	prefix, _, complete := strings.Cut(rest, "_")
	if !isOurs || !complete || !db.Storable(token) {
		return service.Actor{}, bad
	}
	env, err := s.EnvironmentOrNone(ctx, account)
	if err != nil {
		return service.Actor{}, err
	}
	var row db.TokenByPrefixRow
	err = s.Store.WithTx(ctx, env.ID, func(tx *db.Tx) error {
		row, err = tx.TokenByPrefix(ctx, env.ID, prefix)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return service.Actor{}, s.elsewhere(ctx, prefix, token, remote)
	}
	if err != nil {
		return service.Actor{}, err
	}
	if !s.proves(token, row.Token) {
		return service.Actor{}, bad
	}
	if !addressAllowed(row.Token.IPAllowlist, remote) {
		return service.Actor{}, service.Refuse(service.KindForbidden, "address_not_allowed")
	}
	actor := service.Actor{
		EnvironmentID: env.ID, Account: env.Account, EnvironmentName: env.Name, Language: env.Language,
		UserID: row.User.ID, UserName: strings.TrimSpace(row.User.Firstname + " " + row.User.Lastname),
		OrganisationID: row.User.OrganisationID, Role: row.User.Role, TokenID: row.Token.ID, Integration: row.Token.Integration,
		MustSign: row.Token.Integration,
	}
	return actor, s.aboutLink(ctx, &actor, row.User)
}

// proves says whether a text is a token that has not ended.
func (s *Access) proves(text string, token db.Token) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], token.Hash) == 1 && (token.ExpiresAt == nil || token.ExpiresAt.After(s.Now()))
}

// elsewhere refuses a token that the account does not have. Who has one of another account is told that it is the account that is
// wrong, whether there is one of that name or not.
func (s *Access) elsewhere(ctx context.Context, prefix, token string, remote netip.Addr) error {
	var others []db.Token
	err := s.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
		others, err = tx.SystemTokensByPrefix(ctx, prefix)
		return err
	})
	if err != nil {
		return err
	}
	for _, other := range others {
		if s.proves(token, other) && addressAllowed(other.IPAllowlist, remote) {
			return service.Refuse(service.KindNotFound, "account_not_of_token")
		}
	}
	return service.Refuse(service.KindUnidentified, "bad_token")
}

// aboutLink adds what is known of the link that the actor's user is made for, and keeps when it was heard of last. A link
// that ended keeps its key; before there is one, the user has it.
func (s *Access) aboutLink(ctx context.Context, a *service.Actor, user db.User) error {
	return s.Tx(ctx, *a, func(tx *db.Tx) error {
		link, err := tx.LinkOfUser(ctx, a.EnvironmentID, a.UserID)
		if errors.Is(err, db.ErrNotFound) {
			a.LinkKey = user.PartnerKey
			return nil
		}
		if err != nil {
			return err
		}
		a.LinkKey, a.MustSign = link.PartnerKey, a.Integration && link.KeyRequired
		if link.State == states.LinkEnded {
			return nil
		}
		a.LinkID = link.ID
		if s.Now().Sub(link.LastContactAt) < contactEvery {
			return nil
		}
		return tx.LinkContact(ctx, db.LinkContactParams{EnvironmentID: a.EnvironmentID, ID: link.ID, Now: s.Now()})
	})
}

// contactEvery is how exactly it is kept when a linked environment was heard of last.
const contactEvery = time.Minute

func addressAllowed(list []string, remote netip.Addr) bool {
	if len(list) == 0 {
		return true
	}
	remote = remote.Unmap()
	for _, entry := range list {
		if prefix, err := netip.ParsePrefix(entry); err == nil && prefix.Contains(remote) {
			return true
		}
		if single, err := netip.ParseAddr(entry); err == nil && single.Unmap() == remote {
			return true
		}
	}
	return false
}

// OwnEnvironment reads the environment that the actor is in.
func (s *Access) OwnEnvironment(ctx context.Context, a service.Actor) (env db.Environment, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		env, err = tx.EnvironmentByID(ctx, a.EnvironmentID)
		return err
	})
	return env, err
}

// AccountName is an account's name as it is kept, for what somebody typed: a slug has no capitals.
func AccountName(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }

// TokenInput is what can be said of a new token.
type TokenInput struct {
	Name        string
	Integration bool
	IPAllowlist []string
	ExpiresAt   *time.Time
}

// Tokens lists a user's tokens, without their text.
func (s *Access) Tokens(ctx context.Context, a service.Actor, userID int64) (list []db.Token, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.UserByID(ctx, a.EnvironmentID, userID); err != nil {
			return err
		}
		list, err = tx.TokenList(ctx, a.EnvironmentID, userID)
		return err
	})
	return list, service.OrNotFound(err)
}

// CreateToken makes a token for a user and gives its text, this once.
func (s *Access) CreateToken(ctx context.Context, a service.Actor, userID int64, in TokenInput) (token db.Token, text string, err error) {
	if missing := service.Required(map[string]string{"name": in.Name}); missing != nil {
		return token, "", missing
	}
	for _, entry := range in.IPAllowlist {
		_, errAddr := netip.ParseAddr(entry)
		_, errPrefix := netip.ParsePrefix(entry)
		if errAddr != nil && errPrefix != nil {
			return token, "", service.Invalid("ip_allowlist", "field_invalid", entry)
		}
	}
	if in.ExpiresAt != nil && !in.ExpiresAt.After(s.Now()) {
		return token, "", service.Invalid("expires_at", "expires_past")
	}
	text, prefix, hash := newToken()
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err := tx.UserByID(ctx, a.EnvironmentID, userID)
		if err != nil {
			return err
		}
		if !mayManage(a, user) {
			return service.Forbidden()
		}
		if in.Integration { // whoever used an earlier one first, before there was a link, has no say in this one
			if err := tx.UserUnpin(ctx, a.EnvironmentID, userID); err != nil {
				return err
			}
		}
		token, err = tx.TokenInsert(ctx, db.TokenInsertParams{
			EnvironmentID: a.EnvironmentID, UserID: userID, Name: in.Name, Prefix: prefix, Hash: hash, Integration: in.Integration,
			IPAllowlist: append([]string{}, in.IPAllowlist...), ExpiresAt: in.ExpiresAt, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, a, "create", "token", token.ID, nil, map[string]any{"prefix": prefix, "user_id": userID, "integration": in.Integration}); err != nil {
			return err
		}
		return s.accessChanged(ctx, tx, a, user, states.AccessTokenMade)
	})
	return token, text, service.OrNotFound(err)
}

// RevokeToken ends a token; it stops working everywhere within 5 seconds.
func (s *Access) RevokeToken(ctx context.Context, a service.Actor, userID, tokenID int64) error {
	return service.OrNotFound(s.Tx(ctx, a, func(tx *db.Tx) error {
		user, err := tx.UserByID(ctx, a.EnvironmentID, userID)
		if err != nil {
			return err
		}
		if !mayManage(a, user) {
			return service.Forbidden()
		}
		now := s.Now()
		if err := service.MustChange(tx.TokenRevoke(ctx, db.TokenRevokeParams{EnvironmentID: a.EnvironmentID, UserID: userID, ID: tokenID, Now: &now})); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, a, "revoke", "token", tokenID, nil, map[string]any{"user_id": userID}); err != nil {
			return err
		}
		return s.accessChanged(ctx, tx, a, user, states.AccessTokenRevoked)
	}))
}
