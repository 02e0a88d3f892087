package activities

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/states"
)

// recordTimeout is how long writing down what came of a request may take, whatever became of its caller.
const recordTimeout = 20 * time.Second

func (p *Partner) endAttempt(ctx context.Context, tx *db.Tx, f db.Forwarding, status int, reason states.Reason, outcome states.AttemptOutcome) error {
	return tx.ForwardingAttemptFinish(ctx, db.ForwardingAttemptFinishParams{
		EnvironmentID: f.EnvironmentID, ForwardingID: f.ID, Attempt: f.Attempts, HttpStatus: int32(status), Reason: reason, Outcome: outcome, Now: new(p.Now()),
	})
}

func (p *Partner) recordForwarded(ctx context.Context, s sending, partnerSaleID string) (SendSaleResult, error) {
	err := p.Store.WithTx(ctx, s.forwarding.EnvironmentID, func(tx *db.Tx) error {
		if err := p.endAttempt(ctx, tx, s.forwarding, 201, "", states.AttemptMade); err != nil {
			return err
		}
		_, err := ledger.RecordForwarded(ctx, tx, s.forwarding, partnerSaleID, p.Now())
		return err
	})
	if err != nil {
		return SendSaleResult{}, err
	}
	p.Log.Info("sale.forward.attempted", p.keys(s, string(states.ForwardingForwarded))...)
	return SendSaleResult{State: states.ForwardingForwarded}, nil
}

func (p *Partner) recordFailure(ctx context.Context, s sending, cause error) (SendSaleResult, error) {
	c := classify(cause, createAt(s.ref.Integration))
	p.Log.Info("sale.forward.attempted", append(p.keys(s, string(c.Reason)), zap.Int(logging.KeyStatus, c.Status))...)
	var result SendSaleResult
	err := p.Store.WithTx(ctx, s.forwarding.EnvironmentID, func(tx *db.Tx) error {
		if err := p.endAttempt(ctx, tx, s.forwarding, c.Status, c.Reason, outcomeOf(c, cause)); err != nil {
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
		return result, p.doubtToken(ctx, s.ref.Integration)
	}
	if c.Disposition == Retry || c.Disposition == Adopt || result.State == states.ForwardingSending {
		return SendSaleResult{}, c.again().asError()
	}
	return result, nil
}

// settle puts a failed attempt down: what is certain frees the request, what is unknown keeps it.
func (p *Partner) settle(ctx context.Context, tx *db.Tx, s sending, c Classified, cause error) (SendSaleResult, error) {
	f := s.forwarding
	release := db.ForwardingReleaseParams{EnvironmentID: f.EnvironmentID, ID: f.ID, Cause: c.Reason, Problems: []linking.Problem{}, Now: p.Now()}
	switch c.Disposition {
	case Unknown, Adopt:
		return p.unknown(ctx, tx, &s, c)
	case Person:
		mappings, err := ledger.MappingsOf(ctx, tx, f.EnvironmentID, f.IntegrationID)
		if err != nil {
			return SendSaleResult{}, err
		}
		sale, err := tx.SaleByID(ctx, f.EnvironmentID, f.SaleID)
		if err != nil {
			return SendSaleResult{}, err
		}
		release.State = states.ForwardingActionRequired
		release.Problems = rejection(c, cause, mappings, sale.Sold)
	default:
		release.State = states.ForwardingWaiting
	}
	// That this attempt did not arrive says nothing of the earlier one: keep its request and its key.
	if s.again && !settlesEarlier(c, cause) {
		return p.unknown(ctx, tx, &s, c)
	}
	_, err := tx.ForwardingRelease(ctx, release)
	return SendSaleResult{State: release.State, Cause: release.Cause}, err
}

// settlesEarlier says whether a refusal at a partner that keeps keys is about the earlier attempts as well: only the
// account itself knows the key, and it looks at it before it refuses what the request says. What stands before it, or
// looks at the token alone, knows nothing of them.
func settlesEarlier(c Classified, cause error) bool {
	var answer *salesdock.Error
	return c.Reason == states.ReasonRejected && errors.As(cause, &answer) && answer.Contract
}

// outcomeOf says what is certain of an attempt that failed.
func outcomeOf(c Classified, cause error) states.AttemptOutcome {
	var answer *salesdock.Error
	switch {
	case c.Disposition != Unknown && c.Disposition != Adopt:
		return states.AttemptNotMade
	case c.Status == http.StatusServiceUnavailable && c.Delay > 0 && errors.As(cause, &answer) && !answer.Claims:
		return states.AttemptTurnedAway
	}
	return states.AttemptUnknown
}

// unknown keeps an attempt whose outcome is not known. With keys it goes again, as it is; without, the
// integration looks whether the partner has the sale.
func (p *Partner) unknown(ctx context.Context, tx *db.Tx, s *sending, c Classified) (SendSaleResult, error) {
	f := s.forwarding
	unknown := db.ForwardingUnknownParams{EnvironmentID: f.EnvironmentID, ID: f.ID, State: states.ForwardingSending, Cause: c.Reason, Now: new(p.Now())}
	if keyed(s.ref.Integration) {
		_, err := tx.ForwardingUnknown(ctx, unknown)
		return SendSaleResult{State: unknown.State, Cause: unknown.Cause}, err
	}
	unknown.State, unknown.Cause, unknown.Look = states.ForwardingOutcomeUnknown, states.ReasonUnknown, states.LookWanted
	if c.Delay > 0 {
		unknown.NotBefore = new(p.Now().Add(c.Delay))
	}
	if _, err := tx.ForwardingUnknown(ctx, unknown); err != nil {
		return SendSaleResult{}, err
	}
	return SendSaleResult{State: unknown.State, Cause: unknown.Cause}, tx.LookSoon(ctx, f.EnvironmentID, f.IntegrationID, p.Now().Add(p.Looks.first()), p.Now())
}

// rejection puts the partner's field errors at our own questions.
func rejection(c Classified, cause error, mappings linking.Mappings, sold linking.Sold) []linking.Problem {
	var answer *salesdock.Error
	if !errors.As(cause, &answer) || len(answer.Fields) == 0 {
		detail := string(c.Reason)
		switch {
		case answer != nil && answer.Message != "":
			detail = answer.Message
		case answer != nil && answer.MovedTo != "":
			detail = answer.MovedTo
		case c.Status != 0:
			detail = linking.StatusDetail(c.Status)
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

func (p *Partner) keys(s sending, outcome string) []zap.Field {
	return []zap.Field{
		zap.Int64(logging.KeyEnvironment, s.forwarding.EnvironmentID), zap.Int64(logging.KeyIntegration, s.forwarding.IntegrationID),
		zap.Int64(logging.KeyForwarding, s.forwarding.ID), zap.String(logging.KeyReason, outcome),
	}
}
