package states

// OutboxKind is what an outbox row asks to move.
type OutboxKind string

// Kinds of outbox rows.
const (
	OutboxIntegration  OutboxKind = "integration"
	OutboxForwarding   OutboxKind = "forwarding"
	OutboxNotify       OutboxKind = "notify"
	OutboxOperation    OutboxKind = "operation"
	OutboxCancellation OutboxKind = "cancellation"
	OutboxMail         OutboxKind = "mail"
	OutboxWebhook      OutboxKind = "webhook"
)

// Signal is what a workflow is told. Each says "look again" and carries nothing.
type Signal string

// Signals. An outbox row without one asks to start what moves its row.
const (
	SignalStart           Signal = ""
	SignalLookAgain       Signal = "look-again"
	SignalSyncNow         Signal = "sync-now"
	SignalSettingsChanged Signal = "settings-changed"
	SignalPartnerChanged  Signal = "partner-changed"
	SignalSyncFinished    Signal = "sync-finished"
	SignalRemove          Signal = "remove"
)

// RequestKind is what a request to a partner is for.
type RequestKind string

// Kinds of requests.
const (
	RequestForward   RequestKind = "forward"
	RequestAnnounce  RequestKind = "announce"
	RequestStatus    RequestKind = "status"
	RequestCatalogue RequestKind = "catalogue"
	RequestOther     RequestKind = "other"
)

// JobSubject is what a background job is about.
type JobSubject string

// Subjects of background jobs.
const (
	SubjectEnvironment JobSubject = "environment"
	SubjectIntegration JobSubject = "integration"
	SubjectLink        JobSubject = "link"
	SubjectWebhook     JobSubject = "webhook"
)

// JobKind is a kind of background job.
type JobKind string

// Kinds of background jobs.
const (
	JobPlan         JobKind = "plan"
	JobCheck        JobKind = "check"
	JobRun          JobKind = "run"
	JobSetup        JobKind = "setup"
	JobPoll         JobKind = "poll"
	JobSweep        JobKind = "sweep"
	JobLook         JobKind = "look"
	JobTell         JobKind = "tell"
	JobAnnounce     JobKind = "announce"
	JobWebhook      JobKind = "webhook"
	JobMail         JobKind = "mail"
	JobCancellation JobKind = "cancellation"
	JobOperation    JobKind = "operation"
)

// JobKinds lists every kind of background job.
var JobKinds = []JobKind{
	JobPlan, JobCheck, JobRun, JobSetup, JobPoll, JobSweep, JobLook, JobTell, JobAnnounce, JobWebhook, JobMail, JobCancellation, JobOperation,
}

// Safekeeping is what is done so that nothing is lost with a machine.
type Safekeeping string

// Kinds of safekeeping.
const (
	SafekeepingBackup Safekeeping = "backup"
	SafekeepingDrill  Safekeeping = "drill"
)
