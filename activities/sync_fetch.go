package activities

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"koppel/db"
	"koppel/salesdock"
	"koppel/states"
)

// RunInput names a sync run.
type RunInput struct {
	EnvironmentID int64
	IntegrationID int64
	RunID         int64
}

// BeginSyncResult says how a run goes.
type BeginSyncResult struct {
	Done   bool // the run has ended already
	Stock  bool // the partner has none of our extensions
	Cursor string
}

// BeginSync takes a queued run. One that runs already goes on.
func (r *Records) BeginSync(ctx context.Context, in RunInput) (result BeginSyncResult, err error) {
	err = r.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		row, err := tx.IntegrationLock(ctx, in.EnvironmentID, in.IntegrationID)
		if err != nil {
			return err
		}
		run, err := tx.SyncRunByID(ctx, db.SyncRunByIDParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, ID: in.RunID})
		if err != nil {
			return err
		}
		result = BeginSyncResult{Stock: row.PartnerKind == states.PartnerStock, Cursor: row.ProductCursor}
		if run.Trigger == states.RunBySyncNow && row.ProductCursor != "" {
			// Changes name what changed: what was set aside is met again by reading from the beginning.
			aside, err := tx.SetAsideOf(ctx, db.SetAsideOfParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: states.SetAsideProduct})
			if err != nil {
				return err
			}
			if aside {
				result.Cursor = ""
			}
		}
		if run.State == states.RunRunning {
			return nil
		}
		if run.State != states.RunQueued || row.State != states.IntegrationActive {
			result.Done = true
			return nil
		}
		_, err = tx.SyncRunStart(ctx, db.SyncRunStartParams{
			EnvironmentID: in.EnvironmentID, ID: in.RunID, FullFetch: result.Stock || result.Cursor == "", Now: new(r.Now()),
		})
		if errors.Is(err, db.ErrConflict) {
			result.Done = true // another run is under way; its end looks again
			return nil
		}
		return err
	})
	return result, err
}

// FetchInput asks for one page.
type FetchInput struct {
	RunInput
	Cursor string
}

// FetchResult says where the next page begins, or that the list was read to its end.
type FetchResult struct {
	Cursor string
	More   bool
	Full   bool // it began at the beginning: what was not listed is not offered
	Rows   int
}

// FetchProducts reads one page of changes and stages it. Idempotent: the same page gives the same rows.
func (p *Partner) FetchProducts(ctx context.Context, in FetchInput) (FetchResult, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return FetchResult{}, err
	}
	page, err := ref.client.ProductChanges(ctx, in.Cursor)
	if err != nil {
		return FetchResult{}, p.failed(ctx, ref.Integration, err)
	}
	var gone []int64
	offered := make([]salesdock.Product, 0, len(page.Data))
	for _, row := range page.Data {
		if row.Removed {
			gone = append(gone, int64(row.ID))
		} else {
			offered = append(offered, row)
		}
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		odd, err := p.stage(ctx, tx, in.RunInput, offered, "")
		if err != nil {
			return err
		}
		odd = append(odd, page.Unreadable...)
		if err := p.oddProducts(ctx, tx, in.RunInput, odd, false); err != nil {
			return err
		}
		if err := p.readWell(ctx, tx, in.RunInput, gone); err != nil {
			return err
		}
		_, err = tx.IntegrationProductsGone(ctx, db.IntegrationProductsGoneParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID, Ids: gone})
		if err != nil {
			return err
		}
		return tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Requests: 1, Failed: int32(len(odd))})
	})
	return FetchResult{Cursor: page.NextCursor, More: page.NextPageURL != nil, Full: page.Full, Rows: len(page.Data) + len(page.Unreadable)}, err
}

// stage keeps products as the partner has them now, and gives those that mean nothing here. updated is when its list
// said that they were changed.
func (p *Partner) stage(ctx context.Context, tx *db.Tx, in RunInput, rows []salesdock.Product, updated string) (odd []salesdock.Unreadable, err error) {
	batch := db.IntegrationProductStageParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID, Now: p.Now()}
	for i := range rows {
		content, own, err := rows[i].Content()
		if err != nil {
			odd = append(odd, *unreadable(err))
			continue
		}
		ownJSON, err := json.Marshal(own)
		if err != nil {
			return nil, err
		}
		batch.Ids = append(batch.Ids, int64(rows[i].ID))
		batch.Contents = append(batch.Contents, content.Canonical())
		batch.Owns = append(batch.Owns, ownJSON)
		batch.Hashes = append(batch.Hashes, content.Hash())
		batch.Updated = append(batch.Updated, updated)
	}
	if len(batch.Ids) == 0 {
		return odd, nil
	}
	if _, err := tx.IntegrationProductStage(ctx, batch); err != nil {
		return nil, err
	}
	return odd, p.readWell(ctx, tx, in, batch.Ids)
}

