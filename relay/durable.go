package relay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"time"

	"go.temporal.io/sdk/temporal"

	"koppel/db"
	"koppel/states"
	"koppel/workflows"
)

// durable is one kind of thing that a workflow moves. One more of them is a line here, its workflow, and its rows.
type durable struct {
	kind    states.OutboxKind // of its outbox rows
	started wake
	// find reads the row that an outbox row names, and where its workflow is.
	find func(ctx context.Context, tx *db.Tx, id int64) (address, error)
	// toRun lists the rows whose workflow should be running, a page after a number.
	toRun func(ctx context.Context, tx *db.Tx, p page) ([]int64, error)
}

type page struct {
	before time.Time // rows that changed since have their outbox row still
	after  int64
	size   int32
}

// wake is what becomes of a workflow that runs already, when a row asks to start it.
type wake int

const (
	leftAlone   wake = iota // it reads its row in its own time
	woken                   // it is told to look again
	alwaysWoken             // it ends when there is nothing to do, so it is told in any case
	neverWoken              // it listens to no signal
)

// standing is what there is to do about a row.
type standing int

const (
	nothingToDo standing = iota
	toRun
	ended // the row has ended; a workflow that still runs has to hear of it
)

// address is where a row's workflow is, and what starts it.
type address struct {
	standing   standing
	id         string
	workflow   string
	input      any
	attributes []temporal.SearchAttributeUpdate
}

// crowd is how many sales of one link may wait before the next ones let other links go first.
const crowd = 20

var durables = []durable{
	{states.OutboxIntegration, leftAlone, integrationAt, func(ctx context.Context, tx *db.Tx, p page) ([]int64, error) {
		return tx.SystemIntegrationsToRun(ctx, p.after, p.size)
	}},
	{states.OutboxOperation, neverWoken, operationAt, func(ctx context.Context, tx *db.Tx, p page) ([]int64, error) {
		return tx.SystemOperationsToRun(ctx, p.after, p.size)
	}},
	{states.OutboxCancellation, leftAlone, cancellationAt, func(ctx context.Context, tx *db.Tx, p page) ([]int64, error) {
		return tx.SystemCancellationsToRun(ctx, p.after, p.size)
	}},
	{states.OutboxMail, neverWoken, mailAt, func(ctx context.Context, tx *db.Tx, p page) ([]int64, error) {
		return tx.SystemMailsToRun(ctx, p.after, p.size)
	}},
	{states.OutboxWebhook, leftAlone, webhookAt, func(ctx context.Context, tx *db.Tx, p page) ([]int64, error) {
		return tx.SystemWebhooksToRun(ctx, p.after, p.size)
	}},
	{states.OutboxNotify, alwaysWoken, linkAt, func(ctx context.Context, tx *db.Tx, p page) ([]int64, error) {
		return tx.SystemLinksToTell(ctx, p.after, p.size)
	}},
	{states.OutboxForwarding, woken, forwardingAt, func(ctx context.Context, tx *db.Tx, p page) ([]int64, error) {
		return tx.SystemForwardingsToRun(ctx, db.SystemForwardingsToRunParams{Before: p.before, AfterID: p.after, PageSize: p.size})
	}},
}

func durableOf(kind states.OutboxKind) (durable, bool) {
	for _, d := range durables {
		if d.kind == kind {
			return d, true
		}
	}
	return durable{}, false
}

func when(yes bool, s standing) standing {
	if yes {
		return s
	}
	return nothingToDo
}

func integrationAt(ctx context.Context, tx *db.Tx, id int64) (address, error) {
	row, err := tx.SystemIntegrationAddress(ctx, id)
	return address{
		toRun, workflows.IntegrationID(row.EnvironmentID, row.ID), workflows.IntegrationName, workflows.IntegrationInput{EnvironmentID: row.EnvironmentID, IntegrationID: row.ID},
		[]temporal.SearchAttributeUpdate{workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeIntegration.ValueSet(row.ID)},
	}, err
}

