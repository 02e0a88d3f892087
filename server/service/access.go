package service

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
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

// Authenticate finds who a token belongs to. remote is the caller's address.
func (s *Service) Authenticate(ctx context.Context, account, token string, remote netip.Addr) (Actor, error) {
	env, err := s.Environment(ctx, account)
	if err != nil {
		return Actor{}, err
	}
	if token == "" {
		return Actor{}, refuse(http.StatusUnauthorized, "no_token")
	}
	bad := refuse(http.StatusUnauthorized, "bad_token")
	rest, isOurs := strings.CutPrefix(token, tokenMark)
	prefix, _, complete := strings.Cut(rest, "_")
	if !isOurs || !complete || !db.Storable(token) {
		return Actor{}, bad
	}
	var row db.TokenByPrefixRow
	err = s.Store.WithTx(ctx, env.ID, func(tx *db.Tx) error {
		row, err = tx.TokenByPrefix(ctx, env.ID, prefix)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return Actor{}, bad
	}
	if err != nil {
		return Actor{}, err
	}
	sum := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(sum[:], row.Token.Hash) != 1 || row.Token.ExpiresAt != nil && !row.Token.ExpiresAt.After(s.Now()) {
		return Actor{}, bad
	}
	if !addressAllowed(row.Token.IPAllowlist, remote) {
		return Actor{}, refuse(http.StatusForbidden, "address_not_allowed")
	}
	actor := Actor{
		EnvironmentID: env.ID, Account: env.Account, EnvironmentName: env.Name, Language: env.Language,
		UserID: row.User.ID, UserName: strings.TrimSpace(row.User.Firstname + " " + row.User.Lastname),
		OrganisationID: row.User.OrganisationID, Role: row.User.Role, TokenID: row.Token.ID, Integration: row.Token.Integration,
		MustSign: row.Token.Integration,
	}
	return actor, s.aboutLink(ctx, &actor)
}

// aboutLink adds what is known of the link that the actor's user is made for, and keeps when it was heard of last.
func (s *Service) aboutLink(ctx context.Context, a *Actor) error {
	return s.tx(ctx, *a, func(tx *db.Tx) error {
		link, err := tx.LinkByUser(ctx, a.EnvironmentID, a.UserID)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		a.LinkID, a.LinkKey = link.ID, link.PartnerKey
		a.MustSign = a.Integration && link.KeyRequired
		if s.Now().Sub(link.LastContactAt) < contactEvery {
			return nil
		}
		return tx.LinkContact(ctx, db.LinkContactParams{EnvironmentID: a.EnvironmentID, ID: link.ID, Now: s.Now()})
	})
}

// contactEvery is how exactly it is kept when a linked environment was heard of last.
const contactEvery = time.Minute

// CheckSignature holds a call with an integration token against the key of its link. key signed it; nil: nobody did.
// A link that has no key yet takes this one.
func (s *Service) CheckSignature(ctx context.Context, a Actor, key []byte) error {
	refused := func(why string) *Error {
		return &Error{Status: http.StatusUnauthorized, Key: why, Fields: map[string]Sentence{"signature": {Key: why}}}
	}
	switch {
	case key == nil && (a.MustSign || a.LinkKey != nil):
		return refused("not_signed")
	case key == nil || a.LinkID == 0 || bytes.Equal(key, a.LinkKey):
		return nil
	case a.LinkKey != nil:
		return refused("signed_by_another")
	}
	return s.tx(ctx, a, func(tx *db.Tx) error {
		count, err := tx.LinkPin(ctx, db.LinkPinParams{EnvironmentID: a.EnvironmentID, ID: a.LinkID, PartnerKey: key})
		if err != nil {
			return err
		}
		if count == 0 { // another call was first
			link, err := tx.LinkByID(ctx, a.EnvironmentID, a.LinkID)
			if err != nil || bytes.Equal(link.PartnerKey, key) {
				return err
			}
			return refused("signed_by_another")
		}
		return s.audit(ctx, tx, a, "pin_key", "incoming_link", a.LinkID, nil, map[string]any{"fingerprint": salesdock.Fingerprint(key)})
	})
}

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

// Environment finds an environment by its account name.
func (s *Service) Environment(ctx context.Context, account string) (env db.Environment, err error) {
	if !db.Storable(account) {
		return env, notFound()
	}
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		env, err = tx.EnvironmentByAccount(ctx, account)
		return err
	})
	return env, orNotFound(err)
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
func (s *Service) CreateEnvironment(ctx context.Context, account, name, email, language string) (NewEnvironment, error) {
	if !linking.ValidEmail(email) {
		return NewEnvironment{}, fmt.Errorf("%q is not an e-mail address", email)
	}
	return s.createEnvironment(ctx, account, name, email, language, rand.Text())
}

