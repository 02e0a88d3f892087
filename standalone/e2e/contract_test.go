package e2e

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"koppel/salesdock"
)

// contract is the OpenAPI document, with what the tests saw of each of its operations.
var contract = sync.OnceValue(func() *openContract {
	doc, err := openapi3.NewLoader().LoadFromData(salesdock.OpenAPI)
	if err != nil {
		panic(err)
	}
	doc.Servers = openapi3.Servers{{URL: "http://contract/api/account/v1"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return &openContract{doc: doc, router: router, seen: map[string]map[int]int{}}
})

type openContract struct {
	doc    *openapi3.T
	router routers.Router
	mu     sync.Mutex
	seen   map[string]map[int]int // operation → status → how often
}

// The first so many answers of an operation with a status are held to the document, and of the others every so many:
// validating each look of a test that waits cost the suite half of its processors.
const (
	validatedAlways = 100
	validatedThen   = 20
)

var basePath = regexp.MustCompile(`^/api/[^/]+/v1`)

// holdToContract holds an answer against the schema of its operation.
func holdToContract(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	c := contract()
	asked := request.Clone(context.Background())
	asked.URL.Scheme, asked.URL.Host, asked.Host = "http", "contract", "contract"
	asked.URL.Path = basePath.ReplaceAllString(asked.URL.Path, "/api/account/v1")
	asked.URL.RawPath = ""
	route, params, err := c.router.FindRoute(asked)
	if err != nil {
		return // an address that is not in the document, asked on purpose
	}
	c.mu.Lock()
	statuses := c.seen[route.Operation.OperationID]
	if statuses == nil {
		statuses = map[int]int{}
		c.seen[route.Operation.OperationID] = statuses
	}
	statuses[response.StatusCode]++
	often := statuses[response.StatusCode]
	c.mu.Unlock()
	if often > validatedAlways && often%validatedThen != 0 {
		return // what a test asks again and again while it waits
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
		Status:                 response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s %s answered outside the document: %v\n%.600s", request.Method, request.URL.Path, err, body)
	}
}

// suite runs the tests, and with all of them demands that every operation of the document succeeded at least once.
type suite struct{ m *testing.M }

func (s suite) Run() int {
	code := s.m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.bench").Value.String() == ""
	missed := contract().missed()
	if testing.Verbose() {
		fmt.Fprintf(os.Stderr, "operations that no test saw succeed: %s\n", strings.Join(missed, ", "))
	}
	if code == 0 && whole && len(missed) > 0 {
		fmt.Fprintf(os.Stderr, "no test saw these operations succeed: %s\n", strings.Join(missed, ", "))
		return 1
	}
	return code
}

func (c *openContract) missed() (missed []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, item := range c.doc.Paths.Map() {
		for _, operation := range item.Operations() {
			succeeded := false
			for status := range c.seen[operation.OperationID] {
				succeeded = succeeded || status < 300
			}
			// Environments call each other by these; their callers are programs here, and their tests are server/api's.
			between := slices.Contains(betweenEnvironments, operation.OperationID)
			if !succeeded && !between {
				missed = append(missed, operation.OperationID)
			}
		}
	}
	slices.Sort(missed)
	return missed
}

var betweenEnvironments = []string{"putLink", "deleteLink", "postLinkEvent", "takeCancellationRequest", "getCancellationRequest", "takeBackCancellationRequest"}

// TestContractTable holds docs/conformance.md to the document: every line names an operation that is there, and every
// operation of the contract has a line.
func TestContractTable(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../docs/conformance.md")
	require.NoError(t, err)
	defer file.Close()
	documented := map[string]bool{}
	for path, item := range contract().doc.Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	line := regexp.MustCompile("^\\| `([A-Z]+) ([^`]+)` \\| (\\S+)")
	lines := 0
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		found := line.FindStringSubmatch(scanner.Text())
		if found == nil {
			continue
		}
		lines++
		for _, path := range scopes(found[2]) {
			require.Equal(t, found[3] == "served", documented[found[1]+" "+path], "%s %s is said to be %s", found[1], path, found[3])
		}
	}
	require.GreaterOrEqual(t, lines, 45)
}

// scopes gives a path in both scopes where it is written for both.
func scopes(path string) []string {
	if !strings.Contains(path, "{scope}") {
		return []string{path}
	}
	return []string{strings.Replace(path, "{scope}", "user", 1), strings.Replace(path, "{scope}", "account", 1)}
}
