package cli

import (
	"encoding/json"
	"fmt"
)

// ReconcileCmd is koppel reconcile.
type ReconcileCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run starts what should be running in Temporal and is not, now.
func (c *ReconcileCmd) Run(r *Run) error {
	parts, err := Open(r.Ctx, r.Config, r.Log)
	if err != nil {
		return err
	}
	defer parts.Close()
	moving, err := parts.relay()
	if err != nil {
		return err
	}
	passed, err := moving.Reconcile(r.Ctx)
	if c.JSON && err == nil {
		return json.NewEncoder(r.Out).Encode(passed)
	}
	for _, p := range passed {
		fmt.Fprintf(r.Out, "%-14s %6d should run, %d started\n", p.Kind, p.Looked, p.Started) //nolint:errcheck // the terminal
	}
	return err
}
