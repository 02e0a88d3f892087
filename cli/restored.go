package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"koppel/safekeeping"
)

// RestoredCmd is koppel restored.
type RestoredCmd struct {
	To   time.Time `help:"The moment that the database was restored to, as 2026-01-31T14:05:00Z; rather somewhat earlier than later." required:""`
	JSON bool      `help:"Print JSON."`
}

// Run has nothing go twice that may have gone in the time that is lost.
func (c *RestoredCmd) Run(r *Run) error {
	if r.Config.DatabaseURL == "" {
		return errors.New("no database: set DATABASE_URL (postgres://user:password@host/database)")
	}
	restored, err := safekeeping.Declare(r.Ctx, Database(r.Config), c.To, time.Now())
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(r.Out).Encode(restored)
	}
	_, err = fmt.Fprintf(r.Out, "%d environments, %d products, %d sales, as they were at %s. Whatever of it waits goes to a partner without keys after it was looked for there (%d are looked for at once), "+
		"%d mails are not sent again, and numbers begin after a gap. Start servers and workers.\n", restored.Environments, restored.Products, restored.Sales, c.To.Local().Format(time.DateTime), restored.Looked, restored.Mails)
	return err
}
