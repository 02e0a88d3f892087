package worker

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/interceptor"
)

// writeDown is how long an activity that was broken off at the end of the stop timeout gets to write down what became
// of it.
const writeDown = 5 * time.Second

// begun counts the activities that run. The SDK leaves those that outlast its stop timeout where they are: whoever ended the
// process then would cut them off before they wrote down that their request was broken off.
type begun struct {
	interceptor.WorkerInterceptorBase
	count atomic.Int64
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (b *begun) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	counted := &countedActivity{begun: b}
	counted.Next = next
	return counted
}

// wait waits until none runs, for as long as is given.
func (b *begun) wait(atMost time.Duration) {
	limit := time.NewTimer(atMost)
	defer limit.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for b.count.Load() > 0 {
		select {
		case <-limit.C:
			return
		case <-tick.C:
		}
	}
}

type countedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	*begun
}

func (c *countedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	c.count.Add(1)
	defer c.count.Add(-1)
	return c.Next.ExecuteActivity(ctx, in)
}
