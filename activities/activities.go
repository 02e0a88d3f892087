// Package activities holds the side effects: every request to a partner, and the writing down of what came of
// it. An input holds ids; the tenant is checked again from the row.
package activities

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/partner"
	"koppel/salesdock"
	"koppel/states"
)

// Partner makes requests to partners: one request an activity, because the queue's limit counts activities.
type Partner struct {
	Store     *db.Store
	Vault     *vault.Vault
	Transport http.RoundTripper
	PublicURL string
	Budget    *partner.Budget
	Known     *partner.Signers // keys that were read before; nil reads them each time
	Looks     LookWaits
	Log       *zap.Logger
	Now       func() time.Time
}

// Records works on the database alone.
type Records struct {
	Store  *db.Store
	Budget *partner.Budget
	Now    func() time.Time
}

// integrationRef is an integration with the means to call its partner.
type integrationRef struct {
	db.Integration
	account, name string // of our environment
	client        *salesdock.Client
}

func (p *Partner) clients() *partner.Clients {
	return &partner.Clients{Store: p.Store, Vault: p.Vault, Transport: p.Transport, Budget: p.Budget, Known: p.Known, Now: p.Now}
}

func (p *Partner) client(ctx context.Context, i db.Integration) (*salesdock.Client, error) {
	client, err := p.clients().Of(ctx, i)
	if err != nil {
		return nil, err
	}
	return p.listen(i, client), nil
}

// integration loads an integration with the means to call its partner, in whatever state it is: who calls decides
// whether a paused or removed one is called.
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

// failed classifies what went wrong with a read, and makes its error.
func (p *Partner) failed(ctx context.Context, i db.Integration, cause error) error {
	c, err := p.noted(ctx, i, cause)
	if err != nil {
		return err
	}
	if c.Disposition == Pause && i.State == states.IntegrationActive {
		c = c.again() // once is no proof: after the second look the link is paused, or this goes on
		c.Delay = 2 * tokenProbes[0]
	}
	return c.asError()
}

// noted classifies what went wrong with a read. A refused token puts the token in doubt.
func (p *Partner) noted(ctx context.Context, i db.Integration, cause error) (Classified, error) {
	c := classify(cause, asRead)
	jobFailed(ctx, c.Reason)
	if c.Disposition == Pause {
		if err := p.doubtToken(ctx, i); err != nil {
			return c, err
		}
	}
	p.Log.Info("partner.request.failed", zap.Int64("integration_id", i.ID), zap.String("reason", string(c.Reason)), zap.Int("status", c.Status))
	return c, nil
}

// plan gives the current plan, also where an integration may not be called.
func (p *Partner) plan(ctx context.Context, in IntegrationInput, err error) (plan IntegrationPlan, _ error) {
	if err != nil {
		return plan, err
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		plan, err = readPlan(ctx, tx, in, p.Now())
		return err
	})
	return plan, err
}
