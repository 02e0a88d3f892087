// Package e2e drives whole deployments over HTTP: real processes, a real PostgreSQL, a real Temporal.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	temporal "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/standalone/embedded"
)

var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "koppel-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "koppel-standalone")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "..") // linked in half the time without what a debugger reads
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build koppel-standalone:", err)
		os.Exit(1)
	}
	defer os.RemoveAll(folder)
	dbtest.Main(suite{m})
}

// deployment is a server, a worker and a Temporal server, each a process of its own.
type deployment struct {
	t                        testing.TB
	databaseURL, keys        string
	base, temporalAddress    string
	operators, workerHealth  string // of server and worker, for operators
	temporalData             string
	temporalArgs             []string
	server, worker, temporal *process
	env                      []string
	patience                 time.Duration // how long eventually waits, where that is longer than usual
}

type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	log  *lockedBuffer
}

// lockedBuffer is written by a process and read by its test.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// deploy starts everything and waits until it answers.
func deploy(t testing.TB, env ...string) *deployment {
	t.Helper()
	return deployBeside(t, nil, env...)
}

// deployBeside gives Temporal arguments of its own.
func deployBeside(t testing.TB, temporalArgs []string, env ...string) *deployment {
	t.Helper()
	d := &deployment{t: t, databaseURL: dbtest.URL(t), keys: vault.NewKey("k1"), temporalData: scratch(t), temporalArgs: temporalArgs, env: env}
	d.base, d.temporalAddress = "http://"+freeAddress(t), freeAddress(t)
	d.operators, d.workerHealth = "http://"+freeAddress(t), "http://"+freeAddress(t)
	d.startTemporal()
	d.startServer()
	d.startWorker()
	d.waitReady()
	return d
}

