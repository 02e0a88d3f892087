package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// received is what a collector of traces was sent.
type received struct {
	mu    sync.Mutex
	spans []*traces.Span
	raw   strings.Builder
}

func startCollector(t *testing.T) (*received, string) {
	t.Helper()
	got := &received{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &sent) != nil {
			t.Errorf("a collector cannot read %s %s", r.Method, r.URL.Path)
			return
		}
		got.mu.Lock()
		defer got.mu.Unlock()
		got.raw.Write(body)
		for _, of := range sent.GetResourceSpans() {
			for _, in := range of.GetScopeSpans() {
				got.spans = append(got.spans, in.GetSpans()...)
			}
		}
	}))
	t.Cleanup(server.Close)
	return got, server.URL
}

// chains gives, for each span with such a name, its own name and those of what it is part of, in one trace.
func (r *received) chains(prefix string) (chains [][]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	byID := map[string]*traces.Span{}
	for _, s := range r.spans {
		byID[string(s.GetTraceId())+string(s.GetSpanId())] = s
	}
	for _, s := range r.spans {
		if !strings.HasPrefix(s.GetName(), prefix) {
			continue
		}
		var chain []string
		for at, there := s, true; there; at, there = byID[string(at.GetTraceId())+string(at.GetParentSpanId())] {
			chain = append(chain, at.GetName())
			if len(at.GetParentSpanId()) == 0 {
				chain = append(chain, "") // where it begins
			}
		}
		chains = append(chains, chain)
	}
	return chains
}

// A sale is one trace, from where it is submitted through the outbox, its workflow and its activity to what the partner does
// with it; and nothing of the customer is in it. What lives as long as a link has none.
func TestOneSaleIsOneTrace(t *testing.T) {
	t.Parallel()
	got, address := startCollector(t)
	l := ready(t, 2, "OTEL_EXPORTER_OTLP_ENDPOINT="+address, "OTEL_BSP_SCHEDULE_DELAY=200")
	l.sell(1)
	l.eventually("the sale is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	const submitted = "POST /api/:account/v1/sales/flow/"
	whole := []string{"partner POST", "RunActivity:SendSale", "StartActivity:SendSale", "RunWorkflow:ForwardSale", "StartWorkflow:ForwardSale", submitted, ""}
	var longest []string
	l.eventually("the trace of the sale is whole", func() bool {
		for _, chain := range got.chains(submitted) { // at the partner
			if len(chain) > len(longest) {
				longest = chain
			}
		}
		return len(longest) == len(whole)+1
	})
	for i, name := range whole {
		require.True(t, strings.HasPrefix(longest[i+1], name), "%v", longest)
	}
	require.NotEmpty(t, got.chains("PATCH "), "what settings were changed by is a trace too")
	require.Empty(t, got.chains("RunWorkflow:Integration"))
	got.mu.Lock()
	defer got.mu.Unlock()
	for _, personal := range []string{"Geheim", "geheim", "ersoonsgegeven", "Dorpsstraat", "1234AB", "0612345678", l.token, l.reseller.token} {
		require.NotContains(t, got.raw.String(), personal)
	}
}
