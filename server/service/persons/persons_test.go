package persons_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/linking"
	"koppel/server/service/persons"
	"koppel/server/service/sales"
	"koppel/server/servicetest"
	"koppel/states"
)

const address = "geplant@voorbeeld.example"

// person is somebody with a sale that a partner has, and something in every place where a person's data can be.
type person struct {
	*servicetest.Shop
	sale, other int64 // other is somebody else's
	forwarding  int64
}

// plants are how something is put in each of a person's columns, beside its marker, which replaces $.
var plants = map[string]string{
	"sales.submission": `submission || jsonb_build_object('contract_pdf', jsonb_build_object('content', '$pdf', 'extension', 'pdf'), 'more', '{"opmerking": "$meer"}'::jsonb, 'agreements', '{"$akkoord": true}'::jsonb,
		'answers', jsonb_build_object('bestand', '$antwoord'), 'fields', submission -> 'fields' || jsonb_build_object('lastname', '$', 'signature', '$handtekening', 'usage_e_single', '$verbruik'))`,
	"sales.original":                 `jsonb_set(submission, '{fields,lastname}', '"$"')`,
	"sales.status_remark":            `'$'`,
	"sale_history.remark":            `'$'`,
	"sale_optins.optin":              `jsonb_set(optin, '{proof}', '{"content": "$", "extension": "wav"}')`,
	"concept_transactions.source_id": `'$'`,
	"concept_transactions.prefill":   `prefill || '{"city": "$"}'`,
	"concept_transactions.optin":     `jsonb_set(optin, '{remarks}', '"$"')`,
	"forwardings.request_sealed":     "",
	"forwardings.problems":           `'[{"code": "x", "detail": "$"}]'`,
	"forwardings.candidates":         `'[{"name": "$"}]'`,
	"forwardings.abandon_reason":     `'$'`,
	"cancellation_requests.reason":   `'$'`,
	"cancellation_requests.answer":   `'$'`,
	"set_aside_rows.name":            `'$'`,
	"set_aside_rows.value":           `'$'`,
}

func marker(column string) string { return "geplant-" + strings.ReplaceAll(column, ".", "-") }

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{Shop: servicetest.NewShop(t)}
	ctx, link := t.Context(), p.Link()
	p.other = p.Sell(p.Owner, link.Product)
	uuid, err := p.Sales.CreateConcept(ctx, p.Owner, map[string]any{
		"source": "dialer", "source_id": "1", "firstname": "Geplant", "email": address, "optin": "1", "optin_source": "bel", "optin_channels": []any{map[string]any{"type": "phone", "value": "+31 6 87654321"}},
		"optin_obtained_at": "2026-01-01 12:00:00",
	})
	require.NoError(t, err)
	body := p.Order(link.Product)
	body["email"], body["phone"], body["concept_transaction"], body["external_reference"] = address, "06-87654321", uuid, "R-7"
	p.sale, err = p.Create(p.Owner, body)
	require.NoError(t, err)
	p.Sent(link, p.sale, "900")
	p.forwarding = p.Forwarding(link, p.sale).ID
	env := p.Owner.EnvironmentID
	dbtest.Exec(t, p.Database, fmt.Sprintf(`INSERT INTO cancellation_requests (environment_id, direction, sale_id, integration_id, reference, reason, state, answer, expires_at, next_at, created_at)
			VALUES (%[1]d, 'outgoing', %[2]d, %[3]d, 'r', 'x', 'rejected', 'x', now(), now(), now());
		INSERT INTO set_aside_rows (environment_id, integration_id, kind, partner_id, name, field, value, reason, kept, since, last_seen_at) VALUES (%[1]d, %[3]d, 'sale', '900', '', 'status', 'x', 'x', true, now(), now());
		INSERT INTO mails (environment_id, sale_id, kind, state, next_at, created_at) VALUES (%[1]d, %[2]d, 'confirmation', 'waiting', now(), now())`, env, p.sale, link.ID))
	for column := range documented(t, ofPersons) {
		require.Contains(t, plants, column, "the test puts something in each column")
		table, name, _ := strings.Cut(column, ".")
		where := map[string]string{"sales": "id = %d", "set_aside_rows": "partner_id = '900' AND %d > 0"}[table]
		if where == "" {
			where = "sale_id = %d"
		}
		if value := strings.ReplaceAll(plants[column], "$", marker(column)); value != "" {
			dbtest.Exec(t, p.Database, fmt.Sprintf("UPDATE %s SET %s = %s WHERE "+where, table, name, value, p.sale))
		}
	}
	sealed := p.Vault.Seal(vault.RequestRow(env, p.forwarding), fmt.Appendf(nil, `{"body": {"lastname": "%s"}}`, marker("forwardings.request_sealed")))
	dbtest.Exec(t, p.Database, fmt.Sprintf(`UPDATE forwardings SET request_sealed = '\x%x' WHERE id = %d`, sealed, p.forwarding))
	return p
}

