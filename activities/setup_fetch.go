package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/states"
)

// SetupInput asks for one part of a partner's set-up.
type SetupInput struct {
	RunInput
	Part linking.Part
}

// SetupResult says whether the part needs another request.
type SetupResult struct{ More bool }

// reading is a part of a partner's set-up on its way: what was read, what could not be, and the rows whose detail is still to
// be.
type reading struct {
	Rows json.RawMessage // a list, in the product's terms
	Odd  []salesdock.Unreadable
	Todo []int64
}

// FetchSetup makes the next request for one part of a partner's set-up: its list, and at a stock partner one
// detail at a time. When the part is whole it is kept; a new version only where it differs. Idempotent: what was
// read is a row.
func (p *Partner) FetchSetup(ctx context.Context, in SetupInput) (SetupResult, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return SetupResult{}, err
	}
	before, err := p.setupReading(ctx, in)
	if err != nil {
		return SetupResult{}, err
	}
	now, err := readPart(ctx, ref.client, in.Part, before)
	if err != nil {
		return SetupResult{}, p.failed(ctx, ref.Integration, err)
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if err := tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Requests: 1}); err != nil {
			return err
		}
		if len(now.Todo) > 0 {
			data, err := json.Marshal(now)
			if err != nil {
				return err
			}
			return tx.SetupReadingSave(ctx, db.SetupReadingSaveParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: in.Part, RunID: in.RunID, Reading: data})
		}
		if err := tx.SetupReadingDone(ctx, db.SetupReadingDoneParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: in.Part}); err != nil {
			return err
		}
		if err := p.oddSetup(ctx, tx, in, &now); err != nil {
			return err
		}
		return p.keepSetup(ctx, tx, ref.Integration, in.Part, now.Rows)
	})
	return SetupResult{More: len(now.Todo) > 0}, err
}

func (p *Partner) setupReading(ctx context.Context, in SetupInput) (r *reading, err error) {
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		row, err := tx.SetupReading(ctx, db.SetupReadingParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: in.Part, RunID: in.RunID})
		if errors.Is(err, db.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(row.Reading, &r)
	})
	return r, err
}

// keepSetup keeps what was read; where it differs, what waits is looked at again. An empty list of a stock
// partner proves nothing: accounts answer with one when something else is wrong, and what was known stays.
func (p *Partner) keepSetup(ctx context.Context, tx *db.Tx, i db.Integration, part linking.Part, rows json.RawMessage) error {
	if i.PartnerKind == states.PartnerStock && string(rows) == "[]" {
		return nil
	}
	changed, err := ledger.SaveSetupPart(ctx, tx, i.EnvironmentID, i.ID, part, rows, p.Now())
	if err != nil || !changed {
		return err
	}
	return lookAgain(ctx, tx, db.ForwardingsToRetryParams{EnvironmentID: i.EnvironmentID, IntegrationID: &i.ID}, p.Now())
}

// readPart makes one request: the list when nothing was read yet, else the next detail.
func readPart(ctx context.Context, c *salesdock.Client, part linking.Part, before *reading) (reading, error) {
	switch part {
	case linking.PartFlows:
		return readNext(ctx, before, partReader[salesdock.Flow, linking.Flow]{
			list: c.Flows, meaning: func(f salesdock.Flow) (linking.Flow, error) { return f.Meaning(), nil },
		})
	case linking.PartQuestions:
		return readNext(ctx, before, partReader[salesdock.Question, linking.Question]{
			list: c.Questions, detail: c.Question, meaning: func(q salesdock.Question) (linking.Question, error) { return q.Meaning() },
			todo: func(q salesdock.Question) (int64, bool) { return int64(q.ID), q.QuestionDetail == nil },
		})
	case linking.PartAgreements:
		return readNext(ctx, before, partReader[salesdock.Agreement, linking.Agreement]{
			list: c.Agreements, detail: c.Agreement, meaning: func(a salesdock.Agreement) (linking.Agreement, error) { return a.Meaning() },
			todo: func(a salesdock.Agreement) (int64, bool) { return int64(a.ID), a.AgreementDetail == nil },
		})
	case linking.PartStatuses:
		return readNext(ctx, before, partReader[salesdock.Status, linking.Status]{
			list: c.Statuses, meaning: func(s salesdock.Status) (linking.Status, error) {
				return linking.Status{ID: string(s.ID), Name: string(s.Name), Text: string(s.Text), Type: string(s.Type)}, nil
			},
		})
	}
	return reading{}, fmt.Errorf("no such part of a set-up: %s", part)
}

// partReader reads one part: wire rows R, in the product's terms M.
type partReader[R, M any] struct {
	list    func(context.Context) (salesdock.List[R], error)
	detail  func(context.Context, int64) (R, error)
	meaning func(R) (M, error)
	todo    func(R) (id int64, wanted bool) // whether the list left the detail out; nil: it never does
}

func readNext[R, M any](ctx context.Context, before *reading, r partReader[R, M]) (now reading, err error) {
	rows := []M{}
	keep := func(row R) {
		meaning, err := r.meaning(row)
		if u := unreadable(err); u != nil {
			now.Odd = append(now.Odd, *u)
			return
		}
		rows = append(rows, meaning)
	}
	if before == nil {
		list, err := r.list(ctx)
		if err != nil {
			return now, err
		}
		now.Odd = list.Unreadable
		for _, row := range list.Rows {
			if r.todo != nil {
				if id, wanted := r.todo(row); wanted {
					now.Todo = append(now.Todo, id)
					continue
				}
			}
			keep(row)
		}
	} else {
		if err := json.Unmarshal(before.Rows, &rows); err != nil {
			return now, fmt.Errorf("read what was kept: %w", err)
		}
		now.Odd, now.Todo = before.Odd, before.Todo[1:]
		row, err := r.detail(ctx, before.Todo[0])
		var answer *salesdock.Error
		switch u := unreadable(err); {
		case errors.As(err, &answer) && answer.Status == http.StatusNotFound: // it went while we were reading
		case u != nil:
			u.ID = strconv.FormatInt(before.Todo[0], 10) // that is what was asked for
			now.Odd = append(now.Odd, *u)
		case err != nil:
			return now, err
		default:
			keep(row)
		}
	}
	now.Rows, err = json.Marshal(rows)
	return now, err
}
