package workflows

import (
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/states"
)

// Method references: nothing is called on these.
var (
	requests *activities.Partner
	records  *activities.Records
	mail     *activities.Mail
)

func call[T any](ctx workflow.Context, activity, in any) (result T, err error) {
	err = workflow.ExecuteActivity(ctx, activity, in).Get(ctx, &result)
	return result, err
}

func sendSale(ctx workflow.Context, forward ForwardSaleInput, in activities.SendSaleInput) (activities.SendSaleResult, error) {
	priority := activities.PriorityForward
	if forward.Crowded {
		priority = activities.PriorityForwardCrowded
	}
	return call[activities.SendSaleResult](withPartnerWrite(ctx, forward.LimitGroup, priority), requests.SendSale, in)
}

func floorTurn(ctx workflow.Context, in activities.FloorInput) (activities.FloorResult, error) {
	return call[activities.FloorResult](withStore(ctx), records.FloorTurn, in)
}

func planIntegration(ctx workflow.Context, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return call[activities.IntegrationPlan](withStore(ctx), records.PlanIntegration, in)
}

func checkProducts(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return callFloored[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), states.RequestCatalogue, requests.CheckProducts, in)
}

func lookForSales(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return callFloored[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), states.RequestStatus, requests.LookForSales, in)
}

func sweepStatuses(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return callFloored[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), states.RequestStatus, requests.SweepStatuses, in)
}

func pollStatuses(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return callFloored[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), states.RequestStatus, requests.PollStatuses, in)
}

func probeToken(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return callFloored[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), states.RequestStatus, requests.ProbeToken, in)
}

func tellPartner(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return callFloored[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), states.RequestAnnounce, requests.TellPartner, in)
}

func endLink(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) error {
	return workflow.ExecuteActivity(withPartnerRead(ctx, limitGroup, activities.PriorityStatus), requests.EndLink, in).Get(ctx, nil)
}

func announce(ctx workflow.Context, limitGroup string, in activities.AnnounceInput) (activities.AnnounceResult, error) {
	return callFloored[activities.AnnounceResult](withPartnerNotice(ctx, limitGroup), states.RequestAnnounce, requests.Announce, in)
}

func beginSync(ctx workflow.Context, in activities.RunInput) (activities.BeginSyncResult, error) {
	return call[activities.BeginSyncResult](withStore(ctx), records.BeginSync, in)
}

func fetchProducts(ctx workflow.Context, limitGroup string, in activities.FetchInput) (activities.FetchResult, error) {
	return callFloored[activities.FetchResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), states.RequestCatalogue, requests.FetchProducts, in)
}

func listProducts(ctx workflow.Context, limitGroup string, in activities.RunInput) (activities.FetchResult, error) {
	return callFloored[activities.FetchResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), states.RequestCatalogue, requests.ListProducts, in)
}

func fetchNextDetail(ctx workflow.Context, limitGroup string, in activities.DetailInput) (activities.DetailResult, error) {
	return callFloored[activities.DetailResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), states.RequestCatalogue, requests.FetchNextDetail, in)
}

func fetchSetup(ctx workflow.Context, limitGroup string, in activities.SetupInput) (activities.SetupResult, error) {
	return callFloored[activities.SetupResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), states.RequestCatalogue, requests.FetchSetup, in)
}

func advanceOperation(ctx workflow.Context, in activities.OperationInput) (activities.OperationResult, error) {
	return call[activities.OperationResult](withStore(ctx), records.AdvanceOperation, in)
}

func planCancellation(ctx workflow.Context, in activities.CancellationInput) (activities.CancellationPlan, error) {
	return call[activities.CancellationPlan](withStore(ctx), records.PlanCancellation, in)
}

func tellCancellation(ctx workflow.Context, limitGroup string, in activities.TellCancellationInput) error {
	return workflow.ExecuteActivity(withPartnerWrite(ctx, limitGroup, activities.PriorityForward), requests.TellCancellation, in).Get(ctx, nil)
}

func deliverWebhook(ctx workflow.Context, limitGroup string, in activities.WebhookInput) (activities.WebhookResult, error) {
	return callFloored[activities.WebhookResult](withPartnerNotice(ctx, limitGroup), states.RequestAnnounce, requests.DeliverWebhook, in)
}

func sendMail(ctx workflow.Context, in activities.MailInput) (activities.MailResult, error) {
	return call[activities.MailResult](withStore(ctx), mail.SendMail, in)
}

func applyProducts(ctx workflow.Context, in activities.ApplyInput) (activities.ApplyResult, error) {
	return call[activities.ApplyResult](withStore(ctx), records.ApplyProducts, in)
}

func finishSync(ctx workflow.Context, in activities.FinishInput) error {
	return workflow.ExecuteActivity(withStore(ctx), records.FinishSync, in).Get(ctx, nil)
}
