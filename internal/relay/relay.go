// Package relay moves what commits left in the outbox to Temporal, and starts again what should be running
// and is not. Nothing on a request's path waits for it.
package relay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"koppel/db"
	"koppel/internal/budget"
	"koppel/internal/config"
	"koppel/workflows"
)

const (
	batchSize   = 200
	concurrency = 16
	sweepEvery  = 3 * time.Second
	callTimeout = 10 * time.Second
	// A row that Temporal did not take is tried again soon: starting twice is harmless.
	againAfter = 2 * time.Second
	// What is younger has its outbox row still.
	reconcileAge = 30 * time.Second
)

// Relay delivers the outbox.
type Relay struct {
	Store     *db.Store
	Client    client.Client
	Namespace string
	Pace      *budget.Pace
	Log       *zap.Logger

	wake chan struct{}
}

// Run delivers until ctx ends: at once after a commit, and by a sweep for what a crash left behind.
func (r *Relay) Run(ctx context.Context) {
	r.wake = make(chan struct{}, 1)
	if err := r.Prepare(ctx); err != nil && ctx.Err() == nil {
		r.Log.Warn("relay.prepare.failed", zap.Error(err)) // reconcile tries again
	}
	var group sync.WaitGroup
	group.Go(func() { r.listen(ctx) })
	group.Go(func() { r.reconcileLoop(ctx) })
	group.Go(func() { r.Pace.Run(ctx) })
	group.Go(func() { r.deliverLoop(ctx) })
	group.Wait()
}

func (r *Relay) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.Store.ListenOutbox(ctx, func() {
			select {
			case r.wake <- struct{}{}:
			default:
			}
		})
		if ctx.Err() == nil {
			r.Log.Warn("relay.listen.interrupted", zap.Error(err))
			pause(ctx, time.Second)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (r *Relay) deliverLoop(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		for {
			delivered, err := r.deliver(ctx)
			if err != nil && ctx.Err() == nil {
				r.Log.Warn("relay.deliver.failed", zap.Error(err))
			}
			if err != nil || delivered < batchSize {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-sweep.C:
		}
	}
}

type target struct {
	kind    string
	subject int64
	signal  string
}

// deliver takes a batch, hands it to Temporal, and removes what was taken. A crash in between delivers again.
func (r *Relay) deliver(ctx context.Context) (taken int, err error) {
	err = r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.SystemOutboxTake(ctx, time.Now(), batchSize)
		if err != nil || len(rows) == 0 {
			return err
		}
		taken = len(rows)
		ids := map[target][]int64{}
		var order []target
		for _, row := range rows {
			t := target{row.Kind, row.SubjectID, row.Signal}
			if ids[t] == nil {
				order = append(order, t)
			}
			ids[t] = append(ids[t], row.ID)
		}
		var mu sync.Mutex
		var done, later []int64
		var group errgroup.Group
		group.SetLimit(concurrency)
		for _, t := range order {
			group.Go(func() error {
				err := r.move(ctx, t)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					later = append(later, ids[t]...)
					r.Log.Warn("relay.move.failed", zap.String("kind", t.kind), zap.Int64("subject_id", t.subject), zap.Error(err))
					return nil
				}
				done = append(done, ids[t]...)
				return nil
			})
		}
		_ = group.Wait() // each failure is kept for later
		if err := tx.SystemOutboxDone(ctx, done); err != nil || len(later) == 0 {
			return err
		}
		return tx.SystemOutboxLater(ctx, time.Now().Add(againAfter), later)
	})
	return taken, err
}

// move starts or signals one workflow.
func (r *Relay) move(ctx context.Context, t target) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	switch t.kind {
	case db.OutboxIntegration:
		return r.integration(ctx, t)
	case db.OutboxForwarding:
		return r.forwarding(ctx, t)
	case db.OutboxNotify:
		return r.notify(ctx, t)
	case db.OutboxOperation:
		return r.operation(ctx, t)
	case db.OutboxCancellation:
		return r.cancellation(ctx, t)
	case db.OutboxWebhook:
		return r.webhook(ctx, t)
	case db.OutboxMail:
		return r.mail(ctx, t)
	}
	return fmt.Errorf("outbox row of unknown kind %q", t.kind)
}

