package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/ledger"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// linked is a shop with a link to a partner, and something of everything that a link leads to.
type linked struct {
	*shop
	actor       service.Actor
	integration db.Integration
	path        string // of the integration
	sold        int64  // the product that was imported
}

func newLinked(t *testing.T) *linked {
	t.Helper()
	s := newShop(t)
	link(t, s)
	l := &linked{shop: s}
	ctx := t.Context()
	var err error
	l.actor, err = s.svc.Access.Authenticate(ctx, "acme", s.token, netip.MustParseAddr("127.0.0.1"))
	require.NoError(t, err)
	list, err := s.svc.Integrations.List(ctx, l.actor)
	require.NoError(t, err)
	l.integration, l.path = list[0], fmt.Sprintf("account/integrations/%d", list[0].ID)
	run := s.must("POST", l.path+"/sync", nil).(object)["run_id"].(float64)
	require.NoError(t, s.svc.Store.WithTx(ctx, l.actor.EnvironmentID, func(tx *db.Tx) error { return l.stage(tx, int64(run)) }))
	s.must("PATCH", l.path, object{
		"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"},
		"rules": []object{{"name": "Zakelijk", "enabled": true, "statuses": []string{"new"}, "conditions": object{
			"type": "condition_group", "criterion": "ALL", "rules": []object{{"type": "condition", "identifier": "profile.type", "operator": "in", "value": []string{"business", "consumer"}}},
		}}},
	})
	return l
}

// stage imports a product, takes over the partner's set-up, and sets a row aside.
func (l *linked) stage(tx *db.Tx, run int64) error {
	ctx, now, id := l.t.Context(), l.svc.Now(), l.integration.ID
	content := linking.ProductContent{Name: "Gas", Identifier: "gas", Type: "energy_e", Business: "2"}
	data, err := json.Marshal(content)
	require.NoError(l.t, err)
	_, err = tx.IntegrationProductStage(ctx, db.IntegrationProductStageParams{
		EnvironmentID: l.actor.EnvironmentID, IntegrationID: id, Ids: []int64{7}, Contents: [][]byte{data}, Owns: [][]byte{[]byte("{}")}, Hashes: [][]byte{content.Hash()}, Updated: []string{""}, RunID: run, Now: now,
	})
	require.NoError(l.t, err)
	require.NoError(l.t, tx.ProductImport(ctx, db.ProductImportParams{EnvironmentID: l.actor.EnvironmentID, IntegrationID: id, Ids: []int64{7}, RunID: run, Now: now}))
	rule := &linking.Rule{Type: linking.RuleGroup, Criterion: "ANY", Rules: []linking.Rule{{Type: linking.RuleCondition, Identifier: "profile.type", Operator: "=", Value: linking.RuleValues{"business"}}}}
	for kind, value := range map[linking.Part]any{
		linking.PartQuestions: []linking.Question{
			{Name: "Betaalwijze", Identifier: "betaal", InputType: "mc-single", Options: []string{"Incasso", "Giro"}, Required: true, Visible: true, Rule: rule, RuleRequired: true},
			{Name: "Meter", Identifier: "meter", InputType: "text", Required: true, Visible: true},
		},
		linking.PartFlows:      []linking.Flow{{ID: 3, Title: "Energie", Identifier: "e", Type: "energie"}},
		linking.PartAgreements: []linking.Agreement{{Name: "Voorwaarden", Identifier: "av", Rule: rule}, {Name: "Machtiging", Identifier: "m"}},
		linking.PartStatuses:   []linking.Status{{ID: "onderweg", Name: "Onderweg", Type: "default"}, {ID: "weg", Name: "Weg", Type: "default"}},
	} {
		if _, err := ledger.SaveSetupPart(ctx, tx, l.actor.EnvironmentID, id, kind, value, now); err != nil {
			return err
		}
	}
	return tx.SetAside(ctx, db.SetAside{EnvironmentID: l.actor.EnvironmentID, IntegrationID: id, RunID: &run, Kind: states.SetAsideProduct, Rows: []db.SetAsideRow{{PartnerID: "8", Name: "Wind", Field: "price", Value: "gratis", Reason: states.ProblemNotAnAmount}}, Now: now})
}

