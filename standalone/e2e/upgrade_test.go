package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporal "go.temporal.io/sdk/client"

	"koppel/db/dbtest"
	"koppel/internal/vault"
)

// balancer passes each request to a server that takes a connection, as what stands before a deployment does. A request
// that its server did not answer is not answered.
type balancer struct {
	url     string
	mu      sync.Mutex
	servers []string
	next    int
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: b.dial},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "koppel"})
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *balancer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	b.mu.Lock()
	b.next++
	servers, first := slices.Clone(b.servers), b.next
	b.mu.Unlock()
	err := fmt.Errorf("no server is known")
	for i := range servers {
		var conn net.Conn
		if conn, err = (&net.Dialer{}).DialContext(ctx, network, servers[(first+i)%len(servers)]); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func (b *balancer) add(server string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = append(b.servers, server)
}

// version is one server and one worker of a version.
type version struct {
	build          string
	server, worker *process
}

// startVersion starts both beside what runs, and waits until the server is ready.
func (d *deployment) startVersion(b *balancer, build string) version {
	d.t.Helper()
	listen := freeAddress(d.t)
	env := []string{
		"TEMPORAL_DEPLOYMENT_NAME=koppel", "TEMPORAL_WORKER_BUILD_ID=" + build,
		"KOPPEL_LISTEN=" + listen, "KOPPEL_OPERATORS_LISTEN=" + freeAddress(d.t), "KOPPEL_WORKER_LISTEN=" + freeAddress(d.t),
	}
	v := version{build, d.startWith(env, "server"), d.startWith(env, "worker")}
	d.eventually("the server of "+build+" is ready", func() bool {
		response, err := http.Get("http://" + listen + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	b.add(listen)
	return v
}

// makeCurrent has Temporal give work to the workers of a version, once they are there.
func (d *deployment) makeCurrent(v version) {
	d.t.Helper()
	c, err := temporal.NewLazyClient(temporal.Options{HostPort: d.temporalAddress})
	require.NoError(d.t, err)
	defer c.Close()
	d.eventually(v.build+" is current", func() bool {
		_, err := c.WorkerDeploymentClient().GetHandle("koppel").SetCurrentVersion(d.t.Context(), temporal.WorkerDeploymentSetCurrentVersionOptions{BuildID: v.build})
		return err == nil
	})
}

// stop ends both in order, the server first: what it took is answered.
func (v version) stop(t *testing.T) {
	t.Helper()
	for _, p := range []*process{v.server, v.worker} {
		p.stop(syscall.SIGTERM)
		require.Zero(t, p.cmd.ProcessState.ExitCode(), "%s stopped in order", v.build)
	}
	require.Contains(t, v.worker.log.String(), `"broken_off":0`)
}

// keepSelling submits eight sales a second until ctx ends, each until it is accepted, under its own key.
func (l *link) keepSelling(ctx context.Context, from int, accepted *atomic.Int64) {
	product := l.product()
	tick := time.NewTicker(time.Second / 8)
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	for n := from; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		group.Go(func() {
			for l.t.Context().Err() == nil {
				status, envelope, err := l.reseller.try(l.t.Context(), http.MethodPost, sellPath, sale(product, n), "Idempotency-Key", fmt.Sprint("noon-", n))
				switch {
				case err != nil: // its server had gone before it took it, or was going
					continue
				case status == http.StatusServiceUnavailable:
					time.Sleep(time.Second) // as Retry-After asks
					continue
				case status != http.StatusCreated:
					l.t.Errorf("sale %d: %d %v", n, status, envelope)
				}
				accepted.Add(1)
				return
			}
		})
	}
}

// TestUpgradeAtNoon replaces server and worker by those of another version, and back again, while 500 sales wait and
// eight a second come in. Workers are versioned, as on a cluster.
func TestUpgradeAtNoon(t *testing.T) {
	t.Parallel()
	const waiting = 500
	b := newBalancer(t)
	d := &deployment{t: t, databaseURL: dbtest.URL(t), keys: vault.NewKey("k1"), base: b.url, temporalAddress: freeAddress(t), temporalData: scratch(t)}
	d.startTemporal()
	old := d.startVersion(b, "old")
	d.makeCurrent(old)
	l := readyOn(d, 2)
	l.reseller.post(l.path("/pause"), nil)
	l.submit(0, waiting)
	l.eventually("500 wait", func() bool { return l.forwardings("waiting") == waiting })

	var accepted atomic.Int64
	selling, enough := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { l.keepSelling(selling, waiting, &accepted) })
	looked, healthy := d.command(nil, "deploy-check")
	require.True(t, healthy, looked)
	upgraded := d.startVersion(b, "new")
	l.reseller.post(l.path("/resume"), nil)
	l.eventually("they have begun to go", func() bool { return l.forwardings("forwarded") > 20 })
	d.makeCurrent(upgraded)
	old.stop(t)
	before := l.forwardings("forwarded")
	require.Less(t, before, waiting, "most of them meet both versions")
	l.eventually("they go on with the new version", func() bool { return l.forwardings("forwarded") > before+100 })
	back := d.startVersion(b, "old")
	d.makeCurrent(back)
	upgraded.stop(t)
	before = l.forwardings("forwarded")
	l.eventually("and with the old one again", func() bool { return l.forwardings("forwarded") > before+50 })
	enough()
	group.Wait()

	total := waiting + int(accepted.Load())
	t.Logf("%d sales, %d of them submitted meanwhile", total, accepted.Load())
	l.eventually("all are forwarded", func() bool { return l.forwardings("forwarded") == total })
	l.requireNoneTwice(total)
	require.Zero(t, l.number(`SELECT count(*) FROM forwarding_attempts WHERE outcome = 'unknown' OR finished_at IS NULL`))
}