func lookup[T any](ctx context.Context, store *db.Store, read func(*db.Tx) (T, error)) (row T, found bool, err error) {
	err = store.WithSystemTx(ctx, func(tx *db.Tx) error {
		row, err = read(tx)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return row, false, nil
	}
	return row, err == nil, err
}

func (r *Relay) integration(ctx context.Context, t target) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemIntegrationAddressRow, error) {
		return tx.SystemIntegrationAddress(ctx, t.subject)
	})
	if err != nil || !found {
		return err
	}
	options := start(workflows.IntegrationID(row.EnvironmentID, row.ID), workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeIntegration.ValueSet(row.ID))
	in := workflows.IntegrationInput{EnvironmentID: row.EnvironmentID, IntegrationID: row.ID}
	if t.signal == db.SignalStart {
		return r.startOnce(ctx, options, workflows.IntegrationName, in)
	}
	_, err = r.Client.SignalWithStartWorkflow(ctx, options.ID, t.signal, nil, options, workflows.IntegrationName, in)
	return err
}

func start(id string, attributes ...temporal.SearchAttributeUpdate) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.TaskQueue, TypedSearchAttributes: temporal.NewSearchAttributes(attributes...),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED,
	}
}

// startOnce starts a workflow unless it runs.
func (r *Relay) startOnce(ctx context.Context, options client.StartWorkflowOptions, name string, in any) error {
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := r.Client.ExecuteWorkflow(ctx, options, name, in)
	var runs *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &runs) {
		return nil
	}
	return err
}

func (r *Relay) forwarding(ctx context.Context, t target) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemForwardingAddressRow, error) {
		return tx.SystemForwardingAddress(ctx, t.subject)
	})
	if err != nil || !found || row.State == db.ForwardingForwarded {
		return err
	}
	id := workflows.ForwardSaleID(row.EnvironmentID, row.IntegrationID, row.SaleID)
	if row.State == db.ForwardingWithdrawn || row.State == db.ForwardingAbandoned {
		err := r.Client.SignalWorkflow(ctx, id, "", workflows.SignalLookAgain, nil)
		var gone *serviceerror.NotFound
		if errors.As(err, &gone) {
			return nil // it has ended already
		}
		return err
	}
	options := start(id, workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeIntegration.ValueSet(row.IntegrationID), workflows.AttributeSale.ValueSet(row.SaleID))
	in := forwardInput(row, t.subject)
	if t.signal == db.SignalStart {
		options.WorkflowExecutionErrorWhenAlreadyStarted = true
		_, err := r.Client.ExecuteWorkflow(ctx, options, workflows.ForwardSaleName, in)
		var runs *serviceerror.WorkflowExecutionAlreadyStarted
		if !errors.As(err, &runs) {
			return err
		}
	}
	_, err = r.Client.SignalWithStartWorkflow(ctx, id, workflows.SignalLookAgain, nil, options, workflows.ForwardSaleName, in)
	return err
}

func (r *Relay) notify(ctx context.Context, t target) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemLinkAddressRow, error) {
		return tx.SystemLinkAddress(ctx, t.subject)
	})
	if err != nil || !found || row.State != "active" {
		return err
	}
	options := start(workflows.NotifyPartnersID(row.EnvironmentID, row.ID), workflows.AttributeEnvironment.ValueSet(row.EnvironmentID))
	in := workflows.NotifyPartnersInput{EnvironmentID: row.EnvironmentID, LinkID: row.ID, LimitGroup: hostGroup(row.PartnerBaseURL)}
	_, err = r.Client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalLookAgain, nil, options, workflows.NotifyPartnersName, in)
	return err
}

