package integrations

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// CreateIntegration tests a connection and saves it. The first look at the partner follows by itself.
func (s *Integrations) CreateIntegration(ctx context.Context, a service.Actor, c service.Connection) (row db.Integration, t ConnectionTest, err error) {
	if c, err = s.complete(c); err != nil {
		return row, t, err
	}
	if c.BaseURL == s.PublicURL && c.AccountName == a.Account {
		return row, t, service.Invalid("account_name", "same_environment")
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
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err = tx.IntegrationInsert(ctx, db.IntegrationInsertParams{
			EnvironmentID: a.EnvironmentID, Name: partnerName(c, t), AccountName: c.AccountName, BaseURL: c.BaseURL,
			TokenSealed: s.Vault.Seal(vault.TokenRow(a.EnvironmentID, linkKey), []byte(c.Token)), PartnerKind: t.Kind, Capabilities: capabilities,
			LimitGroup: limitGroup(c, t), Settings: linking.DefaultSettings(), LinkKey: linkKey,
			EventSecretSealed: s.Vault.Seal(vault.EventSecretRow(a.EnvironmentID, linkKey), secret), Now: s.Now(),
		})
		if err != nil {
			return service.OrConflict(err, "integration_exists")
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, row.ID, states.SignalStart, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "create", "integration", row.ID, nil, map[string]any{"account_name": c.AccountName, "base_url": c.BaseURL})
	})
	return row, t, err
}

func partnerName(c service.Connection, t ConnectionTest) string {
	if t.Capabilities.Name != "" {
		return t.Capabilities.Name
	}
	return c.AccountName
}

// List lists the environment's links to partners.
func (s *Integrations) List(ctx context.Context, a service.Actor) (list []db.Integration, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.IntegrationList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// Integration reads one link.
func (s *Integrations) Integration(ctx context.Context, a service.Actor, id int64) (row db.Integration, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err = service.IntegrationOf(ctx, tx, a, id)
		return err
	})
	return row, err
}

// TestIntegration tries the stored connection.
func (s *Integrations) TestIntegration(ctx context.Context, a service.Actor, id int64) (ConnectionTest, error) {
	row, err := s.Integration(ctx, a, id)
	if err != nil {
		return ConnectionTest{}, err
	}
	c, err := s.Connection(row)
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
func (s *Integrations) UpdateIntegration(ctx context.Context, a service.Actor, id int64, patch IntegrationPatch) (db.Integration, error) {
	if patch.Token != nil || patch.AccountName != nil || patch.BaseURL != nil {
		if err := s.reconnect(ctx, a, id, patch); err != nil {
			return db.Integration{}, err
		}
	}
	err := s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := service.LockIntegration(ctx, tx, a, id)
		if err != nil {
			return err
		}
		settings := row.Settings
		settings.Rules = append([]linking.ForwardingRule{}, settings.Rules...)
		if len(patch.Settings) > 0 {
			if err := json.Unmarshal(patch.Settings, &settings); err != nil {
				return service.InvalidValue("settings", err)
			}
		}
		if err := settings.Validate(); err != nil {
			return service.InvalidValue("settings", err)
		}
		if err := settingsRight(ctx, tx, a, row.Settings, settings); err != nil {
			return err
		}
		name := row.Name
		if patch.Name != nil && *patch.Name != "" {
			name = *patch.Name
		}
		if long := service.Fits(map[string]string{"name": name}); long != nil {
			return long
		}
		err = tx.IntegrationSetSettings(ctx, db.IntegrationSetSettingsParams{
			EnvironmentID: a.EnvironmentID, ID: id, Name: name, Settings: settings, OwnLimit: settings.RequestsPerMinute > 0, LimitSet: setsLimit(patch.Settings), Now: s.Now(),
			NextSyncAt: s.Now().Add(service.Minutes(settings.SyncIntervalMinutes)), NextPollAt: s.Now().Add(service.Minutes(settings.StatusPollMinutes)),
		})
		if err != nil {
			return err
		}
		if err := s.Sales.ReconsiderWaiting(ctx, tx, a, id, settings); err != nil {
			return err
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, id, states.SignalSettingsChanged, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "update", "integration", id, row.Settings, settings)
	})
	if err != nil {
		return db.Integration{}, err
	}
	return s.Integration(ctx, a, id)
}

// setsLimit says whether settings say what the partner allows: that is believed, whatever was learned before.
func setsLimit(settings json.RawMessage) bool {
	var said struct {
		RequestsPerMinute int `json:"requests_per_minute"`
	}
	return json.Unmarshal(settings, &said) == nil && said.RequestsPerMinute > 0
}

