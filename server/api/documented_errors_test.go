package api_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/salesdock"
	"koppel/words"
)

// provoked are the answers that the tests of this package got: operation and status.
var provoked sync.Map

type answer struct {
	operation string
	status    int
}

func (a answer) String() string { return a.operation + " " + strconv.Itoa(a.status) }

func TestMain(m *testing.M) { dbtest.Main(suite{m}) }

// suite runs the tests, and with all of them demands that each answer that the document gives an operation was given.
type suite struct{ m *testing.M }

func (s suite) Run() int {
	code := s.m.Run()
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.fuzz").Value.String() != "" || flag.Lookup("test.bench").Value.String() != "" {
		return code
	}
	missed := unprovoked()
	if code == 0 && len(missed) > 0 {
		fmt.Fprintf(os.Stderr, "no test provoked these documented answers: %v\n", missed)
		return 1
	}
	return code
}

// unprovoked are the answers of the document that no test of this package got.
func unprovoked() (missed []string) {
	doc, err := openapi3.NewLoader().LoadFromData(salesdock.OpenAPI)
	if err != nil {
		return []string{err.Error()}
	}
	for _, o := range operations(doc) {
		for status := range o.Responses.Map() {
			number, err := strconv.Atoi(status)
			if _, seen := provoked.Load(answer{o.OperationID, number}); !seen && err == nil {
				missed = append(missed, answer{o.OperationID, number}.String())
			}
		}
	}
	slices.Sort(missed)
	return missed
}

// The errors that every operation shares, each from each operation. None says anything of what is inside.
func TestEveryOperationRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	elsewhere := s.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "elders", "ip_allowlist": []string{"192.0.2.1"}}).(object)["token"].(string)
	parameter := regexp.MustCompile(`\{\w+\}`)
	provoke := func(status int, account, query, token string) {
		t.Helper()
		for _, o := range operations(document(t)) {
			if o.Security != nil {
				continue // a hint of a partner carries no token
			}
			request, err := http.NewRequestWithContext(t.Context(), o.method, s.base+"/api/"+account+"/v1"+parameter.ReplaceAllString(o.path, "1")+query, nil)
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+token)
			got, refusal := s.send(request)
			require.Equal(t, status, got, "%s: %v", o.OperationID, refusal)
			require.NotEmpty(t, refusal["message"], o.OperationID)
			require.NotContains(t, fmt.Sprint(refusal), "pool", o.OperationID)
		}
	}
	provoke(http.StatusUnauthorized, "acme", "", "")
	provoke(http.StatusForbidden, "acme", "", elsewhere)
	provoke(http.StatusNotFound, "nergens", "", s.token)
	provoke(http.StatusBadRequest, "acme", "?page=%00", s.token)
	s.svc.RequestsPerMinute = 1
	s.call("GET", "user/products", nil)
	provoke(http.StatusTooManyRequests, "acme", "", s.token)
	s.svc.RequestsPerMinute = 0
	dbtest.Shut(t, s.database)
	provoke(http.StatusServiceUnavailable, "acme", "", s.agent)
	dbtest.Reopen(t, s.database)
	s.svc.Store.Close()
	provoke(http.StatusInternalServerError, "acme", "", s.agent) // a token that was not looked up before
}

// crowded is a shop in which much is there already, so that what is asked of it conflicts.
type crowded struct {
	*shop
	supplier, flow, question, agreement string // their paths
	own, forwarded, imported            int64  // sales, and a product that came over a link
	asked                               string // the path of a sale's cancellation request, of the agent's
	connection                          object // how the first link was asked for
	first                               string // its id
}

