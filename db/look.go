package db

import (
	"context"
	"time"

	"koppel/states"
)

// LookedFor says whether it is still being looked for at the partner what an attempt may have made.
func LookedFor(f Forwarding) bool {
	return f.State == states.ForwardingOutcomeUnknown && (f.Look == states.LookWanted || f.Look == states.LookLooking)
}

// NotThere says that a look that can be trusted did not find at the partner what an attempt may have made.
func NotThere(f Forwarding) bool {
	return f.State == states.ForwardingOutcomeUnknown && f.Look == states.LookNotThere
}

// ForgetCandidate takes what one forwarding adopted from the candidates of the others, and has looked again where it
// was the last one.
func (t *Tx) ForgetCandidate(ctx context.Context, f Forwarding, partnerSaleID string, now time.Time) error {
	again, err := t.ForwardingsForgetCandidate(ctx, ForwardingsForgetCandidateParams{EnvironmentID: f.EnvironmentID, IntegrationID: f.IntegrationID, PartnerSaleID: partnerSaleID})
	if err != nil || again == 0 {
		return err
	}
	return t.LookSoon(ctx, f.EnvironmentID, f.IntegrationID, now, now)
}

// LookSoon has an integration look for what unknown attempts may have made, at that moment at the latest.
func (t *Tx) LookSoon(ctx context.Context, environmentID, integrationID int64, at, now time.Time) error {
	if err := t.IntegrationLookSoon(ctx, IntegrationLookSoonParams{EnvironmentID: environmentID, ID: integrationID, LookAt: &at}); err != nil {
		return err
	}
	return t.Move(ctx, environmentID, states.OutboxIntegration, integrationID, states.SignalLookAgain, now)
}
