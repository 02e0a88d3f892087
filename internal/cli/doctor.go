package cli

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/workflows"
)

// DoctorCmd is koppel doctor.
type DoctorCmd struct{}

var errUnhealthy = errors.New("not everything is in order; see above")

// Run checks what a deployment needs, part by part, and says what to do about what is wrong.
func (*DoctorCmd) Run(r *Run) error {
	healthy := true
	report := func(part string, err error, advice string) bool {
		if err == nil {
			fmt.Fprintf(r.Out, "ok     %s\n", part) //nolint:errcheck // a report
			return true
		}
		healthy = false
		fmt.Fprintf(r.Out, "wrong  %s: %v\n       %s\n", part, err, advice) //nolint:errcheck // a report
		return false
	}
	cfg := r.Config
	if !report("configuration", cfg.Check(), "see koppel --help") {
		return errUnhealthy
	}
	_, err := vault.New(string(cfg.EncryptionKeys))
	report("encryption keys are readable", err, "KOPPEL_ENCRYPTION_KEYS is id:base64 of 32 bytes")
	pending, err := db.Pending(r.Ctx, string(cfg.DatabaseURL))
	if err == nil && pending > 0 {
		err = fmt.Errorf("%d migrations are not applied", pending)
	}
	if !report("database", err, "check DATABASE_URL, and run koppel migrate") {
		return errUnhealthy
	}
	parts, err := Open(r.Ctx, cfg, r.Log)
	if !report("encryption keys fit the database", err, "put the key back that the data was written with") {
		return errUnhealthy
	}
	defer parts.Close()
	temporal, err := parts.Temporal()
	if err == nil {
		_, err = temporal.CheckHealth(r.Ctx, &client.CheckHealthRequest{})
	}
	if !report("Temporal at "+cfg.TemporalAddress, err, "check TEMPORAL_ADDRESS, and that Temporal runs") {
		return errUnhealthy
	}
	report("Temporal namespace "+cfg.TemporalNamespace, checkNamespace(r, temporal, cfg.TemporalNamespace), "make the namespace, or set TEMPORAL_NAMESPACE")
	report("Temporal search attributes", checkAttributes(r, temporal, cfg.TemporalNamespace), "a running server adds them; start koppel server")
	report("Temporal dynamic configuration: fairness on the partner queue", checkFairness(r, temporal, cfg.TemporalNamespace),
		"set matching.enableFairness: true, and one read and write partition, in Temporal's dynamic configuration (deploy/temporal/dynamicconfig.yaml)")
	if !healthy {
		return errUnhealthy
	}
	return nil
}

func checkNamespace(r *Run, c client.Client, namespace string) error {
	_, err := c.WorkflowService().DescribeNamespace(r.Ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	return err
}

func checkAttributes(r *Run, c client.Client, namespace string) error {
	list, err := c.OperatorService().ListSearchAttributes(r.Ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	for name := range workflows.SearchAttributes() {
		if _, there := list.GetCustomAttributes()[name]; !there {
			return fmt.Errorf("%s is missing", name)
		}
	}
	return nil
}

// checkFairness asks for a per-key limit on a queue of its own: a server without fairness refuses, and one
// with it says the limit back.
func checkFairness(r *Run, c client.Client, namespace string) error {
	answer, err := c.WorkflowService().UpdateTaskQueueConfig(r.Ctx, &workflowservice.UpdateTaskQueueConfigRequest{
		Namespace: namespace, TaskQueue: "koppel-doctor", TaskQueueType: enums.TASK_QUEUE_TYPE_ACTIVITY, Identity: "koppel doctor",
		UpdateFairnessKeyRateLimitDefault: &workflowservice.UpdateTaskQueueConfigRequest_RateLimitUpdate{
			RateLimit: &taskqueue.RateLimit{RequestsPerSecond: 1}, Reason: "doctor " + time.Now().UTC().Format(time.DateOnly),
		},
	})
	if err != nil {
		return err
	}
	if answer.GetConfig().GetFairnessKeysRateLimitDefault() == nil {
		return errors.New("the server took no per-key limit")
	}
	return nil
}
