package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// prometheus is a real one that scrapes a deployment every second, with our alerts, which do not wait before they fire.
type prometheus struct {
	*deployment
	base string
}

const (
	rulesFile   = "../../deploy/prometheus/koppel.rules.yml"
	boardsFiles = "../../deploy/grafana/*.json"
)

func startPrometheus(d *deployment) prometheus {
	d.t.Helper()
	output, err := exec.Command("promtool", "check", "rules", rulesFile).CombinedOutput()
	require.NoError(d.t, err, "%s (make monitoring installs it)", output)
	folder := d.t.TempDir()
	rules, err := os.ReadFile(rulesFile)
	require.NoError(d.t, err)
	require.NoError(d.t, os.WriteFile(filepath.Join(folder, "rules.yml"), regexp.MustCompile(`(?m)^( +for:) .*$`).ReplaceAll(rules, []byte("$1 0s")), 0o600))
	require.NoError(d.t, os.WriteFile(filepath.Join(folder, "prometheus.yml"), fmt.Appendf(nil, `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - {job_name: koppel-server, static_configs: [{targets: [%q]}]}
  - {job_name: koppel-worker, static_configs: [{targets: [%q]}]}
`, strings.TrimPrefix(d.operators, "http://"), strings.TrimPrefix(d.workerHealth, "http://")), 0o600))
	address := freeAddress(d.t)
	p := &process{cmd: exec.Command("prometheus", "--config.file="+filepath.Join(folder, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address), done: make(chan struct{}), log: &lockedBuffer{}}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	require.NoError(d.t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	d.t.Cleanup(func() {
		p.stop(syscall.SIGTERM)
		if d.t.Failed() {
			d.t.Logf("Prometheus said:\n%s", tail(p.log.String(), 3000))
		}
	})
	m := prometheus{d, "http://" + address}
	d.eventually("Prometheus scrapes server and worker", func() bool {
		var result struct{ Result []any }
		return m.ask("query?query="+url.QueryEscape(`up == 1`), &result) == nil && len(result.Result) == 2
	})
	return m
}

// ask reads from Prometheus' API.
func (m prometheus) ask(path string, data any) error {
	response, err := http.Get(m.base + "/api/v1/" + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return nil
}

// firing gives the names of the alerts that fire, or with a label's value after them.
func (m prometheus) firing(label string) (names []string) {
	m.t.Helper()
	var data struct {
		Alerts []struct {
			State  string
			Labels map[string]string
		}
	}
	require.NoError(m.t, m.ask("alerts", &data))
	for _, a := range data.Alerts {
		require.Equal(m.t, "firing", a.State)
		names = append(names, strings.TrimSpace(a.Labels["alertname"]+" "+a.Labels[label]))
	}
	return names
}

func (m prometheus) fires(alert, label string) {
	m.t.Helper()
	m.eventually(alert+" fires", func() bool { return slices.Contains(m.firing(label), alert) })
}

// expressions gives what rules and panels ask for, by where it is written.
func (m prometheus) expressions() map[string]string {
	m.t.Helper()
	asked := map[string]string{}
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Query string }
		}
	}
	require.NoError(m.t, m.ask("rules", &rules))
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			asked[r.Name] = r.Query
		}
	}
	require.Greater(m.t, len(asked), 15)
	boards, err := filepath.Glob(boardsFiles)
	require.NoError(m.t, err)
	require.Len(m.t, boards, 2)
	for _, file := range boards {
		text, err := os.ReadFile(file)
		require.NoError(m.t, err)
		var board struct {
			Title  string
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		require.NoError(m.t, json.Unmarshal(text, &board))
		require.Greater(m.t, len(board.Panels), 10)
		for _, panel := range board.Panels {
			require.NotEmpty(m.t, panel.Targets, panel.Title)
			for n, target := range panel.Targets {
				asked[fmt.Sprint(board.Title, ", ", panel.Title, " ", n)] = strings.NewReplacer("$__rate_interval", "1m", "$integration", ".*").Replace(target.Expr)
			}
		}
	}
	return asked
}

// requireMetrics says that every expression can be asked, and names only metrics that a running deployment has.
func (m prometheus) requireMetrics() {
	m.t.Helper()
	var names []string
	require.NoError(m.t, m.ask("label/__name__/values", &names))
	metric := regexp.MustCompile(`\b(?:(?:koppel|temporal|go|process)_[a-z0-9_]+|up)\b`)
	for where, expression := range m.expressions() {
		require.NoError(m.t, m.ask("query?query="+url.QueryEscape(expression), nil), where)
		used := metric.FindAllString(expression, -1)
		require.NotEmpty(m.t, used, where)
		for _, name := range used {
			require.Contains(m.t, names, name, where)
		}
	}
	text, err := os.ReadFile("../../docs/operations.md")
	require.NoError(m.t, err)
	documented := regexp.MustCompile("`((?:koppel|temporal)_[a-z_]+[a-z])[`{]").FindAllSubmatch(text, -1)
	require.Greater(m.t, len(documented), 30)
	for _, found := range documented {
		name := string(found[1])
		there := slices.ContainsFunc(names, func(n string) bool { return n == name || strings.TrimSuffix(n, "_count") == name })
		require.True(m.t, there, "docs/operations.md tells of %s", name)
	}
}

// What rules, dashboards and docs name is there, and an alert fires when what it is about happens.
func TestAlertsAndDashboards(t *testing.T) {
	t.Parallel()
	var fails atomic.Bool
	s := newStockLinkBehind(t, 3, func(partner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if fails.Load() {
				http.Error(w, "no", http.StatusServiceUnavailable)
				return
			}
			partner.ServeHTTP(w, r)
		})
	})
	m := startPrometheus(s.deployment)
	m.eventually("nothing fires while all is well", func() bool { return len(m.firing("")) == 0 })

	s.mapQuestions(false)
	s.sell(1)
	m.fires("KoppelSalesNeedPerson option_unmapped", "reason")

	s.mapQuestions(true)
	s.eventually("the sale is forwarded", func() bool { return s.forwardings("forwarded") == 1 })
	fails.Store(true)
	s.submit(2, 8)
	m.fires("KoppelOutcomesUnknown", "")
	m.fires("KoppelPartnerDown", "")
	m.requireMetrics()

	s.sql("INSERT INTO safekeeping (kind, failed_at) VALUES ('drill', now())")
	m.fires("KoppelBackupFails drill", "kind")

	s.temporal.stop(syscall.SIGTERM)
	m.fires("KoppelPartAway temporal", "part")
	s.worker.stop(syscall.SIGTERM)
	m.fires("KoppelDown koppel-worker", "job")
	m.fires("KoppelNoWorker", "")
}
