// Package workflows holds the durable decisions: what happens next, what is waited for, when something is
// tried again. Side effects are activities.
package workflows

import (
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// WorkflowRegistry is what workflows are registered with: a worker, a replayer, a test environment.
type WorkflowRegistry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// Register registers every workflow. The names stand in histories, and are for ever.
func Register(r WorkflowRegistry) {
	for name, w := range map[string]any{
		IntegrationName: Integration, SyncProductsName: SyncProducts, ForwardSaleName: ForwardSale, NotifyPartnersName: NotifyPartners,
		BulkOperationName: BulkOperation, RequestCancellationName: RequestCancellation,
		DeliverWebhookName: DeliverWebhook, SendMailName: SendMail,
	} {
		r.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name, VersioningBehavior: versioning(name)})
	}
}

// versioning: what ends within a day keeps the version that it began with, so that its code may change freely. What lives as
// long as a link or a waiting sale goes on with the newest one; its changes are held by the recorded histories.
func versioning(name string) workflow.VersioningBehavior {
	if name == SyncProductsName || name == NotifyPartnersName {
		return workflow.VersioningBehaviorPinned
	}
	return workflow.VersioningBehaviorAutoUpgrade
}

// ActivityRegistry is what activities are registered with.
type ActivityRegistry interface {
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// RegisterPartner registers what runs on the partner queue, by method name.
func RegisterPartner(r ActivityRegistry, p *activities.Partner) {
	r.RegisterActivityWithOptions(p, activity.RegisterOptions{})
}

// RegisterMail registers what sends mail, on the main queue.
func RegisterMail(r ActivityRegistry, m *activities.Mail) {
	r.RegisterActivityWithOptions(m, activity.RegisterOptions{})
}

// RegisterRecords registers what runs on the main queue, by method name.
func RegisterRecords(r ActivityRegistry, a *activities.Records) {
	r.RegisterActivityWithOptions(a, activity.RegisterOptions{})
}
