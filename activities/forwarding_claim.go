package activities

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/linking"
	"koppel/states"
)

// storedRequest is what was sent, or is about to be: kept sealed, and resent byte for byte.
type storedRequest struct {
	FlowType, FlowIdentifier string
	Body                     []byte
}

// claim decides whether there is something to send, and takes it: of two at once one succeeds.
func (p *Partner) claim(ctx context.Context, in SendSaleInput) (s sending, err error) {
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		f, err := lockedForwarding(ctx, tx, in)
		if err != nil {
			return err
		}
		s.forwarding = f
		if s.ref.Integration, err = tx.IntegrationByID(ctx, in.EnvironmentID, f.IntegrationID); err != nil {
			return err
		}
		env, err := tx.EnvironmentByID(ctx, in.EnvironmentID)
		if err != nil {
			return err
		}
		s.ref.account, s.ref.name = env.Account, env.Name
		switch f.State {
		case states.ForwardingForwarded, states.ForwardingWithdrawn, states.ForwardingAbandoned:
			s.done = &SendSaleResult{State: f.State, Cause: f.Cause}
			return nil
		case states.ForwardingSending, states.ForwardingOutcomeUnknown:
			return p.claimAgain(ctx, tx, &s)
		}
		return p.claimFirst(ctx, tx, &s)
	})
	if err == nil {
		err = s.leftAlone
	}
	if err != nil || s.done != nil {
		return s, err
	}
	s.ref.client, err = p.client(ctx, s.ref.Integration)
	return s, err
}

// lockedForwarding reads a forwarding with its sale locked: a correction or a status that is being written is
// waited for, and one that comes later finds the sale on its way.
func lockedForwarding(ctx context.Context, tx *db.Tx, in SendSaleInput) (db.Forwarding, error) {
	f, err := tx.ForwardingByID(ctx, in.EnvironmentID, in.ForwardingID)
	if err != nil {
		return f, err
	}
	if _, err := tx.SaleLock(ctx, in.EnvironmentID, f.SaleID); err != nil {
		return f, err
	}
	return tx.ForwardingByID(ctx, in.EnvironmentID, in.ForwardingID)
}

func keyed(i db.Integration) bool { return i.PartnerKind == states.PartnerKoppel }

// claimAgain goes on with an attempt whose outcome is not known.
func (p *Partner) claimAgain(ctx context.Context, tx *db.Tx, s *sending) error {
	f := s.forwarding
	if !keyed(s.ref.Integration) && !f.MayResend {
		if f.State == states.ForwardingOutcomeUnknown {
			s.done = &SendSaleResult{State: f.State, Cause: f.Cause}
			return nil
		}
		result, err := p.unknown(ctx, tx, s, Classified{Reason: states.ReasonUnknown, Disposition: Unknown})
		s.done = &result
		return err
	}
	if held := heldCause(s.ref.Integration); held != "" {
		s.done = &SendSaleResult{State: f.State, Cause: held}
		return nil
	}
	if s.leftAlone = p.Budget.LeftAlone(s.ref.LimitGroup); s.leftAlone != nil {
		return nil //nolint:nilerr // the transaction commits: the refusal is told after it
	}
	s.again = keyed(s.ref.Integration) // elsewhere a person has decided that it did not arrive
	data, err := p.Vault.Open(vault.RequestRow(f.EnvironmentID, f.ID), f.RequestSealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &s.request); err != nil {
		return fmt.Errorf("read the stored request: %w", err)
	}
	if s.forwarding, err = tx.ForwardingClaimAgain(ctx, db.ForwardingClaimAgainParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Now: p.Now()}); err != nil {
		return err
	}
	return p.beginAttempt(ctx, tx, s.forwarding)
}

// heldCause says why nothing is sent over a link; empty where something is.
func heldCause(i db.Integration) states.Reason {
	switch {
	case i.State == states.IntegrationPaused && i.PausedReason != states.PausedTokenRefused:
		return states.ReasonPaused
	case i.State == states.IntegrationPaused, i.TokenProbeAt != nil: // a token in doubt waits for the second look
		return states.ReasonTokenRefused
	}
	return ""
}

