package activities

import (
	"context"
	"strconv"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/states"
)

// tokenProbes is when a refused token is looked at: soon, because one refusal proves little; then ever less often. The
// last one is repeated for as long as it is refused.
var tokenProbes = [...]time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// tokenRelapse is how soon after a good look a refusal counts as the same trouble, unless a sale was made since: a partner
// that takes the token for reads and refuses it for creates is then asked ever less often too.
const tokenRelapse = 2 * time.Hour

func tokenProbeAfter(probes int32) time.Duration {
	return tokenProbes[min(max(int(probes), 0), len(tokenProbes)-1)]
}

// What the history of a link says of its token.
const (
	auditTokenRefused  = "token_refused"
	auditTokenAccepted = "token_accepted"
)

// doubtToken plans the second look at a token that was refused. Nothing is sent until then: what waits keeps its order.
func (p *Partner) doubtToken(ctx context.Context, i db.Integration) error {
	return p.Store.WithTx(ctx, i.EnvironmentID, func(tx *db.Tx) error {
		row, err := tx.IntegrationByID(ctx, i.EnvironmentID, i.ID)
		if err != nil {
			return err
		}
		probes, err := p.tokenTrouble(ctx, tx, row)
		if err != nil {
			return err
		}
		planned, err := tx.IntegrationTokenDoubt(ctx, db.IntegrationTokenDoubtParams{
			EnvironmentID: i.EnvironmentID, ID: i.ID, Now: new(p.Now()), ProbeAt: new(p.Now().Add(tokenProbeAfter(probes))), Probes: probes + 1,
		})
		if err != nil || planned == 0 {
			return err
		}
		return tx.Move(ctx, i.EnvironmentID, states.OutboxIntegration, i.ID, states.SignalSettingsChanged, p.Now())
	})
}

// tokenTrouble is how often the token was looked at in the trouble that a refusal belongs to; 0: it is another one.
func (p *Partner) tokenTrouble(ctx context.Context, tx *db.Tx, i db.Integration) (probes int32, err error) {
	if i.TokenAcceptedAt == nil || p.Now().Sub(*i.TokenAcceptedAt) >= tokenRelapse {
		return 0, nil
	}
	made, err := tx.ForwardingsMadeLately(ctx, db.ForwardingsMadeLatelyParams{
		EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, Since: i.TokenAcceptedAt, Till: new(p.Now()), UpTo: 1,
	})
	if err != nil || len(made) > 0 {
		return 0, err
	}
	return i.TokenProbes, nil
}

// ProbeToken looks whether a partner takes a token that it refused: refused again the link pauses, or stays so, until the
// next look; accepted everything goes on by itself. Idempotent: a look changes nothing at the partner, and what a
// person decided meanwhile stands.
func (p *Partner) ProbeToken(ctx context.Context, in IntegrationInput) (IntegrationPlan, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil || ref.State == states.IntegrationRemoved || ref.TokenProbeAt == nil {
		return p.plan(ctx, in, err)
	}
	cause := ref.client.TokenAccepted(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		row, err := tx.IntegrationLock(ctx, in.EnvironmentID, in.IntegrationID)
		if err != nil || row.State == states.IntegrationRemoved || row.TokenProbeAt == nil || !row.TokenProbeAt.Equal(*ref.TokenProbeAt) {
			return err
		}
		return p.settleToken(ctx, tx, row, cause)
	})
	return p.plan(ctx, in, err)
}

func (p *Partner) settleToken(ctx context.Context, tx *db.Tx, row db.Integration, cause error) error {
	if cause == nil {
		return p.tokenAccepted(ctx, tx, row)
	}
	c := classify(cause, asRead)
	p.Log.Info("partner.token.probed", zap.Int64(logging.KeyIntegration, row.ID), zap.String(logging.KeyReason, string(c.Reason)), zap.Int(logging.KeyStatus, c.Status))
	if c.Disposition != Pause { // it says nothing of the token
		again := p.Now().Add(max(tokenProbeAfter(min(row.TokenProbes, 1)), c.Delay))
		return tx.IntegrationTokenLater(ctx, db.IntegrationTokenLaterParams{EnvironmentID: row.EnvironmentID, ID: row.ID, ProbeAt: &again})
	}
	err := tx.IntegrationTokenRefused(ctx, db.IntegrationTokenRefusedParams{
		EnvironmentID: row.EnvironmentID, ID: row.ID, ProbeAt: new(p.Now().Add(tokenProbeAfter(row.TokenProbes))), Now: p.Now(),
	})
	if err != nil || row.State == states.IntegrationPaused {
		return err
	}
	return p.auditToken(ctx, tx, row, auditTokenRefused)
}

// tokenAccepted lets a link go on, with everything that waited for it.
func (p *Partner) tokenAccepted(ctx context.Context, tx *db.Tx, row db.Integration) error {
	if err := tx.IntegrationTokenAccepted(ctx, db.IntegrationTokenAcceptedParams{EnvironmentID: row.EnvironmentID, ID: row.ID, Now: new(p.Now())}); err != nil {
		return err
	}
	ids, err := tx.ForwardingsToRetry(ctx, db.ForwardingsToRetryParams{EnvironmentID: row.EnvironmentID, IntegrationID: &row.ID})
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		err := tx.OutboxInsertMany(ctx, db.OutboxInsertManyParams{
			EnvironmentID: row.EnvironmentID, Kind: states.OutboxForwarding, SubjectIds: ids, Signal: states.SignalLookAgain, Now: p.Now(),
		})
		if err != nil {
			return err
		}
	}
	p.Log.Info("partner.token.accepted", zap.Int64(logging.KeyIntegration, row.ID), zap.Int("waiting", len(ids)))
	if row.State != states.IntegrationPaused {
		return nil // it was never more than a doubt
	}
	return p.auditToken(ctx, tx, row, auditTokenAccepted)
}

func (p *Partner) auditToken(ctx context.Context, tx *db.Tx, row db.Integration, action string) error {
	return tx.AuditInsert(ctx, db.AuditInsertParams{
		EnvironmentID: row.EnvironmentID, Action: action, Entity: "integration", EntityID: strconv.FormatInt(row.ID, 10), Now: p.Now(),
	})
}
