// Package tracing follows a request from where it comes in to the partner that it ends at, by OpenTelemetry. A trace begins
// with a request and nowhere else: what lives as long as a link would be one trace for ever.
package tracing

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	temporalotel "go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
)

const scope = "koppel"

// Header is where a trace goes on to another program, as W3C has it. Its companion tracestate is left alone: that is a text
// of whoever calls.
const Header = "traceparent"

// Tracing hands spans to a collector; nil where traces are off.
type Tracing struct{ provider *sdk.TracerProvider }

// Start begins to hand spans to the collector at an address.
func Start(ctx context.Context, collector, version string) (*Tracing, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(collector, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	is := resource.NewSchemaless(attribute.String("service.name", "koppel"), attribute.String("service.version", version))
	if is, err = resource.Merge(is, resource.Environment()); err != nil { // OTEL_SERVICE_NAME wins
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return &Tracing{sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(is))}, nil
}

// Stop hands over what is left.
func (t *Tracing) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Request begins the span of a request that came in, in the trace of its caller if that has one.
func (t *Tracing) Request(ctx context.Context, header http.Header, method, route string) (context.Context, trace.Span) {
	ctx = Continue(ctx, header.Get(Header))
	return t.provider.Tracer(scope).Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route)))
}

// Answered ends a request's span.
func Answered(span trace.Span, status int) {
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// Temporal takes a trace along into workflows and activities, where there is one already.
func (t *Tracing) Temporal() (interceptor.ClientInterceptor, error) {
	return temporalotel.NewTracingInterceptor(temporalotel.TracerOptions{
		Tracer: t.provider.Tracer(scope), TextMapPropagator: propagation.TraceContext{}, DisableBaggage: true, AllowInvalidParentSpans: true,
		SpanStarter: func(ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption) trace.Span {
			if !trace.SpanContextFromContext(ctx).IsValid() {
				return trace.SpanFromContext(ctx) // which does nothing
			}
			_, span := tracer.Start(ctx, name, options...)
			return span
		},
	})
}

// Continue gives a context the trace that a header's text names; a text that names none changes nothing.
func Continue(ctx context.Context, header string) context.Context {
	if header == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Header: header})
}

// Calls makes requests to partners spans of the trace that they belong to. Where told, the partner is told of the trace.
func Calls(next http.RoundTripper, told bool) http.RoundTripper { return calls{next, told} }

type calls struct {
	next http.RoundTripper
	told bool
}

// RoundTrip implements http.RoundTripper. Without a trace it does nothing of its own.
func (c calls) RoundTrip(r *http.Request) (*http.Response, error) {
	parent := trace.SpanFromContext(r.Context())
	if !parent.SpanContext().IsValid() {
		return c.next.RoundTrip(r)
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(r.Context(), "partner "+r.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", r.Method)))
	r = r.Clone(ctx)
	if c.told {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
		r.Header.Del("tracestate")
	}
	response, err := c.next.RoundTrip(r)
	if err != nil {
		span.SetStatus(codes.Error, "no answer") // its text may have the address
		span.End()
		return nil, err
	}
	Answered(span, response.StatusCode)
	return response, nil
}
