package e2e

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// unhurried takes its time for every create, and says how many it is busy with.
type unhurried struct {
	partner http.Handler
	takes   time.Duration
	busy    atomic.Int64
}

func (u *unhurried) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/sales/flow/") {
		u.busy.Add(1)
		defer u.busy.Add(-1)
		select {
		case <-time.After(u.takes): // that it takes long is what is tried
		case <-r.Context().Done():
		}
	}
	u.partner.ServeHTTP(w, r)
}

// TestFiftyStopsUnderLoad stops the worker fifty times while a stock partner is busy with its creates. Every one of them
// ends first: no outcome was ever unknown, and every sale is there once.
func TestFiftyStopsUnderLoad(t *testing.T) {
	t.Parallel()
	const stops, each = 50, 3
	slow := &unhurried{takes: 700 * time.Millisecond}
	s := newStockLinkBehind(t, 1, func(partner http.Handler) http.Handler { slow.partner = partner; return slow }, "KOPPEL_LOG_LEVEL=info")
	inTheMiddle := 0
	for n := range stops {
		for i := range each {
			s.sell(n*each + i)
		}
		s.eventually("the partner is busy with a create", func() bool { return slow.busy.Load() > 0 })
		s.worker.stop(syscall.SIGTERM)
		require.Zero(t, s.worker.cmd.ProcessState.ExitCode(), "stopped in order")
		require.Contains(t, s.worker.log.String(), `"broken_off":0`)
		require.Zero(t, slow.busy.Load(), "it left nothing under way")
		if !strings.Contains(s.worker.log.String(), `"under_way":0`) {
			inTheMiddle++
		}
		s.startWorker()
	}
	require.GreaterOrEqual(t, inTheMiddle, stops*9/10, "it was stopped in the middle of something")
	s.eventually("all sales are forwarded", func() bool { return s.forwardings("forwarded") == stops*each })
	require.Zero(t, s.number(`SELECT count(*) FROM forwarding_attempts WHERE outcome = 'unknown' OR finished_at IS NULL`))
	require.Equal(t, stops*each, s.onceEach())
}

// TestAServerThatStopsAnswersWhatItTook: whatever it took is answered, so that nothing is kept of which its sender does
// not know. A connection that it closed before it had taken anything is another server's to answer.
func TestAServerThatStopsAnswersWhatItTook(t *testing.T) {
	t.Parallel()
	l := ready(t, 1)
	product := l.product()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var taken atomic.Int64
	var group sync.WaitGroup
	for client := range 8 {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				status, _, err := l.reseller.try(ctx, http.MethodPost, sellPath, sale(product, client*100_000+n))
				switch {
				case status == http.StatusCreated:
					taken.Add(1)
				case err == nil:
					t.Errorf("answered with %d", status)
				case errors.Is(err, syscall.ECONNREFUSED):
					return
				}
			}
		})
	}
	l.eventually("it is selling", func() bool { return taken.Load() > 100 })
	l.server.stop(syscall.SIGTERM)
	require.Zero(t, l.server.cmd.ProcessState.ExitCode(), "stopped in order")
	group.Wait()
	require.Equal(t, taken.Load(), l.number(`SELECT count(*) FROM sales WHERE external_reference IS NULL`))
}