// id reads a number.
func (l *linked) id(sql string) (id int64) {
	l.t.Helper()
	_, err := fmt.Sscan(l.one(`SELECT (`+sql+`)::text`), &id)
	require.NoError(l.t, err)
	return id
}

// forwarded sells what was imported, sends it by hand, and gives the forwarding the state that a story needs.
func (l *linked) forwarded(set string) (sale, forwarding int64) {
	l.t.Helper()
	order := l.sale()
	order["product_id"] = l.sold
	sale = idOf(l.must("POST", sell, order))
	l.must("POST", fmt.Sprintf("account/sales/%d/forward/preview", sale), nil)
	forwarding = idOf(l.must("POST", fmt.Sprintf("account/sales/%d/forward", sale), nil).([]any)[0])
	l.exec(fmt.Sprintf(`UPDATE forwardings SET %s WHERE id = %d`, set, forwarding))
	return sale, forwarding
}

// What a link leads to is asked for and changed, and every answer is held against the document and its route's type.
func TestEveryOperationOfALinkAnswers(t *testing.T) {
	t.Parallel()
	l := newLinked(t)
	l.sold = l.id(`SELECT max(id) FROM products WHERE integration_id IS NOT NULL`)
	l.must("GET", l.path, nil)
	require.Len(t, l.must("GET", l.path+"/products", nil), 1)
	l.must("PUT", l.path+"/products", object{"add": []int64{7}})
	l.must("POST", l.path+"/test", nil)
	l.mapped()
	l.settled()
	l.cancelled()
	l.runs()
	require.EqualValues(t, 0, l.must("POST", l.path+"/forward-existing", object{"from": "2020-01-01", "dry_run": true}).(object)["count"])
	l.must("POST", l.path+"/forward-existing", object{"from": "2020-01-01"})
	l.exec(fmt.Sprintf(`INSERT INTO operations (environment_id, integration_id, kind, selection, total, created_at) SELECT environment_id, id, 'resume', '{}', 1, now() FROM integrations WHERE id = %d`, l.integration.ID))
	operation := fmt.Sprintf("account/operations/%d", l.id(`SELECT max(id) FROM operations`))
	require.Equal(t, "running", l.must("GET", operation, nil).(object)["state"])
	l.must("POST", operation+"/cancel", nil)
	l.must("POST", l.path+"/pause", nil)
	l.must("POST", l.path+"/resume", nil)
	l.must("DELETE", l.path, nil)
}

func (l *linked) mapped() {
	l.t.Helper()
	health := l.must("GET", l.path+"/health", nil).(object)
	require.Equal(l.t, false, health["ok"])
	require.NotEmpty(l.t, health["items"])
	question, agreement := l.id(`SELECT max(id) FROM product_questions`), l.id(`SELECT max(id) FROM agreements`)
	for _, part := range []struct{ name, body string }{
		{"flows", fmt.Sprintf(`[{"flow_id": %d, "partner_flow_id": 3}]`, l.flow)}, {"questions", fmt.Sprintf(`[{"partner_identifier": "betaal", "question_id": %d, "options": {"Incasso": "Incasso"}}]`, question)},
		{"agreements", fmt.Sprintf(`[{"partner_identifier": "av", "agreement_id": %d}]`, agreement)}, {"statuses", `[{"partner_status": "onderweg", "status": "new"}]`},
	} {
		l.must("GET", l.path+"/mappings/"+part.name, nil) // with what is suggested
		require.EqualValues(l.t, 1, l.must("PUT", l.path+"/mappings/"+part.name, json.RawMessage(part.body)).(object)["mapped"])
		l.must("GET", l.path+"/mappings/"+part.name, nil)
	}
}