// everything is the whole database, as text.
func (p *person) everything() string {
	p.T.Helper()
	var all strings.Builder
	for table := range strings.FieldsSeq(dbtest.One(p.T, p.Database, `SELECT string_agg(table_name, ' ') FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)) {
		all.WriteString(dbtest.One(p.T, p.Database, fmt.Sprintf(`SELECT coalesce(string_agg(to_jsonb(x)::text, E'\n'), '') FROM %s x`, table)))
	}
	return all.String()
}

// numbers is what must stay of the sale and its forwarding.
func (p *person) numbers() string {
	p.T.Helper()
	return dbtest.One(p.T, p.Database, fmt.Sprintf(`SELECT jsonb_build_array(
		(SELECT to_jsonb(s) - '{submission,original,status_remark,erased_at,updated_at,changed}'::text[] FROM sales s WHERE id = %[1]d),
		(SELECT jsonb_agg(to_jsonb(l)) FROM sale_lines l WHERE sale_id = %[1]d), (SELECT jsonb_agg(to_jsonb(h) - 'remark' ORDER BY id) FROM sale_history h WHERE sale_id = %[1]d),
		(SELECT jsonb_agg(to_jsonb(f) - '{request_sealed,problems,candidates,abandon_reason}'::text[]) FROM forwardings f WHERE sale_id = %[1]d),
		(SELECT jsonb_agg(to_jsonb(c) - '{reason,answer}'::text[]) FROM cancellation_requests c WHERE sale_id = %[1]d),
		(SELECT submission -> 'related' FROM sales WHERE id = %[1]d))::text`, p.sale))
}

// Whatever a person said is gone from the whole database, and what was sold, when and under which numbers stays as it was.
func TestNothingOfAPersonIsLeft(t *testing.T) {
	t.Parallel()
	p := newPerson(t)
	before := p.numbers()
	found, err := p.Persons.Find(t.Context(), p.Owner, persons.Person{Email: "GEPLANT@voorbeeld.example "})
	require.NoError(t, err)
	require.Len(t, found.Sales, 1)
	require.Equal(t, []persons.Keeper{{"b", "900", states.Outgoing}}, found.Sales[0].Keepers)
	for column := range documented(t, ofPersons) {
		if column != "forwardings.request_sealed" {
			require.Contains(t, p.everything(), marker(column))
		}
	}
	erased, err := p.Persons.Erase(t.Context(), p.Owner, persons.Person{Email: address})
	require.NoError(t, err)
	require.Len(t, erased.Sales, 1)
	require.NotContains(t, strings.ToLower(p.everything()), "geplant")
	require.NotContains(t, p.everything(), "87654321")
	require.Equal(t, "t", dbtest.One(t, p.Database, fmt.Sprintf("SELECT (request_sealed IS NULL)::text::char FROM forwardings WHERE id = %d", p.forwarding)))
	require.Equal(t, before, p.numbers())
	require.Equal(t, "withdrawn", dbtest.One(t, p.Database, "SELECT state FROM mails"))
	view, err := p.Sales.Sale(t.Context(), p.Owner, p.sale, true)
	require.NoError(t, err)
	require.NotNil(t, view.ErasedAt)
	require.Empty(t, view.Submission.Fields)
	other, err := p.Sales.Sale(t.Context(), p.Owner, p.other, true)
	require.NoError(t, err)
	require.Equal(t, "jan@voorbeeld.example", other.Submission.Fields["email"], "somebody else")
	log, err := p.AuditLogOf(t.Context(), p.Owner, "sale", fmt.Sprint(p.sale))
	require.NoError(t, err)
	require.Equal(t, "erase", log[0].Action)
	_, err = p.Persons.Erase(t.Context(), p.Owner, persons.Person{SaleID: p.sale})
	p.Refused("person_nothing", err)
}

// The export has every one of a person's columns, the request that was sent opened, and nothing of anybody else.
func TestAnExportHasEverything(t *testing.T) {
	t.Parallel()
	p := newPerson(t)
	export, err := p.Persons.Export(t.Context(), p.Owner, persons.Person{SaleID: p.sale})
	require.NoError(t, err)
	text, err := json.Marshal(export)
	require.NoError(t, err)
	for column := range documented(t, ofPersons) {
		require.Contains(t, string(text), marker(column))
	}
	for _, table := range []string{"sale_lines", "sale_history", "mails"} {
		require.NotEmpty(t, export.Tables[table], table)
	}
	require.NotContains(t, string(text), "jan@voorbeeld.example")
	require.NotContains(t, export.Tables["forwardings"][0], "request_sealed")
	log, err := p.AuditLogOf(t.Context(), p.Owner, "sale", fmt.Sprint(p.sale))
	require.NoError(t, err)
	require.Equal(t, "export", log[0].Action)
	again, err := p.Persons.Export(t.Context(), p.Owner, persons.Person{Email: "owner@acme.example"})
	require.NoError(t, err)
	require.Len(t, again.Tables["users"], 1)
	require.NotContains(t, again.Tables["users"][0], "password_hash")
}

// A person is found however the number is written, and by what they gave before a correction, to a dialer, or for their consent;
// in this environment alone.
func TestAPersonIsFound(t *testing.T) {
	t.Parallel()
	p := newPerson(t)
	find := func(who persons.Person) []int64 {
		found, err := p.Persons.Find(t.Context(), p.Owner, who)
		require.NoError(t, err)
		ids := []int64{}
		for _, sale := range found.Sales {
			ids = append(ids, sale.ID)
		}
		return ids
	}
	for _, number := range []string{"0687654321", "06 8765 4321", "+31687654321", "+31 (0)6-87654321", "0031687654321", "31687654321"} {
		require.Equal(t, []int64{p.sale}, find(persons.Person{Phone: number}), number)
	}
	dbtest.Exec(t, p.Database, fmt.Sprintf(`UPDATE sales SET submission = jsonb_set(jsonb_set(submission, '{fields,email}', '"nieuw@voorbeeld.example"'), '{fields,phone}', '"0600000000"') WHERE id = %d`, p.sale))
	require.Equal(t, []int64{p.sale}, find(persons.Person{Email: address}), "what it was before")
	dbtest.Exec(t, p.Database, fmt.Sprintf(`UPDATE sales SET original = NULL WHERE id = %d`, p.sale))
	require.Equal(t, []int64{p.sale}, find(persons.Person{Phone: "0687654321"}), "the channel of a consent")
	require.Equal(t, []int64{p.sale}, find(persons.Person{Email: address}), "what the dialer knew")
	require.Empty(t, find(persons.Person{Phone: "0611111111"}))
	elsewhere := p.Environment("elders")
	found, err := p.Persons.Find(t.Context(), elsewhere, persons.Person{Email: address})
	require.NoError(t, err)
	require.Empty(t, found.Sales)
	_, err = p.Persons.Erase(t.Context(), elsewhere, persons.Person{SaleID: p.sale})
	p.Refused("not_found", err)
	for _, bad := range []persons.Person{{}, {Email: address, SaleID: 1}} {
		_, err = p.Persons.Find(t.Context(), p.Owner, bad)
		p.RefusedField("email", "person_one_of", err)
	}
	_, err = p.Persons.Erase(t.Context(), p.Owner, persons.Person{Email: "%"})
	p.RefusedField("email", "not_an_email", err)
	_, err = p.Persons.Erase(t.Context(), p.Owner, persons.Person{Phone: "06"})
	p.RefusedField("phone", "person_phone", err)
}

// What a dialer prefilled and nothing came of goes too.
func TestAConceptGoesWithItsPerson(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	uuid, err := s.Sales.CreateConcept(t.Context(), s.Owner, map[string]any{"source": "dialer", "email": address})
	require.NoError(t, err)
	found, err := s.Persons.Find(t.Context(), s.Owner, persons.Person{Email: address})
	require.NoError(t, err)
	require.Len(t, found.Concepts, 1)
	_, err = s.Persons.Erase(t.Context(), s.Owner, persons.Person{Email: address})
	require.NoError(t, err)
	_, err = s.Sales.Concept(t.Context(), s.Owner, uuid)
	s.Refused("not_found", err)
}

// What is still under way is not erased, and neither is anything else of the person: each says what to do.
func TestWhatIsUnderWayIsNotErased(t *testing.T) {
	t.Parallel()
	p := newPerson(t)
	second := p.Order(p.Product)
	second["email"] = address
	settled, err := p.Create(p.Owner, second)
	require.NoError(t, err)
	for code, set := range map[states.Reason]string{
		states.ProblemEraseSending: `UPDATE forwardings SET state = 'waiting' WHERE partner_sale_id IS NOT NULL`, states.ProblemEraseAction: `UPDATE forwardings SET state = 'action_required' WHERE partner_sale_id IS NOT NULL`,
		states.ProblemEraseUnknown: `UPDATE forwardings SET state = 'outcome_unknown' WHERE partner_sale_id IS NOT NULL`, states.ProblemEraseCancellation: `UPDATE cancellation_requests SET state = 'open'`,
		states.ProblemEraseMail: `UPDATE mails SET state = 'sending'`,
	} {
		dbtest.Exec(t, p.Database, set)
		_, err := p.Persons.Erase(t.Context(), p.Owner, persons.Person{Email: address})
		refusal := p.Refused("person_under_way", err)
		require.Len(t, refusal.Problems, 1)
		require.Equal(t, code, refusal.Problems[0].Code)
		require.Equal(t, fmt.Sprint(p.sale), refusal.Problems[0].Subject)
		require.Equal(t, "2", dbtest.One(t, p.Database, fmt.Sprintf(`SELECT count(*)::text FROM sales WHERE erased_at IS NULL AND id IN (%d, %d)`, p.sale, settled)))
		dbtest.Exec(t, p.Database, `UPDATE forwardings SET state = 'forwarded' WHERE partner_sale_id IS NOT NULL; UPDATE cancellation_requests SET state = 'rejected'; UPDATE mails SET state = 'waiting'`)
	}
	dbtest.Exec(t, p.Database, fmt.Sprintf(`UPDATE forwardings SET state = 'sending' WHERE id = %d`, p.forwarding))
	_, err = p.Persons.Erase(t.Context(), p.Owner, persons.Person{SaleID: p.sale})
	p.Refused("person_under_way", err)
	erased, err := p.Persons.Erase(t.Context(), p.Owner, persons.Person{SaleID: settled})
	require.NoError(t, err)
	require.Len(t, erased.Sales, 1)
}

// Statuses go on coming in for a sale that is erased, without what was remarked; nothing is sent, added or asked any more.
func TestWhatComesLaterBringsNothingBack(t *testing.T) {
	t.Parallel()
	s := servicetest.NewShop(t)
	link := s.Link()
	sale := s.Sell(s.Owner, link.Product)
	require.NoError(t, s.Sales.AbandonForwarding(t.Context(), s.Owner, s.Forwarding(link, sale).ID, "x"))
	_, err := s.Persons.Erase(t.Context(), s.Owner, persons.Person{SaleID: sale})
	require.NoError(t, err)
	dbtest.Exec(t, s.Database, `UPDATE forwardings SET state = 'withdrawn'`) // it could start again
	changed, err := s.Sales.SetSaleStatus(t.Context(), s.Owner, sale, sales.StatusInput{Status: "verified", Remark: "Geplant belde", Account: true})
	require.NoError(t, err)
	require.Equal(t, "verified", changed.Status)
	history, _, err := s.Sales.SaleHistory(t.Context(), s.Owner, sale)
	require.NoError(t, err)
	require.Equal(t, "verified", history[len(history)-1].NewStatus)
	require.NotContains(t, dbtest.One(t, s.Database, `SELECT concat(string_agg(remark, ''), (SELECT string_agg(status_remark, '') FROM sales)) FROM sale_history`), "Geplant")
	require.Equal(t, states.ForwardingWithdrawn, s.Forwarding(link, sale).State)
	_, err = s.Sales.ForwardByHand(t.Context(), s.Owner, sale, nil)
	require.Error(t, err)
	require.Equal(t, states.ForwardingWithdrawn, s.Forwarding(link, sale).State)
	count, _, err := s.Sales.ForwardExisting(t.Context(), s.Owner, link.ID, linking.Selection{}, true)
	require.NoError(t, err)
	require.Zero(t, count, "nor is it offered")
	_, err = s.Sales.CorrectSale(t.Context(), s.Owner, sale, sales.Correction{Customer: map[string]string{"lastname": "Geplant"}})
	s.Refused("sale_erased", err)
	s.Refused("sale_erased", s.Sales.AddOptin(t.Context(), s.Owner, sale, map[string]any{}))
	_, err = s.Sales.RequestCancellation(t.Context(), s.Owner, sale, "Geplant ziet ervan af")
	s.Refused("sale_erased", err)
	previews, err := s.Sales.PreviewForwarding(t.Context(), s.Owner, sale)
	require.NoError(t, err)
	require.Equal(t, []linking.Problem{{Code: states.ReasonErased, Subject: linking.GeneralSetting}}, previews[0].Problems)
}

// For how long an environment keeps persons is its own to say, and audited.
func TestHowLongPersonsAreKept(t *testing.T) {
	t.Parallel()
	s := servicetest.New(t)
	kept, err := s.Persons.Kept(t.Context(), s.Owner)
	require.NoError(t, err)
	require.Equal(t, persons.Kept{}, kept, "for ever, unless somebody says otherwise")
	require.NoError(t, s.Persons.SetKept(t.Context(), s.Owner, persons.Kept{Refused: 90}))
	kept, err = s.Persons.Kept(t.Context(), s.Owner)
	require.NoError(t, err)
	require.Equal(t, persons.Kept{Refused: 90}, kept)
	s.RefusedField("ended_days", "kept_days", s.Persons.SetKept(t.Context(), s.Owner, persons.Kept{Ended: -1}))
	log, err := s.AuditLog(t.Context(), s.Owner, "environment")
	require.NoError(t, err)
	require.JSONEq(t, `{"refused_days": 90}`, string(log[0].New))
	other := s.Environment("elders")
	kept, err = s.Persons.Kept(t.Context(), other)
	require.NoError(t, err)
	require.Equal(t, persons.Kept{}, kept)
}
