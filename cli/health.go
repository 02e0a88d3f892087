package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"koppel/internal/operators"
)

// healthTimeout is how long a process that hangs is waited for.
const healthTimeout = 5 * time.Second

// HealthCmd is koppel health.
type HealthCmd struct {
	Process string `arg:"" enum:"server,worker" help:"Which one: server or worker."`
}

// Run asks a process on this machine how it is, as a container's health check needs it: an error means that it cannot do
// what it is for. A degraded one is well.
func (cmd *HealthCmd) Run(r *Run) error {
	listen, setting := r.Config.OperatorsListen, "KOPPEL_OPERATORS_LISTEN"
	if cmd.Process == "worker" {
		listen, setting = r.Config.WorkerListen, "KOPPEL_WORKER_LISTEN"
	}
	if listen == "" || listen == operators.Off {
		return fmt.Errorf("the %s tells nobody how it is: set %s", cmd.Process, setting)
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("%s is not an address such as 127.0.0.1:9081: %w", setting, err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(r.Ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the %s does not answer at %s (%s): %w", cmd.Process, listen, setting, err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	report, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the %s cannot do what it is for: %s", cmd.Process, strings.TrimSpace(string(report)))
	}
	_, err = r.Out.Write(report)
	return err
}
