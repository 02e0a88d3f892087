package api_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/salesdock"
	"koppel/server/api"
)

// TestRights asks for every route of the table as everybody: nobody, an agent and who leads agents, an integration, another environment's
// owner, and the owner with a number that is another environment's.
func TestRights(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	foreign := foreignIDs(t, s)
	integration := s.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "koppeling", "integration": true}).(object)["token"].(string)
	stranger := s.environment("third")
	signer, err := salesdock.NewSigner(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	require.NoError(t, err)
	ask := func(method, path, token string, sign bool) (int, object) {
		request, err := http.NewRequestWithContext(t.Context(), method, s.base+"/api/acme/v1"+path, strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		if sign {
			require.NoError(t, signer.Sign(request, []byte("{}"), time.Now()))
		}
		return s.send(request)
	}
	agents := map[string]string{"agent": s.agent}
	for _, role := range []string{"organisationadmin", "teamleader"} {
		user := idOf(s.must("POST", "account/users", object{"email": role + "@partner.example", "role": role, "organisation_id": s.organisation}))
		agents[role] = s.must("POST", fmt.Sprintf("account/users/%d/tokens", user), object{"name": "t"}).(object)["token"].(string)
	}
	const missing = "987654321"
	for _, r := range api.Routes() {
		name := r.Method + " " + r.Path
		path := fill(r.Path, func(string) string { return missing })
		for who, token := range map[string]string{"nobody": "-", "a made-up token": "kpl_AAAAAAAAAA_x"} {
			status, _ := ask(r.Method, path, token, false)
			require.Equal(t, http.StatusUnauthorized, status, "%s as %s", name, who)
		}
		status, _ := ask(r.Method, path, stranger, false)
		require.Equal(t, http.StatusNotFound, status, "%s as another environment's owner", name)
		account := strings.HasPrefix(r.Path, "/account/")
		for role, token := range agents {
			status, _ := ask(r.Method, path, token, false)
			if account {
				require.Equal(t, http.StatusForbidden, status, "%s as %s", name, role)
			} else {
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError}, status, "%s as %s", name, role)
			}
		}
		status, _ = ask(r.Method, path, integration, true)
		if account || !r.BetweenEnvironments {
			require.Equal(t, http.StatusForbidden, status, "%s as an integration", name)
		} else {
			require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError}, status, "%s as an integration", name)
		}
		if path == r.Path || r.Method == http.MethodDelete && strings.HasSuffix(r.Path, "/link") {
			continue
		}
		absent, nothing := ask(r.Method, path, s.token, false)
		found, answer := ask(r.Method, fill(r.Path, func(kind string) string { return foreign[kind] }), s.token, false)
		require.Equal(t, absent, found, "%s: a foreign number and a missing one: %v, %v", name, answer, nothing)
		require.Equal(t, unnumbered(nothing), unnumbered(answer), name)
		require.GreaterOrEqual(t, found, 400, "%s of another environment", name)
	}
}

var placeholder = regexp.MustCompile(`:(\w+)`)

// fill puts numbers in a route's path: kind is the resource that they are of.
func fill(path string, number func(kind string) string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if !placeholder.MatchString(part) {
			continue
		}
		kind := parts[i-1]
		switch {
		case part == ":flow_type":
			kind = "flow_type"
		case part == ":flow_identifier":
			kind = "flow_identifier"
		case strings.HasPrefix(kind, "connect-organisation"):
			kind = "organisations"
		case strings.HasPrefix(kind, "connect-product"):
			kind = "products"
		case kind == "answers" || kind == "updatestatus" || kind == "cancel":
			kind = "sales"
		}
		parts[i] = number(kind)
	}
	return strings.Join(parts, "/")
}

