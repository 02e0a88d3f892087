package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"koppel/db"
	"koppel/internal/identity"
	"koppel/internal/vault"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/workflows"
)

// Connection is what a link to a partner needs.
type Connection struct {
	AccountName, BaseURL, Token string
}

// ConnectionTest is the outcome of Test API verbinding.
type ConnectionTest struct {
	OK           bool
	Reason       string // ok, unknown_account, bad_token, address_not_allowed, unreachable, throttled, not_salesdock
	Warnings     []string
	Kind         string // koppel or stock
	Capabilities salesdock.Capabilities
	Unsigned     bool // the partner refused our signature: it knows another key of ours
}

var testSentences = map[string]string{
	"ok": "test_ok", "unknown_account": "test_unknown_account", "bad_token": "test_bad_token", "address_not_allowed": "test_address",
	"unreachable": "test_unreachable", "throttled": "test_throttled", "not_salesdock": "test_not_salesdock",
}

// Sentence gives the key of the outcome in words.
func (t ConnectionTest) Sentence() string {
	if t.Unsigned {
		return "test_signature"
	}
	return testSentences[t.Reason]
}

func (s *Service) complete(c Connection) (Connection, error) {
	if missing := required(map[string]string{"account_name": c.AccountName, "token": c.Token}); missing != nil {
		return c, missing
	}
	if c.BaseURL == "" {
		c.BaseURL = s.PublicURL
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	parsed, err := url.Parse(c.BaseURL)
	if err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return c, invalid("base_url", "field_invalid", c.BaseURL)
	}
	return c, nil
}

// TestConnection tries a connection without saving it.
func (s *Service) TestConnection(ctx context.Context, a Actor, c Connection) (ConnectionTest, error) {
	c, err := s.complete(c)
	if err != nil {
		return ConnectionTest{}, err
	}
	return s.test(ctx, a, c)
}

// signer is who the environment's calls to partners are signed by.
func (s *Service) signer(ctx context.Context, a Actor) (signer *salesdock.Signer, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		signer, err = identity.Signer(ctx, tx, s.Vault, a.EnvironmentID, s.Now())
		return err
	})
	return signer, err
}

// Fingerprint is the environment's key as a partner sees it.
func (s *Service) Fingerprint(ctx context.Context, a Actor) (string, error) {
	signer, err := s.signer(ctx, a)
	if err != nil {
		return "", err
	}
	return salesdock.Fingerprint(signer.PublicKey()), nil
}

func (s *Service) clientOf(ctx context.Context, a Actor, c Connection) (*salesdock.Client, error) {
	signer, err := s.signer(ctx, a)
	if err != nil {
		return nil, err
	}
	return salesdock.NewClient(s.Transport, c.BaseURL, c.AccountName, c.Token).SignedBy(signer), nil
}

// partner calls an integration's partner, for somebody who waits for the answer.
func (s *Service) partner(ctx context.Context, a Actor, row db.Integration) (*salesdock.Client, error) {
	c, err := s.connection(row)
	if err != nil {
		return nil, err
	}
	return s.clientOf(ctx, a, c)
}

// connection is how an integration's partner is reached.
func (s *Service) connection(row db.Integration) (Connection, error) {
	token, err := s.Vault.Open(vault.TokenRow(row.EnvironmentID, row.LinkKey), row.TokenSealed)
	return Connection{row.AccountName, row.BaseURL, string(token)}, err
}

