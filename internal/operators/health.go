// Package operators is what those who run a process see of it: health, metrics and profiles, on an address of its own.
package operators

import (
	"context"
	"sync"
	"time"
)

// Part is something outside the process that it works with.
type Part struct {
	Name string
	// Needed: without it the process cannot do what it is for. Without another part it is degraded.
	Needed bool
	// Look gives nothing, or in a few words what is wrong; internal texts stay in the log.
	Look func(ctx context.Context) (wrong string)
}

const (
	lookEvery = time.Second
	lookTime  = 5 * time.Second
)

// Health looks at the parts all the time, so that whoever asks is answered at once.
type Health struct {
	Parts []Part
	Now   func() time.Time

	mu    sync.Mutex
	wrong map[string]string
	since map[string]time.Time
}

// Run looks until ctx ends. A part that hangs keeps no other from being looked at.
func (h *Health) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, p := range h.Parts {
		group.Go(func() { h.follow(ctx, p) })
	}
	group.Wait()
}

func (h *Health) follow(ctx context.Context, p Part) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		h.look(ctx, p)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *Health) look(ctx context.Context, p Part) {
	looking, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	wrong := p.Look(looking)
	if ctx.Err() != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wrong == nil {
		h.wrong, h.since = map[string]string{}, map[string]time.Time{}
	}
	if before, seen := h.wrong[p.Name]; !seen || (before == "") != (wrong == "") {
		h.since[p.Name] = h.Now()
	}
	h.wrong[p.Name] = wrong
}

// Report is how things are.
type Report struct {
	Status string            `json:"status"` // ready, degraded or unavailable
	Parts  map[string]string `json:"parts"`  // "ok", or what is wrong
}

// States of a Report.
const (
	Ready       = "ready"
	Degraded    = "degraded"
	Unavailable = "unavailable"
)

// Report tells how things are, as last seen. What was not looked at yet counts as wrong.
func (h *Health) Report() Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := Report{Status: Ready, Parts: map[string]string{}}
	for _, p := range h.Parts {
		wrong, seen := h.wrong[p.Name]
		switch {
		case seen && wrong == "":
			r.Parts[p.Name] = "ok"
			continue
		case !seen:
			wrong = "not looked at yet"
		}
		r.Parts[p.Name] = wrong
		if p.Needed {
			r.Status = Unavailable
		} else if r.Status == Ready {
			r.Status = Degraded
		}
	}
	return r
}

// WrongSince says since when a part is seen to be wrong; zero when it is well.
func (h *Health) WrongSince(name string) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wrong[name] == "" {
		return time.Time{}
	}
	return h.since[name]
}