// foreignIDs makes one of everything in another environment.
func foreignIDs(t *testing.T, s *shop) map[string]string {
	t.Helper()
	owner := s.environment("other")
	must := func(method, path string, body any) any {
		status, envelope := s.callIn("other", method, path, body, owner)
		require.Less(t, status, 300, "%s %s: %v", method, path, envelope)
		return envelope["data"]
	}
	text := func(data any) string { return fmt.Sprint(idOf(data)) }
	ids := map[string]string{"flow_type": "energie", "flow_identifier": "elders", "incoming": "999"}
	product := must("POST", "account/products", object{"name": "P", "identifier": "p", "type": "energy_e", "attachments": []object{{"name": "d", "extension": "txt", "content": "ZA=="}}})
	ids["products"] = text(product)
	ids["documents"] = "1"
	ids["suppliers"] = text(must("POST", "account/suppliers", object{"name": "L"}))
	ids["flows"] = text(must("POST", "account/flows", object{"title": "F", "type": "energie", "identifier": "elders"}))
	ids["productquestions"] = text(must("POST", "account/productquestions", object{"name": "Q", "identifier": "q", "input_type": "text"}))
	ids["agreements"] = text(must("POST", "account/agreements", object{"name": "A", "identifier": "a"}))
	must("POST", "account/statuses", object{"id": "eigen", "name": "Eigen"})
	ids["statuses"] = "eigen-van-een-ander"
	ids["organisations"] = text(must("POST", "account/organisations", object{"name": "O"}))
	ids["users"] = text(must("POST", "account/users", object{"email": "a@other.example", "role": "agent", "organisation_id": ids["organisations"]}))
	ids["tokens"] = text(must("POST", "account/users/"+ids["users"]+"/tokens", object{"name": "t"}))
	order := s.sale()
	order["product_id"], order["questionData"], order["agreements"] = ids["products"], object{}, object{}
	ids["sales"] = text(must("POST", "sales/flow/energie/elders", order))
	hook := must("POST", "account/webhooks", object{"event": "sale.cancelled", "target_url": "https://x.example"}).(object)
	ids["webhooks"] = hook["uuid"].(string)
	s.exec(fmt.Sprintf(`
		INSERT INTO integrations (environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at)
		SELECT environment_id, 'B', 'b', 'https://b.example', '', 'stock', 'g', '{}', 'lk', '', now(), now(), now(), now() FROM sales WHERE id = %[1]s;
		INSERT INTO forwardings (environment_id, integration_id, sale_id, state, due_at, created_at, updated_at) SELECT i.environment_id, i.id, %[1]s, 'action_required', now(), now(), now() FROM integrations i WHERE link_key = 'lk';
		INSERT INTO operations (environment_id, integration_id, kind, selection, total, created_at) SELECT i.environment_id, i.id, 'resume', '{}', 1, now() FROM integrations i WHERE link_key = 'lk';
		INSERT INTO sync_runs (environment_id, integration_id, trigger, state, created_at) SELECT i.environment_id, i.id, 'schedule', 'needs_confirmation', now() FROM integrations i WHERE link_key = 'lk';
		INSERT INTO cancellation_requests (environment_id, direction, sale_id, integration_id, reference, reason, state, next_at, expires_at, created_at)
		SELECT i.environment_id, 'outgoing', %[1]s, i.id, 'r', 'x', 'open', now(), now() + interval '1 day', now() FROM integrations i WHERE link_key = 'lk';
		INSERT INTO incoming_links (environment_id, user_id, partner_account, partner_base_url, partner_link_key, event_secret_sealed, linked_at, last_contact_at)
		SELECT environment_id, id, 'x', 'https://x.example', 'x', '', now(), now() FROM users WHERE id = %[2]s`, ids["sales"], ids["users"]))
	for kind, table := range map[string]string{
		"integrations": "integrations", "forwardings": "forwardings", "operations": "operations", "runs": "sync_runs", "cancellation-requests": "cancellation_requests", "incoming-links": "incoming_links",
	} {
		ids[kind] = s.one(`SELECT max(id)::text FROM ` + table)
	}
	return ids
}

// In an organisation everybody sees its products and flows, and no other's; of sales each sees their own.
func TestAnOrganisationSeesItsOwn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	member := func(organisation int64, role, email string) []string {
		user := idOf(s.must("POST", "account/users", object{"email": email, "role": role, "organisation_id": organisation}))
		return []string{"Authorization", "Bearer " + s.must("POST", fmt.Sprintf("account/users/%d/tokens", user), object{"name": "t"}).(object)["token"].(string)}
	}
	elsewhere := idOf(s.must("POST", "account/organisations", object{"name": "Elders"}))
	_, made := s.call("POST", sell, s.sale(), "Authorization", "Bearer "+s.agent)
	sale := idOf(made["data"])
	for _, role := range []string{"organisationadmin", "teamleader", "agent"} {
		colleague, outsider := member(s.organisation, role, role+"-2@partner.example"), member(elsewhere, role, role+"@elders.example")
		for path, seen := range map[string]bool{
			fmt.Sprintf("user/products/%d", s.product): true, fmt.Sprintf("user/flows/%d", s.flow): true,
			fmt.Sprintf("user/sales/%d", sale): false, fmt.Sprintf("user/sales/answers/%d", sale): false,
		} {
			status, _ := s.call("GET", path, nil, colleague...)
			require.Equal(t, seen, status == http.StatusOK, "%s: %s", role, path)
			absent, nothing := s.call("GET", path[:strings.LastIndex(path, "/")]+"/987654321", nil, outsider...)
			status, answer := s.call("GET", path, nil, outsider...)
			require.Equal(t, absent, status, "%s of another organisation: %s", role, path)
			require.Equal(t, unnumbered(nothing), unnumbered(answer))
		}
		for path, count := range map[string]int{"user/products": 1, "user/flows": 1} {
			_, answer := s.call("GET", path, nil, colleague...)
			require.Len(t, answer["data"], count, "%s: %s", role, path)
			_, answer = s.call("GET", path, nil, outsider...)
			require.Empty(t, answer["data"], "%s of another organisation: %s", role, path)
		}
		_, answer := s.call("GET", "user/sales", nil, colleague...)
		require.EqualValues(t, 0, answer["data"].(object)["total"], role)
		status, answer := s.call("POST", sell, s.sale(), outsider...)
		require.GreaterOrEqual(t, status, 400, "it may not sell what is not granted: %v", answer)
	}
	require.EqualValues(t, 1, s.must("GET", "account/sales", nil).(object)["total"])
}

// A token that was renewed between an attempt without an answer and its repetition makes no second sale: keys belong to
// the user, never to the token.
func TestKeysOutliveTokens(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.sale()
	order["external_reference"] = "ref"
	_, first := s.call("POST", sell, order, "Authorization", "Bearer "+s.agent, "Idempotency-Key", "k")
	tokens := s.must("GET", fmt.Sprintf("account/users/%d/tokens", s.user), nil).([]any)
	s.must("DELETE", fmt.Sprintf("account/users/%d/tokens/%v", s.user, tokens[0].(object)["id"]), nil)
	renewed := s.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "nieuw"}).(object)["token"].(string)
	status, again := s.call("POST", sell, order, "Authorization", "Bearer "+renewed, "Idempotency-Key", "k")
	require.Equal(t, http.StatusCreated, status)
	require.Equal(t, first["data"], again["data"])
	require.EqualValues(t, 1, s.must("GET", "account/sales", nil).(object)["total"])
}