func (s *Service) test(ctx context.Context, a Actor, c Connection) (ConnectionTest, error) {
	client, err := s.clientOf(ctx, a, c)
	if err != nil {
		return ConnectionTest{}, err
	}
	capabilities, err := client.Capabilities(ctx)
	result := ConnectionTest{Reason: testReason(err), Kind: "koppel", Capabilities: capabilities}
	if result.Reason == "unknown_account" || result.Reason == "not_salesdock" {
		// A stock account knows no capabilities, and may answer with a page: something every account has tells what it is.
		_, err = client.Statuses(ctx)
		result = ConnectionTest{Reason: testReason(err), Kind: "stock"}
	}
	result.OK = result.Reason == "ok"
	if !result.OK {
		result.Unsigned = result.Reason == "bad_token" && signatureRefused(err)
		return result, nil
	}
	if result.Kind == "koppel" && capabilities.Token != nil && !capabilities.Token.Integration {
		result.Warnings = append(result.Warnings, "warn_plain_token")
	}
	if c.BaseURL == s.PublicURL && c.AccountName == a.Account {
		result.Warnings = append(result.Warnings, "warn_same_environment")
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		back, err := tx.LinksOfPartner(ctx, db.LinksOfPartnerParams{EnvironmentID: a.EnvironmentID, PartnerBaseURL: c.BaseURL, PartnerAccount: c.AccountName})
		if back > 0 {
			result.Warnings = append(result.Warnings, "warn_both_ways")
		}
		return err
	})
	return result, err
}

// signatureRefused says whether a partner refused our signature, not the token.
func signatureRefused(err error) bool {
	var answer *salesdock.Error
	return errors.As(err, &answer) && len(answer.Fields["signature"]) > 0
}

func testReason(err error) string {
	var answer *salesdock.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &answer) && answer.Throttled:
		return "throttled"
	case errors.As(err, &answer) && answer.Status == http.StatusUnauthorized:
		return "bad_token"
	case errors.As(err, &answer) && answer.Status == http.StatusForbidden:
		return "address_not_allowed"
	case errors.As(err, &answer) && answer.Status == http.StatusNotFound:
		return "unknown_account"
	case errors.As(err, &answer) && answer.Status >= 500:
		return "unreachable"
	case errors.As(err, &answer), errors.Is(err, salesdock.ErrUnreadable):
		return "not_salesdock"
	}
	return "unreachable"
}

func refusedConnection(t ConnectionTest) *Error {
	refusal := invalid("token", t.Sentence())
	refusal.Key = "connection_refused"
	refusal.Args = []any{Sentence{Key: t.Sentence()}}
	refusal.Data = map[string]any{"reason": t.Reason}
	return refusal
}

// limitGroup names who shares a partner's budget: everyone at its host, or the token alone where the partner
// says so. It is a hash: it travels through Temporal.
func limitGroup(c Connection, t ConnectionTest) string {
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

// CreateIntegration tests a connection and saves it. The first look at the partner follows by itself.
func (s *Service) CreateIntegration(ctx context.Context, a Actor, c Connection) (row db.Integration, t ConnectionTest, err error) {
	if c, err = s.complete(c); err != nil {
		return row, t, err
	}
	if c.BaseURL == s.PublicURL && c.AccountName == a.Account {
		return row, t, invalid("account_name", "same_environment")
	}
	if t, err = s.test(ctx, a, c); err != nil {
		return row, t, err
	}
	if !t.OK {
		return row, t, refusedConnection(t)
	}
	linkKey := rand.Text()
	secret := []byte(rand.Text() + rand.Text()) // text: it travels in JSON
	capabilities, err := json.Marshal(t.Capabilities)
	if err != nil {
		return row, t, err
	}
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		row, err = tx.IntegrationInsert(ctx, db.IntegrationInsertParams{
			EnvironmentID: a.EnvironmentID, Name: partnerName(c, t), AccountName: c.AccountName, BaseURL: c.BaseURL,
			TokenSealed: s.Vault.Seal(vault.TokenRow(a.EnvironmentID, linkKey), []byte(c.Token)), PartnerKind: t.Kind, Capabilities: capabilities,
			LimitGroup: limitGroup(c, t), Settings: linking.DefaultSettings(), LinkKey: linkKey,
			EventSecretSealed: s.Vault.Seal(vault.EventSecretRow(a.EnvironmentID, linkKey), secret), Now: s.Now(),
		})
		if err != nil {
			return orConflict(err, "integration_exists")
		}
		if err := tx.Move(ctx, a.EnvironmentID, db.OutboxIntegration, row.ID, db.SignalStart, s.Now()); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "create", "integration", row.ID, nil, map[string]any{"account_name": c.AccountName, "base_url": c.BaseURL})
	})
	return row, t, err
}