// scratch is a folder for Temporal's file, in memory where there is room: it is written at tens of megabytes a second, and
// tests side by side waited for the disk.
func scratch(t testing.TB) string {
	t.Helper()
	const memory, room = "/dev/shm", 4 << 30
	var space syscall.Statfs_t
	if err := syscall.Statfs(memory, &space); err != nil || space.Bavail*uint64(space.Bsize) < room {
		return t.TempDir()
	}
	folder, err := os.MkdirTemp(memory, "koppel-e2e-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	return folder
}

func freeAddress(t testing.TB) string {
	t.Helper()
	port, err := embedded.FreePort("127.0.0.1")
	require.NoError(t, err)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func (d *deployment) start(args ...string) *process { d.t.Helper(); return d.startWith(nil, args...) }

// startWith gives a process more of an environment than the deployment's other processes have.
func (d *deployment) startWith(more []string, args ...string) *process {
	d.t.Helper()
	env := append(os.Environ(), "DATABASE_URL="+d.databaseURL, "KOPPEL_ENCRYPTION_KEYS="+d.keys, "KOPPEL_LISTEN="+d.base[len("http://"):],
		"KOPPEL_PUBLIC_URL="+d.base, "TEMPORAL_ADDRESS="+d.temporalAddress, "KOPPEL_PARTNER_HOSTS=127.0.0.1", "KOPPEL_LOG_LEVEL=info",
		"KOPPEL_OPERATORS_LISTEN="+strings.TrimPrefix(d.operators, "http://"), "KOPPEL_WORKER_LISTEN="+strings.TrimPrefix(d.workerHealth, "http://"))
	return d.startIn("", append(append(env, d.env...), more...), args...)
}

// startIn starts the program in a folder; without an environment it has the test's own.
func (d *deployment) startIn(folder string, env []string, args ...string) *process {
	d.t.Helper()
	return d.startProgram(binary, folder, env, args...)
}

func (d *deployment) startProgram(program, folder string, env []string, args ...string) *process {
	d.t.Helper()
	p := &process{cmd: exec.Command(program, args...), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Dir, p.cmd.Env = folder, env
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	require.NoError(d.t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	d.t.Cleanup(func() {
		p.stop(syscall.SIGTERM)
		if d.t.Failed() {
			d.t.Logf("%v said:\n%s", args, tail(p.log.String(), 6000))
		}
	})
	return p
}

func tail(text string, n int) string {
	if len(text) > n {
		return "…" + text[len(text)-n:]
	}
	return text
}

// stop ends a process; one that does not listen is killed.
func (p *process) stop(signal syscall.Signal) {
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

func (d *deployment) startTemporal() {
	d.temporal = d.start(append([]string{"temporal-server", "--data", d.temporalData, "--temporal-listen", d.temporalAddress}, d.temporalArgs...)...)
}
func (d *deployment) startServer() { d.server = d.start("server") }
func (d *deployment) startWorker() { d.worker = d.start("worker") }

func (d *deployment) waitReady() {
	d.t.Helper()
	d.eventually("the deployment answers", func() bool {
		response, err := http.Get(d.base + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// happensWithin is how long a test waits for what must happen: 500 sales take a minute on two cores, and three times
// that beside two other tests.
const happensWithin = 8 * time.Minute

// eventually waits for what must happen; the limit is generous, and reaching it fails.
func (d *deployment) eventually(what string, check func() bool) {
	d.t.Helper()
	limit := max(happensWithin, d.patience)
	deadline := time.Now().Add(limit)
	for wait := 20 * time.Millisecond; !check(); wait = min(wait*5/4, 400*time.Millisecond) {
		if time.Now().After(deadline) {
			d.describeWorkflows()
			d.t.Fatalf("did not happen within %s: %s", limit, what)
		}
		time.Sleep(wait) // between two looks at another process, ever longer: looking costs what is waited for
	}
}

// environment makes an environment on the command line.
func (d *deployment) environment(account string) client {
	d.t.Helper()
	cmd := exec.Command(binary, "environment", "create", "--account", account, "--name", account, "--owner-email", "owner@"+account+".example", "--json")
	cmd.Env = append(append(os.Environ(), "DATABASE_URL="+d.databaseURL, "KOPPEL_ENCRYPTION_KEYS="+d.keys, "KOPPEL_LOG_LEVEL=info"), d.env...)
	output, err := cmd.Output()
	require.NoError(d.t, err)
	var made login
	require.NoError(d.t, json.Unmarshal(output, &made))
	return client{d.t, d.base, account, made.OwnerToken, made.OwnerPassword}
}

type object = map[string]any

// client calls one environment.
type client struct {
	t                    testing.TB
	base, account, token string
	password             string // of the owner, for the interface
}

// request makes a call and gives the status and the envelope.
func (c client) request(method, path string, body any, header ...string) (int, object) {
	c.t.Helper()
	status, envelope, err := c.try(context.Background(), method, path, body, header...)
	require.NoError(c.t, err)
	return status, envelope
}

func (c client) try(ctx context.Context, method, path string, body any, header ...string) (int, object, error) {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		payload = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+"/api/"+c.account+"/v1/"+path, payload)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, err
	}
	holdToContract(c.t, request, response, data)
	var envelope object
	return response.StatusCode, envelope, json.Unmarshal(data, &envelope)
}

// must makes a call that succeeds, and gives its data.
func (c client) must(method, path string, body any) any {
	c.t.Helper()
	status, envelope := c.request(method, path, body)
	require.Less(c.t, status, 300, "%s %s: %v", method, path, envelope)
	return envelope["data"]
}

func (c client) get(path string) any { c.t.Helper(); return c.must(http.MethodGet, path, nil) }
func (c client) post(path string, body any) any {
	c.t.Helper()
	return c.must(http.MethodPost, path, body)
}
func (c client) put(path string, body any) any {
	c.t.Helper()
	return c.must(http.MethodPut, path, body)
}
func (c client) patch(path string, body any) any {
	c.t.Helper()
	return c.must(http.MethodPatch, path, body)
}

func rows(data any) []object {
	if page, isPage := data.(object); isPage {
		data = page["data"]
	}
	list, _ := data.([]any)
	objects := make([]object, 0, len(list))
	for _, item := range list {
		objects = append(objects, item.(object))
	}
	return objects
}

func id(data any) int64 {
	row := data.(object)
	for _, key := range []string{"id", "product_id", "sale_id", "run_id"} {
		if n, there := row[key].(float64); there {
			return int64(n)
		}
	}
	return 0
}

// describeWorkflows says what every open workflow waits for, when a test gives up.
func (d *deployment) describeWorkflows() {
	c, err := temporal.Dial(temporal.Options{HostPort: d.temporalAddress, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		d.t.Logf("Temporal does not answer: %v", err)
		return
	}
	defer c.Close()
	list, err := c.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: "default", Query: "ExecutionStatus = 'Running' OR ExecutionStatus = 'Failed'"})
	if err != nil {
		d.t.Logf("Temporal does not list: %v", err)
		return
	}
	for _, e := range list.GetExecutions() {
		var events []string
		history := c.GetWorkflowHistory(context.Background(), e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			if err != nil {
				break
			}
			text := event.GetEventTime().AsTime().Format("05.000 ") + event.GetEventType().String()
			if a := event.GetActivityTaskScheduledEventAttributes(); a != nil {
				text += " " + a.GetActivityType().GetName()
			}
			events = append(events, text)
		}
		d.t.Logf("%s %s: %v", e.GetExecution().GetWorkflowId(), e.GetStatus(), events[max(0, len(events)-12):])
	}
}
