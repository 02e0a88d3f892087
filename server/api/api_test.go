package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"koppel/server/api"
	"koppel/server/service/access"
	"koppel/server/service/sales"
)

func TestEveryReadAnswersByTheDocument(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sale := idOf(s.must("POST", sell, s.sale()))
	s.must("POST", fmt.Sprintf("account/sales/updatestatus/%d?status=verified&remark=x&mark_processed=1", sale), nil)
	s.must("POST", "account/statuses", object{"name": "In behandeling"})
	for _, scope := range []string{"user", "account"} {
		for _, path := range []string{
			"products", "products?extended=true", fmt.Sprintf("products/%d", s.product), "suppliers", "flows", "flows?extended=true", fmt.Sprintf("flows/%d", s.flow),
			"productquestions", "productquestions?extended=true", "agreements?extended=true", "statuses?status_source=sale", "sales", "sales?extended=true", fmt.Sprintf("sales/%d", sale),
			fmt.Sprintf("sales/answers/%d", sale), "sales?statuses[0]=verified&statuses[1]=new&period_filter_on=created_date&period=today",
		} {
			s.must("GET", scope+"/"+path, nil)
		}
	}
	for _, path := range []string{
		"organisations", fmt.Sprintf("organisations/%d", s.organisation), fmt.Sprintf("organisations/%d/products", s.organisation), "users", fmt.Sprintf("users/%d/tokens", s.user), "audit",
		fmt.Sprintf("sales/%d/history", sale), "integrations", "forwardings", "incoming-links",
	} {
		s.must("GET", "account/"+path, nil)
	}
	s.must("GET", "capabilities", nil)
	row := s.must("GET", "account/sales", nil).(object)["data"].([]any)[0].(object)
	require.Equal(t, "verified", row["status"])
}