func partnerName(c Connection, t ConnectionTest) string {
	if t.Capabilities.Name != "" {
		return t.Capabilities.Name
	}
	return c.AccountName
}

// Integrations lists the environment's links to partners.
func (s *Service) Integrations(ctx context.Context, a Actor) (list []db.Integration, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.IntegrationList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// Integration reads one link.
func (s *Service) Integration(ctx context.Context, a Actor, id int64) (row db.Integration, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		row, err = integration(ctx, tx, a, id)
		return err
	})
	return row, err
}

func integration(ctx context.Context, tx *db.Tx, a Actor, id int64) (db.Integration, error) {
	row, err := tx.IntegrationLock(ctx, a.EnvironmentID, id)
	if err == nil && row.State == "removed" {
		return row, notFound()
	}
	return row, orNotFound(err)
}

// TestIntegration tries the stored connection.
func (s *Service) TestIntegration(ctx context.Context, a Actor, id int64) (ConnectionTest, error) {
	row, err := s.Integration(ctx, a, id)
	if err != nil {
		return ConnectionTest{}, err
	}
	c, err := s.connection(row)
	if err != nil {
		return ConnectionTest{}, err
	}
	return s.test(ctx, a, c)
}

// IntegrationPatch is what a PATCH brings: connection fields that are given, and settings as JSON, laid over
// what is there.
type IntegrationPatch struct {
	Name, AccountName, BaseURL, Token *string
	Settings                          json.RawMessage
}

// UpdateIntegration changes an integration. A new connection is tested before it is saved; a token never goes
// to an address or account that it was not entered for.
func (s *Service) UpdateIntegration(ctx context.Context, a Actor, id int64, patch IntegrationPatch) (db.Integration, error) {
	if patch.Token != nil || patch.AccountName != nil || patch.BaseURL != nil {
		if err := s.reconnect(ctx, a, id, patch); err != nil {
			return db.Integration{}, err
		}
	}
	err := s.tx(ctx, a, func(tx *db.Tx) error {
		row, err := integration(ctx, tx, a, id)
		if err != nil {
			return err
		}
		settings := row.Settings
		settings.Rules = append([]linking.ForwardingRule{}, settings.Rules...)
		if len(patch.Settings) > 0 {
			if err := json.Unmarshal(patch.Settings, &settings); err != nil {
				return invalidValue("settings", err)
			}
		}
		if err := settings.Validate(); err != nil {
			return invalidValue("settings", err)
		}
		name := row.Name
		if patch.Name != nil && *patch.Name != "" {
			name = *patch.Name
		}
		err = tx.IntegrationSetSettings(ctx, db.IntegrationSetSettingsParams{
			EnvironmentID: a.EnvironmentID, ID: id, Name: name, Settings: settings, Now: s.Now(),
			NextSyncAt: s.Now().Add(minutes(settings.SyncIntervalMinutes)), NextPollAt: s.Now().Add(minutes(settings.StatusPollMinutes)),
		})
		if err != nil {
			return err
		}
		if err := s.reconsiderWaiting(ctx, tx, a, id, settings); err != nil {
			return err
		}
		if err := tx.Move(ctx, a.EnvironmentID, db.OutboxIntegration, id, db.SignalSettings, s.Now()); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "update", "integration", id, row.Settings, settings)
	})
	if err != nil {
		return db.Integration{}, err
	}
	return s.Integration(ctx, a, id)
}

