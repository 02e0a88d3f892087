package httperr

import (
	"context"
	"crypto/rand"
)

// RequestHeader tells a caller the number of its request.
const RequestHeader = "X-Request-Id"

type requestKey struct{}

// WithRequest gives a request its number: it finds the lines of the log that the request wrote. It is ours, whatever the
// caller sends: a caller's text does not go into the log.
func WithRequest(ctx context.Context) (context.Context, string) {
	number := rand.Text()[:12]
	return context.WithValue(ctx, requestKey{}, number), number
}

// RequestOf is the number of a context's request.
func RequestOf(ctx context.Context) string {
	number, _ := ctx.Value(requestKey{}).(string)
	return number
}
