package api

import (
	"net/http"
	"strings"
)

// Route is one operation with its rights. Path is what follows /api/{account}/v1; a path below /account asks
// for an admin or owner.
type Route struct {
	Method, Path string
	serve        func(*call) (reply, error)
	// BetweenEnvironments: a partner's environment calls it, so a token for an integration may.
	BetweenEnvironments bool
}

func (r Route) account() bool { return strings.HasPrefix(r.Path, "/account/") }

// Routes lists every operation. A test holds the list against the OpenAPI document.
func Routes() []Route {
	get, post, put, patch, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	routes := []Route{
		{post, "/sales/flow/:flow_type/:flow_identifier", (*call).createSale, true},
		{get, "/capabilities", (*call).capabilities, true},
		{put, "/user/link", (*call).putLink, true},
		{del, "/user/link", (*call).deleteLink, true},
		{put, "/user/sales/:id/cancellation-request", (*call).takeCancellation, true},
		{get, "/user/sales/:id/cancellation-request", (*call).cancellationState, true},
		{del, "/user/sales/:id/cancellation-request", (*call).takeBackCancellation, true},
		{post, "/user/sales/cancel/:id", (*call).cancelSale, true},

		{post, "/account/products", (*call).createProduct, false},
		{put, "/account/products/:id", (*call).updateProduct, false},
		{del, "/account/products/:id", (*call).deleteProduct, false},
		{post, "/account/connect-organisation-to-products/:id", (*call).grantProducts, false},
		{post, "/account/connect-product-to-organisations/:id", (*call).grantProductTo, false},
		{post, "/account/suppliers", (*call).saveSupplier, false},
		{put, "/account/suppliers/:id", (*call).saveSupplier, false},
		{post, "/account/flows", (*call).saveFlow, false},
		{put, "/account/flows/:id", (*call).saveFlow, false},
		{del, "/account/flows/:id", (*call).deleteFlow, false},
		{post, "/account/productquestions", (*call).saveQuestion, false},
		{put, "/account/productquestions/:id", (*call).saveQuestion, false},
		{del, "/account/productquestions/:id", (*call).deleteQuestion, false},
		{post, "/account/agreements", (*call).saveAgreement, false},
		{put, "/account/agreements/:id", (*call).saveAgreement, false},
		{del, "/account/agreements/:id", (*call).deleteAgreement, false},
		{post, "/account/statuses", (*call).saveStatus, false},
		{put, "/account/statuses/:id", (*call).saveStatus, false},
		{del, "/account/statuses/:id", (*call).deleteStatus, false},

		{post, "/account/concepttransaction", (*call).createConcept, false},
		{post, "/account/sales/:id/optin", (*call).addOptin, false},
		{get, "/account/sales/:id/history", (*call).saleHistory, false},
		{post, "/account/sales/updatestatus/:id", (*call).updateStatus, false},
		{post, "/account/sales/updatestatus/incoming/:incoming_id", (*call).updateStatusIncoming, false},
		{patch, "/account/sales/:id", (*call).correctSale, false},
		{post, "/account/sales/:id/cancellation-request", (*call).requestCancellation, false},
		{get, "/account/cancellation-requests", (*call).cancellations, false},
		{post, "/account/cancellation-requests/:id/withdraw", (*call).withdrawCancellation, false},
		{post, "/account/cancellation-requests/:id/accept", (*call).acceptCancellation, false},
		{post, "/account/cancellation-requests/:id/reject", (*call).rejectCancellation, false},
		{post, "/account/sales/:id/forward", (*call).forwardSale, false},
		{post, "/account/sales/:id/forward/preview", (*call).previewForward, false},

		{get, "/account/organisations", (*call).organisations, false},
		{post, "/account/organisations", (*call).createOrganisation, false},
		{get, "/account/organisations/:id", (*call).organisation, false},
		{put, "/account/organisations/:id", (*call).updateOrganisation, false},
		{del, "/account/organisations/:id", (*call).deleteOrganisation, false},
		{get, "/account/organisations/:id/products", (*call).organisationProducts, false},
		{put, "/account/organisations/:id/flows", (*call).grantFlows, false},
		{get, "/account/users", (*call).users, false},
		{post, "/account/users", (*call).createUser, false},
		{get, "/account/users/:id/tokens", (*call).tokens, false},
		{post, "/account/users/:id/tokens", (*call).createToken, false},
		{del, "/account/users/:id/tokens/:token_id", (*call).revokeToken, false},
		{post, "/account/invitation", (*call).invite, false},
		{get, "/account/audit", (*call).audit, false},

		{post, "/account/integrations/test", (*call).testConnection, false},
		{get, "/account/integrations", (*call).integrations, false},
		{post, "/account/integrations", (*call).createIntegration, false},
		{get, "/account/integrations/:id", (*call).integration, false},
		{patch, "/account/integrations/:id", (*call).updateIntegration, false},
		{del, "/account/integrations/:id", (*call).removeIntegration, false},
		{post, "/account/integrations/:id/test", (*call).testIntegration, false},
		{get, "/account/integrations/:id/status", (*call).integrationStatus, false},
		{post, "/account/integrations/:id/pause", (*call).pauseIntegration, false},
		{post, "/account/integrations/:id/resume", (*call).resumeIntegration, false},
		{get, "/account/integrations/:id/products", (*call).offeredProducts, false},
		{put, "/account/integrations/:id/products", (*call).selectProducts, false},
		{post, "/account/integrations/:id/sync", (*call).syncNow, false},
		{get, "/account/integrations/:id/runs", (*call).runs, false},
		{get, "/account/integrations/:id/runs/:run_id", (*call).run, false},
		{post, "/account/integrations/:id/runs/:run_id/confirm", (*call).confirmRun, false},
		{post, "/account/integrations/:id/runs/:run_id/dismiss", (*call).dismissRun, false},
		{post, "/account/integrations/:id/runs/:run_id/undo", (*call).undoRun, false},
		{get, "/account/integrations/:id/health", (*call).integrationHealth, false},
		{post, "/account/integrations/:id/health/seen", (*call).seenDrift, false},
		{get, "/account/integrations/:id/mappings/flows", (*call).flowMappings, false},
		{put, "/account/integrations/:id/mappings/flows", (*call).saveFlowMappings, false},
		{get, "/account/integrations/:id/mappings/questions", (*call).questionMappings, false},
		{put, "/account/integrations/:id/mappings/questions", (*call).saveQuestionMappings, false},
		{get, "/account/integrations/:id/mappings/agreements", (*call).agreementMappings, false},
		{put, "/account/integrations/:id/mappings/agreements", (*call).saveAgreementMappings, false},
		{get, "/account/integrations/:id/mappings/statuses", (*call).statusMappings, false},
		{put, "/account/integrations/:id/mappings/statuses", (*call).saveStatusMappings, false},

		{post, "/account/integrations/:id/forward-existing", (*call).forwardExisting, false},
		{get, "/account/operations/:id", (*call).operation, false},
		{post, "/account/operations/:id/cancel", (*call).cancelOperation, false},
		{get, "/account/forwardings", (*call).forwardings, false},
		{get, "/account/forwardings/:id", (*call).forwarding, false},
		{get, "/account/forwardings/:id/candidates", (*call).candidates, false},
		{post, "/account/forwardings/:id/adopt", (*call).adopt, false},
		{post, "/account/forwardings/:id/resend", (*call).resend, false},
		{post, "/account/forwardings/:id/abandon", (*call).abandon, false},
		{post, "/account/forwardings/retry", (*call).retryForwardings, false},

		{get, "/account/incoming-links", (*call).incomingLinks, false},
		{get, "/account/incoming-links/:id", (*call).incomingLink, false},
		{patch, "/account/incoming-links/:id", (*call).updateIncomingLink, false},
		{post, "/account/incoming-links/:id/reset-key", (*call).resetLinkKey, false},
	}
	for _, scope := range []string{"/user", "/account"} {
		between := scope == "/user"
		routes = append(routes,
			Route{get, scope + "/webhooks/events", (*call).webhookEvents, between}, Route{get, scope + "/webhooks", (*call).webhooks, between},
			Route{post, scope + "/webhooks", (*call).subscribe, between}, Route{del, scope + "/webhooks/:uuid", (*call).unsubscribe, between},
			Route{post, scope + "/webhooks/:uuid/resume", (*call).resumeWebhook, between})
	}
	for path, serve := range map[string]func(*call) (reply, error){
		"/products/:id/documents/:file_id": (*call).productDocument,
		"/products":                        (*call).products, "/products/:id": (*call).product,
		"/suppliers": (*call).suppliers, "/suppliers/:id": (*call).supplier,
		"/flows": (*call).flows, "/flows/:id": (*call).flow,
		"/productquestions": (*call).questions, "/productquestions/:id": (*call).question,
		"/agreements": (*call).agreements, "/agreements/:id": (*call).agreement,
		"/statuses": (*call).statuses,
		"/sales":    (*call).sales, "/sales/:id": (*call).sale, "/sales/answers/:id": (*call).saleAnswers,
	} {
		routes = append(routes, Route{get, "/user" + path, serve, true}, Route{get, "/account" + path, serve, false})
	}
	return routes
}
