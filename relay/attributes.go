package relay

import (
	"errors"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.uber.org/zap"
)

// attributesAgain is how long a namespace that refused search attributes is asked without them.
const attributesAgain = 5 * time.Minute

// attributes remembers that the namespace does not take them.
type attributes struct {
	mu      sync.Mutex
	refused time.Time // when last
}

func (a *attributes) taken(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refused.IsZero() || now.Sub(a.refused) > attributesAgain
}

func (a *attributes) refuse(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused = now
}

// withAttributes starts a workflow with its search attributes, and without them where the namespace lacks one or has it as
// another type: they help operators, and a sale must not wait for them.
func (r *Relay) withAttributes(at address, start func(client.StartWorkflowOptions) error) error {
	options, plain := at.options(), at.options()
	plain.TypedSearchAttributes = temporal.SearchAttributes{}
	if !r.attributes.taken(r.Now()) {
		return start(plain)
	}
	err := start(options)
	var invalid *serviceerror.InvalidArgument
	if !errors.As(err, &invalid) || len(at.attributes) == 0 {
		return err
	}
	if again := start(plain); errors.As(again, &invalid) {
		return again // it was something else
	} else if again != nil {
		r.attributes.refuse(r.Now())
		return again
	}
	r.attributes.refuse(r.Now())
	r.Log.Warn("relay.search_attributes.refused", zap.Error(err)) // koppel doctor says which, and what to do
	return nil
}