func (s *Service) reconnect(ctx context.Context, a Actor, id int64, patch IntegrationPatch) error {
	row, err := s.Integration(ctx, a, id)
	if err != nil {
		return err
	}
	c := Connection{AccountName: row.AccountName, BaseURL: row.BaseURL}
	if patch.AccountName != nil {
		c.AccountName = *patch.AccountName
	}
	if patch.BaseURL != nil {
		c.BaseURL = *patch.BaseURL
	}
	if patch.Token == nil {
		return invalid("token", "token_again")
	}
	c.Token = *patch.Token
	if c, err = s.complete(c); err != nil {
		return err
	}
	t, err := s.test(ctx, a, c)
	if err != nil {
		return err
	}
	if !t.OK {
		return refusedConnection(t)
	}
	capabilities, err := json.Marshal(t.Capabilities)
	if err != nil {
		return err
	}
	return s.tx(ctx, a, func(tx *db.Tx) error {
		err := tx.IntegrationSetConnection(ctx, db.IntegrationSetConnectionParams{
			EnvironmentID: a.EnvironmentID, ID: id, AccountName: c.AccountName, BaseURL: c.BaseURL,
			TokenSealed: s.Vault.Seal(vault.TokenRow(a.EnvironmentID, row.LinkKey), []byte(c.Token)),
			PartnerKind: t.Kind, Capabilities: capabilities, LimitGroup: limitGroup(c, t), Now: s.Now(),
		})
		if err != nil {
			return orConflict(err, "integration_exists")
		}
		if row.State == "paused" && row.PausedReason == "token_refused" {
			if err := s.resume(ctx, tx, a, id); err != nil {
				return err
			}
		}
		return s.audit(ctx, tx, a, "reconnect", "integration", id, nil, map[string]any{"account_name": c.AccountName, "base_url": c.BaseURL})
	})
}

// reconsiderWaiting has what waits looked at again under new settings; with forwarding off, what was not sent
// is withdrawn here and now.
func (s *Service) reconsiderWaiting(ctx context.Context, tx *db.Tx, a Actor, id int64, settings linking.Settings) error {
	on := settings.Forwarding.Enabled
	for _, rule := range settings.Rules {
		on = on || rule.Enabled
	}
	if !on {
		return s.endForwardings(ctx, tx, a, id, db.ForwardingWithdrawn, "")
	}
	return s.lookAgain(ctx, tx, a, db.ForwardingsToRetryParams{EnvironmentID: a.EnvironmentID, IntegrationID: &id})
}

func (s *Service) endForwardings(ctx context.Context, tx *db.Tx, a Actor, integrationID int64, state, cause string) error {
	ids, err := tx.ForwardingsOfIntegrationEnd(ctx, db.ForwardingsOfIntegrationEndParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, State: state, Cause: cause, Now: s.Now(),
	})
	if err != nil {
		return err
	}
	return s.signalForwardings(ctx, tx, a, ids)
}

func (s *Service) lookAgain(ctx context.Context, tx *db.Tx, a Actor, which db.ForwardingsToRetryParams) error {
	ids, err := tx.ForwardingsToRetry(ctx, which)
	if err != nil {
		return err
	}
	return s.signalForwardings(ctx, tx, a, ids)
}

func (s *Service) signalForwardings(ctx context.Context, tx *db.Tx, a Actor, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.OutboxInsertMany(ctx, db.OutboxInsertManyParams{
		EnvironmentID: a.EnvironmentID, Kind: db.OutboxForwarding, SubjectIds: ids, Signal: db.SignalLookAgain, Now: s.Now(),
	})
}

