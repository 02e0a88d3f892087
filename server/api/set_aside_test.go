package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rows that could not be read are told with their link, counted in its status, and with the run that met them.
func TestSetAsideRowsAreTold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	link(t, s)
	id, env := s.one(`SELECT max(id)::text FROM integrations`), s.one(`SELECT environment_id::text FROM integrations ORDER BY id DESC LIMIT 1`)
	path := "account/integrations/" + id
	require.Equal(t, object{"count": 0.0, "kinds": object{}, "since": nil}, s.must("GET", path+"/status", nil).(object)["set_aside"])
	run := s.must("POST", path+"/sync", object{}).(object)["run_id"].(float64)
	s.exec(fmt.Sprintf(`INSERT INTO set_aside_rows (environment_id, integration_id, kind, partner_id, name, field, value, reason, kept, run_id, since, last_seen_at)
		VALUES (%s, %s, 'product', '8', 'Wind', 'price', 'gratis', 'not_an_amount', true, %.0f, now(), now()), (%[1]s, %[2]s, 'sale', '', '', '', '', 'not_an_object', true, NULL, now(), now())`, env, id, run))
	s.exec(fmt.Sprintf(`INSERT INTO sync_run_set_aside SELECT environment_id, run_id, kind, detail, partner_id, name, field, value, reason FROM set_aside_rows WHERE run_id = %.0f`, run))
	rows := s.must("GET", path+"/set-aside", nil).([]any)
	require.Len(t, rows, 2)
	named := rows[0].(object)
	require.Equal(t, []any{"product", "8", "Wind", "price", "gratis", "not_an_amount"}, []any{named["kind"], named["partner_id"], named["name"], named["field"], named["value"], named["reason"]})
	sum := s.must("GET", path+"/status", nil).(object)["set_aside"].(object)
	require.Equal(t, 2.0, sum["count"])
	require.Equal(t, object{"product": 1.0, "sale": 1.0}, sum["kinds"])
	require.Len(t, s.must("GET", fmt.Sprintf("%s/runs/%.0f", path, run), nil).(object)["set_aside"], 1)
}