func (s *Integrations) reconnect(ctx context.Context, a service.Actor, id int64, patch IntegrationPatch) error {
	row, err := s.Integration(ctx, a, id)
	if err != nil {
		return err
	}
	c := service.Connection{AccountName: row.AccountName, BaseURL: row.BaseURL}
	if patch.AccountName != nil {
		c.AccountName = *patch.AccountName
	}
	if patch.BaseURL != nil {
		c.BaseURL = *patch.BaseURL
	}
	if patch.Token == nil {
		return service.Invalid("token", "token_again")
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
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		err := tx.IntegrationSetConnection(ctx, db.IntegrationSetConnectionParams{
			EnvironmentID: a.EnvironmentID, ID: id, AccountName: c.AccountName, BaseURL: c.BaseURL,
			TokenSealed: s.Vault.Seal(vault.TokenRow(a.EnvironmentID, row.LinkKey), []byte(c.Token)),
			PartnerKind: t.Kind, Capabilities: capabilities, LimitGroup: limitGroup(c, t), Now: s.Now(),
		})
		if err != nil {
			return service.OrConflict(err, "integration_exists")
		}
		if row.State == states.IntegrationPaused && row.PausedReason == states.PausedTokenRefused || row.TokenProbeAt != nil {
			if err := s.resume(ctx, tx, a, id); err != nil {
				return err
			}
		}
		return s.Audit(ctx, tx, a, "reconnect", "integration", id, nil, map[string]any{"account_name": c.AccountName, "base_url": c.BaseURL})
	})
}

// PauseIntegration stops sync, poll and sending; sales queue up, in order.
func (s *Integrations) PauseIntegration(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.LockIntegration(ctx, tx, a, id); err != nil {
			return err
		}
		if _, err := tx.IntegrationSetState(ctx, db.IntegrationSetStateParams{EnvironmentID: a.EnvironmentID, ID: id, State: states.IntegrationPaused, PausedReason: states.PausedByPerson, Now: s.Now()}); err != nil {
			return err
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, id, states.SignalSettingsChanged, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "pause", "integration", id, nil, nil)
	})
}

// ResumeIntegration goes on where a pause stopped.
func (s *Integrations) ResumeIntegration(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.LockIntegration(ctx, tx, a, id); err != nil {
			return err
		}
		if err := s.resume(ctx, tx, a, id); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "resume", "integration", id, nil, nil)
	})
}

func (s *Integrations) resume(ctx context.Context, tx *db.Tx, a service.Actor, id int64) error {
	if _, err := tx.IntegrationSetState(ctx, db.IntegrationSetStateParams{EnvironmentID: a.EnvironmentID, ID: id, State: states.IntegrationActive, Now: s.Now()}); err != nil {
		return err
	}
	if err := tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, id, states.SignalSettingsChanged, s.Now()); err != nil {
		return err
	}
	return s.Sales.LookAgain(ctx, tx, a, db.ForwardingsToRetryParams{EnvironmentID: a.EnvironmentID, IntegrationID: &id})
}

// RemoveIntegration ends a link: what is being sent finishes, what waits is abandoned, imported products and
// the history of sales stay.
func (s *Integrations) RemoveIntegration(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		if _, err := service.LockIntegration(ctx, tx, a, id); err != nil {
			return err
		}
		if _, err := tx.IntegrationSetState(ctx, db.IntegrationSetStateParams{EnvironmentID: a.EnvironmentID, ID: id, State: states.IntegrationRemoved, Now: s.Now()}); err != nil {
			return err
		}
		if err := s.Sales.EndForwardings(ctx, tx, a, id, states.ForwardingAbandoned, states.ReasonRemoved); err != nil {
			return err
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxIntegration, id, states.SignalRemove, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "delete", "integration", id, nil, nil)
	})
}

// IntegrationStatus is an integration as it is now.
type IntegrationStatus struct {
	db.Integration
	Running, Queued *db.SyncRun
	Forwardings     []db.ForwardingCountsRow
	Budget          Budget
	Operations      []db.Operation // under way
	Jobs            []service.BackgroundJob
	LastError       states.Reason // why its products are not up to date
	SetAside        SetAsideSum   // rows of the partner that could not be read
}

// IntegrationState reads what an integration is doing. It reads rows only: Temporal need not answer.
func (s *Integrations) IntegrationState(ctx context.Context, a service.Actor, id int64) (status IntegrationStatus, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if status.Integration, err = service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		if status.Running, err = service.Maybe(tx.SyncRunRunning(ctx, a.EnvironmentID, id)); err != nil {
			return err
		}
		if status.Queued, err = service.Maybe(tx.SyncRunQueued(ctx, a.EnvironmentID, id)); err != nil {
			return err
		}
		if status.Forwardings, err = tx.ForwardingCounts(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		if status.Operations, err = tx.OperationsUnderWay(ctx, a.EnvironmentID, id); err != nil {
			return err
		}
		jobs, err := s.Background(ctx, tx, a)
		if err != nil {
			return err
		}
		status.Jobs = service.JobsOf(jobs, states.SubjectIntegration, id)
		status.LastError = service.LastError(status.Jobs)
		sums, err := SetAsideSums(ctx, tx, a, &id)
		if err != nil {
			return err
		}
		status.SetAside = sums[id]
		status.Budget, err = s.budget(ctx, tx, a, id)
		return err
	})
	return status, err
}

// LinkHead counts what the pages of one link show above everything.
func (s *Integrations) LinkHead(ctx context.Context, a service.Actor, id int64) (row db.Integration, head db.IntegrationHeadRow, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		if row, err = service.IntegrationOf(ctx, tx, a, id); err != nil {
			return err
		}
		head, err = tx.IntegrationHead(ctx, a.EnvironmentID, id)
		return err
	})
	return row, head, err
}

// IntegrationName is what a link is called, ended or not.
func (s *Integrations) IntegrationName(ctx context.Context, a service.Actor, id int64) (name string, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := tx.IntegrationByID(ctx, a.EnvironmentID, id)
		name = row.Name
		return err
	})
	return name, service.OrNotFound(err)
}