func (s *Service) createEnvironment(ctx context.Context, account, name, email, language, password string) (NewEnvironment, error) {
	hash, err := hashPassword(password)
	if err != nil {
		return NewEnvironment{}, err
	}
	created := NewEnvironment{Account: account, OwnerEmail: email, OwnerPassword: password}
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		env, err := tx.EnvironmentInsert(ctx, db.EnvironmentInsertParams{Account: account, Name: name, Language: language, Now: s.Now()})
		if err != nil {
			return err
		}
		user, err := tx.UserInsert(ctx, db.UserInsertParams{EnvironmentID: env.ID, Email: email, Role: "owner", PasswordHash: hash, Now: s.Now()})
		if err != nil {
			return err
		}
		text, prefix, sum := newToken()
		created.OwnerToken = text
		_, err = tx.TokenInsert(ctx, db.TokenInsertParams{
			EnvironmentID: env.ID, UserID: user.ID, Name: "owner", Prefix: prefix, Hash: sum, IPAllowlist: []string{}, Now: s.Now(),
		})
		return err
	})
	if errors.Is(err, db.ErrConflict) {
		return NewEnvironment{}, fmt.Errorf("there is an environment %q already", account)
	}
	return created, err
}

// CreateOwnerToken makes a further token for an environment's user, found by e-mail: on the command line only.
func (s *Service) CreateOwnerToken(ctx context.Context, account, email, name string) (text string, err error) {
	env, err := s.Environment(ctx, account)
	if err != nil {
		return "", fmt.Errorf("there is no environment %q", account)
	}
	err = s.Store.WithTx(ctx, env.ID, func(tx *db.Tx) error {
		users, err := tx.UserList(ctx, env.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(users, func(u db.User) bool { return strings.EqualFold(u.Email, email) })
		if i < 0 {
			return fmt.Errorf("environment %s has no user %s", account, email)
		}
		var prefix string
		var sum []byte
		text, prefix, sum = newToken()
		_, err = tx.TokenInsert(ctx, db.TokenInsertParams{
			EnvironmentID: env.ID, UserID: users[i].ID, Name: name, Prefix: prefix, Hash: sum, IPAllowlist: []string{}, Now: s.Now(),
		})
		return err
	})
	return text, err
}

// OrganisationInput is what can be said of an organisation.
type OrganisationInput struct {
	Name, Identifier, Description, SalesChannel string
	Details                                     linking.OrganisationDetails
	Logo                                        *Upload // nil leaves it; one without content removes it
}

func (in *OrganisationInput) check() error {
	if missing := required(map[string]string{"name": in.Name}); missing != nil {
		return missing
	}
	for field, value := range in.Details {
		switch {
		case len(value) > maxField:
			return invalid(field, "field_invalid", fmt.Sprintf("> %d", maxField))
		case field == "contractor" && value != "yes" && value != "no", field == "email" && !linking.ValidEmail(value):
			return invalid(field, "field_invalid", value)
		}
	}
	return nil
}

// Organisations lists the environment's organisations.
func (s *Service) Organisations(ctx context.Context, a Actor) (list []db.Organisation, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.OrganisationList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// Organisation reads one organisation.
func (s *Service) Organisation(ctx context.Context, a Actor, id int64) (o db.Organisation, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		o, err = tx.OrganisationByID(ctx, a.EnvironmentID, id)
		return err
	})
	return o, orNotFound(err)
}

