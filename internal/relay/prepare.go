package relay

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"

	"koppel/workflows"
)

// Prepare gives Temporal what Koppel needs there: the search attributes, and the rate of the partner queue.
// Doing it again changes nothing; a Temporal with a new store gets it back.
func (r *Relay) Prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := r.Client.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        r.Namespace,
		SearchAttributes: workflows.SearchAttributes(),
	})
	var there *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &there) {
		return fmt.Errorf("add search attributes: %w", err)
	}
	_, err = r.Client.WorkflowService().UpdateTaskQueueConfig(ctx, &workflowservice.UpdateTaskQueueConfigRequest{
		Namespace: r.Namespace, TaskQueue: workflows.PartnerTaskQueue, TaskQueueType: enums.TASK_QUEUE_TYPE_ACTIVITY, Identity: "koppel",
		UpdateFairnessKeyRateLimitDefault: &workflowservice.UpdateTaskQueueConfigRequest_RateLimitUpdate{
			RateLimit: &taskqueue.RateLimit{RequestsPerSecond: float32(r.PartnerRate)}, Reason: "a partner's budget",
		},
	})
	if err != nil {
		return fmt.Errorf("set the partner queue's rate: %w", err)
	}
	return nil
}
