package activities_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"

	"koppel/activities"
	"koppel/db"
	"koppel/db/dbtest"
	"koppel/internal/budget"
	"koppel/internal/vault"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// fakePartner takes sales and keeps a ledger; answer decides what its caller hears.
type fakePartner struct {
	koppel bool
	mu     sync.Mutex
	ledger []received
	answer func(n int, w http.ResponseWriter) // nil: a proper one
	listed []map[string]any
	more   bool // the list has another page
	reads  int  // of the list
}

type received struct {
	key  string
	body []byte
}

func (p *fakePartner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	say := func(status int, data any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"success": status < 300, "data": data, "message": "", "code": status})
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/capabilities"):
		if !p.koppel {
			say(404, nil)
			return
		}
		say(200, salesdock.Capabilities{Product: "koppel", IdempotencyKeys: true, LimitsByTokenAlone: true})
	case strings.HasSuffix(r.URL.Path, "/statuses"):
		say(200, []any{})
	case strings.HasSuffix(r.URL.Path, "/user/sales"):
		p.reads++
		var next any
		if p.more {
			next = "more"
		}
		say(200, map[string]any{"data": p.listed, "next_page_url": next, "next_cursor": fmt.Sprint("c", p.reads)})
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body)
		p.ledger = append(p.ledger, received{r.Header.Get("Idempotency-Key"), body})
		if p.answer != nil {
			p.answer(len(p.ledger), w)
			return
		}
		say(201, map[string]any{"sale_id": 900})
	default:
		say(404, nil)
	}
}

func (p *fakePartner) answers(answer func(n int, w http.ResponseWriter)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *fakePartner) lists(sales []map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listed = sales
}

func (p *fakePartner) pagesGoOn(more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more = more
}

func (p *fakePartner) pages() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reads
}

func (p *fakePartner) sent() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ledger)
}

