package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"koppel/internal/config"
	"koppel/internal/mailer"
	"koppel/workflows"
)

// checkTemporal looks at Temporal: nothing is written there.
func checkTemporal(r *Run, parts *Parts, report reporting) {
	c, err := parts.Temporal()
	cfg := parts.Config
	var found *workflowservice.GetSystemInfoResponse
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Ctx, 10*time.Second)
		defer cancel()
		if _, err = c.CheckHealth(ctx, &client.CheckHealthRequest{}); err == nil {
			found, err = c.WorkflowService().GetSystemInfo(ctx, &workflowservice.GetSystemInfoRequest{})
		}
	}
	if !report("Temporal at "+cfg.TemporalAddress, err, "check TEMPORAL_ADDRESS, and TEMPORAL_TLS_… or TEMPORAL_API_KEY where it wants them, and that Temporal runs") {
		return
	}
	report("Temporal "+found.GetServerVersion(), oldTemporal(found.GetServerVersion()), "1.32 or later is needed: before, one partner's queue can hold up those of others")
	_, err = c.WorkflowService().DescribeNamespace(r.Ctx, &workflowservice.DescribeNamespaceRequest{Namespace: cfg.TemporalNamespace})
	if !report("Temporal namespace "+cfg.TemporalNamespace, err, "make the namespace, with a retention of a few days, or set TEMPORAL_NAMESPACE") {
		return
	}
	report("Temporal search attributes", checkAttributes(r, c, cfg.TemporalNamespace), "have somebody who may make them run koppel temporal prepare; until then runs go without, and operators do not find them by these")
	report("Temporal fairness on the partner queue", checkFairness(r, c, cfg.TemporalNamespace),
		"set matching.enableFairness: true, and one read and write partition, in Temporal's dynamic configuration (deploy/temporal/dynamicconfig.yaml)")
}

// oldTemporal: a version that is written in another way, as a hosted one's may be, is believed.
func oldTemporal(version string) error {
	var major, minor int
	if n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor); n == 2 && (major < 1 || major == 1 && minor < 32) {
		return errors.New("it is too old")
	}
	return nil
}

func checkAttributes(r *Run, c client.Client, namespace string) error {
	there, err := attributesOf(r, c, namespace)
	if err != nil {
		return err
	}
	var wrong, missing []string
	for _, name := range attributeNames() {
		wanted := workflows.SearchAttributes()[name]
		switch has, known := there[name]; {
		case !known:
			missing = append(missing, name)
		case has != wanted:
			wrong = append(wrong, wrongType(name, has, wanted).Error())
		}
	}
	switch {
	case len(wrong) > 0:
		return errors.New(strings.Join(wrong, "; "))
	case len(missing) > 0:
		return fmt.Errorf("%s: missing", strings.Join(missing, ", "))
	}
	return nil
}

// checkFairness reads what limit the partner queue has. A running server sets it again and again; a Temporal without
// fairness refuses that, so that none is there although workers ask for work.
func checkFairness(r *Run, c client.Client, namespace string) error {
	queue, err := c.WorkflowService().DescribeTaskQueue(r.Ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace: namespace, TaskQueue: &taskqueue.TaskQueue{Name: workflows.PartnerTaskQueue}, TaskQueueType: enums.TASK_QUEUE_TYPE_ACTIVITY, ReportConfig: true,
	})
	if err != nil {
		return err
	}
	if queue.GetConfig().GetFairnessKeysRateLimitDefault() == nil && len(queue.GetPollers()) > 0 {
		return errors.New("it has no limit for each partner, although workers run")
	}
	return nil
}

// checkMail looks whether the mail server can be reached; it sends nothing.
func checkMail(r *Run, cfg config.Config, report reporting) {
	if cfg.SMTPURL == "" {
		report("no mail server is set: no mail is sent", nil, "")
		return
	}
	_, err := mailer.New(string(cfg.SMTPURL), cfg.MailFrom)
	if err == nil {
		err = reach(r.Ctx, string(cfg.SMTPURL))
	}
	report("the mail server", err, "check KOPPEL_SMTP_URL and KOPPEL_MAIL_FROM, and that the mail server may be reached from here")
}

func reach(ctx context.Context, address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return errors.New("its address cannot be read") // the error would show the password
	}
	port := parsed.Port()
	if port == "" {
		port = map[string]string{"smtps": "465"}[parsed.Scheme]
	}
	if port == "" {
		port = "587"
	}
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(parsed.Hostname(), port))
	if err != nil {
		return err
	}
	return conn.Close()
}
