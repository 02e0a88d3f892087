package cli

import (
	"encoding/json"
	"fmt"

	"koppel/worker"
	"koppel/workflows"
)

// DeployCheckCmd is koppel deploy-check.
type DeployCheckCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run replays the open workflows of a running deployment with this program, before it takes their place.
func (c *DeployCheckCmd) Run(r *Run) error {
	cfg := r.Config
	temporal, err := dialTemporal(r, &cfg)
	if err != nil {
		return err
	}
	defer temporal.Close()
	looked, broken, err := worker.Check(r.Ctx, temporal, cfg.TemporalNamespace, func(registry workflows.WorkflowRegistry) { workflows.Register(registry) })
	if err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(r.Out).Encode(map[string]any{"looked": looked, "broken": append([]worker.Broken{}, broken...)}); err != nil {
			return err
		}
	} else {
		for _, b := range broken {
			fmt.Fprintf(r.Out, "breaks  %s (%s, run %s): %s\n", b.WorkflowID, b.Type, b.RunID, b.Why) //nolint:errcheck // the terminal
		}
		fmt.Fprintf(r.Out, "%d open workflows were replayed with %s; %d would break.\n", looked, BuildID(), len(broken)) //nolint:errcheck // the terminal
	}
	if len(broken) > 0 {
		return fmt.Errorf("%d of %d open workflows would break: do not deploy this; put the change behind a version in workflows/, or let it wait until they have ended", len(broken), looked)
	}
	return nil
}