// CreateOrganisation adds an organisation.
func (s *Service) CreateOrganisation(ctx context.Context, a Actor, in OrganisationInput) (o db.Organisation, err error) {
	if err := in.check(); err != nil {
		return o, err
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		o, err = tx.OrganisationInsert(ctx, db.OrganisationInsertParams{
			EnvironmentID: a.EnvironmentID, Name: in.Name, Identifier: in.Identifier, Description: in.Description, SalesChannel: in.SalesChannel, Details: in.Details, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if err := s.keepFile(ctx, tx, a, "organisation", o.ID, "logo", in.Logo); err != nil {
			return err
		}
		in.Logo = nil // not for the audit log
		return s.audit(ctx, tx, a, "create", "organisation", o.ID, nil, in)
	})
	return o, err
}

// UpdateOrganisation changes an organisation.
func (s *Service) UpdateOrganisation(ctx context.Context, a Actor, id int64, in OrganisationInput) (o db.Organisation, err error) {
	if err := in.check(); err != nil {
		return o, err
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.OrganisationByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		o, err = tx.OrganisationUpdate(ctx, db.OrganisationUpdateParams{
			EnvironmentID: a.EnvironmentID, ID: id, Name: in.Name, Identifier: in.Identifier, Description: in.Description, SalesChannel: in.SalesChannel, Details: in.Details, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if err := s.keepFile(ctx, tx, a, "organisation", id, "logo", in.Logo); err != nil {
			return err
		}
		in.Logo = nil // not for the audit log
		return s.audit(ctx, tx, a, "update", "organisation", id, before, in)
	})
	return o, orNotFound(err)
}

// DeleteOrganisation removes an organisation that has no users.
func (s *Service) DeleteOrganisation(ctx context.Context, a Actor, id int64) error {
	return orNotFound(s.tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.OrganisationByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		now := s.Now()
		count, err := tx.OrganisationDelete(ctx, db.OrganisationDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})
		if err != nil {
			return err
		}
		if count == 0 {
			return conflict("organisation_in_use")
		}
		return s.audit(ctx, tx, a, "delete", "organisation", id, before, nil)
	}))
}

// OrganisationProducts lists what is granted to an organisation.
func (s *Service) OrganisationProducts(ctx context.Context, a Actor, id int64) (ids []int64, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.OrganisationByID(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		ids, err = tx.OrganisationProductIDs(ctx, a.EnvironmentID, id)
		return err
	})
	return ids, orNotFound(err)
}

// GrantProducts sets what an organisation may sell; nil grants everything there is.
func (s *Service) GrantProducts(ctx context.Context, a Actor, organisationID int64, products []int64) (ids []int64, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.OrganisationByID(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		before, err := tx.OrganisationProductIDs(ctx, a.EnvironmentID, organisationID)
		if err != nil {
			return err
		}
		if products == nil {
			all, err := tx.ProductList(ctx, db.ProductListParams{EnvironmentID: a.EnvironmentID})
			if err != nil {
				return err
			}
			products = []int64{}
			for _, p := range all {
				products = append(products, p.ID)
			}
		}
		params := db.OrganisationProductsWithdrawParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, ProductIds: products}
		if _, err = tx.OrganisationProductsWithdraw(ctx, params); err != nil {
			return err
		}
		if _, err = tx.OrganisationProductsGrant(ctx, db.OrganisationProductsGrantParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, ProductIds: products}); err != nil {
			return err
		}
		if ids, err = tx.OrganisationProductIDs(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		if unknown := missingIDs(products, ids); len(unknown) > 0 {
			return invalid("products", "field_invalid", fmt.Sprint(unknown))
		}
		return s.productsChanged(ctx, tx, a, "grant", "organisation", organisationID, before, ids)
	})
	return ids, orNotFound(err)
}