// claimFirst builds the request, stores it sealed, and takes the forwarding.
func (p *Partner) claimFirst(ctx context.Context, tx *db.Tx, s *sending) error {
	f := s.forwarding
	release := func(state states.ForwardingState, cause states.Reason, problems []linking.Problem) error {
		s.done = &SendSaleResult{State: state, Cause: cause}
		_, err := tx.ForwardingRelease(ctx, db.ForwardingReleaseParams{
			EnvironmentID: f.EnvironmentID, ID: f.ID, State: state, Cause: cause, Problems: append([]linking.Problem{}, problems...), Now: p.Now(),
		})
		return err
	}
	if s.ref.State == states.IntegrationRemoved {
		return release(states.ForwardingAbandoned, states.ReasonRemoved, nil)
	}
	if held := heldCause(s.ref.Integration); held != "" {
		return release(states.ForwardingWaiting, held, nil)
	}
	prepared, err := ledger.PrepareRequest(ctx, tx, ledger.Sender{Account: s.ref.account, Name: s.ref.name, PublicURL: p.PublicURL, Now: p.Now()}, s.ref.Integration, f.SaleID)
	if err != nil {
		return err
	}
	if !s.ref.Settings.Qualifies(prepared.Facts, f.ByHand).OK {
		return release(states.ForwardingWithdrawn, "", nil)
	}
	// Before it is due: what would go wrong then is told now.
	if len(prepared.Problems) > 0 {
		return release(states.ForwardingActionRequired, prepared.Problems[0].Code, prepared.Problems)
	}
	if f.DueAt.After(p.Now()) {
		err := release(states.ForwardingWaiting, "", nil)
		s.done.DueAt = f.DueAt
		return err
	}
	if !keyed(s.ref.Integration) { // one of ours knows our reference, and says that it has the sale
		lost, err := tx.ForwardingRestored(ctx, db.ForwardingRestoredParams{EnvironmentID: f.EnvironmentID, ForwardingID: f.ID, SaleID: f.SaleID})
		if err == nil {
			return p.presumeSent(ctx, tx, s, prepared, lost)
		}
		if !errors.Is(err, db.ErrNotFound) {
			return err
		}
	}
	if s.leftAlone = p.Budget.LeftAlone(s.ref.LimitGroup); s.leftAlone != nil {
		return release(states.ForwardingWaiting, states.ReasonDown, nil)
	}
	sealed, err := p.seal(s, prepared.Request)
	if err != nil {
		return err
	}
	key := ""
	if keyed(s.ref.Integration) {
		key = rand.Text()
	}
	s.forwarding, err = tx.ForwardingClaim(ctx, db.ForwardingClaimParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Key: key, RequestSealed: sealed, Optin: prepared.Optin, Now: p.Now()})
	if err != nil {
		return err
	}
	return p.beginAttempt(ctx, tx, s.forwarding)
}

// seal makes what is sent into what is kept of it.
func (p *Partner) seal(s *sending, request linking.PartnerRequest) ([]byte, error) {
	body, err := json.Marshal(request.Body)
	if err != nil {
		return nil, err
	}
	s.request = storedRequest{request.FlowType, request.FlowIdentifier, body}
	stored, err := json.Marshal(s.request)
	if err != nil {
		return nil, err
	}
	return p.Vault.Seal(vault.RequestRow(s.forwarding.EnvironmentID, s.forwarding.ID), stored), nil
}

// presumeSent treats a sale as one that was sent in time that a restore lost, without an answer: the partner is looked at, and until it has
// said that it has not got it nothing goes (decision 38).
func (p *Partner) presumeSent(ctx context.Context, tx *db.Tx, s *sending, prepared ledger.Prepared, lost db.ForwardingRestoredRow) error {
	sealed, err := p.seal(s, prepared.Request)
	if err != nil {
		return err
	}
	f, err := tx.ForwardingPresumeSent(ctx, db.ForwardingPresumeSentParams{
		EnvironmentID: s.forwarding.EnvironmentID, ID: s.forwarding.ID, RequestSealed: sealed, Optin: prepared.Optin, Since: &lost.Since, Until: &lost.Until, Now: p.Now(),
	})
	if err != nil {
		return err
	}
	s.forwarding, s.done = f, &SendSaleResult{State: f.State, Cause: f.Cause}
	if err := tx.ForwardingAttemptInsert(ctx, db.ForwardingAttemptInsertParams{EnvironmentID: f.EnvironmentID, ForwardingID: f.ID, Attempt: f.Attempts, Now: lost.Since}); err != nil {
		return err
	}
	err = tx.ForwardingAttemptFinish(ctx, db.ForwardingAttemptFinishParams{
		EnvironmentID: f.EnvironmentID, ForwardingID: f.ID, Attempt: f.Attempts, Reason: states.ReasonRestored, Outcome: states.AttemptUnknown, Now: &lost.Until,
	})
	if err != nil {
		return err
	}
	return tx.LookSoon(ctx, f.EnvironmentID, f.IntegrationID, p.Now(), p.Now())
}

func (p *Partner) beginAttempt(ctx context.Context, tx *db.Tx, f db.Forwarding) error {
	return tx.ForwardingAttemptInsert(ctx, db.ForwardingAttemptInsertParams{EnvironmentID: f.EnvironmentID, ForwardingID: f.ID, Attempt: f.Attempts, Now: p.Now()})
}