// readWell takes products back that were set aside.
func (p *Partner) readWell(ctx context.Context, tx *db.Tx, in RunInput, ids []int64) error {
	texts := make([]string, len(ids))
	for n, id := range ids {
		texts[n] = strconv.FormatInt(id, 10)
	}
	return tx.SetAsideRead(ctx, db.SetAsideReadParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: states.SetAsideProduct, PartnerIds: texts})
}

// A detail that was read so long ago is read again, whatever the list says of it, so many a run.
const (
	rereadAfter = 7 * 24 * time.Hour
	rereadBatch = 200
)

// ListProducts reads a stock partner's whole list, which has no tariffs: those are in the details.
func (p *Partner) ListProducts(ctx context.Context, in RunInput) (FetchResult, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return FetchResult{}, err
	}
	batch := db.IntegrationProductListParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID, Now: p.Now()}
	seen := map[int64]bool{}
	var odd []salesdock.Unreadable
	aside := func(u salesdock.Unreadable) error { odd = append(odd, u); return nil } //nolint:unparam // as the reader of lists calls it
	err = ref.client.Products(ctx, func(row salesdock.Product) error {
		content, _, err := row.Content()
		id := int64(row.ID)
		switch {
		case err != nil:
			return aside(*unreadable(err))
		case !seen[id]: // a row that comes twice is one product
			seen[id] = true
			batch.Ids = append(batch.Ids, id)
			batch.Contents = append(batch.Contents, content.Canonical())
			batch.Hashes = append(batch.Hashes, content.Hash())
			batch.Updated = append(batch.Updated, salesdock.FormatStamp(row.UpdatedAt.Time))
		}
		return nil
	}, aside)
	if err != nil {
		return FetchResult{}, p.failed(ctx, ref.Integration, err)
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		if len(batch.Ids) > 0 {
			if _, err := tx.IntegrationProductList(ctx, batch); err != nil {
				return err
			}
			_, err := tx.IntegrationProductsReread(ctx, db.IntegrationProductsRereadParams{
				EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Before: p.Now().Add(-rereadAfter), PageSize: rereadBatch,
			})
			if err != nil {
				return err
			}
		}
		if err := p.oddProducts(ctx, tx, in, odd, false); err != nil {
			return err
		}
		return tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Requests: 1, Failed: int32(len(odd))})
	})
	return FetchResult{Full: true, Rows: len(batch.Ids) + len(odd)}, err
}

// DetailInput asks for the next product whose detail is to be read.
type DetailInput struct {
	RunInput
	After int64
}

// DetailResult says which product was read.
type DetailResult struct {
	After int64
	More  bool
}

// FetchNextDetail reads the next detail at a stock partner. Idempotent: the row says whether it was read.
func (p *Partner) FetchNextDetail(ctx context.Context, in DetailInput) (DetailResult, error) {
	ref, err := p.integration(ctx, in.EnvironmentID, in.IntegrationID)
	if err != nil {
		return DetailResult{}, err
	}
	var next []db.IntegrationProductsToDetailRow
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
		next, err = tx.IntegrationProductsToDetail(ctx, db.IntegrationProductsToDetailParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, AfterID: in.After, PageSize: 1})
		return err
	})
	if err != nil || len(next) == 0 {
		return DetailResult{}, err
	}
	result := DetailResult{After: next[0].PartnerProductID, More: true}
	product, err := ref.client.Product(ctx, next[0].PartnerProductID)
	var answer *salesdock.Error
	if errors.As(err, &answer) && answer.Status == http.StatusNotFound && answer.Contract {
		return result, nil // it went while we were reading; the next list says so
	}
	var offered []salesdock.Product
	var odd []salesdock.Unreadable
	switch u := unreadable(err); {
	case u != nil:
		odd = append(odd, *u)
	case err != nil:
		return DetailResult{}, p.failed(ctx, ref.Integration, err)
	default:
		offered = append(offered, product)
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		// With the time that the list gave, as it gave it: one that was changed between the two is seen to have changed by
		// the next list, and a detail may write the same time in another zone.
		meaningless, err := p.stage(ctx, tx, in.RunInput, offered, p.settledUpdate(ref.Integration, next[0].PartnerUpdatedAt))
		if err != nil {
			return err
		}
		odd = append(odd, meaningless...)
		for n := range odd {
			odd[n].ID = strconv.FormatInt(next[0].PartnerProductID, 10) // that is what was asked for
		}
		if err := p.oddProducts(ctx, tx, in.RunInput, odd, true); err != nil {
			return err
		}
		return tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Requests: 1, Failed: int32(len(odd))})
	})
	return result, err
}

// settledUpdate is a list's time of a change, or nothing where it may be of this very second: a list tells seconds, and what
// changes twice in one is read again.
func (p *Partner) settledUpdate(i db.Integration, updated string) string {
	clock := clockOf(i)
	if at, err := salesdock.ParseStamp(updated); err != nil || p.Now().Add(clock.rows).Sub(at) <= clock.off(p.Now()) {
		return ""
	}
	return updated
}