func (r *Relay) operation(ctx context.Context, t target) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemOperationAddressRow, error) {
		return tx.SystemOperationAddress(ctx, t.subject)
	})
	if err != nil || !found {
		return err
	}
	id := workflows.BulkOperationID(row.EnvironmentID, row.ID)
	if row.State != "running" {
		err := r.Client.SignalWorkflow(ctx, id, "", workflows.SignalLookAgain, nil)
		var gone *serviceerror.NotFound
		if errors.As(err, &gone) {
			return nil // it has ended already
		}
		return err
	}
	options := start(id, workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeIntegration.ValueSet(row.IntegrationID))
	return r.startOnce(ctx, options, workflows.BulkOperationName, workflows.BulkOperationInput{EnvironmentID: row.EnvironmentID, OperationID: row.ID})
}

func (r *Relay) cancellation(ctx context.Context, t target) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemCancellationAddressRow, error) {
		return tx.SystemCancellationAddress(ctx, t.subject)
	})
	if err != nil || !found {
		return err
	}
	options := start(workflows.RequestCancellationID(row.EnvironmentID, row.SaleID), workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeSale.ValueSet(row.SaleID))
	in := workflows.RequestCancellationInput{EnvironmentID: row.EnvironmentID, SaleID: row.SaleID}
	if t.signal == db.SignalStart {
		return r.startOnce(ctx, options, workflows.RequestCancellationName, in)
	}
	_, err = r.Client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalLookAgain, nil, options, workflows.RequestCancellationName, in)
	return err
}

func (r *Relay) webhook(ctx context.Context, t target) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemWebhookAddressRow, error) {
		return tx.SystemWebhookAddress(ctx, t.subject)
	})
	if err != nil || !found || row.State != "active" {
		return err // a paused one goes on when it is resumed
	}
	options := start(workflows.DeliverWebhookID(row.EnvironmentID, row.ID), workflows.AttributeEnvironment.ValueSet(row.EnvironmentID))
	in := workflows.DeliverWebhookInput{EnvironmentID: row.EnvironmentID, WebhookID: row.ID, LimitGroup: hostGroup(row.TargetURL)}
	if t.signal == db.SignalStart {
		return r.startOnce(ctx, options, workflows.DeliverWebhookName, in)
	}
	_, err = r.Client.SignalWithStartWorkflow(ctx, options.ID, workflows.SignalLookAgain, nil, options, workflows.DeliverWebhookName, in)
	return err
}

func (r *Relay) mail(ctx context.Context, t target) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemMailAddressRow, error) {
		return tx.SystemMailAddress(ctx, t.subject)
	})
	if err != nil || !found || row.State != "waiting" && row.State != "sending" {
		return err
	}
	attributes := []temporal.SearchAttributeUpdate{workflows.AttributeEnvironment.ValueSet(row.EnvironmentID)}
	if row.SaleID != nil {
		attributes = append(attributes, workflows.AttributeSale.ValueSet(*row.SaleID))
	}
	options := start(workflows.SendMailID(row.EnvironmentID, row.ID), attributes...)
	return r.startOnce(ctx, options, workflows.SendMailName, workflows.SendMailInput{EnvironmentID: row.EnvironmentID, MailID: row.ID})
}

// hostGroup is the budget that announcements to one host share.
func hostGroup(address string) string {
	host := address
	if parsed, err := url.Parse(address); err == nil {
		host = parsed.Host
	}
	sum := sha256.Sum256([]byte("announce\n" + host))
	return hex.EncodeToString(sum[:8])
}

func (r *Relay) reconcileLoop(ctx context.Context) {
	first := true
	for ctx.Err() == nil {
		wait := config.ReconcileEvery
		if err := r.reconcile(ctx, first); err != nil {
			if ctx.Err() == nil {
				r.Log.Warn("relay.reconcile.failed", zap.Error(err))
			}
			wait = sweepEvery
		} else {
			first = false
		}
		pause(ctx, wait)
	}
}