func lost(_ int, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func refused(status int, body string) func(int, http.ResponseWriter) {
	return func(_ int, w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// world is a reseller with one sale on its way to a fake partner.
type world struct {
	t       *testing.T
	partner *fakePartner
	svc     *service.Service
	acts    *activities.Partner
	actor   service.Actor
	row     db.Integration
	in      activities.SendSaleInput
	ahead   time.Duration // of the clock
}

func setup(t *testing.T, koppel bool) *world {
	t.Helper()
	w := &world{t: t, partner: &fakePartner{koppel: koppel}}
	server := httptest.NewServer(w.partner)
	t.Cleanup(server.Close)
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	store, transport := dbtest.New(t), salesdock.NewTransport([]string{"127.0.0.1"})
	w.svc = &service.Service{Store: store, Vault: keys, Transport: transport, PublicURL: "http://us.example", Now: time.Now}
	clock := func() time.Time { return time.Now().Add(w.ahead) }
	w.acts = &activities.Partner{
		Store: store, Vault: keys, Transport: transport, PublicURL: "http://us.example", Budget: budget.New(store, zap.NewNop(), clock), Log: zap.NewNop(), Now: clock,
	}
	made, err := w.svc.CreateEnvironment(t.Context(), "acme", "Acme", "o@acme.example", "nl")
	require.NoError(t, err)
	env, err := w.svc.Environment(t.Context(), made.Account)
	require.NoError(t, err)
	w.actor = service.Actor{EnvironmentID: env.ID, Account: env.Account, Language: "nl", UserID: 1, Role: "owner"}
	w.row, _, err = w.svc.CreateIntegration(t.Context(), w.actor, service.Connection{AccountName: "b", BaseURL: server.URL, Token: "t"})
	require.NoError(t, err)
	w.importAndMap()
	w.in = activities.SendSaleInput{EnvironmentID: env.ID, ForwardingID: w.sell().ID}
	return w
}

func (w *world) tx(fn func(*db.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.svc.Store.WithTx(w.t.Context(), w.actor.EnvironmentID, fn))
}

func (w *world) importAndMap() {
	w.t.Helper()
	ctx, env, id, now := w.t.Context(), w.actor.EnvironmentID, w.row.ID, time.Now()
	flow, err := w.svc.SaveFlow(ctx, w.actor, 0, linking.Flow{Title: "F", Type: "energie", Identifier: "e", TransactionType: "all"})
	require.NoError(w.t, err)
	w.tx(func(tx *db.Tx) error {
		run, err := tx.SyncRunInsert(ctx, db.SyncRunInsertParams{EnvironmentID: env, IntegrationID: id, Trigger: "schedule", Now: now})
		require.NoError(w.t, err)
		content := linking.ProductContent{Name: "Stroom", Type: "energy_e"}
		_, err = tx.IntegrationProductStage(ctx, db.IntegrationProductStageParams{
			EnvironmentID: env, IntegrationID: id, Ids: []int64{70}, Contents: [][]byte{content.Canonical()}, Owns: [][]byte{[]byte("{}")}, Hashes: [][]byte{content.Hash()}, Updated: []string{""}, RunID: run.ID, Now: now,
		})
		require.NoError(w.t, err)
		require.NoError(w.t, tx.ProductImport(ctx, db.ProductImportParams{EnvironmentID: env, IntegrationID: id, Ids: []int64{70}, RunID: run.ID, Now: now}))
		_, err = tx.SaveSetupPart(ctx, env, id, "flows", []linking.Flow{{ID: 5, Type: "energie", Identifier: "theirs"}}, now)
		require.NoError(w.t, err)
		return tx.FlowMappingInsert(ctx, db.FlowMappingInsertParams{EnvironmentID: env, IntegrationID: id, FlowID: flow.ID, PartnerFlowID: 5})
	})
	_, err = w.svc.UpdateIntegration(ctx, w.actor, id, service.IntegrationPatch{Settings: json.RawMessage(`{"forwarding": {"enabled": true, "automatic": true, "statuses": "all"}}`)})
	require.NoError(w.t, err)
}

func (w *world) sellOnly() int64 {
	w.t.Helper()
	products, err := w.svc.Products(w.t.Context(), w.actor, service.ProductFilter{Account: true})
	require.NoError(w.t, err)
	body := map[string]any{"transaction_type": "order", "product_id": fmt.Sprint(products[0].ID), "business": "0", "questionData": map[string]any{}, "agreements": map[string]any{}}
	for _, field := range linking.RequiredFields {
		body[field] = "x"
	}
	body["email"], body["birthdate"], body["lastname"] = "jan@voorbeeld.example", "01-02-1980", "Jansen"
	sale, err := w.svc.CreateSale(w.t.Context(), w.actor, service.CreateSaleInput{FlowType: "energie", FlowIdentifier: "e", Body: body})
	require.NoError(w.t, err)
	return sale
}

func (w *world) sell() db.Forwarding {
	w.t.Helper()
	sale := w.sellOnly()
	var f db.Forwarding
	w.tx(func(tx *db.Tx) (err error) {
		f, err = tx.ForwardingOfSale(w.t.Context(), db.ForwardingOfSaleParams{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID, SaleID: sale})
		return err
	})
	return f
}

func (w *world) look() {
	w.t.Helper()
	_, err := w.acts.LookForSales(w.t.Context(), activities.IntegrationInput{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID})
	require.NoError(w.t, err)
}

// lookedFor says whether the integration has a look planned.
func (w *world) lookedFor() (planned bool) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error {
		row, err := tx.IntegrationByID(w.t.Context(), w.actor.EnvironmentID, w.row.ID)
		planned = row.LookAt != nil
		return err
	})
	return planned
}

func (w *world) send() (activities.SendSaleResult, error) {
	return w.acts.SendSale(w.t.Context(), w.in)
}

func (w *world) forwarding() (f db.Forwarding) {
	w.t.Helper()
	f, _, err := w.svc.Forwarding(w.t.Context(), w.actor, w.in.ForwardingID)
	require.NoError(w.t, err)
	return f
}

func (w *world) requireReason(err error, reason string) {
	w.t.Helper()
	var ours *temporal.ApplicationError
	require.ErrorAs(w.t, err, &ours)
	require.Equal(w.t, reason, ours.Type())
}

func TestSendSaleForwards(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingForwarded, result.State)
	require.Equal(t, "900", *w.forwarding().PartnerSaleID)
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingForwarded, result.State, "again does nothing")
	require.Len(t, w.partner.sent(), 1)
}

