package activities

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"koppel/db"
	"koppel/salesdock"
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
		result = BeginSyncResult{Stock: row.PartnerKind == "stock", Cursor: row.ProductCursor}
		if run.State == "running" {
			return nil
		}
		if run.State != "queued" || row.State != "active" {
			result.Done = true
			return nil
		}
		_, err = tx.SyncRunStart(ctx, db.SyncRunStartParams{
			EnvironmentID: in.EnvironmentID, ID: in.RunID, FullFetch: result.Stock || row.ProductCursor == "", Now: ptr(r.Now()),
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
		failed, err := p.stage(ctx, tx, in.RunInput, offered)
		if err != nil {
			return err
		}
		_, err = tx.IntegrationProductsGone(ctx, db.IntegrationProductsGoneParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID, Ids: gone})
		if err != nil {
			return err
		}
		return tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Requests: 1, Failed: failed})
	})
	return FetchResult{Cursor: page.NextCursor, More: page.NextPageURL != nil, Full: page.Full, Rows: len(page.Data)}, err
}

// stage keeps products as the partner has them now, and says how many could not be read.
func (p *Partner) stage(ctx context.Context, tx *db.Tx, in RunInput, rows []salesdock.Product) (failed int32, err error) {
	batch := db.IntegrationProductStageParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID, Now: p.Now()}
	for i := range rows {
		content, own, err := rows[i].Content()
		if err != nil {
			failed++
			continue
		}
		ownJSON, err := json.Marshal(own)
		if err != nil {
			return failed, err
		}
		batch.Ids = append(batch.Ids, int64(rows[i].ID))
		batch.Contents = append(batch.Contents, content.Canonical())
		batch.Owns = append(batch.Owns, ownJSON)
		batch.Hashes = append(batch.Hashes, content.Hash())
		batch.Updated = append(batch.Updated, salesdock.FormatStamp(rows[i].UpdatedAt.Time))
	}
	if len(batch.Ids) == 0 {
		return failed, nil
	}
	_, err = tx.IntegrationProductStage(ctx, batch)
	return failed, err
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
	failed := int32(0)
	err = ref.client.Products(ctx, func(row salesdock.Product) error {
		content, _, err := row.Content()
		id := int64(row.ID)
		switch {
		case err != nil || id <= 0:
			failed++
		case !seen[id]: // a row that comes twice is one product
			seen[id] = true
			batch.Ids = append(batch.Ids, id)
			batch.Contents = append(batch.Contents, content.Canonical())
			batch.Hashes = append(batch.Hashes, content.Hash())
			batch.Updated = append(batch.Updated, salesdock.FormatStamp(row.UpdatedAt.Time))
		}
		return nil
	})
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
		return tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Requests: 1, Failed: failed})
	})
	// A row that could not be read may be a product that is still offered: such a list proves nothing.
	return FetchResult{Full: failed == 0, Rows: len(batch.Ids)}, err
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
	var ids []int64
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) (err error) {
		ids, err = tx.IntegrationProductsToDetail(ctx, db.IntegrationProductsToDetailParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, AfterID: in.After, PageSize: 1})
		return err
	})
	if err != nil || len(ids) == 0 {
		return DetailResult{}, err
	}
	result := DetailResult{After: ids[0], More: true}
	product, err := ref.client.Product(ctx, ids[0])
	var answer *salesdock.Error
	if errors.As(err, &answer) && answer.Status == 404 {
		return result, nil // it went while we were reading; the next list says so
	}
	if err != nil {
		return DetailResult{}, p.failed(ctx, ref.Integration, err)
	}
	err = p.Store.WithTx(ctx, in.EnvironmentID, func(tx *db.Tx) error {
		failed, err := p.stage(ctx, tx, in.RunInput, []salesdock.Product{product})
		if err != nil {
			return err
		}
		return tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Requests: 1, Failed: failed})
	})
	return result, err
}
