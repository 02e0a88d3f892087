package cli

import (
	"errors"
	"fmt"
	"time"

	"koppel/retention"
)

// AuditCmd is koppel audit.
type AuditCmd struct {
	Verify AuditVerifyCmd `cmd:"" help:"Check that the sealed rows of the audit log are as they were written, and that none is missing but by its age."`
}

// AuditVerifyCmd is koppel audit verify.
type AuditVerifyCmd struct {
	Known []string `placeholder:"ACCOUNT:POSITION:HASH" help:"A seal as an earlier run printed it, kept elsewhere: the chain must still have it."`
}

var errAuditChanged = errors.New("the audit log is not as it was written")

// Run checks every environment's chain, and prints where each ends.
func (c *AuditVerifyCmd) Run(r *Run) error {
	known, err := retention.ParseSeals(c.Known)
	if err != nil {
		return err
	}
	parts, err := Open(r.Ctx, r.Config, r.Log)
	if err != nil {
		return err
	}
	defer parts.Close()
	chains, err := retention.VerifyAudit(r.Ctx, parts.Store, known, time.Now())
	if err != nil {
		return err
	}
	var failed error
	for _, chain := range chains {
		if _, err := fmt.Fprintf(r.Out, "%s:%d:%x  %d rows from %d on\n", chain.Account, chain.Position, chain.Hash, chain.Rows, chain.Begins); err != nil {
			return err
		}
		for _, wrong := range chain.Wrong {
			failed = errAuditChanged
			if _, err := fmt.Fprintf(r.Out, "  %s\n", wrong); err != nil {
				return err
			}
		}
	}
	return failed
}
