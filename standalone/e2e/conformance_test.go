package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
	"koppel/internal/phpform"
)

// conforming is a link whose operations are all called, with what is made on the way.
type conforming struct {
	*link
	supplier, product, question, agreement, sale int64
	document                                     string // an attachment's address
}

// TestConformance calls what the other tests do not, so that every operation of the document is seen to succeed with an
// answer in its schema (suite, in TestMain, demands it).
func TestConformance(t *testing.T) {
	t.Parallel()
	c := &conforming{link: ready(t, 2)}
	c.makesEverything()
	c.readsAs("user")
	c.readsAs("account")
	c.changesSales()
	c.givesAccess()
	c.managesItsLink()
	c.forwards()
	c.removesEverything()
}

func (c *conforming) delete(path string) {
	c.t.Helper()
	c.provider.must(http.MethodDelete, path, nil)
}

func (c *conforming) makesEverything() {
	p := c.provider
	c.supplier = id(p.post("account/suppliers", object{"name": "Leverancier", "identifier": "lev"}))
	p.put(fmt.Sprintf("account/suppliers/%d", c.supplier), object{"description": "Groen"})
	c.product = id(p.post("account/products", object{"name": "Extra", "identifier": "extra", "type": "simple", "active": "1", "supplier_id": c.supplier, "attachments": []object{{"name": "Folder", "extension": "pdf", "content": base64.StdEncoding.EncodeToString([]byte("%PDF"))}}}))
	p.put(fmt.Sprintf("account/products/%d", c.product), object{"price_monthly": "1.50"})
	p.post(fmt.Sprintf("account/connect-product-to-organisations/%d", c.product), object{"organisations": []int64{c.organisation}})
	c.question = id(p.post("account/productquestions", object{"name": "Kleur", "identifier": "kleur", "input_type": "text"}))
	p.put(fmt.Sprintf("account/productquestions/%d", c.question), object{"description": "Welke?"})
	c.agreement = id(p.post("account/agreements", object{"identifier": "extra", "name": "Extra"}))
	p.put(fmt.Sprintf("account/agreements/%d", c.agreement), object{"text": "Akkoord"})
	p.put("account/statuses/in-behandeling", object{"name": "In behandeling nu", "type": "default"})
	c.sale = id(p.post(sellPath, func() object {
		order := sale(rows(p.get("account/products"))[0]["id"], 1)
		order["questionData"].(object)["betaalwijze"], order["external_reference"] = "Incasso", "H-1"
		return order
	}()))
	c.document = p.get(fmt.Sprintf("account/products/%d", c.product)).(object)["documents"].([]any)[0].(object)["location"].(string)
}

// readsAs reads every list and row in a scope.
func (c *conforming) readsAs(scope string) {
	p := c.provider
	for _, path := range []string{
		"products", fmt.Sprintf("products/%d", c.product), "suppliers", fmt.Sprintf("suppliers/%d", c.supplier), "flows", fmt.Sprintf("flows/%d", c.flow),
		"productquestions", fmt.Sprintf("productquestions/%d", c.question), "agreements", fmt.Sprintf("agreements/%d", c.agreement), "statuses?status_source=sale",
		"sales", "sales?extended=true&statuses[]=new&period=today&period_filter_on=created_date", fmt.Sprintf("sales/%d", c.sale), fmt.Sprintf("sales/answers/%d", c.sale),
		"webhooks", "webhooks/events",
	} {
		p.get(scope + "/" + path)
	}
	hook := p.post(scope+"/webhooks", object{"event": map[string]string{"user": "sales.changed", "account": "sale.cancelled"}[scope], "target_url": "https://ontvanger.example/hook"}).(object)
	p.post(fmt.Sprintf("%s/webhooks/%v/resume", scope, hook["uuid"]), nil)
	c.delete(fmt.Sprintf("%s/webhooks/%v", scope, hook["uuid"]))
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, strings.Replace(c.document, "/v1/user/", "/v1/"+scope+"/", 1), nil)
	require.NoError(c.t, err)
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	data, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	require.NoError(c.t, response.Body.Close())
	require.Equal(c.t, "%PDF", string(data))
	holdToContract(c.t, request, response, data)
}

func (c *conforming) changesSales() {
	p := c.provider
	p.get("capabilities")
	p.get(fmt.Sprintf("account/sales/%d/history", c.sale))
	p.post(fmt.Sprintf("account/sales/%d/optin", c.sale), object{"channels": []object{{"type": "email", "value": "a@b.example"}}})
	p.post("account/concepttransaction", object{"firstname": "Jan"})
	p.post("account/sales/updatestatus/incoming/H-1?status=verified&mark_processed=1", nil)
	p.post(fmt.Sprintf("user/sales/cancel/%d?status=cancelled&remark=klaar", c.sale), nil)
}

