package activities

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/internal/logging"
	"koppel/linking"
	"koppel/states"
)

// job says what an activity is a part of.
type job struct {
	kind   states.JobKind     // of background job; "": it is not one
	step   bool               // its success is not the job's: another activity ends it
	budget states.RequestKind // what its requests are for
}

// jobs has every activity. What is no job of its own keeps its outcome in a row that a person sees anyway.
var jobs = map[string]job{
	"PlanIntegration":  {kind: states.JobPlan},
	"CheckProducts":    {kind: states.JobCheck, budget: states.RequestCatalogue},
	"BeginSync":        {kind: states.JobRun, step: true},
	"FetchProducts":    {kind: states.JobRun, step: true, budget: states.RequestCatalogue},
	"ListProducts":     {kind: states.JobRun, step: true, budget: states.RequestCatalogue},
	"FetchNextDetail":  {kind: states.JobRun, step: true, budget: states.RequestCatalogue},
	"ApplyProducts":    {kind: states.JobRun, step: true},
	"FinishSync":       {kind: states.JobRun},
	"FetchSetup":       {kind: states.JobSetup, budget: states.RequestCatalogue},
	"PollStatuses":     {kind: states.JobPoll, budget: states.RequestStatus},
	"SweepStatuses":    {kind: states.JobSweep, budget: states.RequestStatus},
	"LookForSales":     {kind: states.JobLook, budget: states.RequestStatus},
	"TellPartner":      {kind: states.JobTell, budget: states.RequestAnnounce},
	"Announce":         {kind: states.JobAnnounce, budget: states.RequestAnnounce},
	"DeliverWebhook":   {kind: states.JobWebhook, budget: states.RequestAnnounce},
	"SendMail":         {kind: states.JobMail},
	"PlanCancellation": {kind: states.JobCancellation},
	"TellCancellation": {kind: states.JobCancellation, budget: states.RequestForward},
	"AdvanceOperation": {kind: states.JobOperation},
	"FloorTurn":        {},                               // who asks says how it fares
	"SendSale":         {budget: states.RequestForward},  // the forwarding's row: see hindered
	"EndLink":          {budget: states.RequestAnnounce}, // the link is no more
	"ProbeToken":       {budget: states.RequestStatus},   // the link's row
}

// subject is what a job is about.
type subject struct {
	environmentID int64
	kind          states.JobSubject
	id            int64
}

// about is an activity's input that names what it is about.
type about interface{ about() subject }

func (in IntegrationInput) about() subject {
	return subject{in.EnvironmentID, states.SubjectIntegration, in.IntegrationID}
}

func (in RunInput) about() subject {
	return subject{in.EnvironmentID, states.SubjectIntegration, in.IntegrationID}
}
func (in AnnounceInput) about() subject {
	return subject{in.EnvironmentID, states.SubjectLink, in.LinkID}
}
func (in WebhookInput) about() subject {
	return subject{in.EnvironmentID, states.SubjectWebhook, in.WebhookID}
}

func (in TellCancellationInput) about() subject {
	return subject{in.EnvironmentID, states.SubjectIntegration, in.IntegrationID}
}

func (in MailInput) about() subject {
	return subject{environmentID: in.EnvironmentID, kind: states.SubjectEnvironment}
}

func (in CancellationInput) about() subject {
	return subject{environmentID: in.EnvironmentID, kind: states.SubjectEnvironment}
}

func (in OperationInput) about() subject {
	return subject{environmentID: in.EnvironmentID, kind: states.SubjectEnvironment}
}

// outcome is what an activity says of its job besides its error: many end well after writing down that they failed.
type outcome struct {
	reason states.Reason
	ref    string
}

type outcomeKey struct{}

// jobFailed notes that the activity's job failed though the activity ends well; "" takes that back.
func jobFailed(ctx context.Context, reason states.Reason) {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		o.reason = reason
	}
}

// planned is a result that says when its job is tried again; zero: it does not say.
type planned interface {
	nextTry(kind states.JobKind, now time.Time) time.Time
}

func (p IntegrationPlan) nextTry(kind states.JobKind, _ time.Time) time.Time {
	return map[states.JobKind]time.Time{states.JobCheck: p.CheckAt, states.JobPoll: p.PollAt, states.JobSweep: p.SweepAt, states.JobLook: p.LookAt}[kind]
}

