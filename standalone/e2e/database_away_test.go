package e2e

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

// TestDatabaseAwayWhileSelling shuts the database for half a minute while eight sales a second come in. Whoever submits is told
// to come back, nothing is done by halves, and what waited goes when it is there again, not when a backoff has ended.
func TestDatabaseAwayWhileSelling(t *testing.T) {
	t.Parallel()
	const outage = 30 * time.Second
	l := ready(t, 2)
	var accepted atomic.Int64
	selling, enough := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { l.keepSelling(selling, 0, &accepted) })
	l.eventually("they go", func() bool { return l.forwardings("forwarded") > 20 })
	dbtest.Shut(t, l.databaseURL)
	began := time.Now()
	for _, p := range []*process{l.server, l.worker} {
		l.eventually("it is noticed", func() bool { return strings.Contains(p.log.String(), "database.away") })
	}
	before := accepted.Load()
	time.Sleep(outage - time.Since(began)) // that it is away for long is what is tried
	require.Equal(t, before, accepted.Load(), "nothing is accepted without a database")
	for _, p := range []*process{l.server, l.worker} {
		said := map[string]int{}
		for _, line := range regexp.MustCompile(`"level":"(?:warn|error)".*"msg":"([^"]+)"`).FindAllStringSubmatch(p.log.String(), -1) {
			said[line[1]]++
			require.LessOrEqual(t, said[line[1]], 2, "once a minute: %s", line[0])
		}
		require.NotEmpty(t, said)
	}
	dbtest.Reopen(t, l.databaseURL)
	back := time.Now()
	enough()
	group.Wait()
	total := int(accepted.Load())
	l.eventually("all are forwarded", func() bool { return l.forwardings("forwarded") == total })
	t.Logf("%d sales, %d of them after the outage; all were there %s after it", total, int64(total)-before, time.Since(back).Round(time.Second))
	l.requireNoneTwice(total)
	require.Zero(t, l.number(`SELECT count(*) FROM forwarding_attempts WHERE outcome = 'unknown' AND finished_at IS NULL`))
}
