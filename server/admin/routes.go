package admin

import (
	"maps"
	"net/http"
	"slices"
)

// Right is who may ask for a page.
type Right int

// Rights, from all to few.
const (
	Anyone   Right = iota // signed in or not
	SignedIn              // every user of the environment; the service shows each their own
	Admins                // admins and owners
)

// Route is one page or action. Path follows /o/{account}, unless anyone may ask for it.
type Route struct {
	Method, Path string
	Right        Right
	serve        func(*visit) error
}

// callsPartner names what is read while a partner answers: no transaction is open meanwhile.
var callsPartner = map[string]bool{"/products/:id/documents/:number": true}

// Routes lists every page and action.
func Routes() []Route {
	get, post := http.MethodGet, http.MethodPost
	return []Route{
		{get, "/", Anyone, (*visit).showFront},
		{get, "/sign-in", Anyone, (*visit).showSignIn},
		{post, "/sign-in", Anyone, (*visit).signIn},
		{get, "/set-up", Anyone, (*visit).showSetUp},
		{post, "/set-up", Anyone, (*visit).setUp},
		{get, "/invitation/:account/:text", Anyone, (*visit).showInvitation},
		{post, "/invitation/:account/:text", Anyone, (*visit).acceptInvitation},
		{post, "/preferences", Anyone, (*visit).savePreferences},

		{get, "", SignedIn, (*visit).showOverview},
		{post, "/sign-out", SignedIn, (*visit).signOut},
		{get, "/search", SignedIn, (*visit).search},
		{get, "/me", SignedIn, (*visit).showMe},
		{post, "/me", SignedIn, (*visit).saveMe},

		{get, "/action-required", Admins, (*visit).showActionRequired},
		{post, "/forwardings/retry", Admins, (*visit).retryForwardings},
		{post, "/forwardings/settle", Admins, (*visit).settleUnknown},
		{post, "/forwardings/:id/retry", Admins, (*visit).retryForwarding},
		{post, "/forwardings/:id/abandon", Admins, (*visit).abandonForwarding},
		{post, "/forwardings/:id/adopt", Admins, (*visit).adoptSale},
		{post, "/forwardings/:id/resend", Admins, (*visit).resendForwarding},

		{get, "/sales", SignedIn, (*visit).showSales},
		{get, "/sales/new", SignedIn, (*visit).showNewSale},
		{post, "/sales/new", SignedIn, (*visit).saveNewSale},
		{get, "/sales/:id", SignedIn, (*visit).showSale},
		{get, "/sales/:id/live", Admins, (*visit).liveSale},
		{get, "/sales/:id/correct", Admins, (*visit).showCorrectSale},
		{post, "/sales/:id/correct", Admins, (*visit).saveCorrectSale},
		{get, "/sales/:id/preview", Admins, (*visit).showPreview},
		{get, "/sales/:id/files/:identifier", SignedIn, (*visit).downloadAnswer},
		{post, "/sales/:id/forward", Admins, (*visit).forwardSale},
		{post, "/sales/:id/cancellation-request", Admins, (*visit).askCancellation},
		{post, "/cancellation-requests/:id/withdraw", Admins, (*visit).withdrawCancellation},
		{post, "/cancellation-requests/:id/accept", Admins, (*visit).acceptCancellation},
		{post, "/cancellation-requests/:id/reject", Admins, (*visit).rejectCancellation},
		{post, "/sales/:id/status", Admins, (*visit).saveSaleStatus},

		{get, "/integrations", Admins, (*visit).showIntegrations},
		{get, "/integrations/new", Admins, (*visit).showNewIntegration},
		{post, "/integrations/new", Admins, (*visit).saveNewIntegration},
		{get, "/integrations/:id", Admins, (*visit).showIntegration},
		{get, "/integrations/:id/live", Admins, (*visit).liveIntegration},
		{post, "/integrations/:id/sync", Admins, (*visit).syncNow},
		{post, "/integrations/:id/pause", Admins, (*visit).pauseIntegration},
		{post, "/integrations/:id/resume", Admins, (*visit).resumeIntegration},
		{post, "/integrations/:id/test", Admins, (*visit).testIntegration},
		{post, "/integrations/:id/connection", Admins, (*visit).saveConnection},
		{post, "/integrations/:id/delete", Admins, (*visit).deleteIntegration},
		{get, "/integrations/:id/settings", Admins, (*visit).showIntegrationSettings},
		{post, "/integrations/:id/settings", Admins, (*visit).saveIntegrationSettings},
		{get, "/integrations/:id/rules/:rule", Admins, (*visit).showForwardingRule},
		{post, "/integrations/:id/rules/:rule", Admins, (*visit).saveForwardingRule},
		{post, "/integrations/:id/rules/:rule/delete", Admins, (*visit).deleteForwardingRule},
		{get, "/integrations/:id/products", Admins, (*visit).showOffered},
		{post, "/integrations/:id/products/again", Admins, (*visit).selectAgain},
		{get, "/integrations/:id/products/live", Admins, (*visit).liveOffered},
		{post, "/integrations/:id/products", Admins, (*visit).selectProducts},
		{get, "/integrations/:id/flows", Admins, (*visit).showFlowMappings},
		{post, "/integrations/:id/flows", Admins, (*visit).saveFlowMappings},
		{get, "/integrations/:id/questions", Admins, (*visit).showQuestionMappings},
		{post, "/integrations/:id/questions", Admins, (*visit).saveQuestionMappings},
		{get, "/integrations/:id/agreements", Admins, (*visit).showAgreementMappings},
		{post, "/integrations/:id/agreements", Admins, (*visit).saveAgreementMappings},
		{get, "/integrations/:id/statuses", Admins, (*visit).showStatusMappings},
		{post, "/integrations/:id/statuses", Admins, (*visit).saveStatusMappings},
		{get, "/integrations/:id/forwardings", Admins, (*visit).showForwardings},
		{get, "/integrations/:id/set-aside", Admins, (*visit).showSetAside},
		{get, "/integrations/:id/health", Admins, (*visit).showHealth},
		{post, "/integrations/:id/health", Admins, (*visit).seenDrift},
		{get, "/integrations/:id/existing", Admins, (*visit).showExisting},
		{post, "/integrations/:id/existing", Admins, (*visit).forwardExisting},
		{post, "/operations/:id/cancel", Admins, (*visit).cancelOperation},
		{get, "/integrations/:id/history", Admins, (*visit).showHistory},
		{get, "/integrations/:id/runs/:run", Admins, (*visit).showRun},
		{post, "/integrations/:id/runs/:run/confirm", Admins, (*visit).confirmRun},
		{post, "/integrations/:id/runs/:run/dismiss", Admins, (*visit).dismissRun},
		{post, "/integrations/:id/runs/:run/undo", Admins, (*visit).undoRun},

		{get, "/incoming", Admins, (*visit).showIncoming},
		{get, "/incoming/:id", Admins, (*visit).showIncomingLink},
		{post, "/incoming/:id", Admins, (*visit).saveIncomingLink},
		{post, "/incoming/:id/reset-key", Admins, (*visit).resetLinkKey},

		{get, "/organisations", Admins, (*visit).showOrganisations},
		{get, "/organisations/new", Admins, (*visit).showNewOrganisation},
		{post, "/organisations/new", Admins, (*visit).saveNewOrganisation},
		{get, "/organisations/:id", Admins, (*visit).showOrganisation},
		{post, "/organisations/:id", Admins, (*visit).saveOrganisation},
		{post, "/organisations/:id/delete", Admins, (*visit).deleteOrganisation},
		{get, "/organisations/:id/products", Admins, (*visit).showGrants},
		{post, "/organisations/:id/products", Admins, (*visit).saveGrants},
		{get, "/organisations/:id/flows", Admins, (*visit).showFlowGrants},
		{post, "/organisations/:id/flows", Admins, (*visit).saveFlowGrants},

		{get, "/users", Admins, (*visit).showUsers},
		{get, "/users/new", Admins, (*visit).showNewUser},
		{post, "/users/new", Admins, (*visit).saveNewUser},
		{get, "/users/:id", Admins, (*visit).showUser},
		{post, "/users/:id", Admins, (*visit).saveUser},
		{post, "/users/:id/invite", Admins, (*visit).inviteUser},
		{get, "/users/:id/tokens", Admins, (*visit).showTokens},
		{post, "/users/:id/tokens", Admins, (*visit).createToken},
		{post, "/users/:id/tokens/:token/revoke", Admins, (*visit).revokeToken},

		{get, "/webhooks", Admins, (*visit).showWebhooks},
		{post, "/webhooks/:uuid/resume", Admins, (*visit).resumeWebhook},
		{post, "/webhooks/:uuid/delete", Admins, (*visit).deleteWebhook},

		{get, "/environments", Admins, (*visit).showEnvironments},
		{post, "/environments", Admins, (*visit).addEnvironment},
		{get, "/environment", Admins, (*visit).showEnvironment},
		{post, "/environment", Admins, (*visit).saveEnvironment},
		{post, "/environment/retention", Admins, (*visit).saveRetention},
		{get, "/persons", Admins, (*visit).showPerson},
		{post, "/persons/export", Admins, (*visit).exportPerson},
		{post, "/persons/erase", Admins, (*visit).erasePerson},

		{get, "/products", SignedIn, (*visit).showProducts},
		{get, "/products/new", Admins, (*visit).showNewProduct},
		{post, "/products/new", Admins, (*visit).saveNewProduct},
		{get, "/products/:id", SignedIn, (*visit).showProduct},
		{get, "/products/:id/documents/:number", SignedIn, (*visit).downloadDocument},
		{post, "/products/:id", Admins, (*visit).saveProduct},
		{post, "/products/:id/delete", Admins, (*visit).deleteProduct},

		{get, "/flows", Admins, (*visit).showFlows},
		{get, "/flows/:id", Admins, (*visit).showFlow},
		{post, "/flows/:id", Admins, (*visit).saveFlow},
		{post, "/flows/:id/delete", Admins, (*visit).deleteFlow},
		{get, "/questions", Admins, (*visit).showQuestions},
		{get, "/questions/:id", Admins, (*visit).showQuestion},
		{post, "/questions/:id", Admins, (*visit).saveQuestion},
		{post, "/questions/:id/delete", Admins, (*visit).deleteQuestion},
		{get, "/agreements", Admins, (*visit).showAgreements},
		{get, "/agreements/:id", Admins, (*visit).showAgreement},
		{post, "/agreements/:id", Admins, (*visit).saveAgreement},
		{post, "/agreements/:id/delete", Admins, (*visit).deleteAgreement},
		{get, "/statuses", Admins, (*visit).showStatuses},
		{get, "/statuses/:id", Admins, (*visit).showStatus},
		{post, "/statuses/:id", Admins, (*visit).saveStatus},
		{post, "/statuses/:id/delete", Admins, (*visit).deleteStatus},
		{get, "/suppliers", Admins, (*visit).showSuppliers},
		{get, "/suppliers/:id", Admins, (*visit).showSupplier},
		{post, "/suppliers/:id", Admins, (*visit).saveSupplier},
	}
}

func sortedNames[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
