package db

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"koppel/states"
)

// Move asks the relay to start or signal what moves a row.
func (t *Tx) Move(ctx context.Context, environmentID int64, kind states.OutboxKind, subjectID int64, signal states.Signal, now time.Time) error {
	return t.OutboxInsert(ctx, OutboxInsertParams{EnvironmentID: environmentID, Kind: kind, SubjectID: subjectID, Signal: signal, Now: now, Traceparent: traceparent(ctx)})
}

// traceparent names the trace that a commit belongs to, as W3C writes it; nothing while traces are off.
func traceparent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get("traceparent")
}