// GrantProductTo sets which organisations may sell a product; nil means all.
func (s *Service) GrantProductTo(ctx context.Context, a Actor, productID int64, organisations []int64) (ids []int64, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.ProductByID(ctx, db.ProductByIDParams{EnvironmentID: a.EnvironmentID, ID: productID}); err != nil {
			return err
		}
		before, err := tx.ProductOrganisationIDs(ctx, a.EnvironmentID, productID)
		if err != nil {
			return err
		}
		if organisations == nil {
			all, err := tx.OrganisationList(ctx, a.EnvironmentID)
			if err != nil {
				return err
			}
			organisations = []int64{}
			for _, o := range all {
				organisations = append(organisations, o.ID)
			}
		}
		params := db.ProductOrganisationsWithdrawParams{EnvironmentID: a.EnvironmentID, ProductID: productID, OrganisationIds: organisations}
		if _, err = tx.ProductOrganisationsWithdraw(ctx, params); err != nil {
			return err
		}
		if _, err = tx.ProductOrganisationsGrant(ctx, db.ProductOrganisationsGrantParams{EnvironmentID: a.EnvironmentID, ProductID: productID, OrganisationIds: organisations}); err != nil {
			return err
		}
		if ids, err = tx.ProductOrganisationIDs(ctx, a.EnvironmentID, productID); err != nil {
			return err
		}
		if unknown := missingIDs(organisations, ids); len(unknown) > 0 {
			return invalid("organisations", "field_invalid", fmt.Sprint(unknown))
		}
		return s.productsChanged(ctx, tx, a, "grant", "product", productID, before, ids)
	})
	return ids, orNotFound(err)
}

// GrantFlows sets which flows an organisation may sell through.
func (s *Service) GrantFlows(ctx context.Context, a Actor, organisationID int64, flows []int64) (ids []int64, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.OrganisationByID(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		before, err := tx.OrganisationFlowIDs(ctx, a.EnvironmentID, organisationID)
		if err != nil {
			return err
		}
		params := db.OrganisationFlowsWithdrawParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, FlowIds: flows}
		if err = tx.OrganisationFlowsWithdraw(ctx, params); err != nil {
			return err
		}
		if err = tx.OrganisationFlowsGrant(ctx, db.OrganisationFlowsGrantParams{EnvironmentID: a.EnvironmentID, OrganisationID: organisationID, FlowIds: flows}); err != nil {
			return err
		}
		if ids, err = tx.OrganisationFlowIDs(ctx, a.EnvironmentID, organisationID); err != nil {
			return err
		}
		if unknown := missingIDs(flows, ids); len(unknown) > 0 {
			return invalid("flow_ids", "field_invalid", fmt.Sprint(unknown))
		}
		return s.productsChanged(ctx, tx, a, "grant_flows", "organisation", organisationID, before, ids)
	})
	return ids, orNotFound(err)
}

// OrganisationFlows lists the flows that are granted to an organisation.
func (s *Service) OrganisationFlows(ctx context.Context, a Actor, id int64) (ids []int64, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		ids, err = tx.OrganisationFlowIDs(ctx, a.EnvironmentID, id)
		return err
	})
	return ids, err
}

// UpdateEnvironment changes an environment's name and language.
func (s *Service) UpdateEnvironment(ctx context.Context, a Actor, name, language string) error {
	if missing := required(map[string]string{"name": name}); missing != nil {
		return missing
	}
	if language != "nl" && language != "en" {
		return invalid("language", "field_invalid", language)
	}
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if err := tx.EnvironmentSet(ctx, db.EnvironmentSetParams{ID: a.EnvironmentID, Name: name, Language: language}); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "update", "environment", a.EnvironmentID, map[string]any{"name": a.EnvironmentName}, map[string]any{"name": name, "language": language})
	})
}

// productsChanged audits a change that linked environments must hear of, and has them told.
func (s *Service) productsChanged(ctx context.Context, tx *db.Tx, a Actor, action, entity string, id int64, before, after any) error {
	var products []int64
	if entity == "product" {
		products = []int64{id}
	}
	if err := tx.ProductsChanged(ctx, a.EnvironmentID, s.Now(), products...); err != nil {
		return err
	}
	return s.audit(ctx, tx, a, action, entity, id, before, after)
}

