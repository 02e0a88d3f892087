// Package activities holds the side effects: every request to a partner, and the writing down of what came of
// it. An input holds ids; the tenant is checked again from the row.
package activities

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/budget"
	"koppel/internal/identity"
	"koppel/internal/vault"
	"koppel/salesdock"
)

// Partner makes requests to partners: one request an activity, because the queue's limit counts activities.
type Partner struct {
	Store     *db.Store
	Vault     *vault.Vault
	Transport http.RoundTripper
	PublicURL string
	Budget    *budget.Budget
	Known     *identity.Known // keys that were read before; nil reads them each time
	Log       *zap.Logger
	Now       func() time.Time
}

// Records works on the database alone.
type Records struct {
	Store *db.Store
	Now   func() time.Time
}

// integrationRef is an integration with the means to call its partner.
type integrationRef struct {
	db.Integration
	account, name string // of our environment
	client        *salesdock.Client
}

func (p *Partner) client(ctx context.Context, i db.Integration) (*salesdock.Client, error) {
	var signer *salesdock.Signer
	if keyed(i) {
		var err error
		if signer, err = p.signer(ctx, i.EnvironmentID); err != nil {
			return nil, err
		}
	}
	token, err := p.Vault.Open(vault.TokenRow(i.EnvironmentID, i.LinkKey), i.TokenSealed)
	if err != nil {
		return nil, err
	}
	return salesdock.NewClient(p.Budget.Transport(p.Transport, i.LimitGroup), i.BaseURL, i.AccountName, string(token)).SignedBy(signer), nil
}

func (p *Partner) signer(ctx context.Context, environmentID int64) (*salesdock.Signer, error) {
	return p.Known.Signer(environmentID, func() (signer *salesdock.Signer, err error) {
		err = p.Store.WithTx(ctx, environmentID, func(tx *db.Tx) error {
			signer, err = identity.Signer(ctx, tx, p.Vault, environmentID, p.Now())
			return err
		})
		return signer, err
	})
}

// integration loads an integration that may be called. A paused or removed one gives ReasonNotFound.
func (p *Partner) integration(ctx context.Context, environmentID, id int64) (ref integrationRef, err error) {
	err = p.Store.WithTx(ctx, environmentID, func(tx *db.Tx) error {
		if ref.Integration, err = tx.IntegrationByID(ctx, environmentID, id); err != nil {
			return err
		}
		env, err := tx.EnvironmentByID(ctx, environmentID)
		ref.account = env.Account
		return err
	})
	if err != nil {
		return ref, err
	}
	ref.client, err = p.client(ctx, ref.Integration)
	return ref, err
}

// failed classifies what went wrong with a read. A refused token pauses the link, once,
// and says so.
func (p *Partner) failed(ctx context.Context, i db.Integration, cause error) error {
	c, err := p.noted(ctx, i, cause)
	if err != nil {
		return err
	}
	return c.asError()
}

func (p *Partner) noted(ctx context.Context, i db.Integration, cause error) (Classified, error) {
	c := classify(cause, false)
	if c.Disposition == Pause {
		if err := p.pause(ctx, i); err != nil {
			return c, err
		}
	}
	p.Log.Info("partner.request.failed", zap.Int64("integration_id", i.ID), zap.String("reason", c.Reason), zap.Int("status", c.Status))
	return c, nil
}

func (p *Partner) pause(ctx context.Context, i db.Integration) error {
	return p.Store.WithTx(ctx, i.EnvironmentID, func(tx *db.Tx) error {
		_, err := tx.IntegrationSetState(ctx, db.IntegrationSetStateParams{
			EnvironmentID: i.EnvironmentID, ID: i.ID, State: "paused", PausedReason: ReasonTokenRefused, Now: p.Now(),
		})
		return err
	})
}
