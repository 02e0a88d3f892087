package relay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"koppel/db"
	"koppel/internal/config"
	"koppel/states"
)

const (
	// reconcileAge: what is younger has its outbox row still.
	reconcileAge = 30 * time.Second
	// askedAtOnce is how many workflows Temporal is asked for in one question.
	askedAtOnce = 100
	// turnEvery is how often a server looks whether it is its turn.
	turnEvery = 20 * time.Second
)

// Reconciled is what a pass looked at, and what it started, of one kind.
type Reconciled struct {
	Kind    states.OutboxKind `json:"kind"`
	Looked  int               `json:"looked"`
	Started int               `json:"started"`
}

func (r *Relay) reconcileLoop(ctx context.Context) {
	first := true
	for ctx.Err() == nil {
		wait := turnEvery
		due := config.ReconcileEvery
		if first {
			due = 0 // what a power cut lost is not waited for
		}
		_, err := r.reconcileInTurn(ctx, due, first)
		switch {
		case err == nil:
			first = false
			r.ages.well(JobReconcile)
		case errors.Is(err, ErrHeld):
			if age, err := r.doneAge(ctx, leaseReconcile); err == nil && age < 2*config.ReconcileEvery {
				first = false
				r.ages.well(JobReconcile) // another server did
			}
		default:
			if ctx.Err() == nil {
				r.Log.Warn("relay.reconcile.failed", zap.Error(err))
			}
			wait = sweepEvery
		}
		pause(ctx, wait)
	}
}

// Reconcile looks through everything now, unless another process is at it.
func (r *Relay) Reconcile(ctx context.Context) ([]Reconciled, error) {
	return r.reconcileInTurn(ctx, 0, true)
}

// reconcileInTurn does a pass when it is due and nobody else does it.
func (r *Relay) reconcileInTurn(ctx context.Context, dueAfter time.Duration, all bool) (passed []Reconciled, err error) {
	turn, taken, err := r.takeLease(ctx, leaseReconcile, dueAfter)
	if err != nil {
		return nil, err
	}
	if !taken {
		return nil, ErrHeld
	}
	defer func() { err = errors.Join(err, turn.end(ctx, err == nil)) }()
	return r.reconcile(ctx, all, turn.keep)
}

// reconcile starts again what should be running: it heals a lost Temporal store, a terminated workflow, and a
// power cut after an acknowledged start. A kind that fails holds up no other.
func (r *Relay) reconcile(ctx context.Context, all bool, keep func(context.Context) error) (passed []Reconciled, err error) {
	before := r.Now().Add(-reconcileAge)
	if all {
		before = r.Now().Add(time.Hour) // whatever the database's clock says
	}
	var failed []error
	for _, d := range durables {
		done, err := r.reconcileKind(ctx, d, before, keep)
		passed = append(passed, done)
		if errors.Is(err, errLeaseLost) || ctx.Err() != nil {
			return passed, err
		}
		failed = append(failed, err)
	}
	return passed, errors.Join(failed...)
}

func (r *Relay) reconcileKind(ctx context.Context, d durable, before time.Time, keep func(context.Context) error) (Reconciled, error) {
	done := Reconciled{Kind: d.kind}
	for after := int64(0); ; {
		if err := keep(ctx); err != nil {
			return done, err
		}
		var ids []int64
		var there []address
		err := r.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
			if ids, err = d.toRun(ctx, tx, page{before: before, after: after, size: askedAtOnce}); err != nil {
				return err
			}
			there, err = addresses(ctx, tx, d, ids)
			return err
		})
		if err != nil || len(ids) == 0 {
			return done, err
		}
		started, err := r.startMissing(ctx, there)
		done.Looked, done.Started = done.Looked+len(ids), done.Started+started
		if err != nil {
			return done, fmt.Errorf("reconcile %s: %w", d.kind, err)
		}
		after = ids[len(ids)-1]
	}
}

// addresses reads where the workflows of a page's rows should be. A row that went meanwhile has none.
func addresses(ctx context.Context, tx *db.Tx, d durable, ids []int64) (list []address, err error) {
	for _, id := range ids {
		at, err := d.find(ctx, tx, id)
		switch {
		case errors.Is(err, db.ErrNotFound):
		case err != nil:
			return nil, err
		case at.standing == toRun:
			list = append(list, at)
		}
	}
	return list, nil
}

// startMissing asks Temporal in one question which of a page's workflows run, and starts the others. What it knows may be
// a moment old: starting what runs is harmless, and what ended since is found by the next pass.
func (r *Relay) startMissing(ctx context.Context, page []address) (started int, err error) {
	running, err := r.running(ctx, page)
	if err != nil {
		return 0, err
	}
	begun := make(chan bool, len(page))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, at := range page {
		if running[at.id] {
			continue
		}
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			there, err := r.start(ctx, at)
			begun <- err == nil && !there
			return err
		})
	}
	err = group.Wait()
	close(begun)
	for new := range begun {
		if new {
			started++
		}
	}
	return started, err
}

func (r *Relay) running(ctx context.Context, page []address) (map[string]bool, error) {
	found := map[string]bool{}
	if len(page) == 0 {
		return found, nil
	}
	ids := make([]string, len(page))
	for i, at := range page {
		ids[i] = "'" + at.id + "'" // made of numbers and our own words
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := r.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: r.Namespace, PageSize: 2 * askedAtOnce, Query: "ExecutionStatus = 'Running' AND WorkflowId IN (" + strings.Join(ids, ", ") + ")",
	})
	if err != nil {
		return nil, fmt.Errorf("ask which workflows run: %w", err)
	}
	for _, e := range list.GetExecutions() {
		found[e.GetExecution().GetWorkflowId()] = true
	}
	return found, nil
}
