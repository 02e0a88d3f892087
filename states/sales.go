package states

// ForwardingState is the state of a sale on its way to one partner.
type ForwardingState string

// States of a forwarding.
const (
	ForwardingWaiting        ForwardingState = "waiting"
	ForwardingSending        ForwardingState = "sending"
	ForwardingForwarded      ForwardingState = "forwarded"
	ForwardingActionRequired ForwardingState = "action_required"
	ForwardingOutcomeUnknown ForwardingState = "outcome_unknown"
	ForwardingWithdrawn      ForwardingState = "withdrawn"
	ForwardingAbandoned      ForwardingState = "abandoned"
)

// Look says whether a forwarding's sale is looked for at the partner.
type Look string

// Looks of a forwarding. Empty: there is nothing to look for.
const (
	LookWanted    Look = "wanted"
	LookLooking   Look = "looking"
	LookDone      Look = "done"      // a look that can be trusted found candidates: a person chooses
	LookNotThere  Look = "not_there" // a look that can be trusted found nothing that agrees on anything
	LookResending Look = "resending" // only where forwardings are counted together: what was not there goes again
)

// AttemptOutcome is what is certain of an attempt. One without an outcome is under way, or was killed.
type AttemptOutcome string

// Outcomes of an attempt.
const (
	AttemptMade       AttemptOutcome = "made"
	AttemptNotMade    AttemptOutcome = "not_made"
	AttemptTurnedAway AttemptOutcome = "turned_away" // the partner said "not now" and when to come back: it should not have made it
	AttemptUnknown    AttemptOutcome = "unknown"
)

// CancellationState is the state of a cancellation request.
type CancellationState string

// States of a cancellation request. A's side: asking until B has it, open, withdrawing; B's side: open. The others
// are answers, and final.
const (
	CancellationAsking      CancellationState = "asking"
	CancellationOpen        CancellationState = "open"
	CancellationWithdrawing CancellationState = "withdrawing"
	CancellationAccepted    CancellationState = "accepted"
	CancellationRejected    CancellationState = "rejected"
	CancellationWithdrawn   CancellationState = "withdrawn"
	CancellationExpired     CancellationState = "expired"
	CancellationRefused     CancellationState = "refused" // B takes no requests for this sale
)

// CancellationPending are the states of a request that has no answer yet.
var CancellationPending = []CancellationState{CancellationAsking, CancellationOpen, CancellationWithdrawing}

// Direction says at whose side a cancellation request is.
type Direction string

// Directions of a cancellation request.
const (
	Outgoing Direction = "outgoing" // we ask our partner
	Incoming Direction = "incoming" // somebody who links to us asks
)

// HistoryType is what happened to a sale.
type HistoryType string

// Types of a sale's history.
const (
	HistoryCreated             HistoryType = "created"
	HistoryStatus              HistoryType = "status"
	HistoryStatusIgnored       HistoryType = "status_ignored"
	HistoryCorrected           HistoryType = "corrected"
	HistoryForwarded           HistoryType = "forwarded"
	HistoryCancellationRequest HistoryType = "cancellation_request"
)

// OptinOrigin is where a sale's opt-in data came from.
type OptinOrigin string

// Origins of opt-in data.
const (
	OptinFromDialer OptinOrigin = "dialer"
	OptinFromSale   OptinOrigin = "sale"
	OptinFromAPI    OptinOrigin = "api"
)

// CancelledBy is whose word it was that cancelled a sale.
type CancelledBy string

// Who cancels a sale.
const (
	CancelledByUser    CancelledBy = "user"
	CancelledByPartner CancelledBy = "partner"
)
