package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"koppel/activities"
	"koppel/linking"
	"koppel/states"
)

// SyncProductsName is the workflow's registered name.
const SyncProductsName = "SyncProducts"

// SyncProductsID names the workflow of one run.
func SyncProductsID(environmentID, integrationID, runID int64) string {
	return fmt.Sprintf("sync-products/%d/%d/%d", environmentID, integrationID, runID)
}

// SyncProductsInput names a run, and where it goes on after it was continued as new.
type SyncProductsInput struct {
	EnvironmentID int64
	IntegrationID int64
	RunID         int64
	LimitGroup    string

	Fetching bool // the run began, and this is the next page
	Cursor   string
	Full     bool
	Seen     int
	Listed   bool  // the list of a stock partner was read, and this is the next detail
	Detail   int64 // after this product
}

// pagesPerRun is how many requests one history holds before it is continued as new.
const pagesPerRun = 200

type syncProducts struct {
	in    SyncProductsInput
	run   activities.RunInput
	begin activities.BeginSyncResult
}

// SyncProducts is one sync run: fetch, compare, apply. Pending work is rows, so that it may stop anywhere.
func SyncProducts(ctx workflow.Context, in SyncProductsInput) error {
	w := syncProducts{in: in, run: activities.RunInput{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID}}
	err := w.steps(ctx)
	if workflow.IsContinueAsNewError(err) {
		return err
	}
	if err != nil {
		// The run's record says why; what was applied stays.
		failed := activities.FinishInput{RunInput: w.run, State: states.RunFailed, Reason: activities.ReasonOf(err)}
		if err := finishSync(ctx, failed); err != nil {
			return err
		}
	}
	// The integration may have ended meanwhile.
	_ = workflow.SignalExternalWorkflow(ctx, IntegrationID(in.EnvironmentID, in.IntegrationID), "", string(states.SignalSyncFinished), nil).Get(ctx, nil)
	return nil
}

func (w *syncProducts) steps(ctx workflow.Context) (err error) {
	if w.begin, err = beginSync(ctx, w.run); err != nil || w.begin.Done {
		return err
	}
	if !w.in.Fetching {
		w.in.Fetching, w.in.Cursor = true, w.begin.Cursor
		for _, part := range linking.Parts {
			if err := w.fetchPart(ctx, part); err != nil {
				return err
			}
		}
	}
	if w.begin.Stock {
		err = w.fetchDetails(ctx)
	} else {
		err = w.fetchChanges(ctx)
	}
	if err != nil {
		return err
	}
	return w.apply(ctx)
}

// fetchPart reads one part of the partner's set-up, a request at a time.
func (w *syncProducts) fetchPart(ctx workflow.Context, part linking.Part) error {
	for {
		result, err := fetchSetup(ctx, w.in.LimitGroup, activities.SetupInput{RunInput: w.run, Part: part})
		if err != nil || !result.More {
			return err
		}
	}
}

// fetchChanges reads what changed, page by page, to the end.
func (w *syncProducts) fetchChanges(ctx workflow.Context) error {
	for range pagesPerRun {
		page, err := fetchProducts(ctx, w.in.LimitGroup, activities.FetchInput{RunInput: w.run, Cursor: w.in.Cursor})
		if err != nil {
			return err
		}
		w.in.Cursor, w.in.Full, w.in.Seen = page.Cursor, page.Full, w.in.Seen+page.Rows
		if !page.More {
			return nil
		}
	}
	return workflow.NewContinueAsNewError(ctx, SyncProducts, w.in)
}

// fetchDetails reads a stock partner's list, and the detail of every selected product that is new or changed.
func (w *syncProducts) fetchDetails(ctx workflow.Context) error {
	if !w.in.Listed {
		list, err := listProducts(ctx, w.in.LimitGroup, w.run)
		if err != nil {
			return err
		}
		w.in.Listed, w.in.Full, w.in.Seen = true, list.Full, list.Rows
	}
	for range pagesPerRun {
		detail, err := fetchNextDetail(ctx, w.in.LimitGroup, activities.DetailInput{RunInput: w.run, After: w.in.Detail})
		if err != nil {
			return err
		}
		if !detail.More {
			return nil
		}
		w.in.Detail = detail.After
	}
	return workflow.NewContinueAsNewError(ctx, SyncProducts, w.in)
}

// apply takes over what was found. Where the brake stops it, what vanished waits for a person and the rest goes on.
func (w *syncProducts) apply(ctx workflow.Context) error {
	state := states.RunDone
	for in := (activities.ApplyInput{RunInput: w.run, Complete: w.in.Full, Seen: w.in.Seen}); ; {
		batch, err := applyProducts(ctx, in)
		if err != nil {
			return err
		}
		if batch.Braked {
			state, in.Hold = states.RunNeedsConfirmation, true
		}
		if !batch.More {
			break
		}
		in.After = batch.After
	}
	return finishSync(ctx, activities.FinishInput{RunInput: w.run, Cursor: w.in.Cursor, State: state})
}
