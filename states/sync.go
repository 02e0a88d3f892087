package states

// RunState is the state of a sync run.
type RunState string

// States of a sync run.
const (
	RunQueued            RunState = "queued"
	RunRunning           RunState = "running"
	RunDone              RunState = "done"
	RunFailed            RunState = "failed"
	RunNeedsConfirmation RunState = "needs_confirmation" // so much vanished that a person looks first
	RunDismissed         RunState = "dismissed"
	RunUndone            RunState = "undone"
)

// RunTrigger is what a sync run was started by.
type RunTrigger string

// Triggers of a sync run.
const (
	RunBySchedule  RunTrigger = "schedule"
	RunBySyncNow   RunTrigger = "sync_now"
	RunByPartner   RunTrigger = "partner"
	RunBySelection RunTrigger = "selection"
)

// ChangeKind is what a sync run did to a product.
type ChangeKind string

// Kinds of changes of a sync run.
const (
	ChangeAdded       ChangeKind = "added"
	ChangeChanged     ChangeKind = "changed"
	ChangeDeactivated ChangeKind = "deactivated"
	ChangeReactivated ChangeKind = "reactivated"
	ChangeDeleted     ChangeKind = "deleted"
	ChangeRestored    ChangeKind = "restored"
	ChangeKept        ChangeKind = "kept"
	ChangeFailed      ChangeKind = "failed"
)

// Vanished says what became of an imported product that the partner no longer offers.
type Vanished string

// What became of it. Empty: nothing yet, or it is offered.
const (
	VanishedHandled   Vanished = "handled"
	VanishedDismissed Vanished = "dismissed" // a person said to keep it
)

// DeactivatedBy says who switched a product off.
type DeactivatedBy string

// Who switched it off. Empty: it is active.
const (
	DeactivatedByPerson DeactivatedBy = "person"
	DeactivatedBySync   DeactivatedBy = "sync"
)

// SetAsideKind is the kind of row that could not be read.
type SetAsideKind string

// Kinds of rows that can be set aside.
const (
	SetAsideProduct   SetAsideKind = "product"
	SetAsideQuestion  SetAsideKind = "question"
	SetAsideFlow      SetAsideKind = "flow"
	SetAsideAgreement SetAsideKind = "agreement"
	SetAsideStatus    SetAsideKind = "status"
	SetAsideSale      SetAsideKind = "sale"
)
