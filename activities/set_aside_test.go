package activities_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/activities"
	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/salesdock/practice"
	"koppel/states"
)

// setup reads a stock partner's set-up in a run of its own.
func (s *syncing) setup() (runID int64) {
	s.t.Helper()
	ctx := s.t.Context()
	queued, err := s.svc.Integrations.SyncNow(ctx, s.actor, s.id)
	require.NoError(s.t, err)
	in := activities.RunInput{EnvironmentID: s.actor.EnvironmentID, IntegrationID: s.id, RunID: queued.ID}
	_, err = s.records.BeginSync(ctx, in)
	require.NoError(s.t, err)
	for _, part := range linking.Parts {
		for more := true; more; {
			result, err := s.acts.FetchSetup(ctx, activities.SetupInput{RunInput: in, Part: part})
			require.NoError(s.t, err, part)
			more = result.More
		}
	}
	require.NoError(s.t, s.records.FinishSync(ctx, activities.FinishInput{RunInput: in, State: states.RunDone}))
	return queued.ID
}

func (s *syncing) aside() []db.SetAsideRow {
	s.t.Helper()
	list, err := s.svc.Integrations.SetAside(s.t.Context(), s.actor, s.id)
	require.NoError(s.t, err)
	rows := make([]db.SetAsideRow, len(list))
	for n, item := range list {
		rows[n] = item.SetAsideRow
	}
	return rows
}

func (s *syncing) lastRun() db.SyncRun {
	s.t.Helper()
	runs, _, err := s.svc.Integrations.SyncRuns(s.t.Context(), s.actor, s.id, 1, 1)
	require.NoError(s.t, err)
	return runs[0]
}

// price is what a product costs a month here.
func (s *syncing) price(id int64) (price string) {
	s.t.Helper()
	require.NoError(s.t, s.svc.Store.WithTx(s.t.Context(), s.actor.EnvironmentID, func(tx *db.Tx) error {
		rows, err := tx.IntegrationProductsOf(s.t.Context(), s.actor.EnvironmentID, s.id)
		for _, r := range rows {
			if r.IntegrationProduct.PartnerProductID == id {
				product, err := tx.ProductByID(s.t.Context(), db.ProductByIDParams{EnvironmentID: s.actor.EnvironmentID, ID: *r.IntegrationProduct.LocalProductID})
				price = product.Content.PriceMonthly
				return err
			}
		}
		return err
	}))
	return price
}

// Whatever is wrong with the row of one product: the others follow, nothing that is offered vanishes, what did vanish goes,
// and the row is named at the link and at the run until it can be read.
func TestOneOddProductHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	const odd, follower, gone = int64(1001), int64(1002), int64(1003)
	for _, mood := range practice.All() {
		s := practice.New(practice.Config{Account: "b", Products: 1})
		if s.SpoilRow("products", "1000", mood.Name) != nil {
			continue // no mood of rows
		}
		t.Run(mood.Name, func(t *testing.T) {
			t.Parallel()
			s := newSyncing(t, 5, "deactivate")
			require.NoError(t, s.partner.SpoilRow("products", strconv.FormatInt(odd, 10), mood.Name))
			change := func(monthly string) func(*practice.Product) {
				return func(p *practice.Product) { p.Monthly = monthly }
			}
			s.ahead += time.Hour
			s.partner.ChangeProduct(odd, change("8.01"))
			s.partner.ChangeProduct(follower, change("8.02"))
			s.partner.RemoveProducts(gone)
			require.Equal(t, states.RunDone, s.run())
			require.Equal(t, "8.02", s.price(follower))
			selling := s.selling()
			require.True(t, selling[odd], "offered, readable or not")
			rows, run := s.aside(), s.lastRun()
			require.Equal(t, int(run.Failed), len(rows))
			onPage, err := s.svc.Integrations.RunSetAside(t.Context(), s.actor, s.id, run.ID)
			require.NoError(t, err)
			require.Len(t, onPage, len(rows))
			nameless := false
			for _, row := range rows {
				require.Equal(t, states.SetAsideProduct, row.Kind)
				require.NotEmpty(t, row.Reason)
				require.True(t, row.Kept || row.PartnerID == "")
				nameless = nameless || row.PartnerID == ""
				if row.PartnerID != "" {
					require.Equal(t, strconv.FormatInt(odd, 10), row.PartnerID)
					require.NotEmpty(t, row.Field)
					require.NotEmpty(t, row.Name, "people know it by the name that it had")
				}
			}
			require.Equal(t, nameless, selling[gone], "what vanished goes, unless a row may be any product")
			status, err := s.svc.Integrations.IntegrationState(t.Context(), s.actor, s.id)
			require.NoError(t, err)
			require.Equal(t, int64(len(rows)), status.SetAside.Rows)

			require.NoError(t, s.partner.SpoilRow("products", strconv.FormatInt(odd, 10), ""))
			s.ahead += time.Hour
			s.partner.ChangeProduct(odd, change("8.03"))
			require.Equal(t, states.RunDone, s.run())
			require.Empty(t, s.aside(), "read well again")
			require.Equal(t, "8.03", s.price(odd))
			require.False(t, s.selling()[gone])
		})
	}
}

