package integrations

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"koppel/db"
	"koppel/partner"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/states"
)

// ConnectionTest is the outcome of Test API verbinding.
type ConnectionTest struct {
	OK           bool
	Reason       string // ok, unknown_account, bad_token, address_not_allowed, unreachable, throttled, not_salesdock
	Warnings     []string
	Kind         states.PartnerKind // empty while nobody knows
	Capabilities salesdock.Capabilities
	sentence     string // where it says more than the reason
}

var testSentences = map[string]string{
	"ok": "test_ok", "unknown_account": "test_unknown_account", "bad_token": "test_bad_token", "address_not_allowed": "test_address",
	"unreachable": "test_unreachable", "throttled": "test_throttled", "not_salesdock": "test_not_salesdock",
}

// Sentence gives the key of the outcome in words.
func (t ConnectionTest) Sentence() string {
	if t.sentence != "" {
		return t.sentence
	}
	return testSentences[t.Reason]
}

// around is what a copied text brings with it and nobody sees: spaces, line ends, and characters without a width.
func around(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// sendable is what a header can carry.
var sendable = regexp.MustCompile(`^[!-~]+$`)

// complete reads a connection as it was entered: it is trimmed, and an address that is left out is this deployment's.
func (s *Integrations) complete(c service.Connection) (service.Connection, error) {
	c.AccountName, c.Token, c.BaseURL = strings.TrimFunc(c.AccountName, around), strings.TrimFunc(c.Token, around), strings.TrimFunc(c.BaseURL, around)
	if wrong := cmp.Or(service.Required(map[string]string{"account_name": c.AccountName, "token": c.Token}), service.Fits(map[string]string{"base_url": c.BaseURL})); wrong != nil {
		return c, wrong
	}
	if !sendable.MatchString(c.Token) {
		return c, service.Invalid("token", "token_form")
	}
	if c.BaseURL == "" {
		c.BaseURL = s.PublicURL
	}
	c.AccountName, c.BaseURL = access.AccountName(c.AccountName), strings.TrimRight(c.BaseURL, "/")
	parsed, err := url.Parse(c.BaseURL)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return c, service.Invalid("base_url", "field_invalid", c.BaseURL)
	}
	if salesdock.Allowed(s.Transport, parsed) != nil {
		return c, service.Invalid("base_url", "address_https")
	}
	parsed.Host = strings.ToLower(parsed.Host) // https://Partner.example is the partner that there is a link with already
	c.BaseURL = parsed.String()
	return c, nil
}

// TestConnection tries a connection without saving it.
func (s *Integrations) TestConnection(ctx context.Context, a service.Actor, c service.Connection) (ConnectionTest, error) {
	c, err := s.complete(c)
	if err != nil {
		return ConnectionTest{}, err
	}
	return s.test(ctx, a, c)
}

func (s *Integrations) test(ctx context.Context, a service.Actor, c service.Connection) (ConnectionTest, error) {
	if err := s.Take(ctx, a, service.CostlyTest); err != nil {
		return ConnectionTest{}, err
	}
	client, err := s.ClientOf(ctx, a, c)
	if err != nil {
		return ConnectionTest{}, err
	}
	kind := states.PartnerKoppel
	capabilities, err := client.Capabilities(ctx)
	if slices.Contains([]string{"unknown_account", "not_salesdock", "address_not_allowed"}, testReason(err)) {
		// A stock account knows no capabilities: it may answer with a page, or say that the token may not see them. Something
		// every account has tells what it is.
		kind, capabilities = states.PartnerStock, salesdock.Capabilities{}
		err = client.TokenAccepted(ctx)
	}
	if err != nil {
		return s.failedTest(ctx, a, c, err)
	}
	result := ConnectionTest{OK: true, Reason: "ok", Kind: kind, Capabilities: capabilities}
	if kind == states.PartnerKoppel && capabilities.Token != nil && !capabilities.Token.Integration {
		result.Warnings = append(result.Warnings, "warn_plain_token")
	}
	if c.BaseURL == s.PublicURL && c.AccountName == a.Account {
		result.Warnings = append(result.Warnings, "warn_same_environment")
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		back, err := tx.LinksOfPartner(ctx, db.LinksOfPartnerParams{EnvironmentID: a.EnvironmentID, PartnerBaseURL: c.BaseURL, PartnerAccount: c.AccountName})
		if back > 0 {
			result.Warnings = append(result.Warnings, "warn_both_ways")
		}
		return err
	})
	return result, err
}

