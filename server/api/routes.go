package api

import (
	"net/http"
	"strings"

	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service/persons"
)

// Route is one operation with its rights. Path is what follows /api/{account}/v1; a path below /account asks
// for an admin or owner.
type Route struct {
	Method, Path string
	serve        func(*call) (reply, error)
	// BetweenEnvironments: a partner's environment calls it, so a token for an integration may.
	BetweenEnvironments bool
	// Answers is a value of the type of what is answered, oneOf several, or a file; nil: nothing. Tests hold it
	// against the OpenAPI document, and every answer that they get against it.
	Answers any
}

// oneOf are the types of an operation that answers differently by what it is asked.
type oneOf []any

// file is the type of an answer that is no JSON.
type file struct{}

func (r Route) account() bool { return strings.HasPrefix(r.Path, "/account/") }

// keepsKeys says whether an operation gives what it gave when it comes again with its Idempotency-Key.
func (r Route) keepsKeys() bool { return r.Path == sellPath }

const sellPath = "/sales/flow/:flow_type/:flow_identifier"

// Routes lists every operation. A test holds the list against the OpenAPI document.
func Routes() []Route {
	get, post, put, patch, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	routes := []Route{
		{post, sellPath, (*call).createSale, true, oneOf{saleID{}, drySale{}}},
		{get, "/capabilities", (*call).capabilities, true, salesdock.Capabilities{}},
		{put, "/user/link", (*call).putLink, true, linkAnswer{}},
		{del, "/user/link", (*call).deleteLink, true, nil},
		{put, "/user/sales/:id/cancellation-request", (*call).takeCancellation, true, salesdock.CancellationState{}},
		{get, "/user/sales/:id/cancellation-request", (*call).cancellationState, true, salesdock.CancellationState{}},
		{del, "/user/sales/:id/cancellation-request", (*call).takeBackCancellation, true, salesdock.CancellationState{}},
		{post, "/user/sales/cancel/:id", (*call).cancelSale, true, nothing{}},

		{post, "/account/products", (*call).createProduct, false, productID{}},
		{put, "/account/products/:id", (*call).updateProduct, false, productID{}},
		{del, "/account/products/:id", (*call).deleteProduct, false, productID{}},
		{post, "/account/connect-organisation-to-products/:id", (*call).grantProducts, false, grantedProducts{}},
		{post, "/account/connect-product-to-organisations/:id", (*call).grantProductTo, false, grantedOrganisations{}},
		{post, "/account/suppliers", (*call).saveSupplier, false, savedSupplier{}},
		{put, "/account/suppliers/:id", (*call).saveSupplier, false, savedSupplier{}},
		{del, "/account/suppliers/:id", (*call).deleteSupplier, false, supplierID{}},
		{post, "/account/flows", (*call).saveFlow, false, salesdock.Flow{}},
		{put, "/account/flows/:id", (*call).saveFlow, false, salesdock.Flow{}},
		{del, "/account/flows/:id", (*call).deleteFlow, false, thingID{}},
		{post, "/account/productquestions", (*call).saveQuestion, false, salesdock.Question{}},
		{put, "/account/productquestions/:id", (*call).saveQuestion, false, salesdock.Question{}},
		{del, "/account/productquestions/:id", (*call).deleteQuestion, false, thingID{}},
		{post, "/account/agreements", (*call).saveAgreement, false, salesdock.Agreement{}},
		{put, "/account/agreements/:id", (*call).saveAgreement, false, salesdock.Agreement{}},
		{del, "/account/agreements/:id", (*call).deleteAgreement, false, thingID{}},
		{post, "/account/statuses", (*call).saveStatus, false, salesdock.Status{}},
		{put, "/account/statuses/:id", (*call).saveStatus, false, salesdock.Status{}},
		{del, "/account/statuses/:id", (*call).deleteStatus, false, statusID{}},

		{post, "/account/concepttransaction", (*call).createConcept, false, conceptCreated{}},
		{post, "/account/sales/:id/optin", (*call).addOptin, false, nothing{}},
		{get, "/account/sales/:id/history", (*call).saleHistory, false, []saleEvent{}},
		{post, "/account/sales/updatestatus/:id", (*call).updateStatus, false, nothing{}},
		{post, "/account/sales/updatestatus/incoming/:incoming_id", (*call).updateStatusIncoming, false, nothing{}},
		{patch, "/account/sales/:id", (*call).patchSale, false, saleID{}},
		{patch, "/account/sales/:id/correction", (*call).correctSale, false, extendedSale{}},
		{post, "/account/sales/:id/cancellation-request", (*call).requestCancellation, false, []cancellationRow{}},
		{get, "/account/cancellation-requests", (*call).cancellations, false, salesdock.Page[listedCancellation]{}},
		{post, "/account/cancellation-requests/:id/withdraw", (*call).withdrawCancellation, false, cancellationRow{}},
		{post, "/account/cancellation-requests/:id/accept", (*call).acceptCancellation, false, cancellationRow{}},
		{post, "/account/cancellation-requests/:id/reject", (*call).rejectCancellation, false, cancellationRow{}},
		{post, "/account/sales/:id/forward", (*call).forwardSale, false, []forwardingRow{}},
		{post, "/account/sales/:id/forward/preview", (*call).previewForward, false, []preview{}},

		{get, "/account/organisations", (*call).organisations, false, salesdock.Page[organisationRow]{}},
		{post, "/account/organisations", (*call).createOrganisation, false, savedOrganisation{}},
		{get, "/account/organisations/:id", (*call).organisation, false, organisationRow{}},
		{put, "/account/organisations/:id", (*call).updateOrganisation, false, savedOrganisation{}},
		{del, "/account/organisations/:id", (*call).deleteOrganisation, false, organisationID{}},
		{get, "/account/organisations/:id/products", (*call).organisationProducts, false, organisationProducts{}},
		{put, "/account/organisations/:id/flows", (*call).grantFlows, false, grantedFlows{}},
		{get, "/account/users", (*call).users, false, salesdock.Page[userRow]{}},
		{post, "/account/users", (*call).createUser, false, userRow{}},
		{get, "/account/users/:id/tokens", (*call).tokens, false, []tokenRow{}},
		{post, "/account/users/:id/tokens", (*call).createToken, false, tokenRow{}},
		{del, "/account/users/:id/tokens/:token_id", (*call).revokeToken, false, thingID{}},
		{post, "/account/invitation", (*call).invite, false, invitedUser{}},
		{get, "/account/audit", (*call).audit, false, []auditLine{}},
		{post, "/account/persons/find", (*call).findPerson, false, foundPerson{}},
		{post, "/account/persons/export", (*call).exportPerson, false, persons.Export{}},
		{post, "/account/persons/erase", (*call).erasePerson, false, foundPerson{}},
		{get, "/account/retention", (*call).retention, false, kept{}},
		{patch, "/account/retention", (*call).setRetention, false, kept{}},

		{post, "/account/integrations/test", (*call).testConnection, false, connectionTest{}},
		{get, "/account/integrations", (*call).integrations, false, []integrationRow{}},
		{post, "/account/integrations", (*call).createIntegration, false, createdIntegration{}},
		{get, "/account/integrations/:id", (*call).integration, false, integrationRow{}},
		{patch, "/account/integrations/:id", (*call).updateIntegration, false, integrationRow{}},
		{del, "/account/integrations/:id", (*call).removeIntegration, false, thingID{}},
		{post, "/account/integrations/:id/test", (*call).testIntegration, false, connectionTest{}},
		{get, "/account/integrations/:id/status", (*call).integrationStatus, false, integrationStatus{}},
		{post, "/account/integrations/:id/pause", (*call).pauseIntegration, false, thingID{}},
		{post, "/account/integrations/:id/resume", (*call).resumeIntegration, false, thingID{}},
		{get, "/account/integrations/:id/products", (*call).offeredProducts, false, []offeredProduct{}},
		{put, "/account/integrations/:id/products", (*call).selectProducts, false, runID{}},
		{post, "/account/integrations/:id/sync", (*call).syncNow, false, runID{}},
		{get, "/account/integrations/:id/runs", (*call).runs, false, salesdock.Page[runRow]{}},
		{get, "/account/integrations/:id/runs/:run_id", (*call).run, false, runDetail{}},
		{post, "/account/integrations/:id/runs/:run_id/confirm", (*call).confirmRun, false, runID{}},
		{post, "/account/integrations/:id/runs/:run_id/dismiss", (*call).dismissRun, false, runID{}},
		{post, "/account/integrations/:id/runs/:run_id/undo", (*call).undoRun, false, runID{}},
		{get, "/account/integrations/:id/set-aside", (*call).setAside, false, []setAsideNow{}},
		{get, "/account/integrations/:id/health", (*call).integrationHealth, false, health{}},
		{post, "/account/integrations/:id/health/seen", (*call).seenDrift, false, struct{}{}},
		{get, "/account/integrations/:id/mappings/flows", (*call).flowMappings, false, flowMappings{}},
		{put, "/account/integrations/:id/mappings/flows", (*call).saveFlowMappings, false, mappedPairs{}},
		{get, "/account/integrations/:id/mappings/questions", (*call).questionMappings, false, []questionMapping{}},
		{put, "/account/integrations/:id/mappings/questions", (*call).saveQuestionMappings, false, mappedPairs{}},
		{get, "/account/integrations/:id/mappings/agreements", (*call).agreementMappings, false, []agreementMapping{}},
		{put, "/account/integrations/:id/mappings/agreements", (*call).saveAgreementMappings, false, mappedPairs{}},
		{get, "/account/integrations/:id/mappings/statuses", (*call).statusMappings, false, []statusMapping{}},
		{put, "/account/integrations/:id/mappings/statuses", (*call).saveStatusMappings, false, mappedPairs{}},

		{post, "/account/integrations/:id/forward-existing", (*call).forwardExisting, false, startedOperation{}},
		{get, "/account/operations/:id", (*call).operation, false, operationRow{}},
		{post, "/account/operations/:id/cancel", (*call).cancelOperation, false, thingID{}},
		{get, "/account/forwardings", (*call).forwardings, false, salesdock.Page[forwardingRow]{}},
		{get, "/account/forwardings/:id", (*call).forwarding, false, forwardingDetail{}},
		{get, "/account/forwardings/:id/candidates", (*call).candidates, false, []linking.Candidate{}},
		{post, "/account/forwardings/:id/adopt", (*call).adopt, false, forwardingRow{}},
		{post, "/account/forwardings/:id/resend", (*call).resend, false, forwardingRow{}},
		{post, "/account/forwardings/:id/abandon", (*call).abandon, false, forwardingRow{}},
		{post, "/account/forwardings/retry", (*call).retryForwardings, false, retriedForwardings{}},
		{post, "/account/forwardings/settle", (*call).settleForwardings, false, retriedForwardings{}},

		{get, "/account/incoming-links", (*call).incomingLinks, false, []listedIncomingLink{}},
		{get, "/account/incoming-links/:id", (*call).incomingLink, false, incomingLinkDetail{}},
		{patch, "/account/incoming-links/:id", (*call).updateIncomingLink, false, incomingLinkRow{}},
		{post, "/account/incoming-links/:id/reset-key", (*call).resetLinkKey, false, incomingLinkRow{}},
	}
	for _, scope := range []string{"/user", "/account"} {
		between := scope == "/user"
		routes = append(routes,
			Route{get, scope + "/webhooks/events", (*call).webhookEvents, between, []string{}}, Route{get, scope + "/webhooks", (*call).webhooks, between, []listedWebhook{}},
			Route{post, scope + "/webhooks", (*call).subscribe, between, createdWebhook{}}, Route{del, scope + "/webhooks/:uuid", (*call).unsubscribe, between, nothing{}},
			Route{post, scope + "/webhooks/:uuid/resume", (*call).resumeWebhook, between, webhookID{}})
	}
	for _, r := range []Route{
		{get, "/products/:id/documents/:file_id", (*call).productDocument, true, file{}},
		{get, "/products", (*call).products, true, oneOf{[]salesdock.Product{}, salesdock.CursorPage[salesdock.Product]{}}},
		{get, "/products/:id", (*call).product, true, salesdock.Product{}},
		{get, "/suppliers", (*call).suppliers, true, []salesdock.Supplier{}},
		{get, "/suppliers/:id", (*call).supplier, true, salesdock.Supplier{}},
		{get, "/flows", (*call).flows, true, []salesdock.Flow{}},
		{get, "/flows/:id", (*call).flow, true, salesdock.Flow{}},
		{get, "/productquestions", (*call).questions, true, []salesdock.Question{}},
		{get, "/productquestions/:id", (*call).question, true, salesdock.Question{}},
		{get, "/agreements", (*call).agreements, true, []salesdock.Agreement{}},
		{get, "/agreements/:id", (*call).agreement, true, salesdock.Agreement{}},
		{get, "/statuses", (*call).statuses, true, []salesdock.Status{}},
		{get, "/sales", (*call).sales, true, oneOf{salesdock.Page[saleRow]{}, salesdock.Page[extendedSale]{}, salesdock.CursorPage[extendedSale]{}}},
		{get, "/sales/:id", (*call).sale, true, extendedSale{}},
		{get, "/sales/answers/:id", (*call).saleAnswers, true, map[string]linking.Answer{}},
	} {
		user, account := r, r
		user.Path, account.Path, account.BetweenEnvironments = "/user"+r.Path, "/account"+r.Path, false
		routes = append(routes, user, account)
	}
	return routes
}