// An odd row of a set-up stays what it was, and the others are taken over.
func TestAnOddSetupRowStaysWhatItWas(t *testing.T) {
	t.Parallel()
	s := newSyncing(t, 1, "nothing")
	s.setup()
	questions := func() map[int64]string {
		names := map[int64]string{}
		require.NoError(t, s.svc.Store.WithTx(t.Context(), s.actor.EnvironmentID, func(tx *db.Tx) error {
			setup, err := ledger.Setup(t.Context(), tx, s.actor.EnvironmentID, s.id)
			for _, q := range setup.Questions {
				names[q.ID] = q.Name
			}
			return err
		}))
		return names
	}
	before := questions()
	require.Len(t, before, 3)
	for _, mood := range []string{"name-broken-utf8", "wrong-types", "id-missing", "name-too-long"} {
		require.NoError(t, s.partner.SpoilRow("productquestions", "43", mood))
		s.setup()
		require.Equal(t, before, questions(), mood)
		rows := s.aside()
		require.Len(t, rows, 1, mood)
		require.Equal(t, states.SetAsideQuestion, rows[0].Kind)
		require.True(t, rows[0].Kept, mood)
	}
	require.NoError(t, s.partner.SpoilRow("productquestions", "43", ""))
	s.setup()
	require.Empty(t, s.aside())
}

// salesSetAside are the sale rows that could not be read, by their number, with the field that could not.
func (w *world) salesSetAside() map[string]string {
	w.t.Helper()
	list, err := w.svc.Integrations.SetAside(w.t.Context(), w.actor, w.row.ID)
	require.NoError(w.t, err)
	fields := map[string]string{}
	for _, item := range list {
		require.Equal(w.t, states.SetAsideSale, item.SetAsideRow.Kind)
		require.NotContains(w.t, item.SetAsideRow.Value, "Geheim")
		fields[item.SetAsideRow.PartnerID] = item.SetAsideRow.Field
	}
	return fields
}

// An odd sale row stops no status of another, nor its own where that can be read; what cannot be is named, without anything
// of the customer.
func TestOddSalesStopNoStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, field string
		odd         map[string]any
	}{
		{"a product that is a list", "", map[string]any{"product": []any{}, "status": "netto"}},
		{"a customer that is a list", "", map[string]any{"customer": []any{}}},
		{"an unreadable customer", "", map[string]any{"customer": map[string]any{"lastname": []string{"Geheim"}}}},
		{"a zero created_at", "", map[string]any{"created_at": "0000-00-00 00:00:00"}},
		{"a status that is none", "status.status_identifier", map[string]any{"status": map[string]any{"status_identifier": []string{"netto"}}}},
		{"no status", "status", map[string]any{"status": []any{}}},
		{"a time that is none", "updated_at", map[string]any{"updated_at": "gisteren"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w := setup(t, false)
			_, err := w.send()
			require.NoError(t, err)
			in := activities.IntegrationInput{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID}
			row := map[string]any{
				"id": "900", "status": map[string]any{"status_identifier": "netto"}, "created_at": salesdock.FormatStamp(time.Now().Add(-time.Hour)), "updated_at": salesdock.FormatStamp(time.Now()),
			}
			for name, value := range c.odd {
				row[name] = value
			}
			poll := func() string {
				w.partner.lists([]map[string]any{{"id": []string{"?"}}, {"id": "77", "status": "netto"}, row})
				_, err = w.acts.PollStatuses(t.Context(), in)
				require.NoError(t, err)
				var sale db.Sale
				w.tx(func(tx *db.Tx) (err error) {
					sale, err = tx.SaleByID(t.Context(), w.actor.EnvironmentID, w.forwarding().SaleID)
					return err
				})
				return sale.Status
			}
			status := poll()
			if c.field == "" {
				require.Equal(t, "netto", status)
				require.Equal(t, map[string]string{"": "id"}, w.salesSetAside(), "of the others only the one that may be ours")
				return
			}
			require.NotEqual(t, "netto", status)
			require.Equal(t, map[string]string{"": "id", "900": c.field}, w.salesSetAside())
			row["status"], row["updated_at"] = map[string]any{"status_identifier": "netto"}, salesdock.FormatStamp(time.Now().Add(time.Minute))
			require.Equal(t, "netto", poll())
			require.Equal(t, map[string]string{"": "id"}, w.salesSetAside(), "read well again")
		})
	}
}