func (c *conforming) givesAccess() {
	p := c.provider
	p.get("account/organisations")
	organisation := id(p.post("account/organisations", object{"name": "Tijdelijk", "contractor": "no"}))
	p.put(fmt.Sprintf("account/organisations/%d", organisation), object{"city": "Zeist"})
	p.get(fmt.Sprintf("account/organisations/%d", organisation))
	p.get(fmt.Sprintf("account/organisations/%d/products", organisation))
	c.delete(fmt.Sprintf("account/organisations/%d", organisation))
	p.get("account/users")
	invited := p.post("account/invitation", object{"email": "nieuw@provider.example", "role": "admin"}).(object)
	page, err := http.Get(invited["invitation_url"].(string))
	require.NoError(c.t, err)
	require.NoError(c.t, page.Body.Close())
	require.Equal(c.t, http.StatusOK, page.StatusCode)
	token := p.post(fmt.Sprintf("account/users/%d/tokens", c.user), object{"name": "weg"}).(object)
	p.get(fmt.Sprintf("account/users/%d/tokens", c.user))
	c.delete(fmt.Sprintf("account/users/%d/tokens/%v", c.user, token["id"]))
	p.get("account/audit?entity=product")
	p.post("account/concepttransaction", object{"source": "dialer", "email": "weg@voorbeeld.example"})
	for _, does := range []string{"find", "export", "erase"} {
		p.post("account/persons/"+does, object{"email": "weg@voorbeeld.example"})
	}
	p.get("account/retention")
	p.patch("account/retention", object{"refused_days": 400})
	link := rows(p.get("account/incoming-links"))[0]
	linkPath := fmt.Sprintf("account/incoming-links/%v", link["id"])
	require.NotEmpty(c.t, link["key_fingerprint"], "the link is pinned")
	p.get(linkPath)
	p.patch(linkPath, object{"validate_agreements": true})
	p.post(linkPath+"/reset-key", nil)
}

func (c *conforming) managesItsLink() {
	a := c.reseller
	a.get("account/integrations")
	a.post(c.path("/test"), nil)
	a.post(c.path("/pause"), nil)
	a.post(c.path("/resume"), nil)
	for _, path := range []string{"/health", "/runs", "/mappings/flows", "/mappings/questions", "/mappings/agreements", "/mappings/statuses?system=1", "/status"} {
		a.get(c.path(path))
	}
	a.get(c.path(fmt.Sprintf("/runs/%v", rows(a.get(c.path("/runs")))[0]["id"])))
	a.post(c.path("/health/seen"), object{"part": "flows"})
}

func (c *conforming) forwards() {
	a := c.reseller
	forwarded := c.sell(7)
	c.eventually("it is forwarded", func() bool { return c.forwardings("forwarded") == 1 })
	a.get(fmt.Sprintf("account/forwardings/%v", rows(a.get("account/forwardings"))[0]["id"]))
	a.post(fmt.Sprintf("account/sales/%d/forward/preview", forwarded), nil)
	a.patch(c.path(""), object{"forwarding": object{"enabled": true, "automatic": false, "statuses": "all"}})
	waiting := c.sell(8)
	a.patch(fmt.Sprintf("account/sales/%d", waiting), object{"customer": object{"correspondence_address": object{"city": "Zeist"}}})
	a.patch(fmt.Sprintf("account/sales/%d/correction", waiting), object{"customer": object{"city": "Zeist"}})
	a.post(c.path("/pause"), nil) // so that the operation is still there to be cancelled
	operation := a.post(c.path("/forward-existing"), object{"dry_run": false}).(object)["operation_id"]
	a.get(fmt.Sprintf("account/operations/%v", operation))
	a.post(fmt.Sprintf("account/operations/%v/cancel", operation), nil)
	a.post("account/forwardings/retry", object{"cause": "question_unmapped", "integration_id": c.integration})
	dbtest.Exec(c.t, c.databaseURL, fmt.Sprintf(`INSERT INTO sync_runs (environment_id, integration_id, trigger, state, created_at)
		SELECT environment_id, id, 'schedule', 'needs_confirmation', now() FROM integrations WHERE id = %d`, c.integration))
	a.post(c.path(fmt.Sprintf("/runs/%v/dismiss", rows(a.get(c.path("/runs")))[0]["id"])), nil)
	a.must(http.MethodDelete, c.path(""), nil)
}

func (c *conforming) removesEverything() {
	c.delete(fmt.Sprintf("account/productquestions/%d", c.question))
	c.delete(fmt.Sprintf("account/agreements/%d", c.agreement))
	c.delete("account/statuses/in-behandeling")
	c.delete(fmt.Sprintf("account/products/%d", c.product))
	supplier := c.provider.post("account/suppliers", object{"name": "Weg", "identifier": "weg"}).(object)["supplier_id"]
	c.delete(fmt.Sprintf("account/suppliers/%v", supplier))
	spare := id(c.provider.post("account/flows", object{"title": "Weg", "type": "energie", "identifier": "weg"}))
	c.delete(fmt.Sprintf("account/flows/%d", spare))
}