// An answer is lost at a partner of ours: the same bytes go again under the same key, and nothing else.
func TestLostAnswerIsResentByteForByte(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(lost)
	_, err := w.send()
	w.requireReason(err, activities.ReasonUnreachable)
	require.Equal(t, db.ForwardingSending, w.forwarding().State)
	// What happens meanwhile does not change what was sent.
	w.partner.answers(refused(429, ""))
	_, err = w.send()
	w.requireReason(err, activities.ReasonThrottled)
	require.Equal(t, db.ForwardingSending, w.forwarding().State, "the first attempt may have arrived")
	w.partner.answers(nil)
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingForwarded, result.State)
	require.Len(t, w.partner.sent(), 3)
	for _, r := range w.partner.sent() {
		require.NotEmpty(t, r.key)
		require.Equal(t, w.partner.sent()[0].key, r.key)
		require.True(t, bytes.Equal(w.partner.sent()[0].body, r.body))
	}
}

// The worker dies between any two steps: what a claim left behind goes on as an attempt whose outcome is not
// known.
func TestCrashAfterTheClaim(t *testing.T) {
	t.Parallel()
	for koppel, want := range map[bool]string{true: db.ForwardingForwarded, false: db.ForwardingOutcomeUnknown} {
		w := setup(t, koppel)
		crash := *w.acts
		crash.Transport = roundTrip(func(*http.Request) (*http.Response, error) { panic("killed") })
		require.Panics(t, func() { _, _ = crash.SendSale(t.Context(), w.in) })
		require.Equal(t, db.ForwardingSending, w.forwarding().State)
		result, err := w.send()
		require.NoError(t, err)
		require.Equal(t, want, result.State)
		require.Equal(t, !koppel, w.lookedFor(), "the integration looks where there are no keys")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// At a stock partner an attempt with an unknown outcome is never sent again by itself.
func TestUnknownOutcomeAtAStockPartner(t *testing.T) {
	t.Parallel()
	listed := func(id int, lastname string) map[string]any {
		return map[string]any{
			"id": id, "created_at": salesdock.FormatStamp(time.Now()), "product": map[string]any{"id": "70"},
			"customer": map[string]any{"firstname": "x", "lastname": lastname, "email": "jan@voorbeeld.example", "birthdate": "01-02-1980"},
		}
	}
	for _, c := range []struct {
		name       string
		listed     []map[string]any
		state      string
		candidates int
	}{
		{"exactly one fits: adopted", []map[string]any{listed(1, "Jansen")}, db.ForwardingForwarded, 0},
		{"none: a person decides", nil, db.ForwardingOutcomeUnknown, 0},
		{"several: a person chooses", []map[string]any{listed(1, "Jansen"), listed(2, "Jansen")}, db.ForwardingOutcomeUnknown, 2},
		{"one that only resembles it", []map[string]any{listed(1, "Pietersen")}, db.ForwardingOutcomeUnknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t, false)
			w.partner.answers(lost)
			w.partner.lists(c.listed)
			result, err := w.send()
			require.NoError(t, err)
			require.Equal(t, db.ForwardingOutcomeUnknown, result.State)
			w.look()
			require.Equal(t, db.ForwardingOutcomeUnknown, w.forwarding().State, "the partner gets a minute to show it")
			w.ahead = 2 * time.Minute
			w.look()
			require.Equal(t, c.state, w.forwarding().State)
			require.False(t, w.lookedFor())
			_, err = w.send()
			require.NoError(t, err)
			require.Len(t, w.partner.sent(), 1, "never again by itself")
			if c.state != db.ForwardingOutcomeUnknown {
				return
			}
			require.Len(t, w.forwarding().Candidates, c.candidates)
			if c.candidates > 0 {
				require.Error(t, w.svc.AdoptSale(t.Context(), w.actor, w.in.ForwardingID, "404"), "not one of them")
				require.NoError(t, w.svc.AdoptSale(t.Context(), w.actor, w.in.ForwardingID, "1"))
				require.Equal(t, db.ForwardingForwarded, w.forwarding().State)
				return
			}
			require.NoError(t, w.svc.ResendForwarding(t.Context(), w.actor, w.in.ForwardingID))
			w.partner.answers(nil)
			result, err = w.send()
			require.NoError(t, err)
			require.Equal(t, db.ForwardingForwarded, result.State)
			require.Len(t, w.partner.sent(), 2)
			require.True(t, bytes.Equal(w.partner.sent()[0].body, w.partner.sent()[1].body))
			require.Empty(t, w.partner.sent()[1].key, "a stock account knows no key")
		})
	}
}