// failedTest says why a connection does not work. What kind of partner it is, nobody knows then.
func (s *Integrations) failedTest(ctx context.Context, a service.Actor, c service.Connection, cause error) (ConnectionTest, error) {
	result := ConnectionTest{Reason: testReason(cause)}
	if errors.Is(cause, salesdock.ErrAddressForbidden) {
		result.sentence = "test_private"
	}
	var answer *salesdock.Error
	if !errors.As(cause, &answer) {
		return result, nil
	}
	switch {
	case result.Reason == "bad_token" && len(answer.Fields["signature"]) > 0:
		result.sentence = "test_signature" // it knows another key of ours
	case answer.Forbidden() && !aboutAddress(answer.Message):
		// 403 is for an account that the token may not see, too: is one that nobody has refused in the same way?
		client, err := s.ClientOf(ctx, a, service.Connection{AccountName: "geen-" + strings.ToLower(rand.Text()), BaseURL: c.BaseURL, Token: c.Token})
		if err != nil {
			return result, err
		}
		var elsewhere *salesdock.Error
		if errors.As(client.TokenAccepted(ctx), &elsewhere) && elsewhere.Forbidden() {
			result.Reason, result.sentence = "unknown_account", "test_account_refused"
		}
	case answer.Moved():
		result.sentence = "test_moved"
	}
	return result, nil
}

var (
	namesAddress = regexp.MustCompile(`(?i)\b(ip|adres|address)`) //nolint:misspell // the first is Dutch
	namesAccount = regexp.MustCompile(`(?i)account`)
)

// aboutAddress says whether a refusal says itself that it is about where a call comes from, and nothing else.
func aboutAddress(message string) bool {
	return namesAddress.MatchString(message) && !namesAccount.MatchString(message)
}

func testReason(err error) string {
	var answer *salesdock.Error
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, salesdock.ErrNoAnswer), errors.Is(err, salesdock.ErrNotSent), errors.Is(err, salesdock.ErrAddressForbidden):
		return "unreachable"
	case !errors.As(err, &answer):
		return "not_salesdock"
	case answer.Throttled():
		return "throttled"
	case answer.TokenRefused():
		return "bad_token"
	case answer.Forbidden():
		return "address_not_allowed"
	case answer.NotFound():
		return "unknown_account"
	case answer.Failed():
		return "unreachable"
	}
	return "not_salesdock"
}

// Fingerprint is the environment's key as a partner sees it; nothing before the first call to one.
func (s *Integrations) Fingerprint(ctx context.Context, a service.Actor) (fingerprint string, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		signer, err := partner.Existing(ctx, tx, s.Vault, a.EnvironmentID)
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err == nil {
			fingerprint = salesdock.Fingerprint(signer.PublicKey())
		}
		return err
	})
	return fingerprint, err
}

// RefusedConnection goes with a refusal: why the connection does not work.
type RefusedConnection struct {
	Reason string `json:"reason"`
}

func refusedConnection(t ConnectionTest) *service.Error {
	refusal := service.Invalid("token", t.Sentence())
	refusal.Key = "connection_refused"
	refusal.Args = []any{service.Sentence{Key: t.Sentence()}}
	refusal.Data = RefusedConnection{t.Reason}
	return refusal
}

// limitGroup names who shares a partner's budget: everyone at its host, or the token alone where the partner
// says so. It is a hash: it travels through Temporal.
func limitGroup(c service.Connection, t ConnectionTest) string {
	parsed, err := url.Parse(c.BaseURL)
	if err != nil {
		parsed = &url.URL{Host: c.BaseURL}
	}
	who := parsed.Host
	if t.Capabilities.LimitsByTokenAlone {
		who += "\n" + c.Token
	}
	sum := sha256.Sum256([]byte(who))
	return hex.EncodeToString(sum[:8])
}