func missingIDs(wanted, have []int64) (missing []int64) {
	known := make(map[int64]bool, len(have)) // a selection can be a whole catalogue
	for _, id := range have {
		known[id] = true
	}
	for _, id := range wanted {
		if !known[id] {
			missing = append(missing, id)
		}
	}
	return missing
}

// UserInput is what can be said of a new user.
type UserInput struct {
	Email, Firstname, Lastname, Role, Password string
	OrganisationID                             *int64
}

// Users lists the environment's users.
func (s *Service) Users(ctx context.Context, a Actor) (list []db.User, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.UserList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// CreateUser adds a user.
func (s *Service) CreateUser(ctx context.Context, a Actor, in UserInput) (user db.User, err error) {
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
		user, err = s.addUser(ctx, tx, a, in, hash)
		return err
	})
	return user, err
}

func (s *Service) addUser(ctx context.Context, tx *db.Tx, a Actor, in UserInput, passwordHash string) (db.User, error) {
	user, err := tx.UserInsert(ctx, db.UserInsertParams{
		EnvironmentID: a.EnvironmentID, OrganisationID: in.OrganisationID, Email: in.Email, Firstname: in.Firstname, Lastname: in.Lastname,
		Role: in.Role, PasswordHash: passwordHash, Now: s.Now(),
	})
	if err != nil {
		return user, orConflict(userError(err), "user_exists")
	}
	return user, s.audit(ctx, tx, a, "create", "user", user.ID, nil, map[string]any{"email": in.Email, "role": in.Role, "organisation_id": in.OrganisationID})
}

// TokenInput is what can be said of a new token.
type TokenInput struct {
	Name        string
	Integration bool
	IPAllowlist []string
	ExpiresAt   *time.Time
}

// Tokens lists a user's tokens, without their text.
func (s *Service) Tokens(ctx context.Context, a Actor, userID int64) (list []db.Token, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := tx.UserByID(ctx, a.EnvironmentID, userID); err != nil {
			return err
		}
		list, err = tx.TokenList(ctx, a.EnvironmentID, userID)
		return err
	})
	return list, orNotFound(err)
}

// CreateToken makes a token for a user and gives its text, this once.
func (s *Service) CreateToken(ctx context.Context, a Actor, userID int64, in TokenInput) (token db.Token, text string, err error) {
	if missing := required(map[string]string{"name": in.Name}); missing != nil {
		return token, "", missing
	}
	for _, entry := range in.IPAllowlist {
		_, errAddr := netip.ParseAddr(entry)
		_, errPrefix := netip.ParsePrefix(entry)
		if errAddr != nil && errPrefix != nil {
			return token, "", invalid("ip_allowlist", "field_invalid", entry)
		}
	}
	text, prefix, hash := newToken()
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		user, err := tx.UserByID(ctx, a.EnvironmentID, userID)
		if err != nil {
			return err
		}
		if user.Role == "owner" && a.Role != "owner" {
			return forbidden()
		}
		token, err = tx.TokenInsert(ctx, db.TokenInsertParams{
			EnvironmentID: a.EnvironmentID, UserID: userID, Name: in.Name, Prefix: prefix, Hash: hash, Integration: in.Integration,
			IPAllowlist: append([]string{}, in.IPAllowlist...), ExpiresAt: in.ExpiresAt, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "create", "token", token.ID, nil, map[string]any{"name": in.Name, "user_id": userID, "integration": in.Integration})
	})
	return token, text, orNotFound(err)
}

// RevokeToken ends a token; it stops working everywhere within 5 seconds.
func (s *Service) RevokeToken(ctx context.Context, a Actor, userID, tokenID int64) error {
	return s.tx(ctx, a, func(tx *db.Tx) error {
		now := s.Now()
		if err := mustChange(tx.TokenRevoke(ctx, db.TokenRevokeParams{EnvironmentID: a.EnvironmentID, UserID: userID, ID: tokenID, Now: &now})); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "revoke", "token", tokenID, nil, nil)
	})
}