func TestWhatAPartnerRefusesWaitsForAPerson(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(refused(400, `{"success": false, "message": "nee", "errors": {"iban": ["IBAN ontbreekt"]}}`))
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingActionRequired, result.State)
	f := w.forwarding()
	require.Equal(t, "IBAN ontbreekt", f.Problems[0].Detail)
	require.Nil(t, f.RequestSealed, "a definite refusal frees the request and its key")
	w.partner.answers(nil)
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingForwarded, result.State)
	require.NotEqual(t, w.partner.sent()[0].key, w.partner.sent()[1].key)
}

func TestARefusedTokenPausesTheLink(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(refused(401, `{"success": false, "message": "nee"}`))
	result, err := w.send()
	require.NoError(t, err)
	require.Equal(t, activities.SendSaleResult{State: db.ForwardingWaiting, Cause: activities.ReasonTokenRefused}, result)
	row, err := w.svc.Integration(t.Context(), w.actor, w.row.ID)
	require.NoError(t, err)
	require.Equal(t, "paused", row.State)
	w.partner.answers(nil)
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingWaiting, result.State, "paused: nothing is sent")
	require.Len(t, w.partner.sent(), 1)
	require.NoError(t, w.svc.ResumeIntegration(t.Context(), w.actor, w.row.ID))
	result, err = w.send()
	require.NoError(t, err)
	require.Equal(t, db.ForwardingForwarded, result.State)
}

// The partner has a sale under our reference already: it is this one.
func TestAConflictIsAdoptedByReference(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.partner.answers(refused(409, `{"success": false, "message": "reference"}`))
	w.partner.lists([]map[string]any{{"id": 77}})
	_, err := w.send()
	require.Error(t, err, "tried again, to look it up")
	result, err := w.send()
	require.NoError(t, err)
	require.Len(t, w.partner.sent(), 1)
	require.Equal(t, db.ForwardingForwarded, result.State)
	require.Equal(t, "77", *w.forwarding().PartnerSaleID)
}

// Of two attempts at once one sends.
func TestTwoAttemptsAtOnceSendOnce(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { _, _ = w.send() })
	}
	group.Wait()
	require.Len(t, w.partner.sent(), 1)
}

// An id of another environment is not found, whatever the input says.
func TestAForeignForwardingIsNotFound(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	_, err := w.svc.CreateEnvironment(t.Context(), "other", "Other", "o@other.example", "nl")
	require.NoError(t, err)
	_, err = w.acts.SendSale(t.Context(), activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID + 1, ForwardingID: w.in.ForwardingID})
	require.True(t, errors.Is(err, db.ErrNotFound))
	require.Empty(t, w.partner.sent())
}

func (w *world) integration() activities.IntegrationInput {
	return activities.IntegrationInput{EnvironmentID: w.actor.EnvironmentID, IntegrationID: w.row.ID}
}

func (w *world) hint(products, sales bool) int64 {
	var count int64
	w.tx(func(tx *db.Tx) (err error) {
		count, err = tx.IntegrationHint(w.t.Context(), db.IntegrationHintParams{EnvironmentID: w.actor.EnvironmentID, ID: w.row.ID, Products: products, Sales: sales})
		return err
	})
	return count
}