// What was stored of a validity in another spelling is the same validity: the first run after an upgrade changes nothing.
func TestASpellingOfValidityIsNoChange(t *testing.T) {
	t.Parallel()
	s := newSyncing(t, 3, "nothing")
	require.NoError(t, s.svc.Store.WithTx(t.Context(), s.actor.EnvironmentID, func(tx *db.Tx) error {
		rows, err := tx.IntegrationProductsOf(t.Context(), s.actor.EnvironmentID, s.id)
		require.NoError(t, err)
		for _, r := range rows { // as an earlier version kept them: with the partner's own spelling, hashed as such
			product, err := tx.ProductByID(t.Context(), db.ProductByIDParams{EnvironmentID: s.actor.EnvironmentID, ID: *r.IntegrationProduct.LocalProductID})
			require.NoError(t, err)
			content := product.Content
			content.ValidTill = "0000-00-00 00:00:00"
			require.NoError(t, tx.ProductRestore(t.Context(), db.ProductRestoreParams{
				EnvironmentID: s.actor.EnvironmentID, ID: product.ID, Content: content, Active: true, Now: time.Now(),
			}))
			_, err = tx.IntegrationProductStage(t.Context(), db.IntegrationProductStageParams{
				EnvironmentID: s.actor.EnvironmentID, IntegrationID: s.id, Ids: []int64{r.IntegrationProduct.PartnerProductID}, Contents: [][]byte{content.Canonical()},
				Owns: [][]byte{[]byte("{}")}, Hashes: [][]byte{[]byte("an earlier version's")}, Updated: []string{""}, RunID: r.IntegrationProduct.SeenRunID, Now: time.Now(),
			})
			require.NoError(t, err)
		}
		return nil
	}))
	require.Equal(t, states.RunDone, s.run())
	run := s.lastRun()
	require.Zero(t, run.Changed+run.Added)
	require.Equal(t, int32(3), run.Unchanged)
}

// A partner of ours names what changed: Synchroniseer nu reads everything again while products are set aside.
func TestSynchroniseerNuMeetsWhatIsSetAside(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	records := &activities.Records{Store: w.svc.Store, Now: time.Now}
	begin := func() string {
		run, err := w.svc.Integrations.SyncNow(t.Context(), w.actor, w.row.ID)
		require.NoError(t, err)
		in := activities.RunInput{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID, RunID: run.ID}
		begun, err := records.BeginSync(t.Context(), in)
		require.NoError(t, err)
		require.NoError(t, records.FinishSync(t.Context(), activities.FinishInput{RunInput: in, State: states.RunDone, Cursor: "c7"}))
		return begun.Cursor
	}
	begin()
	require.Equal(t, "c7", begin())
	w.tx(func(tx *db.Tx) error {
		return tx.SetAside(t.Context(), db.SetAside{
			EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID, Kind: states.SetAsideProduct, Rows: []db.SetAsideRow{{PartnerID: "8", Reason: states.ProblemRequired}}, Now: time.Now(),
		})
	})
	require.Empty(t, begin(), "from the beginning")
}
