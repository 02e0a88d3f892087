package relay

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"koppel/db"
	"koppel/states"
	"koppel/workflows"
)

// move starts or signals one workflow, as a row of the outbox asks.
func (r *Relay) move(ctx context.Context, t target) error {
	d, known := durableOf(t.kind)
	if !known {
		return fmt.Errorf("outbox row of unknown kind %q", t.kind)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	at, found, err := r.find(ctx, d, t.subject)
	switch {
	case err != nil || !found || at.standing == nothingToDo:
		return err
	case at.standing == ended:
		return r.signalIfRunning(ctx, at)
	case t.signal == states.SignalStart && d.started != alwaysWoken || d.started == neverWoken:
		there, err := r.start(ctx, at)
		if !there || d.started != woken {
			return err
		}
		return r.wakeUp(ctx, at, states.SignalLookAgain)
	case t.signal == states.SignalStart:
		return r.wakeUp(ctx, at, states.SignalLookAgain)
	}
	return r.wakeUp(ctx, at, t.signal)
}

func (r *Relay) find(ctx context.Context, d durable, id int64) (at address, found bool, err error) {
	err = r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		at, err = d.find(ctx, tx, id)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return at, false, nil
	}
	return at, err == nil, err
}

func (a address) options() client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: a.id, TaskQueue: workflows.TaskQueue, TypedSearchAttributes: temporal.NewSearchAttributes(a.attributes...),
	}
}

// start starts a workflow, and says whether one was there already.
func (r *Relay) start(ctx context.Context, a address) (there bool, err error) {
	err = r.withAttributes(a, func(options client.StartWorkflowOptions) error {
		options.WorkflowExecutionErrorWhenAlreadyStarted = true
		_, err := r.Client.ExecuteWorkflow(ctx, options, a.workflow, a.input)
		return err
	})
	var runs *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &runs) {
		return true, nil
	}
	return false, err
}

func (r *Relay) wakeUp(ctx context.Context, a address, signal states.Signal) error {
	return r.withAttributes(a, func(options client.StartWorkflowOptions) error {
		_, err := r.Client.SignalWithStartWorkflow(ctx, a.id, string(signal), nil, options, a.workflow, a.input)
		return err
	})
}

func (r *Relay) signalIfRunning(ctx context.Context, a address) error {
	err := r.Client.SignalWorkflow(ctx, a.id, "", string(states.SignalLookAgain), nil)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil // it has ended already
	}
	return err
}