func newCrowded(t *testing.T) *crowded {
	t.Helper()
	s := &crowded{shop: newShop(t)}
	name := func(path string, body object) string {
		return fmt.Sprintf("%s/%d", path, idOf(s.must("POST", path, body)))
	}
	s.supplier = name("account/suppliers", object{"name": "Ander", "identifier": "ander"})
	s.flow = name("account/flows", object{"title": "Ander", "type": "energie", "identifier": "ander"})
	s.question = name("account/productquestions", object{"name": "Ander", "identifier": "ander", "input_type": "text"})
	s.agreement = name("account/agreements", object{"name": "Ander", "identifier": "ander"})
	s.must("POST", "account/statuses", object{"id": "eigen", "name": "Eigen"})
	s.own = idOf(s.must("POST", sell, s.sale()))
	_, sent := s.call("POST", sell, with(s.sale(), "external_reference", "R-1"), "Idempotency-Key", "eenmaal")
	s.forwarded = idOf(sent["data"])
	for range 50 {
		s.must("POST", "account/webhooks", hook)
	}
	s.connection = link(t, s.shop)
	s.first = s.one(`SELECT max(id)::text FROM integrations`)
	s.imported = idOf(s.must("POST", "account/products", object{"name": "Van B", "identifier": "van-b", "type": "simple"}))
	_, taken := s.call("POST", sell, s.sale(), "Authorization", "Bearer "+s.agent)
	s.asked = fmt.Sprintf("user/sales/%d/cancellation-request", idOf(taken["data"]))
	s.call("PUT", "user/link", object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"}, "Authorization", "Bearer "+s.agent)
	s.call("PUT", s.asked, object{"reference": "een", "reason": "x"}, "Authorization", "Bearer "+s.agent)
	s.exec(fmt.Sprintf(`
		INSERT INTO integrations (environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, state, next_sync_at, next_poll_at, created_at, updated_at)
		SELECT environment_id, 'C', 'c', 'https://c.example', '', 'stock', 'g', settings, 'c', '', 'paused', now(), now(), now(), now() FROM integrations WHERE id = %[1]s;
		UPDATE sales SET incoming_id = 'H-1' WHERE id = %[3]d;
		UPDATE products SET integration_id = %[1]s, partner_product_id = 1 WHERE id = %[2]d;
		INSERT INTO forwardings (environment_id, integration_id, sale_id, state, partner_sale_id, due_at, created_at, updated_at) SELECT environment_id, id, %[3]d, 'forwarded', '1', now(), now(), now() FROM integrations WHERE id = %[1]s;
		INSERT INTO operations (environment_id, integration_id, kind, selection, total, state, created_at) SELECT environment_id, id, 'resume', '{}', 1, 'done', now() FROM integrations WHERE id = %[1]s;
		INSERT INTO sync_runs (environment_id, integration_id, trigger, state, created_at) SELECT environment_id, id, 'schedule', 'undone', now() FROM integrations WHERE id = %[1]s;
		INSERT INTO cancellation_requests (environment_id, direction, sale_id, integration_id, reference, reason, state, next_at, expires_at, created_at)
		SELECT environment_id, 'outgoing', %[3]d, id, 'r', 'x', 'accepted', now(), now(), now() FROM integrations WHERE id = %[1]s`, s.first, s.imported, s.forwarded))
	return s
}

// last is the path of an action on a table's newest row.
func (s *crowded) last(path, table, action string) string {
	return path + "/" + s.one(`SELECT max(id)::text FROM `+table) + "/" + action
}

var hook = object{"event": "sale.cancelled", "target_url": "https://x.example"}

// with is a body with another value in it.
func with(in object, field string, value any) object {
	in = maps.Clone(in)
	in[field] = value
	return in
}

// Each error that only some operations have: what is missing, and what conflicts with what is there.
func TestWhatSomeOperationsRefuse(t *testing.T) {
	t.Parallel()
	s := newCrowded(t)
	again, noName, reason := object{"name": "Ander", "identifier": "ander"}, object{"name": ""}, object{"reason": "x"}
	second, runs := s.last("account/integrations", "integrations", ""), "account/integrations/"+s.first+"/runs"
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		key          string // of the sentence
		field        string
		header       []string
	}{
		{"POST", "account/suppliers", again, 409, "taken", "identifier", nil},
		{"PUT", s.supplier, object{"identifier": "lev"}, 409, "taken", "identifier", nil},
		{"PUT", s.supplier, noName, 422, "missing", "name", nil},
		{"POST", "account/flows", object{"title": "x", "type": "energie", "identifier": "ander"}, 409, "taken", "identifier", nil},
		{"PUT", s.flow, object{"identifier": "e"}, 409, "taken", "identifier", nil},
		{"PUT", s.flow, object{"title": ""}, 422, "missing", "title", nil},
		{"POST", "account/productquestions", object{"name": ""}, 422, "missing", "identifier", nil},
		{"PUT", s.question, object{"identifier": "betaal"}, 409, "taken", "identifier", nil},
		{"PUT", s.question, noName, 422, "missing", "name", nil},
		{"POST", "account/agreements", again, 409, "taken", "identifier", nil},
		{"PUT", s.agreement, object{"identifier": "av"}, 409, "taken", "identifier", nil},
		{"PUT", s.agreement, noName, 422, "missing", "name", nil},
		{"POST", "account/statuses", object{"id": "eigen", "name": "Ander"}, 409, "taken", "id", nil},
		{"PUT", "account/statuses/new", object{"name": "x"}, 409, "system_status", "", nil},
		{"PUT", fmt.Sprintf("account/organisations/%d", s.organisation), noName, 422, "missing", "name", nil},
		{"PUT", fmt.Sprintf("account/products/%d", s.product), noName, 422, "missing", "name", nil},
		{"PUT", fmt.Sprintf("account/products/%d", s.imported), object{"name": "Van ons"}, 409, "locked_field", "", nil},
		{"POST", "account/users", object{}, 422, "missing", "email", nil},
		{"POST", "account/users", object{"email": "AGENT@partner.example", "role": "admin"}, 409, "user_exists", "", nil},
		{"POST", "account/invitation", object{"role": "admin"}, 422, "missing", "email", nil},
		{"POST", "account/invitation", object{"email": "agent@partner.example", "role": "admin"}, 409, "user_exists", "", nil},
		{"POST", "account/suppliers", object{}, 422, "missing", "name", nil},
		{"POST", "account/persons/find", object{}, 422, "missing", "email", nil},
		{"POST", "account/persons/find", object{"sale_id": 987654}, 404, "not_found", "", nil},
		{"POST", "account/persons/export", object{}, 422, "missing", "email", nil},
		{"POST", "account/persons/export", object{"sale_id": 987654}, 404, "not_found", "", nil},
		{"POST", "account/persons/erase", object{}, 422, "missing", "email", nil},
		{"POST", "account/persons/erase", object{"sale_id": 987654}, 404, "not_found", "", nil},
		{"POST", "account/persons/erase", object{"email": "niemand@voorbeeld.example"}, 409, "person_nothing", "", nil},
		{"PATCH", "account/retention", object{"ended_days": 99999}, 400, "invalid", "ended_days", nil},
		{"POST", "account/webhooks", object{}, 422, "missing", "event", nil},
		{"POST", "account/webhooks", hook, 409, "too_many_webhooks", "", nil},
		{"POST", "user/webhooks", with(hook, "event", "sales.changed"), 409, "too_many_webhooks", "", nil},
		{"POST", "account/integrations", s.connection, 409, "integration_exists", "", nil},
		{"PATCH", strings.TrimSuffix(second, "/"), s.connection, 409, "integration_exists", "", nil},
		{"POST", "account/integrations/test", object{}, 422, "missing", "token", nil},
		{"POST", second + "sync", nil, 409, "integration_paused", "", nil},
		{"POST", s.last(runs, "sync_runs", "confirm"), nil, 409, "wrong_state", "", nil},
		{"POST", s.last(runs, "sync_runs", "dismiss"), nil, 409, "wrong_state", "", nil},
		{"POST", s.last(runs, "sync_runs", "undo"), nil, 409, "wrong_state", "", nil},
		{"POST", s.last("account/operations", "operations", "cancel"), nil, 409, "wrong_state", "", nil},
		{"POST", s.last("account/forwardings", "forwardings", "abandon"), reason, 409, "wrong_state", "", nil},
		{"POST", s.last("account/forwardings", "forwardings", "adopt"), object{"partner_sale_id": "1"}, 409, "wrong_state", "", nil},
		{"POST", s.last("account/forwardings", "forwardings", "resend"), nil, 409, "wrong_state", "", nil},
		{"POST", fmt.Sprintf("account/sales/%d/forward", s.own), nil, 409, "sale_no_integration", "", nil},
		{"POST", fmt.Sprintf("account/sales/%d/forward/preview", s.own), nil, 409, "sale_no_integration", "", nil},
		{"PATCH", fmt.Sprintf("account/sales/%d", s.forwarded), object{"customer": object{"city": "Zeist"}}, 409, "sale_forwarded", "", nil},
		{"PATCH", fmt.Sprintf("account/sales/%d/correction", s.forwarded), object{"customer": object{"city": "Zeist"}}, 409, "sale_forwarded", "", nil},
		{"PATCH", fmt.Sprintf("account/sales/%d", s.own), object{"customer": object{"lastname": ""}}, 422, "missing", "lastname", nil},
		{"PATCH", fmt.Sprintf("account/sales/%d/correction", s.own), object{"customer": object{"lastname": ""}}, 422, "missing", "lastname", nil},
		{"POST", fmt.Sprintf("account/sales/%d/cancellation-request", s.own), reason, 409, "cancellation_not_forwarded", "", nil},
		{"POST", s.last("account/cancellation-requests", "cancellation_requests", "withdraw"), nil, 409, "wrong_state", "", nil},
		{"PUT", s.asked, object{"reference": "twee", "reason": "x"}, 409, "cancellation_pending", "", []string{"Authorization", "Bearer " + s.agent}},
		{"POST", "account/sales/updatestatus/incoming/H-1", object{}, 422, "missing", "status", nil},
		{"POST", sell, s.sale(), 409, "key_reused", "", []string{"Idempotency-Key", "eenmaal"}},
		{"POST", sell, with(with(s.sale(), "external_reference", "R-1"), "city", "Zeist"), 409, "reference_used", "", nil},
	} {
		status, refusal := s.call(c.method, c.path, c.body, c.header...)
		if status != c.status || !says(c.key, refusal["message"]) {
			t.Errorf("%s %s %v: %d, not %d %s: %v", c.method, c.path, c.body, status, c.status, c.key, refusal)
		}
		if c.field != "" {
			require.Contains(t, refusal["errors"], c.field, "%s %s", c.method, c.path)
		}
	}
}

// link makes an integration with an environment of this server, and gives how it was asked for.
func link(t *testing.T, s *shop) object {
	t.Helper()
	owner := s.environment("other")
	status, made := s.callIn("other", "POST", "account/users", object{"email": "acme@other.example", "role": "admin"}, owner)
	require.Equal(t, http.StatusCreated, status, made)
	_, token := s.callIn("other", "POST", fmt.Sprintf("account/users/%d/tokens", idOf(made["data"])), object{"name": "acme", "integration": true}, owner)
	connection := object{"name": "B", "account_name": "other", "base_url": s.base, "token": token["data"].(object)["token"]}
	s.must("POST", "account/integrations", connection)
	return connection
}

// says whether a text has a sentence of ours, in Dutch or English, whatever was filled in.
func says(key string, text any) bool {
	said, _ := text.(string)
	sentences := words.Keys()[key]
	return slices.ContainsFunc(sentences[:], func(sentence string) bool {
		return regexp.MustCompile(filledIn.ReplaceAllString(regexp.QuoteMeta(sentence), ".*")).MatchString(said)
	})
}

var filledIn = regexp.MustCompile(`%(\\\.0)?(\\\[\d\\\])?[sd]`)
