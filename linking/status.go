package linking

import "time"

// Types of status.
const (
	StatusTypeDefault        = "default"
	StatusTypeCancelled      = "cancelled"
	StatusTypeActionRequired = "action_required"
	StatusTypeNetto          = "netto"
	StatusTypeClosed         = "closed"
)

// Statuses the product itself works with.
const (
	StatusNew           = "new"
	StatusConcept       = "concept"
	StatusOfferPending  = "offer_pending"
	StatusOfferAccepted = "offer_accepted"
	StatusOfferRejected = "offer_rejected"
	StatusOfferExpired  = "offer_expired"
	StatusOfferNoOther  = "offer_rejected_alternative"
	StatusCancelled     = "cancelled"
)

// Status is a status of a sale. System statuses are the same in every environment.
type Status struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Text   string `json:"text,omitempty"`
	Type   string `json:"type"`
	System bool   `json:"-"`
}

// SystemStatuses ship with the product (Salesdock API v1, statuses).
var SystemStatuses = []Status{
	system(StatusNew, "Nieuw", StatusTypeDefault), system("sent", "Verzonden", StatusTypeDefault),
	system(StatusCancelled, "Geannuleerd", StatusTypeCancelled), system("error", "Actie vereist", StatusTypeActionRequired),
	system("verification_pending", "Verificatie", StatusTypeDefault), system("verification_expired", "Verificatie verlopen", StatusTypeDefault),
	system("verified", "Geverifieerd", StatusTypeDefault), system(StatusOfferPending, "Openstaande offerte", StatusTypeDefault),
	system(StatusOfferAccepted, "Geaccepteerd", StatusTypeDefault), system(StatusOfferRejected, "Afgewezen", StatusTypeDefault),
	system(StatusOfferExpired, "Verlopen", StatusTypeDefault), system(StatusOfferNoOther, "Geweigerd alternatief", StatusTypeDefault),
	system("accepted_by_supplier", "Geaccepteerd door leverancier", StatusTypeDefault), system("netto", "Netto", StatusTypeNetto),
	system("resolved", "Opgelost", StatusTypeDefault), system("reminder-1", "Herinnering 1", StatusTypeDefault),
	system("reminder-2", "Herinnering 2", StatusTypeDefault), system("reminder-3", "Herinnering 3", StatusTypeDefault),
	system("invoiced", "Gefactureerd", StatusTypeDefault), system("paid", "Betaald", StatusTypeDefault),
	system("contract_terminated", "Contract beëindigd", StatusTypeDefault),
	system("cancelled_within_happy_call", "Geannuleerd na Happy Call", StatusTypeCancelled),
	system(StatusConcept, "Concept", StatusTypeDefault), system("open", "Openstaand", StatusTypeDefault),
	system("closed", "Gesloten", StatusTypeClosed), system("open_cancellation_proposal", "Open annuleringsverzoeken", StatusTypeDefault),
	system("synced_cancellation_request", "Gesynchroniseerde annuleringsverzoeken", StatusTypeDefault),
	system("completed", "Voltooid", StatusTypeDefault), system("saved", "Opgeslagen", StatusTypeDefault),
	system("waiting_for_client", "Wachten op klant", StatusTypeDefault),
}

func system(id, name, kind string) Status {
	return Status{ID: id, Name: name, Type: kind, System: true}
}

// SystemStatus finds a system status by its id.
func SystemStatus(id string) (Status, bool) {
	for _, s := range SystemStatuses {
		if s.ID == id {
			return s, true
		}
	}
	return Status{}, false
}

// StatusUpdate is what a partner says of a forwarded sale.
type StatusUpdate struct {
	Status    string
	At        time.Time // when the partner's status changed
	CreatedAt time.Time // when the sale was made at the partner
	Repeated  bool      // At is in an hour that clocks showed twice: it may be an hour later
	Latest    time.Time // by our own clock: it changed then at the latest
}

// begins says whether the sale has had no other status: it did not change since it was made, or, where nothing says
// when that was, it has the status that sales are made with.
func (u *StatusUpdate) begins() bool {
	if u.CreatedAt.IsZero() {
		return u.Status == StatusNew || u.Status == StatusOfferPending
	}
	return !u.At.After(u.CreatedAt)
}

// StatusKnown is what we know of the same sale.
type StatusKnown struct {
	Status            string // ours
	CancelledByPerson bool
	PartnerStatus     string // the last one taken notice of; empty before the first
	PartnerAt         time.Time
	ReadAt            time.Time // by our own clock: when the partner was asked for it
}

// What is done with a partner's status.
const (
	StatusApply     = "apply"
	StatusNothing   = "nothing"             // seen before, or what it began with
	StatusOlder     = "older"               // a newer one was seen
	StatusUnmapped  = "unmapped"            // a custom status without a mapping
	StatusStaysGone = "cancelled_by_person" // a person cancelled the sale here
)

// DecideStatus maps a partner's status and decides whether it is taken over. mapping holds what a person
// mapped; system statuses map to themselves unless overridden.
func DecideStatus(known StatusKnown, update StatusUpdate, mapping map[string]string) (decision, status string) {
	if known.PartnerStatus == update.Status && !update.At.After(known.PartnerAt) {
		return StatusNothing, ""
	}
	latest := update.At
	if update.Repeated {
		latest = latest.Add(time.Hour)
	}
	// A partner's clock may have been set: what it may have changed after it was asked is not older, whatever it says.
	mayBeNewer := !known.ReadAt.IsZero() && update.Latest.After(known.ReadAt)
	if latest.Before(known.PartnerAt) && !mayBeNewer {
		return StatusOlder, ""
	}
	status, mapped := mapping[update.Status]
	// What a sale begins with is no change; but partners write seconds, and a status that a person mapped is
	// meant to be followed.
	if known.PartnerStatus == "" && !mapped && update.begins() {
		return StatusNothing, ""
	}
	if !mapped {
		own, isSystem := SystemStatus(update.Status)
		if !isSystem {
			return StatusUnmapped, ""
		}
		status = own.ID
	}
	switch {
	case known.CancelledByPerson:
		return StatusStaysGone, status
	case status == known.Status:
		return StatusNothing, status
	}
	return StatusApply, status
}