func (r WebhookResult) nextTry(_ states.JobKind, now time.Time) time.Time { return after(now, r.Wait) }
func (r MailResult) nextTry(_ states.JobKind, now time.Time) time.Time    { return after(now, r.Wait) }

func after(now time.Time, wait time.Duration) time.Time {
	if wait == 0 {
		return time.Time{}
	}
	return now.Add(wait)
}

// nextAttempt is when Temporal, or else the workflow, tries an activity again that ended with an error.
func nextAttempt(info activity.Info, err error, now time.Time) time.Time {
	var ours *temporal.ApplicationError
	isOurs := errors.As(err, &ours)
	retry := info.RetryPolicy
	switch {
	case isOurs && ours.NonRetryable(), retry == nil, retry.MaximumAttempts > 0 && info.Attempt >= retry.MaximumAttempts:
		return now.Add(afterFailure)
	case isOurs && ours.NextRetryDelay() > 0:
		return now.Add(ours.NextRetryDelay())
	}
	wait := retry.InitialInterval
	for n := int32(1); n < info.Attempt && wait < retry.MaximumInterval; n++ {
		wait = time.Duration(float64(wait) * retry.BackoffCoefficient)
	}
	return now.Add(min(wait, max(retry.MaximumInterval, retry.InitialInterval)))
}

// jobWrittenEvery is how often at most a success is written that changes nothing but its time.
const jobWrittenEvery = time.Minute

// record writes down how an activity's job fares. That it cannot be written changes nothing for the job: the log says
// so, and the next attempt tells again.
func (s *Sanitiser) record(ctx context.Context, args []any, o *outcome, result any, err error) {
	if len(args) == 0 || err != nil && ReasonOf(err) == states.ReasonAway { // there is nowhere to write it
		return
	}
	if sale, ok := args[0].(SendSaleInput); ok && err != nil {
		s.hindered(ctx, sale, ReasonOf(err), o.ref)
	}
	info := activity.GetInfo(ctx)
	j := jobs[info.ActivityType.Name]
	if j.kind == "" {
		return
	}
	in, ok := args[0].(about)
	if !ok || err != nil && errors.Is(ctx.Err(), context.Canceled) { // broken off by us: nothing is known of it
		return
	}
	subject, now := in.about(), s.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	failure := db.BackgroundFailedParams{
		EnvironmentID: subject.environmentID, Subject: subject.kind, SubjectID: subject.id, Kind: j.kind, Reason: o.reason, Ref: o.ref, Now: now,
	}
	if err != nil {
		failure.Reason, failure.NextTryAt = ReasonOf(err), new(nextAttempt(info, err, now))
	} else if p, ok := result.(planned); ok {
		if next := p.nextTry(j.kind, now); !next.IsZero() {
			failure.NextTryAt = &next
		}
	}
	written := s.Store.WithTx(ctx, subject.environmentID, func(tx *db.Tx) error {
		if failure.Reason != "" {
			return tx.BackgroundFailed(ctx, failure)
		}
		return tx.BackgroundSucceeded(ctx, db.BackgroundSucceededParams{
			EnvironmentID: subject.environmentID, Subject: subject.kind, SubjectID: subject.id, Kind: j.kind, Finished: !j.step, Now: &now, Before: now.Add(-jobWrittenEvery),
		})
	})
	if written != nil {
		s.Log.Error("job.record.failed", zap.Int64(logging.KeyEnvironment, subject.environmentID), zap.String("kind", string(j.kind)), zap.String(logging.KeyReason, string(failure.Reason)), zap.Error(written))
	}
}

// hindered writes with a sale that something of ours keeps it from being sent. What the partner did is written with the attempt.
func (s *Sanitiser) hindered(ctx context.Context, in SendSaleInput, reason states.Reason, ref string) {
	if reason != states.ReasonInternal && reason != states.ReasonUnstorable {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	err := s.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		return tx.ForwardingHindered(ctx, db.ForwardingHinderedParams{
			EnvironmentID: in.EnvironmentID, ID: in.ForwardingID, Cause: reason, Problems: []linking.Problem{{Code: reason, Detail: ref}}, Now: s.Now(),
		})
	})
	if err != nil {
		s.Log.Error("job.record.failed", zap.Int64(logging.KeyEnvironment, in.EnvironmentID), zap.Int64(logging.KeyForwarding, in.ForwardingID), zap.Error(err))
	}
}

// newRef names a log line, for who reads of an internal error and looks for more.
func newRef() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
