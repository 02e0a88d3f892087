package sales

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// atOnce is how many sales are resumed without an operation of their own: more go at the partner's pace, and can be
// cancelled on the way.
const atOnce = 20

// countPage is how many sales are judged at a time when they are counted.
const countPage = 500

// ForwardExisting sends sales that were made before, by hand as it were: the same test, without automatic and
// delay. A dry run counts. Without a sale that qualifies there is no operation.
func (s *Sales) ForwardExisting(ctx context.Context, a service.Actor, id int64, selection linking.Selection, dryRun bool) (count int, o *db.Operation, err error) {
	if err := s.Take(ctx, a, service.CostlyBulk); err != nil {
		return 0, nil, err
	}
	selection.Cause = ""
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		read := service.LockIntegration
		if dryRun {
			read = service.IntegrationOf
		}
		row, err := read(ctx, tx, a, id)
		if err != nil {
			return err
		}
		for _, status := range selection.Statuses {
			if _, err := ledger.Status(ctx, tx, a.EnvironmentID, status); err != nil {
				return unknownStatus(err, status)
			}
		}
		if count, err = s.countExisting(ctx, tx, a, row, selection); err != nil || dryRun || count == 0 {
			return err
		}
		o, err = s.startOperation(ctx, tx, a, id, states.OperationForward, selection, count)
		return err
	})
	return count, o, err
}

func unknownStatus(err error, status string) error {
	if service.OrNotFound(err) != err { //nolint:errorlint // whether it was turned into a refusal
		return service.Invalid("statuses", "field_invalid", status)
	}
	return err
}

// offeredAtMost bounds how many sales are judged to offer what was not sent.
const offeredAtMost = 2000

// NotSentYet counts the sales that satisfy a link's settings as they are now and were certainly never sent: those that were never
// on their way, and those that were withdrawn. more says that there may be others.
func (s *Sales) NotSentYet(ctx context.Context, a service.Actor, id int64) (count int, more bool, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		row, err := service.IntegrationOf(ctx, tx, a, id)
		if err != nil {
			return err
		}
		count, more, err = s.countUpTo(ctx, tx, a, row, linking.Selection{}, offeredAtMost)
		return err
	})
	return count, more, err
}

func (s *Sales) countExisting(ctx context.Context, tx *db.Tx, a service.Actor, row db.Integration, selection linking.Selection) (count int, err error) {
	count, _, err = s.countUpTo(ctx, tx, a, row, selection, math.MaxInt)
	return count, err
}

// countUpTo judges so many sales; more says that there are others.
func (s *Sales) countUpTo(ctx context.Context, tx *db.Tx, a service.Actor, row db.Integration, selection linking.Selection, limit int) (count int, more bool, err error) {
	for after, judged := int64(0), 0; ; {
		if judged >= limit {
			return count, true, nil
		}
		sales, err := tx.SalesToForward(ctx, db.SalesToForwardParams{
			EnvironmentID: a.EnvironmentID, IntegrationID: row.ID, AfterID: after, Since: selection.From, Statuses: selection.Statuses, PageSize: countPage,
		})
		if err != nil || len(sales) == 0 {
			return count, false, err
		}
		judged += len(sales)
		for _, sale := range sales {
			after = sale.ID
			lines, err := tx.SaleLines(ctx, a.EnvironmentID, sale.ID)
			if err != nil {
				return count, false, err
			}
			if row.Settings.Qualifies(ledger.FactsOf(sale, ledger.SoldLines(lines)), true).OK {
				count++
			}
		}
	}
}

func (s *Sales) startOperation(ctx context.Context, tx *db.Tx, a service.Actor, integrationID int64, kind states.OperationKind, selection linking.Selection, total int) (*db.Operation, error) {
	data, err := json.Marshal(selection)
	if err != nil {
		return nil, err
	}
	o, err := tx.OperationInsert(ctx, db.OperationInsertParams{
		EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, Kind: kind, Selection: data, Total: int32(total), UserID: optionalID(a.UserID), Now: s.Now(),
	})
	if err != nil {
		return nil, err
	}
	if err := tx.Move(ctx, a.EnvironmentID, states.OutboxOperation, o.ID, states.SignalStart, s.Now()); err != nil {
		return nil, err
	}
	return &o, s.Audit(ctx, tx, a, string(kind), "integration", integrationID, nil, map[string]any{"count": total, "operation_id": o.ID})
}

func optionalID(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// ResumeWaiting has what waits for a person at a link looked at again, because of something that was mended there:
// a few at once, more at the partner's pace.
func (s *Sales) ResumeWaiting(ctx context.Context, tx *db.Tx, a service.Actor, integrationID int64, cause states.Reason) (count int, o *db.Operation, err error) {
	selection := linking.Selection{Cause: cause}
	waiting, err := tx.ForwardingsToResumeCount(ctx, db.ForwardingsToResumeCountParams{EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, Cause: selection.OnlyCause()})
	if err != nil {
		return 0, nil, err
	}
	if waiting <= atOnce {
		ids, err := tx.ForwardingsToRetry(ctx, db.ForwardingsToRetryParams{EnvironmentID: a.EnvironmentID, IntegrationID: &integrationID, Cause: service.Optional(string(cause))})
		if err != nil {
			return 0, nil, err
		}
		return len(ids), nil, s.signalForwardings(ctx, tx, a, ids)
	}
	data, err := json.Marshal(selection)
	if err != nil {
		return 0, nil, err
	}
	running, err := tx.OperationRestart(ctx, db.OperationRestartParams{EnvironmentID: a.EnvironmentID, IntegrationID: integrationID, Selection: data, Total: int32(waiting)})
	if err != nil || len(running) > 0 {
		return int(waiting), first(running), err
	}
	o, err = s.startOperation(ctx, tx, a, integrationID, states.OperationResume, selection, int(waiting))
	return int(waiting), o, err
}

func first[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// ParseMoment reads the day or moment that a field holds, as the Salesdock API writes them.
func ParseMoment(field, text string) (time.Time, error) {
	at, err := salesdock.ParseStamp(text)
	if err != nil {
		return at, service.InvalidValue(field, err)
	}
	return at, nil
}

// Operation reads one bulk operation.
func (s *Sales) Operation(ctx context.Context, a service.Actor, id int64) (o db.Operation, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		o, err = tx.OperationByID(ctx, a.EnvironmentID, id)
		return service.OrNotFound(err)
	})
	return o, err
}

// CancelOperation stops a bulk operation where it is: what was started goes on, the rest stays as it was.
func (s *Sales) CancelOperation(ctx context.Context, a service.Actor, id int64) error {
	return s.Tx(ctx, a, func(tx *db.Tx) error {
		o, err := tx.OperationByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return service.OrNotFound(err)
		}
		count, err := tx.OperationEnd(ctx, db.OperationEndParams{EnvironmentID: a.EnvironmentID, ID: id, State: states.OperationCancelled, Now: new(s.Now())})
		if err != nil {
			return err
		}
		if count == 0 {
			return service.Conflict("wrong_state", o.State)
		}
		if err := tx.Move(ctx, a.EnvironmentID, states.OutboxOperation, id, states.SignalLookAgain, s.Now()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, a, "cancel_operation", "integration", o.IntegrationID, nil, map[string]any{"operation_id": id, "done": o.Done})
	})
}
