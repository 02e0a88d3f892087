package activities

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/internal/vault"
	"koppel/linking"
	"koppel/salesdock"
)

// SendSaleInput names a forwarding.
type SendSaleInput struct {
	EnvironmentID int64
	ForwardingID  int64
}

// SendSaleResult is where the forwarding stands.
type SendSaleResult struct {
	State string
	Cause string
	DueAt time.Time // not before then; zero otherwise
	// Look asks the workflow to call LookForSale. Only runs that began before LookForSales have it.
	Look bool
}

// storedRequest is what was sent, or is about to be: kept sealed, and resent byte for byte.
type storedRequest struct {
	FlowType, FlowIdentifier string
	Body                     []byte
}

// sending is a claimed attempt.
type sending struct {
	forwarding db.Forwarding
	ref        integrationRef
	request    storedRequest
	again      bool            // an earlier attempt's outcome is unknown
	done       *SendSaleResult // set when there is nothing to send
	leftAlone  error           // the partner does not answer: nothing was claimed, and nothing is on record
}

// recordTimeout is how long writing down what came of a request may take, whatever became of its caller.
const recordTimeout = 20 * time.Second

// SendSale takes a forwarding one step: claim, send, record. It may be stopped between any two of them, and
// run again. Scope of its idempotency: at a partner of ours the key, kept with the request before the first
// byte leaves; at a stock partner none, so an attempt whose outcome is unknown is never sent again by itself.
func (p *Partner) SendSale(ctx context.Context, in SendSaleInput) (SendSaleResult, error) {
	s, err := p.claim(ctx, in)
	if err != nil || s.done != nil {
		if err != nil {
			return SendSaleResult{}, err
		}
		return *s.done, nil
	}
	if s.forwarding.Cause == ReasonConflict {
		return p.adoptByReference(ctx, s)
	}
	partnerSaleID, err := s.ref.client.CreateSale(ctx, s.request.FlowType, s.request.FlowIdentifier, s.request.Body, s.forwarding.Key)
	recordCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err == nil {
		return p.recordForwarded(recordCtx, s, partnerSaleID)
	}
	return p.recordFailure(recordCtx, s, err)
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
		case db.ForwardingForwarded, db.ForwardingWithdrawn, db.ForwardingAbandoned:
			s.done = &SendSaleResult{State: f.State, Cause: f.Cause}
			return nil
		case db.ForwardingSending, db.ForwardingOutcomeUnknown:
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

func keyed(i db.Integration) bool { return i.PartnerKind == "koppel" }

// claimAgain goes on with an attempt whose outcome is not known.
func (p *Partner) claimAgain(ctx context.Context, tx *db.Tx, s *sending) error {
	f := s.forwarding
	if !keyed(s.ref.Integration) && !f.MayResend {
		if f.State == db.ForwardingOutcomeUnknown {
			s.done = &SendSaleResult{State: f.State, Cause: f.Cause}
			return nil
		}
		result, err := p.unknown(ctx, tx, s, ReasonUnknown)
		s.done = &result
		return err
	}
	if s.ref.State == "paused" {
		s.done = &SendSaleResult{State: f.State, Cause: pausedCause(s.ref.Integration)}
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

func pausedCause(i db.Integration) string {
	if i.PausedReason == ReasonTokenRefused {
		return ReasonTokenRefused
	}
	return "integration_paused"
}

// claimFirst builds the request, stores it sealed, and takes the forwarding.
func (p *Partner) claimFirst(ctx context.Context, tx *db.Tx, s *sending) error {
	f := s.forwarding
	release := func(state, cause string, problems []linking.Problem) error {
		s.done = &SendSaleResult{State: state, Cause: cause}
		_, err := tx.ForwardingRelease(ctx, db.ForwardingReleaseParams{
			EnvironmentID: f.EnvironmentID, ID: f.ID, State: state, Cause: cause, Problems: append([]linking.Problem{}, problems...), Now: p.Now(),
		})
		return err
	}
	switch s.ref.State {
	case "removed":
		return release(db.ForwardingAbandoned, "integration_removed", nil)
	case "paused":
		return release(db.ForwardingWaiting, pausedCause(s.ref.Integration), nil)
	}
	prepared, err := tx.PrepareRequest(ctx, db.Sender{Account: s.ref.account, Name: s.ref.name, PublicURL: p.PublicURL, Zone: salesdock.Amsterdam, Now: p.Now()}, s.ref.Integration, f.SaleID)
	if err != nil {
		return err
	}
	if !s.ref.Settings.Qualifies(prepared.Facts, f.ByHand).OK {
		return release(db.ForwardingWithdrawn, "", nil)
	}
	// Before it is due: what would go wrong then is told now.
	if len(prepared.Problems) > 0 {
		return release(db.ForwardingActionRequired, prepared.Problems[0].Code, prepared.Problems)
	}
	if f.DueAt.After(p.Now()) {
		err := release(db.ForwardingWaiting, "", nil)
		s.done.DueAt = f.DueAt
		return err
	}
	if s.leftAlone = p.Budget.LeftAlone(s.ref.LimitGroup); s.leftAlone != nil {
		return release(db.ForwardingWaiting, ReasonDown, nil)
	}
	body, err := json.Marshal(prepared.Request.Body)
	if err != nil {
		return err
	}
	s.request = storedRequest{prepared.Request.FlowType, prepared.Request.FlowIdentifier, body}
	stored, err := json.Marshal(s.request)
	if err != nil {
		return err
	}
	key := ""
	if keyed(s.ref.Integration) {
		key = rand.Text()
	}
	s.forwarding, err = tx.ForwardingClaim(ctx, db.ForwardingClaimParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, Key: key, RequestSealed: p.Vault.Seal(vault.RequestRow(f.EnvironmentID, f.ID), stored), Optin: prepared.Optin, Now: p.Now(),
	})
	if err != nil {
		return err
	}
	return p.beginAttempt(ctx, tx, s.forwarding)
}

func (p *Partner) beginAttempt(ctx context.Context, tx *db.Tx, f db.Forwarding) error {
	return tx.ForwardingAttemptInsert(ctx, db.ForwardingAttemptInsertParams{EnvironmentID: f.EnvironmentID, ForwardingID: f.ID, Attempt: f.Attempts, Now: p.Now()})
}

func (p *Partner) endAttempt(ctx context.Context, tx *db.Tx, f db.Forwarding, status int, reason string) error {
	return tx.ForwardingAttemptFinish(ctx, db.ForwardingAttemptFinishParams{
		EnvironmentID: f.EnvironmentID, ForwardingID: f.ID, Attempt: f.Attempts, HttpStatus: int32(status), Reason: reason, Now: ptr(p.Now()),
	})
}

func ptr[T any](value T) *T { return &value }

func (p *Partner) recordForwarded(ctx context.Context, s sending, partnerSaleID string) (SendSaleResult, error) {
	err := p.Store.WithTx(ctx, s.forwarding.EnvironmentID, func(tx *db.Tx) error {
		if err := p.endAttempt(ctx, tx, s.forwarding, 201, ""); err != nil {
			return err
		}
		_, err := tx.RecordForwarded(ctx, s.forwarding, partnerSaleID, p.Now())
		return err
	})
	if err != nil {
		return SendSaleResult{}, err
	}
	p.Log.Info("sale.forward.attempted", p.keys(s, "forwarded")...)
	return SendSaleResult{State: db.ForwardingForwarded}, nil
}

func (p *Partner) keys(s sending, reason string) []zap.Field {
	return []zap.Field{
		zap.Int64(logging.KeyEnvironment, s.forwarding.EnvironmentID), zap.Int64(logging.KeyIntegration, s.forwarding.IntegrationID),
		zap.Int64(logging.KeyForwarding, s.forwarding.ID), zap.String(logging.KeyReason, reason),
	}
}

func (p *Partner) recordFailure(ctx context.Context, s sending, cause error) (SendSaleResult, error) {
	c := classify(cause, true)
	p.Log.Info("sale.forward.attempted", append(p.keys(s, c.Reason), zap.Int(logging.KeyStatus, c.Status))...)
	var result SendSaleResult
	err := p.Store.WithTx(ctx, s.forwarding.EnvironmentID, func(tx *db.Tx) error {
		if err := p.endAttempt(ctx, tx, s.forwarding, c.Status, c.Reason); err != nil {
			return err
		}
		var err error
		result, err = p.settle(ctx, tx, s, c, cause)
		return err
	})
	if err != nil {
		return SendSaleResult{}, err
	}
	if c.Disposition == Pause {
		return result, p.pause(ctx, s.ref.Integration)
	}
	if c.Disposition == Retry || c.Disposition == Adopt || result.State == db.ForwardingSending {
		return SendSaleResult{}, c.asError()
	}
	return result, nil
}

// settle puts a failed attempt down: what is certain frees the request, what is unknown keeps it.
func (p *Partner) settle(ctx context.Context, tx *db.Tx, s sending, c Classified, cause error) (SendSaleResult, error) {
	f := s.forwarding
	release := db.ForwardingReleaseParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Cause: c.Reason, Problems: []linking.Problem{}, Now: p.Now()}
	switch c.Disposition {
	case Unknown, Adopt:
		return p.unknown(ctx, tx, &s, c.Reason)
	case Person:
		mappings, err := tx.MappingsOf(ctx, f.EnvironmentID, f.IntegrationID)
		if err != nil {
			return SendSaleResult{}, err
		}
		sale, err := tx.SaleByID(ctx, f.EnvironmentID, f.SaleID)
		if err != nil {
			return SendSaleResult{}, err
		}
		release.State = db.ForwardingActionRequired
		release.Problems = rejection(c, cause, mappings, sale.Sold)
	default:
		release.State = db.ForwardingWaiting
	}
	// That this attempt did not arrive says nothing of the earlier one: keep its request and its key.
	if s.again && release.State == db.ForwardingWaiting {
		return p.unknown(ctx, tx, &s, c.Reason)
	}
	_, err := tx.ForwardingRelease(ctx, release)
	return SendSaleResult{State: release.State, Cause: release.Cause}, err
}

// unknown keeps an attempt whose outcome is not known. With keys it goes again, as it is; without, the
// integration looks whether the partner has the sale.
func (p *Partner) unknown(ctx context.Context, tx *db.Tx, s *sending, reason string) (SendSaleResult, error) {
	f := s.forwarding
	if keyed(s.ref.Integration) {
		_, err := tx.ForwardingUnknown(ctx, db.ForwardingUnknownParams{EnvironmentID: f.EnvironmentID, ID: f.ID, State: db.ForwardingSending, Cause: reason, Now: p.Now()})
		return SendSaleResult{State: db.ForwardingSending, Cause: reason}, err
	}
	result := SendSaleResult{State: db.ForwardingOutcomeUnknown, Cause: ReasonUnknown}
	_, err := tx.ForwardingUnknown(ctx, db.ForwardingUnknownParams{
		EnvironmentID: f.EnvironmentID, ID: f.ID, State: result.State, Cause: result.Cause, Look: db.LookWanted, Now: p.Now(),
	})
	if err != nil {
		return result, err
	}
	at := p.Now().Add(lookAfter)
	if err := tx.IntegrationLookSoon(ctx, db.IntegrationLookSoonParams{EnvironmentID: f.EnvironmentID, ID: f.IntegrationID, LookAt: &at}); err != nil {
		return result, err
	}
	return result, tx.Move(ctx, f.EnvironmentID, db.OutboxIntegration, f.IntegrationID, db.SignalLookAgain, p.Now())
}

// rejection puts the partner's field errors at our own questions.
func rejection(c Classified, cause error, mappings linking.Mappings, sold linking.Sold) []linking.Problem {
	var answer *salesdock.Error
	if !errors.As(cause, &answer) || len(answer.Fields) == 0 {
		detail := c.Reason
		if answer != nil && answer.Message != "" {
			detail = answer.Message
		}
		return []linking.Problem{{Code: c.Reason, Detail: detail}}
	}
	names := map[int64]string{}
	for _, q := range sold.Questions {
		names[q.ID] = q.Name
	}
	var problems []linking.Problem
	for field, sentences := range answer.Fields {
		subject := field
		if identifier, isQuestion := strings.CutPrefix(field, "questionData."); isQuestion {
			if name := names[mappings.Questions[identifier].QuestionID]; name != "" {
				subject = name
			}
		}
		if subject != "" {
			subject = " (" + subject + ")"
		}
		problems = append(problems, linking.Problem{Code: c.Reason, Field: field, Subject: subject, Detail: strings.Join(sentences, " ")})
	}
	return problems
}

// adoptByReference settles a conflict: the partner has a sale under our reference, which no other sale of
// ours can have, so that one is this sale. Until the partner could be asked the conflict stands in the row.
func (p *Partner) adoptByReference(ctx context.Context, s sending) (SendSaleResult, error) {
	page, cause := s.ref.client.SaleByReference(ctx, linking.Reference(s.ref.account, s.forwarding.IntegrationID, s.forwarding.SaleID))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if cause == nil && len(page.Data) == 1 {
		return p.recordForwarded(ctx, s, string(page.Data[0].ID))
	}
	c := Classified{Reason: ReasonRejected, Disposition: Person, Status: http.StatusConflict}
	if cause != nil {
		c = classify(cause, false)
	}
	var result SendSaleResult
	err := p.Store.WithTx(ctx, s.forwarding.EnvironmentID, func(tx *db.Tx) error {
		err := p.endAttempt(ctx, tx, s.forwarding, c.Status, c.Reason)
		if err == nil && c.Disposition == Person {
			result, err = p.settle(ctx, tx, s, c, cause)
		}
		return err
	})
	if err == nil && c.Disposition != Person {
		err = p.failed(ctx, s.ref.Integration, cause)
	}
	return result, err
}
