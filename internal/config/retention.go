package config

import "fmt"

// Retention is for how many days what grows without end is kept; 0 is for ever. What belongs to a sale stays.
type Retention struct {
	KeepRuns          int `help:"Days that an integration's runs and what they changed are kept." env:"KOPPEL_KEEP_RUNS" default:"90"`
	KeepAttempts      int `help:"Days that attempts to send a sale are kept, once it is forwarded or given up." env:"KOPPEL_KEEP_ATTEMPTS" default:"400"`
	KeepMails         int `help:"Days that it is kept what became of a mail." env:"KOPPEL_KEEP_MAILS" default:"400"`
	KeepWebhookEvents int `help:"Days that messages wait for a webhook that stands still." env:"KOPPEL_KEEP_WEBHOOK_EVENTS" default:"90"`
	KeepAudit         int `help:"Days that the audit log is kept; 31 at least." env:"KOPPEL_KEEP_AUDIT" default:"1095"`
	KeepTokens        int `help:"Days that tokens and invitations are kept after they ended." env:"KOPPEL_KEEP_TOKENS" default:"180"`
	KeepOperations    int `help:"Days that operations on many sales are kept after they ended." env:"KOPPEL_KEEP_OPERATIONS" default:"180"`
	KeepConcepts      int `help:"Days that what a dialer prefilled is kept when no sale came of it." env:"KOPPEL_KEEP_CONCEPTS" default:"30"`
	KeepJobs          int `help:"Days that it is kept how a background job fared that no longer runs." env:"KOPPEL_KEEP_JOBS" default:"90"`
}

// check says what to change.
func (r Retention) check() error {
	for name, days := range map[string]int{
		"RUNS": r.KeepRuns, "ATTEMPTS": r.KeepAttempts, "MAILS": r.KeepMails, "WEBHOOK_EVENTS": r.KeepWebhookEvents, "AUDIT": r.KeepAudit,
		"TOKENS": r.KeepTokens, "OPERATIONS": r.KeepOperations, "CONCEPTS": r.KeepConcepts, "JOBS": r.KeepJobs,
	} {
		if days < 0 || name == "AUDIT" && days > 0 && days < 31 {
			return fmt.Errorf("KOPPEL_KEEP_%s is a number of days: 0 (for ever), or more; for KOPPEL_KEEP_AUDIT 31 or more", name)
		}
	}
	return nil
}
