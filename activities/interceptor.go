package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.uber.org/zap"

	"koppel/db"
	"koppel/partner"
)

// Sanitiser keeps error texts out of Temporal: what is not a reason of ours becomes "internal" there and is
// logged here, under a reference. It also sends the heartbeats of every activity, and writes down how its job fares.
type Sanitiser struct {
	interceptor.WorkerInterceptorBase
	Store *db.Store
	Log   *zap.Logger
	Now   func() time.Time
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (s *Sanitiser) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	inbound := &sanitisedActivity{Sanitiser: s}
	inbound.Next = next
	return inbound
}

// Heartbeat is how often a running activity says that it lives.
const Heartbeat = 5 * time.Second

// beat says so until stop is called. A short activity is over before the first time.
func beat(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(Heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return stop
}

// awayAtMost is how long an activity waits for a database that is away, before it fails and its place goes to another.
const awayAtMost = 20 * time.Second

// untilBack waits while the database is away: nothing can be done without it.
func (s *Sanitiser) untilBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, awayAtMost)
	defer cancel()
	s.Store.UntilBack(ctx)
}

type sanitisedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	*Sanitiser
}

func (s *sanitisedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	o := &outcome{}
	ctx = partner.WithKind(ctx, jobs[activity.GetInfo(ctx).ActivityType.Name].budget)
	result, err := s.sanitised(context.WithValue(ctx, outcomeKey{}, o), in, o)
	s.record(ctx, in.Args, o, result, err)
	return result, err
}
