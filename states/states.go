// Package states names what rows and messages say in one word: states, kinds, reasons, types of sales, languages, signals.
// Each word once, as a type of its own, so that the compiler tells one from another, and by its name everywhere else: a test
// finds a bare one. Words that a partner writes stay text, in linking.
package states

// IntegrationState is the state of one of our links towards a partner.
type IntegrationState string

// States of an integration.
const (
	IntegrationActive  IntegrationState = "active"
	IntegrationPaused  IntegrationState = "paused"
	IntegrationRemoved IntegrationState = "removed"
)

// PausedReason says why an integration stands still: a person, or what its partner refused.
type PausedReason string

// Why an integration is paused. Empty: it is not.
const (
	PausedByPerson     PausedReason = "person"
	PausedTokenRefused PausedReason = "token_refused"
)

// PartnerKind is what a partner runs.
type PartnerKind string

// Kinds of partners.
const (
	PartnerKoppel PartnerKind = "koppel"
	PartnerStock  PartnerKind = "stock"
)

// LinkState is the state of somebody's link towards us.
type LinkState string

// States of an incoming link.
const (
	LinkActive LinkState = "active"
	LinkEnded  LinkState = "ended"
)

// WebhookState is the state of a webhook.
type WebhookState string

// States of a webhook.
const (
	WebhookActive  WebhookState = "active"
	WebhookPaused  WebhookState = "paused"
	WebhookRemoved WebhookState = "removed"
)

// WebhookScope is whose changes a webhook tells of.
type WebhookScope string

// Scopes of a webhook.
const (
	ScopeAccount WebhookScope = "account"
	ScopeUser    WebhookScope = "user"
)

// OperationKind is what a bulk operation does.
type OperationKind string

// Kinds of bulk operations. The last three settle unknown outcomes.
const (
	OperationForward OperationKind = "forward_existing"
	OperationResume  OperationKind = "resume"
	SettleResend     OperationKind = "resend"  // what is not there goes again
	SettleAdopt      OperationKind = "adopt"   // the only candidate is it
	SettleAbandon    OperationKind = "abandon" // given up, with a reason
)

// OperationState is the state of a bulk operation.
type OperationState string

// States of a bulk operation.
const (
	OperationRunning   OperationState = "running"
	OperationDone      OperationState = "done"
	OperationCancelled OperationState = "cancelled"
)

// AccessChange is what was done to a person's access. It is an action of the audit log, and in the mail to that person.
type AccessChange string

// Changes of access.
const (
	AccessPassword     AccessChange = "set_password"
	AccessEmail        AccessChange = "change_email"
	AccessRole         AccessChange = "change_role"
	AccessOff          AccessChange = "switch_off"
	AccessOn           AccessChange = "switch_on"
	AccessTokenMade    AccessChange = "make_token"
	AccessTokenRevoked AccessChange = "revoke_token"
)

// AccessChanges are all of them.
var AccessChanges = []AccessChange{AccessPassword, AccessEmail, AccessRole, AccessOff, AccessOn, AccessTokenMade, AccessTokenRevoked}

// MailKind is what a mail is about.
type MailKind string

// Kinds of mails.
const (
	MailConfirmation MailKind = "confirmation"
	MailInvitation   MailKind = "invitation"
	MailAccess       MailKind = "access" // to whom somebody's change of their access concerns
)

// MailState is the state of a mail.
type MailState string

// States of a mail.
const (
	MailWaiting       MailState = "waiting"
	MailSending       MailState = "sending"
	MailSent          MailState = "sent"
	MailFailed        MailState = "failed"
	MailUnknown       MailState = "unknown" // the mail server may have taken it
	MailNotConfigured MailState = "not_configured"
	MailWithdrawn     MailState = "withdrawn"
)

// Role is what a user may do.
type Role string

// Roles of users.
const (
	RoleOwner             Role = "owner"
	RoleAdmin             Role = "admin"
	RoleOrganisationAdmin Role = "organisationadmin"
	RoleTeamleader        Role = "teamleader"
	RoleAgent             Role = "agent"
)

// FileOwner is what a file belongs to.
type FileOwner string

// Owners of files.
const (
	FileOfProduct      FileOwner = "product"
	FileOfOrganisation FileOwner = "organisation"
)

// FileKind is what a file is.
type FileKind string

// Kinds of files.
const (
	FileImage    FileKind = "image"
	FileDocument FileKind = "document"
	FileLogo     FileKind = "logo"
)

// Texts gives states as the text that a query's array takes.
func Texts[T ~string](list ...T) []string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return texts
}