func TestEveryFailureIsInTheContractsShape(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type failure struct {
		method, path string
		body         any
		header       []string
		status       int
		field        string
	}
	bad := func(change func(object)) object { sale := s.sale(); change(sale); return sale }
	for _, f := range []failure{
		{"GET", "user/products", nil, []string{"Authorization", "Bearer"}, 401, ""},
		{"GET", "user/products", nil, []string{"Authorization", "Bearer kpl_x_y"}, 401, ""},
		{"GET", "account/products", nil, []string{"Authorization", "Bearer " + s.agent}, 403, ""},
		{"GET", "user/products/999", nil, nil, 404, ""},
		{"GET", "user/products/abc", nil, nil, 404, ""},
		{"GET", "nonsense", nil, nil, 404, ""},
		{"PATCH", "user/products", nil, nil, 405, ""},
		{"GET", "user/sales?page=zero", nil, nil, 400, "page"},
		{"GET", "user/sales?period=sometime", nil, nil, 400, "period"},
		{"GET", "user/sales?changed_since=x", nil, nil, 400, "changed_since"},
		{"POST", "sales/flow/energie/unknown", s.sale(), nil, 404, ""},
		{"POST", sell, object{}, nil, 422, "firstname"},
		{"POST", sell, bad(func(o object) { delete(o, "questionData") }), nil, 422, "questionData"},
		{"POST", sell, bad(func(o object) { o["product_id"] = 999 }), nil, 400, "product_id"},
		{"POST", sell, bad(func(o object) { o["product_id"] = "x" }), nil, 400, "product_id"},
		{"POST", sell, bad(func(o object) { o["email"] = "nee" }), nil, 400, "email"},
		{"POST", sell, bad(func(o object) { o["birthdate"] = "1980-02-01" }), nil, 400, "birthdate"},
		{"POST", sell, bad(func(o object) { o["birthdate"] = time.Now().Format("02-01-2006") }), nil, 400, "birthdate"},
		{"POST", sell, bad(func(o object) { delete(o, "iban") }), nil, 400, "iban"},
		{"POST", sell, bad(func(o object) { o["transaction_type"] = "gift" }), nil, 400, "transaction_type"},
		{"POST", sell, bad(func(o object) { o["questionData"] = object{} }), nil, 400, "questionData.betaal"},
		{"POST", sell, bad(func(o object) { o["questionData"] = object{"betaal": "Acceptgiro"} }), nil, 400, "questionData.betaal"},
		{"POST", sell, bad(func(o object) { o["agreements"] = object{} }), nil, 400, "agreements.av"},
		{"POST", sell, bad(func(o object) { o["business"] = 1 }), nil, 422, "company_name"},
		{"POST", sell, bad(func(o object) { o["related_products"] = []object{{"product_id": s.product, "section_identifier": "x"}} }), nil, 400, "related_products.0.section_identifier"},
		{"POST", sell, bad(func(o object) { o["contract_pdf"] = object{"content": "!", "extension": "exe"} }), nil, 400, "contract_pdf.extension"},
		{"POST", "account/products", object{"name": "x"}, nil, 422, "type"},
		{"POST", "account/products", object{"name": "x", "identifier": "x", "type": "simple", "price": "veel"}, nil, 400, "price"},
		{"POST", "account/products", object{"name": "x", "identifier": "x", "type": "simple", "supplier_id": 999}, nil, 400, "supplier_id"},
		{"POST", "account/flows", object{}, nil, 422, "title"},
		{"POST", "account/productquestions", object{"name": "x", "identifier": "x", "input_type": "poem"}, nil, 400, "input_type"},
		{"POST", "account/productquestions", object{"name": "x", "identifier": "betaal", "input_type": "text"}, nil, 409, ""},
		{"POST", "account/users", object{"email": "x", "role": "agent"}, nil, 400, "email"},
		{"POST", "account/users", object{"email": "x@y.example", "role": "agent"}, nil, 400, "organisation_id"},
		{"POST", "account/users", object{"email": "x@y.example", "role": "agent", "organisation_id": 999}, nil, 400, "organisation_id"},
		{"POST", fmt.Sprintf("account/connect-organisation-to-products/%d", s.organisation), object{"products": []int{999}}, nil, 400, "products"},
		{"DELETE", fmt.Sprintf("account/organisations/%d", s.organisation), nil, nil, 409, ""},
		{"POST", "account/statuses", object{"id": "new", "name": "x"}, nil, 409, ""},
		{"POST", "account/integrations", object{}, nil, 422, "token"},
		{"POST", "account/integrations/test", object{"account_name": "x", "token": "y", "base_url": "ftp://x"}, nil, 400, "base_url"},
		{"GET", "account/integrations/999", nil, nil, 404, ""},
		{"POST", "account/forwardings/retry", object{}, nil, 422, "ids"},
		{"POST", "account/forwardings/settle", object{"action": "resend"}, nil, 422, "integration_id"},
		{"POST", "account/forwardings/999/abandon", object{"reason": "x"}, nil, 404, ""},
		{"PUT", "user/link", object{"account": "x"}, nil, 422, "secret"},
		{"POST", "link-events", object{"link_key": "x"}, nil, 401, ""},
	} {
		status, envelope := s.call(f.method, f.path, f.body, f.header...)
		require.Equal(t, f.status, status, "%s %s: %v", f.method, f.path, envelope)
		require.Equal(t, false, envelope["success"])
		require.EqualValues(t, f.status, envelope["code"])
		require.NotEmpty(t, envelope["message"])
		if f.field != "" {
			require.Contains(t, envelope["errors"], f.field, "%s %s: %v", f.method, f.path, envelope)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/acme/v1/"+sell, strings.NewReader("{not json"))
	require.NoError(t, err)
	status, _ := s.send(request)
	require.Equal(t, 400, status)
	require.EqualValues(t, 0, s.must("GET", "account/sales", nil).(object)["total"], "nothing was made by any of these")
}

// One tenant's ids are to another exactly what does not exist.
func TestAnotherEnvironmentSeesNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sale := idOf(s.must("POST", sell, s.sale()))
	other := s.environment("other")
	get := func(path string) (int, object) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/other/v1/"+path, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+other)
		return s.send(request)
	}
	for path, number := range map[string]int64{"account/products": s.product, "account/flows": s.flow, "account/sales": sale, "account/organisations": s.organisation} {
		foreign, answer := get(fmt.Sprintf("%s/%d", path, number))
		absent, nothing := get(fmt.Sprintf("%s/%d", path, 987654))
		require.Equal(t, http.StatusNotFound, foreign)
		require.Equal(t, absent, foreign)
		require.Equal(t, unnumbered(nothing), unnumbered(answer), "a foreign id and a missing one cannot be told apart")
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/api/other/v1/account/products", nil)
	require.NoError(t, err)
	status, _ := s.send(request)
	require.Equal(t, http.StatusNotFound, status, "a token works in its own environment only")
}

func TestSameKeyMakesOneSale(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	sale := s.sale()
	sale["external_reference"] = "ref-1"
	ids := make([]any, 50)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			_, envelope := s.call("POST", sell, sale, "Idempotency-Key", "k")
			data, _ := envelope["data"].(object)
			ids[i] = data["sale_id"]
		})
	}
	group.Wait()
	for _, id := range ids {
		require.NotNil(t, id)
		require.Equal(t, ids[0], id)
	}
	require.EqualValues(t, 1, s.must("GET", "account/sales", nil).(object)["total"])
	sale["firstname"] = "Piet"
	status, _ := s.call("POST", sell, sale, "Idempotency-Key", "k")
	require.Equal(t, 409, status, "the same key for another sale")
	status, envelope := s.call("POST", sell, sale, "Idempotency-Key", "k2")
	require.Equal(t, 409, status, "the same reference for another sale")
	require.Equal(t, ids[0], envelope["data"].(object)["sale_id"])
	found := s.must("GET", "user/sales?external_reference=ref-1&extended=true", nil).(object)
	require.EqualValues(t, 1, found["total"])
}

