package workflows

import (
	"go.temporal.io/sdk/workflow"

	"koppel/activities"
)

// Method references: nothing is called on these.
var (
	partner *activities.Partner
	records *activities.Records
	mail    *activities.Mail
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
	return call[activities.SendSaleResult](withPartnerWrite(ctx, forward.LimitGroup, priority), partner.SendSale, in)
}

func lookForSale(ctx workflow.Context, limitGroup string, in activities.SendSaleInput) (activities.SendSaleResult, error) {
	return call[activities.SendSaleResult](withPartnerWrite(ctx, limitGroup, activities.PriorityForward), partner.LookForSale, in)
}

func planIntegration(ctx workflow.Context, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return call[activities.IntegrationPlan](withStore(ctx), records.PlanIntegration, in)
}

func checkProducts(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return call[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), partner.CheckProducts, in)
}

func lookForSales(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return call[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), partner.LookForSales, in)
}

func sweepStatuses(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return call[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), partner.SweepStatuses, in)
}

func pollStatuses(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return call[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityStatus), partner.PollStatuses, in)
}

func tellPartner(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) (activities.IntegrationPlan, error) {
	return call[activities.IntegrationPlan](withPartnerRead(ctx, limitGroup, activities.PriorityAnnounce), partner.TellPartner, in)
}

func endLink(ctx workflow.Context, limitGroup string, in activities.IntegrationInput) error {
	return workflow.ExecuteActivity(withPartnerRead(ctx, limitGroup, activities.PriorityAnnounce), partner.EndLink, in).Get(ctx, nil)
}

func announce(ctx workflow.Context, limitGroup string, in activities.AnnounceInput) (activities.AnnounceResult, error) {
	return call[activities.AnnounceResult](withPartnerNotice(ctx, limitGroup), partner.Announce, in)
}

func beginSync(ctx workflow.Context, in activities.RunInput) (activities.BeginSyncResult, error) {
	return call[activities.BeginSyncResult](withStore(ctx), records.BeginSync, in)
}

func fetchProducts(ctx workflow.Context, limitGroup string, in activities.FetchInput) (activities.FetchResult, error) {
	return call[activities.FetchResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), partner.FetchProducts, in)
}

func listProducts(ctx workflow.Context, limitGroup string, in activities.RunInput) (activities.FetchResult, error) {
	return call[activities.FetchResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), partner.ListProducts, in)
}

func fetchNextDetail(ctx workflow.Context, limitGroup string, in activities.DetailInput) (activities.DetailResult, error) {
	return call[activities.DetailResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), partner.FetchNextDetail, in)
}

func fetchSetup(ctx workflow.Context, limitGroup string, in activities.SetupInput) (activities.SetupResult, error) {
	return call[activities.SetupResult](withPartnerRead(ctx, limitGroup, activities.PriorityCatalogue), partner.FetchSetup, in)
}

func advanceOperation(ctx workflow.Context, in activities.OperationInput) (activities.OperationResult, error) {
	return call[activities.OperationResult](withStore(ctx), records.AdvanceOperation, in)
}

func planCancellation(ctx workflow.Context, in activities.CancellationInput) (activities.CancellationPlan, error) {
	return call[activities.CancellationPlan](withStore(ctx), records.PlanCancellation, in)
}

func tellCancellation(ctx workflow.Context, limitGroup string, in activities.TellCancellationInput) error {
	return workflow.ExecuteActivity(withPartnerWrite(ctx, limitGroup, activities.PriorityForward), partner.TellCancellation, in).Get(ctx, nil)
}

func deliverWebhook(ctx workflow.Context, limitGroup string, in activities.WebhookInput) (activities.WebhookResult, error) {
	return call[activities.WebhookResult](withPartnerNotice(ctx, limitGroup), partner.DeliverWebhook, in)
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
