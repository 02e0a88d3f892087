package relay

import (
	"sync"
	"time"
)

// The relay's own jobs.
const (
	JobDeliver   = "deliver"
	JobReconcile = "reconcile"
	JobPace      = "pace"
)

// Jobs lists them.
var Jobs = []string{JobDeliver, JobReconcile, JobPace}

// ages remembers when each of the relay's own jobs went well last, or began to be tried.
type ages struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (a *ages) well(job string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = map[string]time.Time{}
	}
	a.at[job] = time.Now()
}

// Age is how long ago one of the relay's own jobs went well last in this process, or was first tried; 0 when it does not
// run here.
func (r *Relay) Age(job string) time.Duration {
	r.ages.mu.Lock()
	defer r.ages.mu.Unlock()
	at, ok := r.ages.at[job]
	if !ok {
		return 0
	}
	return time.Since(at)
}
