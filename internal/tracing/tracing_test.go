package tracing

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

const theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// A trace goes on to a partner of ours, and to no other; a caller's own text does not go along.
func TestATraceGoesOnToPartnersOfOurs(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	tracing := &Tracing{sdk.NewTracerProvider(sdk.WithSyncer(kept))}
	ctx, span := tracing.Request(t.Context(), http.Header{"Traceparent": {theirs}, "Tracestate": {"koppel=chosen by the caller"}}, http.MethodPost, "/x")
	require.Equal(t, theirs[3:35], span.SpanContext().TraceID().String(), "the caller's trace goes on")
	for told, header := range map[bool]string{true: theirs[:36], false: ""} {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://partner.example/secret", nil)
		require.NoError(t, err)
		_, err = Calls(answers(func(r *http.Request) (*http.Response, error) {
			require.Contains(t, r.Header.Get(Header), header)
			require.Equal(t, told, r.Header.Get(Header) != "")
			require.Empty(t, r.Header.Get("tracestate"))
			return &http.Response{StatusCode: http.StatusCreated}, nil
		}), told).RoundTrip(request)
		require.NoError(t, err)
		require.Empty(t, request.Header, "the request itself stays as it is")
	}
	Answered(span, http.StatusCreated)
	spans := kept.GetSpans()
	require.Len(t, spans, 3)
	for _, s := range spans[:2] {
		require.Equal(t, "partner POST", s.Name)
		require.Equal(t, span.SpanContext().SpanID(), s.Parent.SpanID())
		for _, a := range s.Attributes {
			require.NotContains(t, a.Value.String(), "secret")
		}
	}
}

// While traces are off a request goes as it is, and nothing is spent on it.
func TestWithoutATraceACallIsAsItWas(t *testing.T) { //nolint:paralleltest // it counts allocations
	var seen *http.Request
	answer := &http.Response{StatusCode: http.StatusOK}
	call := Calls(answers(func(r *http.Request) (*http.Response, error) { seen = r; return answer, nil }), true)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://partner.example/", nil)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = call.RoundTrip(request) }))
	require.Same(t, request, seen)
	require.Empty(t, request.Header)
	require.Equal(t, t.Context(), Continue(t.Context(), ""))
}
