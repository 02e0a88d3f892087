package activities

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/states"
)

// asideRows gives rows that could not be read as they are kept. kept says of which an earlier version is used meanwhile.
func asideRows(odd []salesdock.Unreadable, kept func(id string) bool) []db.SetAsideRow {
	rows := make([]db.SetAsideRow, len(odd))
	for n, u := range odd {
		rows[n] = db.SetAsideRow{PartnerID: u.ID, Name: u.Name, Field: u.Field, Value: u.Value, Reason: u.Reason, Kept: kept(u.ID)}
	}
	return rows
}

// oddProducts sets products aside that could not be read: what is listed is still offered, and what is known of it stays.
func (p *Partner) oddProducts(ctx context.Context, tx *db.Tx, in RunInput, odd []salesdock.Unreadable, detail bool) error {
	if len(odd) == 0 {
		return nil
	}
	var ids []int64
	for _, u := range odd {
		if id, err := strconv.ParseInt(u.ID, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	err := tx.IntegrationProductsStillOffered(ctx, db.IntegrationProductsStillOfferedParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: in.RunID, Ids: ids})
	if err != nil {
		return err
	}
	names := map[string]string{}
	known, err := tx.IntegrationProductNames(ctx, db.IntegrationProductNamesParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Ids: ids})
	if err != nil {
		return err
	}
	for _, row := range known {
		names[strconv.FormatInt(row.PartnerProductID, 10)] = row.Name
	}
	rows := asideRows(odd, func(id string) bool { _, kept := names[id]; return kept })
	for n := range rows {
		if rows[n].Name == "" {
			rows[n].Name = names[rows[n].PartnerID]
		}
	}
	return tx.SetAside(ctx, db.SetAside{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: &in.RunID, Kind: states.SetAsideProduct, Detail: detail, Rows: rows, Now: p.Now()})
}

// setupKinds are the kinds of rows in the parts of a partner's set-up.
var setupKinds = map[linking.Part]states.SetAsideKind{
	linking.PartFlows: states.SetAsideFlow, linking.PartQuestions: states.SetAsideQuestion, linking.PartAgreements: states.SetAsideAgreement, linking.PartStatuses: states.SetAsideStatus,
}

// oddSetup sets rows of a part aside that could not be read, and keeps in their place what they were before: asking less than
// the partner does would lose sales. A row that does not say which it is may be any that is missing.
func (p *Partner) oddSetup(ctx context.Context, tx *db.Tx, in SetupInput, now *reading) error {
	kind := setupKinds[in.Part]
	kept := map[string]bool{}
	if len(now.Odd) > 0 {
		last, err := tx.SnapshotLatest(ctx, db.SnapshotLatestParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: in.Part})
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		if now.Rows, kept, err = withEarlier(now, last.Data); err != nil {
			return err
		}
	}
	rows := asideRows(now.Odd, func(id string) bool { return kept[id] })
	err := tx.SetAside(ctx, db.SetAside{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, RunID: &in.RunID, Kind: kind, Rows: rows, Now: p.Now()})
	if err != nil {
		return err
	}
	if err := tx.SyncRunProgress(ctx, db.SyncRunProgressParams{EnvironmentID: in.EnvironmentID, ID: in.RunID, Failed: int32(len(rows))}); err != nil {
		return err
	}
	return tx.SetAsideListed(ctx, db.SetAsideListedParams{EnvironmentID: in.EnvironmentID, IntegrationID: in.IntegrationID, Kind: kind, RunID: in.RunID})
}

// withEarlier adds what rows that cannot be read were before to a part's rows, and says of which there was something.
func withEarlier(now *reading, earlier json.RawMessage) (rows json.RawMessage, kept map[string]bool, err error) {
	var list, before []json.RawMessage
	if err := json.Unmarshal(now.Rows, &list); err != nil {
		return nil, nil, err
	}
	if len(earlier) > 0 {
		if err := json.Unmarshal(earlier, &before); err != nil {
			return nil, nil, err
		}
	}
	odd, read := map[string]bool{}, map[string]bool{}
	for _, u := range now.Odd {
		odd[u.ID] = true
	}
	for _, row := range list {
		read[idOf(row)] = true
	}
	kept = map[string]bool{}
	for _, row := range before {
		id := idOf(row)
		if !read[id] && (odd[id] || odd[""]) {
			list = append(list, row)
			read[id], kept[id], kept[""] = true, true, true
		}
	}
	rows, err = json.Marshal(list)
	return rows, kept, err
}

func idOf(row json.RawMessage) string {
	var it struct {
		ID salesdock.Text `json:"id"`
	}
	_ = json.Unmarshal(row, &it) // a row of ours; without an id it is like no other
	return string(it.ID)
}

// oddSales sets those of our sales aside whose status could not be read, and takes back what was read well. A row that does
// not say which sale it is may be ours. ours are the partner's numbers of our sales.
func (p *Partner) oddSales(ctx context.Context, tx *db.Tx, i db.Integration, rows []salesdock.SaleUpdate, nameless []salesdock.Unreadable, ours []string) error {
	odd := slices.Clone(nameless)
	var read []string
	if len(nameless) == 0 {
		read = append(read, "")
	}
	for n := range rows {
		if !slices.Contains(ours, string(rows[n].ID)) {
			continue
		}
		if u := followed(&rows[n]); u != nil {
			odd = append(odd, *u)
		} else {
			read = append(read, string(rows[n].ID))
		}
	}
	if err := tx.SetAsideRead(ctx, db.SetAsideReadParams{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, Kind: states.SetAsideSale, PartnerIds: read}); err != nil {
		return err
	}
	kept := asideRows(odd, func(string) bool { return true }) // a sale keeps the status that it has
	return tx.SetAside(ctx, db.SetAside{EnvironmentID: i.EnvironmentID, IntegrationID: i.ID, Kind: states.SetAsideSale, Rows: kept, Now: p.Now()})
}

// followed is what keeps a sale's status or its cancellation request from being followed; nil: nothing does.
func followed(row *salesdock.SaleUpdate) *salesdock.Unreadable {
	if odd := row.StatusOdd(); odd != nil {
		return odd
	}
	n := slices.IndexFunc(row.Odd, func(u salesdock.Unreadable) bool { return strings.HasPrefix(u.Field, "cancellation_request") })
	if n < 0 {
		return nil
	}
	return &row.Odd[n]
}

// unreadable gives the row that an error says could not be read; nil when it says something else.
func unreadable(err error) *salesdock.Unreadable {
	var odd salesdock.Unreadable
	if !errors.As(err, &odd) {
		return nil
	}
	return &odd
}