func operationAt(ctx context.Context, tx *db.Tx, id int64) (address, error) {
	row, err := tx.SystemOperationAddress(ctx, id)
	state := ended
	if row.State == states.OperationRunning {
		state = toRun
	}
	return address{
		state, workflows.BulkOperationID(row.EnvironmentID, row.ID), workflows.BulkOperationName, workflows.BulkOperationInput{EnvironmentID: row.EnvironmentID, OperationID: row.ID},
		[]temporal.SearchAttributeUpdate{workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeIntegration.ValueSet(row.IntegrationID)},
	}, err
}

func cancellationAt(ctx context.Context, tx *db.Tx, id int64) (address, error) {
	row, err := tx.SystemCancellationAddress(ctx, id)
	return address{
		toRun, workflows.RequestCancellationID(row.EnvironmentID, row.SaleID), workflows.RequestCancellationName, workflows.RequestCancellationInput{EnvironmentID: row.EnvironmentID, SaleID: row.SaleID},
		[]temporal.SearchAttributeUpdate{workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeSale.ValueSet(row.SaleID)},
	}, err
}

func mailAt(ctx context.Context, tx *db.Tx, id int64) (address, error) {
	row, err := tx.SystemMailAddress(ctx, id)
	attributes := []temporal.SearchAttributeUpdate{workflows.AttributeEnvironment.ValueSet(row.EnvironmentID)}
	if row.SaleID != nil {
		attributes = append(attributes, workflows.AttributeSale.ValueSet(*row.SaleID))
	}
	return address{
		when(row.State == states.MailWaiting || row.State == states.MailSending, toRun), workflows.SendMailID(row.EnvironmentID, row.ID), workflows.SendMailName,
		workflows.SendMailInput{EnvironmentID: row.EnvironmentID, MailID: row.ID}, attributes,
	}, err
}

// webhookAt: a paused one goes on when it is resumed.
func webhookAt(ctx context.Context, tx *db.Tx, id int64) (address, error) {
	row, err := tx.SystemWebhookAddress(ctx, id)
	return address{
		when(row.State == states.WebhookActive, toRun), workflows.DeliverWebhookID(row.EnvironmentID, row.ID), workflows.DeliverWebhookName,
		workflows.DeliverWebhookInput{EnvironmentID: row.EnvironmentID, WebhookID: row.ID, LimitGroup: hostGroup(row.TargetURL)},
		[]temporal.SearchAttributeUpdate{workflows.AttributeEnvironment.ValueSet(row.EnvironmentID)},
	}, err
}

func linkAt(ctx context.Context, tx *db.Tx, id int64) (address, error) {
	row, err := tx.SystemLinkAddress(ctx, id)
	return address{
		when(row.State == states.LinkActive, toRun), workflows.NotifyPartnersID(row.EnvironmentID, row.ID), workflows.NotifyPartnersName,
		workflows.NotifyPartnersInput{EnvironmentID: row.EnvironmentID, LinkID: row.ID, LimitGroup: hostGroup(row.PartnerBaseURL)},
		[]temporal.SearchAttributeUpdate{workflows.AttributeEnvironment.ValueSet(row.EnvironmentID)},
	}, err
}

func forwardingAt(ctx context.Context, tx *db.Tx, id int64) (address, error) {
	row, err := tx.SystemForwardingAddress(ctx, crowd, id)
	state := toRun
	switch row.State {
	case states.ForwardingForwarded:
		state = nothingToDo
	case states.ForwardingWithdrawn, states.ForwardingAbandoned:
		state = ended
	}
	return address{
		state, workflows.ForwardSaleID(row.EnvironmentID, row.IntegrationID, row.SaleID), workflows.ForwardSaleName,
		workflows.ForwardSaleInput{EnvironmentID: row.EnvironmentID, ForwardingID: id, LimitGroup: row.LimitGroup, Crowded: row.Ahead >= crowd},
		[]temporal.SearchAttributeUpdate{
			workflows.AttributeEnvironment.ValueSet(row.EnvironmentID), workflows.AttributeIntegration.ValueSet(row.IntegrationID), workflows.AttributeSale.ValueSet(row.SaleID),
			workflows.AttributeReason.ValueSet(""), // the run writes into it later, when nobody could be told that it is refused
		},
	}, err
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