// settled has outcomes that are not known, and each way to settle one.
func (l *linked) settled() {
	l.t.Helper()
	const unknown = `state = 'outcome_unknown', request_sealed = 'x', cause = 'no_answer', unknown_at = now() - interval '1 minute', looked_at = now(), `
	_, found := l.forwarded(unknown + `look = 'done', candidates = '[{"partner_sale_id": "88", "created_at": "2026-01-01 12:00:00", "customer": "Jan", "score": 3, "apart": 1}]'`)
	l.exec(fmt.Sprintf(`INSERT INTO forwarding_attempts (environment_id, forwarding_id, attempt, started_at, finished_at, http_status, reason)
		SELECT environment_id, id, n, now(), CASE n WHEN 1 THEN now() END, CASE n WHEN 1 THEN 502 ELSE 0 END, CASE n WHEN 1 THEN 'partner_down' ELSE '' END FROM forwardings, generate_series(1, 2) n WHERE id = %d ON CONFLICT DO NOTHING`, found))
	at := fmt.Sprintf("account/forwardings/%d", found)
	require.NotEmpty(l.t, l.must("GET", at, nil).(object)["tried"])
	require.Len(l.t, l.must("GET", at+"/candidates", nil), 1)
	_, gone := l.forwarded(unknown + `look = 'not_there'`)
	held := l.must("POST", "account/forwardings/settle", object{"integration_id": l.integration.ID, "action": "resend"}).(object)
	require.NotEmpty(l.t, held["held"])
	require.NotNil(l.t, held["operation_id"])
	require.Equal(l.t, "forwarded", l.must("POST", at+"/adopt", object{"partner_sale_id": "88"}).(object)["state"])
	l.must("POST", fmt.Sprintf("account/forwardings/%d/resend", gone), nil)
	_, needless := l.forwarded(`state = 'action_required', cause = 'mapping_missing', problems = '[{"code": "flow_unmapped", "field": "flow", "subject": "Energie", "detail": "e"}]'`)
	require.Equal(l.t, "abandoned", l.must("POST", fmt.Sprintf("account/forwardings/%d/abandon", needless), object{"reason": "Dubbel"}).(object)["state"])
	l.must("GET", "account/forwardings", nil)
}

// cancelled has requests to cancel in both directions, and what each side can do with one.
func (l *linked) cancelled() {
	l.t.Helper()
	sale, _ := l.forwarded(`state = 'forwarded', partner_sale_id = '99', forwarded_at = now(), partner_status = 'onderweg'`)
	asked := l.must("POST", fmt.Sprintf("account/sales/%d/cancellation-request", sale), object{"reason": "Klant ziet ervan af"}).([]any)[0].(object)
	l.must("POST", fmt.Sprintf("account/cancellation-requests/%v/withdraw", asked["id"]), nil)
	agent := []string{"Authorization", "Bearer " + l.agent}
	good := func(method, path string, body any) object {
		l.t.Helper()
		status, answer := l.call(method, path, body, agent...)
		require.Less(l.t, status, 300, "%s %s: %v", method, path, answer)
		data, _ := answer["data"].(object)
		return data
	}
	link := int64(good("PUT", "user/link", object{"account": "reseller", "base_url": "https://reseller.example", "link_key": "k", "secret": "s"})["link_id"].(float64))
	for _, does := range []string{"accept", "reject", "take back"} {
		path := fmt.Sprintf("user/sales/%d/cancellation-request", idOf(good("POST", sell, l.sale())))
		good("PUT", path, object{"reference": does, "reason": "Klant ziet ervan af"})
		if does == "take back" {
			require.Equal(l.t, "withdrawn", good("DELETE", path+"?reference=take+back", nil)["state"])
			continue
		}
		good("GET", path+"?reference="+does, nil)
		l.must("POST", fmt.Sprintf("account/cancellation-requests/%d/%s", l.id(`SELECT max(id) FROM cancellation_requests`), does), object{"reason": "Goed"})
	}
	l.must("GET", "account/cancellation-requests", nil)
	at := fmt.Sprintf("account/incoming-links/%d", link)
	l.must("GET", at, nil)
	require.Equal(l.t, false, l.must("PATCH", at, object{"validate_agreements": false}).(object)["validate_agreements"])
	good("DELETE", "user/link", nil)
}