// shopForPrograms is an environment with two products, that three programs sell.
type shopForPrograms struct {
	t              *testing.T
	e              client
	product, extra int64
}

func newShopForPrograms(t *testing.T) *shopForPrograms {
	t.Helper()
	d := deploy(t)
	e := d.environment("voltera")
	flow := setUpForms(e, "Incasso", "Factuur")
	e.post("account/productquestions", object{"name": "Wensen", "identifier": "wensen", "input_type": "mc-multi", "options": []string{"Groen", "Vast"}, "visible": true})
	product := id(e.post("account/products", energyProduct(1)))
	extra := id(e.post("account/products", energyProduct(2)))
	e.put(fmt.Sprintf("account/flows/%d", flow), object{"sections": []object{
		{"title": "Stroom", "identifier": "stroom", "products": []object{{"id": product}}}, {"title": "Extra", "identifier": "extra", "products": []object{{"id": extra, "maximum_quantity": 2}}},
	}})
	return &shopForPrograms{t, e, product, extra}
}

// variants are kinds of sales, by what makes one of a plain order.
func (s *shopForPrograms) variants() map[string]func(object) {
	pdf := base64.StdEncoding.EncodeToString([]byte("%PDF-1.4"))
	return map[string]func(object){
		"single": func(object) {},
		"several products": func(o object) {
			o["related_products"] = []object{{"product_id": s.extra, "quantity": 2, "section_identifier": "extra"}}
		},
		"completed": func(o object) {
			o["contract_date"], o["contract_pdf"] = "01-05-2026", object{"content": pdf, "extension": "pdf"}
		},
		"energy": func(o object) {
			o["type"], o["tarifftype"], o["usage_e_high"], o["usage_e_low"], o["electricity_ean"] = "e", "double", 1800, 1500, "871687000000000016"
		},
		"business offer": func(o object) {
			o["transaction_type"], o["business"], o["contact_person"], o["company_name"], o["company_coc"] = "offer", 1, "Jan", "Jansen BV", 12345678
		},
	}
}

func (s *shopForPrograms) order(change func(object)) object {
	o := sale(s.product, 1)
	o["questionData"] = object{"betaalwijze": "Incasso", "wensen": []any{"Groen", "Vast"}}
	change(o)
	return o
}

// create sends a sale as a body of some kind, and gives it as it is kept.
func (s *shopForPrograms) create(kind string, body []byte) object {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.e.base+"/api/voltera/v1/"+sellPath, bytes.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+s.e.token)
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	data, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	require.Equal(s.t, http.StatusCreated, response.StatusCode, "%s: %s", kind, data)
	holdToContract(s.t, request, response, data)
	newest := rows(s.e.get("account/sales"))[0]["id"]
	return s.e.get(fmt.Sprintf("account/sales/%v", newest)).(object)
}

// TestThreeClientPrograms sends the same sale as three common programs do: curl with a form, a client with JSON's own
// booleans and numbers, and a PHP-style client that makes text of everything.
func TestThreeClientPrograms(t *testing.T) {
	t.Parallel()
	s := newShopForPrograms(t)
	meaning := func(s object) object {
		return object{"type": s["type"], "customer": s["customer"], "products": s["products"], "flow_data": s["flow_data"], "completed": s["finalized_at"] != nil}
	}
	for name, change := range s.variants() {
		real := s.order(change)
		real["business"] = real["business"] == 1
		real["agreements"] = object{"voorwaarden": true}
		first := meaning(s.create("application/json", encode(t, real)))

		text := textOf(s.order(change)).(object)
		require.Equal(t, first, meaning(s.create("application/json", encode(t, text))), "%s as text", name)

		form := phpform.Values(text)
		require.Equal(t, first, meaning(s.create("application/x-www-form-urlencoded", []byte(form.Encode()))), "%s as a form", name)
		var body bytes.Buffer
		writer := multipart.NewWriter(&body)
		for key, values := range form {
			require.NoError(t, writer.WriteField(key, values[0]))
		}
		require.NoError(t, writer.Close())
		require.Equal(t, first, meaning(s.create(writer.FormDataContentType(), body.Bytes())), "%s as a form of parts", name)
	}
}

// textOf makes text of every value, as PHP's forms and careless clients do.
func textOf(value any) any {
	switch v := value.(type) {
	case nil:
		return ""
	case object:
		out := object{}
		for key, inner := range v {
			out[key] = textOf(inner)
		}
		return out
	case []object:
		out := []any{}
		for _, inner := range v {
			out = append(out, textOf(inner))
		}
		return out
	case []any:
		out := []any{}
		for _, inner := range v {
			out = append(out, textOf(inner))
		}
		return out
	}
	return fmt.Sprint(value)
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return data
}