// PauseIntegration stops sync, poll and sending; sales queue up, in order.
func (s *Service) PauseIntegration(ctx context.Context, a Actor, id int64) error {
	return s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := integration(ctx, tx, a, id); err != nil {
			return err
		}
		if _, err := tx.IntegrationSetState(ctx, db.IntegrationSetStateParams{EnvironmentID: a.EnvironmentID, ID: id, State: "paused", PausedReason: "person", Now: s.Now()}); err != nil {
			return err
		}
		if err := tx.Move(ctx, a.EnvironmentID, db.OutboxIntegration, id, db.SignalSettings, s.Now()); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "pause", "integration", id, nil, nil)
	})
}

// ResumeIntegration goes on where a pause stopped.
func (s *Service) ResumeIntegration(ctx context.Context, a Actor, id int64) error {
	return s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := integration(ctx, tx, a, id); err != nil {
			return err
		}
		if err := s.resume(ctx, tx, a, id); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "resume", "integration", id, nil, nil)
	})
}

func (s *Service) resume(ctx context.Context, tx *db.Tx, a Actor, id int64) error {
	if _, err := tx.IntegrationSetState(ctx, db.IntegrationSetStateParams{EnvironmentID: a.EnvironmentID, ID: id, State: "active", Now: s.Now()}); err != nil {
		return err
	}
	if err := tx.Move(ctx, a.EnvironmentID, db.OutboxIntegration, id, db.SignalSettings, s.Now()); err != nil {
		return err
	}
	return s.lookAgain(ctx, tx, a, db.ForwardingsToRetryParams{EnvironmentID: a.EnvironmentID, IntegrationID: &id})
}

// RemoveIntegration ends a link: what is being sent finishes, what waits is abandoned, imported products and
// the history of sales stay.
func (s *Service) RemoveIntegration(ctx context.Context, a Actor, id int64) error {
	return s.tx(ctx, a, func(tx *db.Tx) error {
		if _, err := integration(ctx, tx, a, id); err != nil {
			return err
		}
		if _, err := tx.IntegrationSetState(ctx, db.IntegrationSetStateParams{EnvironmentID: a.EnvironmentID, ID: id, State: "removed", Now: s.Now()}); err != nil {
			return err
		}
		if err := s.endForwardings(ctx, tx, a, id, db.ForwardingAbandoned, "integration_removed"); err != nil {
			return err
		}
		if err := tx.Move(ctx, a.EnvironmentID, db.OutboxIntegration, id, db.SignalRemove, s.Now()); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, "delete", "integration", id, nil, nil)
	})
}

// IntegrationStatus is an integration as it is now.
type IntegrationStatus struct {
	db.Integration
	Running, Queued *db.SyncRun
	Forwardings     []db.ForwardingCountsRow
	Budget          Budget
	Operations      []db.Operation // under way
}

// IntegrationState reads what an integration is doing. It reads rows only: Temporal need not answer.
func (s *Service) IntegrationState(ctx context.Context, a Actor, id int64) (status IntegrationStatus, err error) {
	err = s.tx(ctx, a, func(tx *db.Tx) error {
		if status.Integration, err = integration(ctx, tx, a, id); err != nil {
			return err
		}
		if status.Running, err = maybe(tx.SyncRunRunning(ctx, a.EnvironmentID, id)); err != nil {
			return err
		}
		if status.Queued, err = maybe(tx.SyncRunQueued(ctx, a.EnvironmentID, id)); err != nil {
			return err
		}
		if status.Forwardings, err = tx.ForwardingCounts(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		if status.Operations, err = tx.OperationsUnderWay(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		status.Budget, err = s.budget(ctx, tx, a, id)
		return err
	})
	return status, err
}

func maybe[T any](row T, err error) (*T, error) {
	if errors.Is(err, db.ErrNotFound) {
		return nil, nil //nolint:nilnil // absence is an answer here
	}
	if err != nil {
		return nil, err
	}
	return &row, nil
}

// WorkflowID names the workflow that moves a forwarding, for operators.
func WorkflowID(f db.Forwarding) string {
	return workflows.ForwardSaleID(f.EnvironmentID, f.IntegrationID, f.SaleID)
}
