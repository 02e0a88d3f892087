package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// Task queues. Everything that makes a request to a partner goes through the one limited queue.
const (
	TaskQueue        = "koppel"
	PartnerTaskQueue = "koppel-partner"
)

func withPartner(ctx workflow.Context, limitGroup string, priority int, timeout, total time.Duration, retry *temporal.RetryPolicy) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              PartnerTaskQueue,
		StartToCloseTimeout:    timeout,
		HeartbeatTimeout:       activities.Heartbeat * 4, // a killed worker is noticed soon, not after the whole timeout
		ScheduleToCloseTimeout: total,
		RetryPolicy:            retry,
		DisableEagerExecution:  true, // eager activities pass the queue's limit by
		Priority:               temporal.Priority{PriorityKey: priority, FairnessKey: limitGroup},
	})
}

// withPartnerWrite is for sending a sale: it goes on for as long as it takes, because giving up loses a
// sale. After a month the workflow fails, and reconcile starts it again. The timeout covers one request of
// 25 s with the writing around it. The backoff ends at a minute: while a partner is down its circuit keeps all but a probe from it,
// and when that closes no sale is to wait long.
func withPartnerWrite(ctx workflow.Context, limitGroup string, priority int) workflow.Context {
	return withPartner(ctx, limitGroup, priority, 90*time.Second, 30*24*time.Hour, &temporal.RetryPolicy{
		InitialInterval: 2 * time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
	})
}

// withPartnerRead is for one read that somebody waits for: a few tries, then the caller decides. The total
// includes waiting for the partner's budget.
func withPartnerRead(ctx workflow.Context, limitGroup string, priority int) workflow.Context {
	return withPartner(ctx, limitGroup, priority, 90*time.Second, time.Hour, &temporal.RetryPolicy{
		InitialInterval: 2 * time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: 6,
	})
}

// withPartnerNotice is for telling a partner something: a day of tries; polling covers what stays unsaid.
func withPartnerNotice(ctx workflow.Context, limitGroup string) workflow.Context {
	return withPartner(ctx, limitGroup, activities.PriorityStatus, time.Minute, 24*time.Hour, &temporal.RetryPolicy{
		InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute,
	})
}

// withStore is for the database alone: it comes back, so it is tried until it does. One step takes seconds.
func withStore(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           TaskQueue,
		StartToCloseTimeout: time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 200 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second},
	})
}