// reconcile starts again what should be running: it heals a lost Temporal store, a terminated workflow, and a
// power cut after an acknowledged start.
func (r *Relay) reconcile(ctx context.Context, all bool) error {
	if err := r.Prepare(ctx); err != nil {
		return err
	}
	before := time.Now()
	if !all {
		before = before.Add(-reconcileAge)
	}
	var targets []target
	err := r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		integrations, err := tx.SystemIntegrationsToRun(ctx)
		if err != nil {
			return err
		}
		for _, i := range integrations {
			targets = append(targets, target{db.OutboxIntegration, i.ID, db.SignalStart})
		}
		operations, err := tx.SystemOperationsToRun(ctx)
		if err != nil {
			return err
		}
		for _, o := range operations {
			targets = append(targets, target{db.OutboxOperation, o.ID, db.SignalStart})
		}
		cancellations, err := tx.SystemCancellationsToRun(ctx)
		if err != nil {
			return err
		}
		for _, c := range cancellations {
			targets = append(targets, target{db.OutboxCancellation, c.ID, db.SignalStart})
		}
		mails, err := tx.SystemMailsToRun(ctx)
		if err != nil {
			return err
		}
		for _, m := range mails {
			targets = append(targets, target{db.OutboxMail, m.ID, db.SignalStart})
		}
		webhooks, err := tx.SystemWebhooksToRun(ctx)
		if err != nil {
			return err
		}
		for _, w := range webhooks {
			targets = append(targets, target{db.OutboxWebhook, w.ID, db.SignalStart})
		}
		links, err := tx.SystemLinksToTell(ctx)
		for _, l := range links {
			targets = append(targets, target{db.OutboxNotify, l.ID, ""})
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := r.moveAll(ctx, targets); err != nil {
		return err
	}
	return r.reconcileForwardings(ctx, before)
}

func (r *Relay) reconcileForwardings(ctx context.Context, before time.Time) error {
	for after := int64(0); ; {
		var rows []db.SystemForwardingsToRunRow
		err := r.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
			rows, err = tx.SystemForwardingsToRun(ctx, db.SystemForwardingsToRunParams{Before: before, AfterID: after, PageSize: batchSize})
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		var group errgroup.Group
		group.SetLimit(concurrency)
		for _, row := range rows {
			group.Go(func() error { return r.startForwarding(ctx, row.ID) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		after = rows[len(rows)-1].ID
	}
}

// startForwarding starts a forwarding's workflow unless it runs.
func (r *Relay) startForwarding(ctx context.Context, id int64) error {
	row, found, err := lookup(ctx, r.Store, func(tx *db.Tx) (db.SystemForwardingAddressRow, error) {
		return tx.SystemForwardingAddress(ctx, id)
	})
	if err != nil || !found {
		return err
	}
	options := start(workflows.ForwardSaleID(row.EnvironmentID, row.IntegrationID, row.SaleID),
		workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeIntegration.ValueSet(row.IntegrationID), workflows.AttributeSale.ValueSet(row.SaleID))
	return r.startOnce(ctx, options, workflows.ForwardSaleName, forwardInput(row, id))
}

// crowd is how many sales of one link may wait before the next ones let other links go first.
const crowd = 20

func forwardInput(row db.SystemForwardingAddressRow, id int64) workflows.ForwardSaleInput {
	return workflows.ForwardSaleInput{EnvironmentID: row.EnvironmentID, ForwardingID: id, LimitGroup: row.LimitGroup, Crowded: row.Ahead >= crowd}
}

func (r *Relay) moveAll(ctx context.Context, targets []target) error {
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, t := range targets {
		group.Go(func() error { return r.move(ctx, t) })
	}
	return group.Wait()
}
