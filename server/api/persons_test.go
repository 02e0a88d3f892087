package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// A person's data is found, given and taken away over the API; who else has it is named with the number it has there.
func TestAPersonsData(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	order := s.sale()
	order["email"] = "weg@voorbeeld.example"
	sale := idOf(s.must("POST", sell, order))
	s.exec(fmt.Sprintf(`
		INSERT INTO integrations (environment_id, name, account_name, base_url, token_sealed, partner_kind, limit_group, settings, link_key, event_secret_sealed, next_sync_at, next_poll_at, created_at, updated_at)
		SELECT environment_id, 'Acme', 'b', 'https://b.example', '', 'stock', 'g', '{}', 'lk', '', now(), now(), now(), now() FROM sales WHERE id = %[1]d;
		INSERT INTO forwardings (environment_id, integration_id, sale_id, state, partner_sale_id, due_at, created_at, updated_at) SELECT i.environment_id, i.id, %[1]d, 'action_required', '900', now(), now(), now() FROM integrations i WHERE link_key = 'lk'`, sale))
	who := object{"email": "Weg@voorbeeld.example"}
	found := s.must("POST", "account/persons/find", who).(object)["sales"].([]any)[0].(object)
	require.EqualValues(t, sale, found["id"])
	require.Equal(t, []any{object{"name": "Acme", "number": "900", "direction": "outgoing"}}, found["also_at"])
	require.Len(t, found["problems"], 1)
	status, refusal := s.call("POST", "account/persons/erase", who)
	require.Equal(t, http.StatusConflict, status)
	require.Equal(t, found["problems"], refusal["errors"].(object)[fmt.Sprintf("sales.%d", sale)], "the same words, at the sale")
	s.exec(`UPDATE forwardings SET state = 'forwarded'`)
	tables := s.must("POST", "account/persons/export", who).(object)["tables"].(object)
	require.Equal(t, "weg@voorbeeld.example", tables["sales"].([]any)[0].(object)["submission"].(object)["fields"].(object)["email"])
	erased := s.must("POST", "account/persons/erase", who).(object)["sales"].([]any)[0].(object)
	require.Equal(t, found["also_at"], erased["also_at"], "what is theirs to erase")
	require.Empty(t, s.must("POST", "account/persons/find", who).(object)["sales"])
	gone := s.must("POST", "account/persons/find", object{"sale_id": sale}).(object)["sales"].([]any)[0].(object)
	require.NotNil(t, gone["erased_at"])
	detail := s.must("GET", fmt.Sprintf("account/sales/%d", sale), nil).(object)
	require.Equal(t, "", detail["customer"].(object)["email"])
	require.EqualValues(t, s.product, detail["product"].(object)["id"])
	require.Equal(t, object{"concepts_days": 0., "refused_days": 30., "ended_days": 0.}, s.must("PATCH", "account/retention", object{"refused_days": "30"}))
	require.Equal(t, 30., s.must("GET", "account/retention", nil).(object)["refused_days"])
}
