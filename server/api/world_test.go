package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/salesdock"
	"koppel/server/api"
	"koppel/server/service"
	"koppel/server/service/services"
	"koppel/states"
)

// world is an environment behind a real server; every answer is held against the OpenAPI document.
type world struct {
	t      *testing.T
	base   string
	svc    *services.Services
	router routers.Router
	api    *api.API
	// database is its address, for its owner.
	database string
	token    string
}

type object = map[string]any

func setup(t *testing.T) *world {
	t.Helper()
	keys, err := vault.New(vault.NewKey("k1"))
	require.NoError(t, err)
	address := dbtest.URL(t)
	w := &world{t: t, database: address, svc: services.New(service.Kernel{Store: dbtest.Open(t, address), Vault: keys, Transport: salesdock.NewTransport([]string{"127.0.0.1"}, nil), Now: time.Now})}
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	environmentAPI := api.New(w.svc, zap.NewNop())
	engine.Use(api.Identify)
	environmentAPI.RegisterWatched(engine, func(r api.Route, answered reflect.Type) {
		if !slices.Contains(api.AnswersOf(r), answered) {
			t.Errorf("%s %s answers with %v, and its route says %v", r.Method, r.Path, answered, api.AnswersOf(r))
		}
	})
	w.api = environmentAPI
	engine.NoRoute(environmentAPI.NotFound)
	engine.NoMethod(environmentAPI.NotFound)
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	w.base, w.svc.PublicURL = server.URL, server.URL
	doc := document(t)
	doc.Servers = openapi3.Servers{{URL: server.URL + "/api/acme/v1"}, {URL: server.URL + "/api/other/v1"}, {URL: server.URL + "/api/nergens/v1"}}
	w.router, err = gorillamux.NewRouter(doc)
	require.NoError(t, err)
	w.token = w.environment("acme")
	return w
}

func (w *world) environment(account string) string {
	made, err := w.svc.Access.CreateEnvironment(w.t.Context(), account, account, "owner@"+account+".example", states.Dutch)
	require.NoError(w.t, err)
	return made.OwnerToken
}

// send makes a request and holds the answer against the document.
func (w *world) send(request *http.Request) (int, object) {
	w.t.Helper()
	status, envelope, _ := w.sendHeader(request)
	return status, envelope
}

func (w *world) sendHeader(request *http.Request) (int, object, http.Header) {
	w.t.Helper()
	if request.Header.Get("Authorization") == "" {
		request.Header.Set("Authorization", "Bearer "+w.token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	route, params, errRoute := w.router.FindRoute(request)
	if errRoute == nil {
		provoked.Store(answer{route.Operation.OperationID, response.StatusCode}, true)
	}
	var envelope object
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		require.Equal(w.t, http.StatusOK, response.StatusCode, "only a file is no JSON: %s", data)
		return response.StatusCode, nil, response.Header
	}
	require.NoError(w.t, json.Unmarshal(data, &envelope), "%s", data)
	if errRoute == nil {
		input := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route},
			Status:                 response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(data)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		}
		require.NoError(w.t, openapi3filter.ValidateResponse(w.t.Context(), input), "%s %s: %s", request.Method, request.URL.Path, data)
	}
	return response.StatusCode, envelope, response.Header
}

// download gets a file by its whole address.
func (w *world) download(location, token string) (*http.Response, string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, location, nil)
	require.NoError(w.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return response, string(data)
}

// one reads one value.
func (w *world) one(sql string) string { return dbtest.One(w.t, w.database, sql) }

// callIn makes a call in another environment.
func (w *world) callIn(account, method, path string, body any, token string) (int, object) {
	w.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(w.t, err)
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.base+"/api/"+account+"/v1/"+path, bytes.NewReader(data))
	require.NoError(w.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	return w.send(request)
}

func (w *world) exec(sql string) { dbtest.Exec(w.t, w.database, sql) }

func (w *world) call(method, path string, body any, header ...string) (int, object) {
	w.t.Helper()
	status, envelope, _ := w.callHeader(method, path, body, header...)
	return status, envelope
}

func (w *world) callHeader(method, path string, body any, header ...string) (int, object, http.Header) {
	w.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(w.t, err)
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.base+"/api/acme/v1/"+path, bytes.NewReader(data))
	require.NoError(w.t, err)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return w.sendHeader(request)
}

func (w *world) must(method, path string, body any) any {
	w.t.Helper()
	status, envelope := w.call(method, path, body)
	require.Less(w.t, status, 300, "%s %s: %v", method, path, envelope)
	return envelope["data"]
}

// unnumbered is an answer without its request's number, which is another one each time.
func unnumbered(answer object) object {
	answer = maps.Clone(answer)
	delete(answer, "request_id")
	return answer
}

func idOf(data any) int64 {
	for _, key := range []string{"id", "product_id", "sale_id"} {
		if n, ok := data.(object)[key].(float64); ok {
			return int64(n)
		}
	}
	return 0
}

// shop is an environment that sells one product through one flow, and an agent who may.
type shop struct {
	*world
	product, flow, organisation, user int64
	agent                             string
}

func newShop(t *testing.T) *shop {
	w := setup(t)
	s := &shop{world: w}
	supplier := idOf(w.must("POST", "account/suppliers", object{"name": "Leverancier", "identifier": "lev"}))
	s.product = idOf(w.must("POST", "account/products", object{
		"name": "Stroom", "identifier": "stroom", "type": "energy_e", "active": "1", "supplier_id": supplier, "business": 2, "price_monthly": 6.990, "customfields": object{"tariff_single": "0.250"},
	}))
	s.flow = idOf(w.must("POST", "account/flows", object{"title": "Energie", "type": "energie", "identifier": "e", "minimum_age_customer": 18, "consumer_order_iban_required": "1"}))
	w.must("POST", "account/productquestions", object{"name": "Betaalwijze", "identifier": "betaal", "input_type": "mc-single", "options": "Incasso\r\nFactuur", "required": 1})
	w.must("POST", "account/agreements", object{"identifier": "av", "name": "Voorwaarden", "required": true})
	s.organisation = idOf(w.must("POST", "account/organisations", object{"name": "Partner"}))
	w.must("POST", fmt.Sprintf("account/connect-organisation-to-products/%d", s.organisation), object{"products": []int64{s.product}})
	w.must("PUT", fmt.Sprintf("account/organisations/%d/flows", s.organisation), object{"flow_ids": []int64{s.flow}})
	s.user = idOf(w.must("POST", "account/users", object{"email": "agent@partner.example", "role": "agent", "organisation_id": s.organisation}))
	s.agent = w.must("POST", fmt.Sprintf("account/users/%d/tokens", s.user), object{"name": "t"}).(object)["token"].(string)
	return s
}

func (s *shop) sale() object {
	return object{
		"transaction_type": "order", "product_id": s.product, "business": 0, "firstname": "Jan", "lastname": "Jansen", "email": "jan@voorbeeld.example", "phone": "0612345678",
		"birthdate": "01-02-1980", "postcode": "1234AB", "housenumber": "1", "streetname": "Straat", "city": "Utrecht", "suffix": nil, "iban": "NL91ABNA0417164300",
		"connection_postcode": "1234AB", "connection_housenumber": "1", "connection_streetname": "Straat", "connection_city": "Utrecht", "connection_suffix": nil,
		"questionData": object{"betaal": "Incasso"}, "agreements": object{"av": "1"},
	}
}

const sell = "sales/flow/energie/e"