func (l *linked) runs() {
	l.t.Helper()
	for action, state := range map[string]string{"confirm": "needs_confirmation", "dismiss": "needs_confirmation", "undo": "done"} {
		l.exec(fmt.Sprintf(`UPDATE sync_runs SET state = 'failed';
			INSERT INTO sync_runs (environment_id, integration_id, trigger, state, created_at, started_at) SELECT environment_id, id, 'schedule', '%s', now(), now() FROM integrations WHERE id = %d;
			INSERT INTO sync_run_changes (environment_id, run_id, partner_product_id, kind, fields) SELECT environment_id, id, 999, 'kept', '[{"field": "name", "old": "a", "new": "b"}]' FROM sync_runs ORDER BY id DESC LIMIT 1`, state, l.integration.ID))
		at := fmt.Sprintf("%s/runs/%d", l.path, l.id(`SELECT max(id) FROM sync_runs`))
		require.Len(l.t, l.must("GET", at, nil).(object)["products"], 1)
		l.must("POST", at+"/"+action, nil)
	}
	l.must("GET", l.path+"/runs", nil)
	l.must("GET", l.path+"/status", nil)
	l.must("GET", l.path+"/set-aside", nil)
	l.must("POST", l.path+"/health/seen", object{"part": "flows"})
}

// What is left: webhooks of both scopes, a status by the number of who sent the sale, a document, and a partner's hint.
func TestEveryOtherOperationAnswers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for scope, event := range map[string]string{"user": "sales.changed", "account": "sale.cancelled"} {
		hook := s.must("POST", scope+"/webhooks", object{"event": event, "target_url": "https://x.example"}).(object)
		require.NotEmpty(t, hook["secret"])
		require.Len(t, s.must("GET", scope+"/webhooks", nil), 1)
		at := scope + "/webhooks/" + hook["uuid"].(string)
		s.must("POST", at+"/resume", nil)
		s.must("DELETE", at, nil)
	}
	s.must("DELETE", fmt.Sprintf("account/organisations/%d", idOf(s.must("POST", "account/organisations", object{"name": "Leeg"}))), nil)
	sale := idOf(s.must("POST", sell, s.sale()))
	s.exec(fmt.Sprintf(`UPDATE sales SET incoming_id = 'H-1' WHERE id = %d`, sale))
	s.must("POST", "account/sales/updatestatus/incoming/H-1", object{"status": "verified"})
	s.must("PUT", fmt.Sprintf("account/products/%d", s.product), object{"attachments": []object{{"name": "Tarieven", "extension": "pdf", "content": "JVBERi0="}}})
	file := s.one(`SELECT max(id)::text FROM files`)
	for _, scope := range []string{"user", "account"} {
		status, _ := s.call("GET", fmt.Sprintf("%s/products/%d/documents/%s", scope, s.product, file), nil)
		require.Equal(t, http.StatusOK, status)
	}
	link(t, s)
	s.hint()
}

// hint sends what a partner's environment tells: something changed.
func (s *shop) hint() {
	s.t.Helper()
	actor, err := s.svc.Access.Authenticate(s.t.Context(), "acme", s.token, netip.MustParseAddr("127.0.0.1"))
	require.NoError(s.t, err)
	list, err := s.svc.Integrations.List(s.t.Context(), actor)
	require.NoError(s.t, err)
	secret, err := s.svc.Vault.Open(vault.EventSecretRow(actor.EnvironmentID, list[0].LinkKey), list[0].EventSecretSealed)
	require.NoError(s.t, err)
	body, err := json.Marshal(salesdock.LinkEvent{LinkKey: list[0].LinkKey, Sequence: time.Now().Unix(), Products: true})
	require.NoError(s.t, err)
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/api/acme/v1/link-events", bytes.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(salesdock.SignatureHeader, salesdock.Sign(secret, body))
	status, answer := s.send(request)
	require.Equal(s.t, http.StatusAccepted, status, answer)
}