func TestFormsAreReadAsJSONIs(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	form := url.Values{}
	for name, value := range s.sale() {
		switch v := value.(type) {
		case object:
			for inner, text := range v {
				form.Set(name+"["+inner+"]", fmt.Sprint(text))
			}
		case nil:
			form.Set(name, "")
		default:
			form.Set(name, fmt.Sprint(v))
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/api/acme/v1/"+sell, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, envelope := s.send(request)
	require.Equal(t, 201, status, "%v", envelope)
}

func TestRevokedAndExpiredTokens(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tokens := s.must("GET", fmt.Sprintf("account/users/%d/tokens", s.user), nil).([]any)
	s.must("DELETE", fmt.Sprintf("account/users/%d/tokens/%v", s.user, tokens[0].(object)["id"]), nil)
	require.Eventually(t, func() bool {
		status, _ := s.call("GET", "user/products", nil, "Authorization", "Bearer "+s.agent)
		return status == 401
	}, 30*time.Second, 20*time.Millisecond, "a revoked token stops working")
	old := s.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "oud", "expires_at": "2099-01-01 00:00:00"}).(object)["token"].(string)
	s.exec(`UPDATE tokens SET expires_at = now() WHERE name = 'oud'`)
	status, _ := s.call("GET", "user/products", nil, "Authorization", "Bearer "+old)
	require.Equal(t, 401, status)
}

// A user's calls, and an address's, are counted together by all servers; a refusal says when to come back.
func TestThrottling(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const limit, servers = 120, 3
	moment := time.Unix(1780000000-1780000000%60, 0)
	var clock atomic.Int64
	now := func() time.Time { return moment.Add(time.Duration(clock.Load())) }
	var throttles [servers]*access.Throttle
	for i := range throttles {
		throttles[i] = access.NewThrottle(s.svc.Store, now)
	}
	subject := [][32]byte{{1}}
	within := func(calls int) (taken int) {
		for n := range calls {
			allowance, err := throttles[n%servers].Take(t.Context(), limit, subject)
			require.NoError(t, err)
			if allowance.Wait == 0 {
				taken++
			} else {
				require.Positive(t, allowance.Wait)
				require.LessOrEqual(t, allowance.Wait, 2*time.Minute)
			}
		}
		return taken
	}
	require.InDelta(t, limit, within(400), limit/10, "three servers let through what one would")
	clock.Store(int64(90 * time.Second))
	require.InDelta(t, limit/2, within(400), limit/10, "half of the last minute counts still")
	clock.Store(int64(5 * time.Minute))
	require.InDelta(t, limit, within(400), limit/10)

	s.svc.RequestsPerMinute = 20
	limited := 0
	for range 30 {
		status, envelope, header := s.callHeader("GET", "user/suppliers", nil)
		require.Equal(t, "20", header.Get("X-RateLimit-Limit"))
		if status == 429 {
			limited++
			require.EqualValues(t, 429, envelope["code"])
			seconds, err := strconv.Atoi(header.Get("Retry-After"))
			require.NoError(t, err)
			require.Positive(t, seconds)
		}
	}
	require.GreaterOrEqual(t, limited, 9)
	status, _ := s.call("GET", "user/suppliers", nil, "Authorization", "Bearer "+s.agent)
	require.Equal(t, 429, status, "another user at the same address shares the address's limit")
}

// Nobody's change is missed and nobody's page is read twice, whatever changes meanwhile.
func TestChangeCursorTellsOfWithdrawnProducts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	agent := []string{"Authorization", "Bearer " + s.agent}
	read := func(cursor string) object {
		_, envelope := s.call("GET", "user/products?changed_since="+cursor+"&extended=true", nil, agent...)
		return envelope["data"].(object)
	}
	first := read("")
	require.Equal(t, true, first["full"])
	require.Len(t, first["data"], 1)
	cursor := first["next_cursor"].(string)
	s.must("POST", fmt.Sprintf("account/connect-organisation-to-products/%d", s.organisation), object{"products": []int{}})
	require.Eventually(t, func() bool {
		page := read(cursor)
		rows := page["data"].([]any)
		return len(rows) == 1 && rows[0].(object)["removed"] == true
	}, 30*time.Second, 20*time.Millisecond)
}

// Whatever form a client sends is read or refused.
func FuzzForm(f *testing.F) {
	f.Add("a[b][0]=1&a[b][1]=2&c[]=3&c[]=4&d=5")
	f.Add("a=1&a[b]=2&[]=x&b[=1&c]=2")
	f.Fuzz(func(_ *testing.T, form string) {
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if body, err := api.ReadBodyForTest(request); err == nil {
			_, _, _ = sales.ParseSubmission(body)
		}
	})
}
