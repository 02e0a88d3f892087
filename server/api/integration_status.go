package api

import (
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/states"
)

// integrationStatus is what an integration is doing.
type integrationStatus struct {
	State           states.IntegrationState          `json:"state"`
	Paused          bool                             `json:"paused"`
	PausedReason    *states.PausedReason             `json:"paused_reason"`
	LastError       *states.Reason                   `json:"last_error"`
	TokenRefusedAt  salesdock.Stamp                  `json:"token_refused_at"`
	TokenProbeAt    salesdock.Stamp                  `json:"token_probe_at"`
	TokenAcceptedAt salesdock.Stamp                  `json:"token_accepted_at"`
	NextSyncAt      salesdock.Stamp                  `json:"next_sync_at"`
	NextPollAt      salesdock.Stamp                  `json:"next_poll_at"`
	LastCheckedAt   salesdock.Stamp                  `json:"last_checked_at"`
	LastPolledAt    salesdock.Stamp                  `json:"last_polled_at"`
	Forwardings     map[states.ForwardingState]int64 `json:"forwardings"` // sales, by the state of their forwarding
	Running         *runRow                          `json:"running"`
	Queued          *runRow                          `json:"queued"`
	Budget          budget                           `json:"budget"`
	Background      []backgroundJob                  `json:"background"`
	SetAside        setAsideSum                      `json:"set_aside"`
}

// backgroundJob is how a job of an integration fares that runs by itself.
type backgroundJob struct {
	Kind          states.JobKind  `json:"kind"`
	LastSuccessAt salesdock.Stamp `json:"last_success_at"`
	LastError     *states.Reason  `json:"last_error"`
	LastErrorRef  *string         `json:"last_error_ref"`
	LastErrorAt   salesdock.Stamp `json:"last_error_at"`
	FailingSince  salesdock.Stamp `json:"failing_since"`
	Failures      int32           `json:"failures"`
	NextTryAt     salesdock.Stamp `json:"next_try_at"`
	MissedAt      salesdock.Stamp `json:"missed_at"`
}

// budget is what the partner allows, and how it is used.
type budget struct {
	RequestsPerMinute   *int                         `json:"requests_per_minute"`
	Learned             bool                         `json:"learned"`
	SharedWith          int                          `json:"shared_with"`
	UsedLastMinute      int64                        `json:"used_last_minute"`
	Used                map[states.RequestKind]int64 `json:"used"`
	ThrottledLastMinute int64                        `json:"throttled_last_minute"`
	Waiting             budgetWaiting                `json:"waiting"`
	ImportDoneAt        salesdock.Stamp              `json:"import_done_at"`
	UnansweredSince     salesdock.Stamp              `json:"unanswered_since"`
	NextProbeAt         salesdock.Stamp              `json:"next_probe_at"`
}

type budgetWaiting struct {
	Forwardings    int64 `json:"forwardings"`
	ProductDetails int64 `json:"product_details"`
}

func (c *call) integrationStatus() (reply, error) {
	id, err := c.id("id")
	if err != nil {
		return reply{}, err
	}
	s, err := c.svc.Integrations.IntegrationState(c.ctx(), c.actor, id)
	if err != nil {
		return reply{}, err
	}
	row := integrationStatus{
		State: s.State, Paused: s.State == states.IntegrationPaused, PausedReason: service.Optional(s.PausedReason), LastError: service.Optional(s.LastError),
		TokenRefusedAt: stamp(s.TokenRefusedAt), TokenProbeAt: stamp(s.TokenProbeAt), TokenAcceptedAt: stamp(s.TokenAcceptedAt),
		NextSyncAt: salesdock.Stamp{Time: s.NextSyncAt}, NextPollAt: salesdock.Stamp{Time: s.NextPollAt},
		LastCheckedAt: stamp(s.LastCheckedAt), LastPolledAt: stamp(s.LastPolledAt), Forwardings: map[states.ForwardingState]int64{},
		Budget: wireBudget(s.Budget), Background: each(s.Jobs, wireJob), SetAside: wireSetAsideSum(s.SetAside),
	}
	for _, f := range s.Forwardings {
		row.Forwardings[f.State] += f.Sales
	}
	if s.Running != nil {
		row.Running = new(wireRun(*s.Running))
	}
	if s.Queued != nil {
		row.Queued = new(wireRun(*s.Queued))
	}
	return ok(row)
}

func wireJob(j service.BackgroundJob) backgroundJob {
	return backgroundJob{
		Kind: j.Kind, LastSuccessAt: stamp(j.LastSuccessAt), LastError: service.Optional(j.LastError), LastErrorRef: service.Optional(j.LastErrorRef),
		LastErrorAt: stamp(j.LastErrorAt), FailingSince: stamp(j.FailingSince), Failures: j.Failures, NextTryAt: stamp(j.NextTryAt), MissedAt: stamp(j.Missed),
	}
}

func wireBudget(b integrations.Budget) budget {
	row := budget{
		Learned: b.Learned, SharedWith: b.SharedWith, UsedLastMinute: b.Total, Used: b.Used, ThrottledLastMinute: b.Throttled,
		Waiting:      budgetWaiting{Forwardings: b.Forwardings, ProductDetails: b.Details},
		ImportDoneAt: stamp(b.ImportDoneAt), UnansweredSince: stamp(b.CircuitSince), NextProbeAt: stamp(b.ProbeAt),
	}
	if b.PerMinute > 0 {
		row.RequestsPerMinute = &b.PerMinute
	}
	return row
}
