package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	temporal "go.temporal.io/sdk/client"
)

type readyFile struct {
	API          string  `json:"api"`
	Temporal     string  `json:"temporal"`
	TemporalUI   string  `json:"temporal_ui"`
	Operators    string  `json:"operators"`
	Environments []login `json:"environments"`
}

type login struct {
	Account       string `json:"account"`
	OwnerEmail    string `json:"owner_email"`
	OwnerPassword string `json:"owner_password"`
	OwnerToken    string `json:"owner_token"`
}

// standalone is one koppel-standalone on a data folder.
type standalone struct {
	*process
	t      *testing.T
	folder string
	ready  readyFile
}

func startStandalone(t *testing.T, folder string, args ...string) *standalone {
	t.Helper()
	s := &standalone{t: t, folder: folder}
	file := filepath.Join(folder, ".koppel", "ready.json")
	_ = os.Remove(file)
	d := &deployment{t: t, base: "http://127.0.0.1:0"}
	s.process = d.startIn(folder, nil, append([]string{"--data", ".koppel", "--listen", "127.0.0.1:0", "--temporal-listen", "127.0.0.1:0", "--temporal-ui", "127.0.0.1:0", "--operators-listen", "127.0.0.1:0", "--ready-file", ".koppel/ready.json"}, args...)...)
	began := time.Now()
	d.eventually("koppel-standalone is ready", func() bool {
		data, err := os.ReadFile(file)
		return err == nil && json.Unmarshal(data, &s.ready) == nil
	})
	t.Logf("ready after %s", time.Since(began).Round(10*time.Millisecond))
	return s
}

// login gives a demo environment's owner.
func (s *standalone) login(account string) login {
	s.t.Helper()
	i := slices.IndexFunc(s.ready.Environments, func(l login) bool { return l.Account == account })
	require.GreaterOrEqual(s.t, i, 0, "the demo has no %s", account)
	return s.ready.Environments[i]
}

// client calls a demo environment as its owner.
func (s *standalone) client(account string) client {
	return client{s.t, s.ready.API, account, s.login(account).OwnerToken, s.login(account).OwnerPassword}
}

// deployment is what tests of a deployment work on, of a standalone.
func (s *standalone) deployment() *deployment {
	s.t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(s.folder, ".koppel", name))
		require.NoError(s.t, err)
		return strings.TrimSpace(string(text))
	}
	return &deployment{t: s.t, base: s.ready.API, databaseURL: read("database-url"), keys: read("encryption-keys"), temporalAddress: s.ready.Temporal}
}

// command runs one of the standalone's own commands in a folder.
func command(folder string, env []string, args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// seeded waits until the demo is there.
func (s *standalone) seeded() {
	s.t.Helper()
	d := &deployment{t: s.t}
	d.eventually("the demo is seeded", func() bool {
		_, err := os.Stat(filepath.Join(s.folder, ".koppel", "demo-seeded"))
		return err == nil
	})
}

// dataFolder is one that PostgreSQL's own user can enter too.
func dataFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "koppel-standalone-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(folder, 0o711))
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// The walk-through works as it stands in the README.
func TestReadmeWalkThrough(t *testing.T) {
	t.Parallel()
	folder := dataFolder(t)
	s := startStandalone(t, folder, "--demo=static")
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(folder, ".koppel", "demo-seeded"))
		return err == nil
	}, 2*time.Minute, 50*time.Millisecond, "the demo is seeded")
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	script := "set -euo pipefail\n"
	blocks := shellBlock.FindAllStringSubmatch(string(readme), -1)
	require.GreaterOrEqual(t, len(blocks), 5)
	for _, block := range blocks {
		script += block[1]
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = folder
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), `"new_status":"netto"`)

	// The page at / leads on, and Temporal's Web UI answers.
	for _, url := range []string{s.ready.API + "/", s.ready.TemporalUI, s.ready.Operators + "/metrics"} {
		response, err := http.Get(url)
		require.NoError(t, err)
		data, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, url)
		require.NotEmpty(t, data)
	}
	info, err := os.Stat(filepath.Join(folder, ".koppel", "ready.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds logins")
}

// It stops in order, goes on from its folder with the same workflows, and keeps a second one off.
func TestStandaloneGoesOnFromItsFolder(t *testing.T) {
	t.Parallel()
	folder := dataFolder(t)
	first := startStandalone(t, folder, "--demo=static")
	seeded := filepath.Join(folder, ".koppel", "demo-seeded")
	require.Eventually(t, func() bool { _, err := os.Stat(seeded); return err == nil }, 2*time.Minute, 50*time.Millisecond)

	second := exec.Command(binary, "--data", ".koppel", "--listen", "127.0.0.1:0", "--temporal-listen", "127.0.0.1:0", "--temporal-ui", "127.0.0.1:0")
	second.Dir = folder
	output, err := second.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "another koppel-standalone")
	taken := exec.Command(binary, "--data", "elsewhere", "--listen", strings.TrimPrefix(first.ready.API, "http://"), "--temporal-listen", "127.0.0.1:0", "--temporal-ui", "127.0.0.1:0")
	taken.Dir = folder
	output, err = taken.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "something else uses that address")

	run := func(s *standalone) string {
		c, err := temporal.Dial(temporal.Options{HostPort: s.ready.Temporal})
		require.NoError(t, err)
		defer c.Close()
		d, err := c.DescribeWorkflowExecution(t.Context(), "integration/2/1", "")
		require.NoError(t, err)
		return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}
	before := run(first)
	first.stop(syscall.SIGTERM)
	require.Zero(t, first.cmd.ProcessState.ExitCode(), "stopped in order")
	again := startStandalone(t, folder, "--demo=static")
	require.Equal(t, before, run(again), "the same run goes on")

	// Killed, with everything in the middle: PostgreSQL is left over, and it starts all the same.
	again.stop(syscall.SIGKILL)
	third := startStandalone(t, folder, "--demo=static")
	require.Equal(t, before, run(third))
}