// A hint that comes while the partner is being asked is about something newer than the answer: it signals, and
// is looked into.
func TestAHintDuringAPollIsNotLost(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.hint(false, true)
	acts := *w.acts
	acts.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
		require.Positive(t, w.hint(false, true), "it signals")
		body := `{"success": true, "data": {"next_cursor": "x", "data": []}}`
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})
	plan, err := acts.PollStatuses(t.Context(), w.integration())
	require.NoError(t, err)
	require.False(t, plan.PollAt.After(time.Now()), "it is polled again at once")
}

// A partner that announces and then does not answer is left alone for a while, and not forgotten.
func TestAFailedCheckRests(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	w.tx(func(tx *db.Tx) error {
		return tx.IntegrationChecked(t.Context(), db.IntegrationCheckedParams{EnvironmentID: w.actor.EnvironmentID, ID: w.row.ID, ProductCursor: "c", Now: new(time.Now()), NextSyncAt: time.Now()})
	})
	acts := *w.acts
	acts.Transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })
	plan, err := acts.CheckProducts(t.Context(), w.integration())
	require.NoError(t, err)
	require.True(t, plan.CheckAt.After(time.Now().Add(time.Minute)))
	row, err := w.svc.Integration(t.Context(), w.actor, w.row.ID)
	require.NoError(t, err)
	require.Equal(t, activities.ReasonUnreachable, row.LastError)
}

// A correction that is being written when the sale is about to go is waited for: what was accepted is what is sent.
func TestACorrectionIsNotOvertaken(t *testing.T) {
	t.Parallel()
	w := setup(t, true)
	locked, commit := make(chan struct{}), make(chan struct{})
	corrected := make(chan error, 1)
	go func() {
		corrected <- w.svc.Store.WithTx(t.Context(), w.actor.EnvironmentID, func(tx *db.Tx) error {
			sale, err := tx.SaleLock(t.Context(), w.actor.EnvironmentID, w.forwarding().SaleID)
			if err != nil {
				return err
			}
			sale.Submission.Fields["city"] = "Zwolle"
			_, err = tx.SaleCorrect(t.Context(), db.SaleCorrectParams{EnvironmentID: sale.EnvironmentID, ID: sale.ID, Submission: sale.Submission, Now: time.Now()})
			close(locked)
			<-commit
			return err
		})
	}()
	<-locked
	sent := make(chan error, 1)
	go func() { _, err := w.send(); sent <- err }()
	select {
	case <-sent:
		t.Fatal("the sale went with what was being corrected")
	case <-time.After(500 * time.Millisecond): // it waits; without the lock it is sent in a fraction of this
	}
	close(commit)
	require.NoError(t, <-corrected)
	require.NoError(t, <-sent)
	require.Contains(t, string(w.partner.sent()[0].body), "Zwolle")
}

// One walk through the partner's sales serves every unknown; a sale on which everything agrees for two of ours
// is certain for neither.
func TestUnknownsAreLookedForTogether(t *testing.T) {
	t.Parallel()
	w := setup(t, false)
	w.partner.answers(lost)
	second := w.sell()
	_, err := w.send()
	require.NoError(t, err)
	_, err = w.acts.SendSale(t.Context(), activities.SendSaleInput{EnvironmentID: w.actor.EnvironmentID, ForwardingID: second.ID})
	require.NoError(t, err)
	w.partner.lists([]map[string]any{{
		"id": 1, "created_at": salesdock.FormatStamp(time.Now()), "product": map[string]any{"id": 70},
		"customer": map[string]any{"lastname": "Jansen", "email": "jan@voorbeeld.example", "birthdate": "01-02-1980"},
	}})
	w.ahead = 2 * time.Minute
	w.look()
	require.Equal(t, 1, w.partner.pages(), "one request for both")
	require.Equal(t, db.ForwardingOutcomeUnknown, w.forwarding().State)
	require.Len(t, w.forwarding().Candidates, 1)
	require.False(t, w.lookedFor())
}
