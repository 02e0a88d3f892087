package relay

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"

	"koppel/workflows"
)

// Prepare gives Temporal what Koppel needs there: the search attributes. Doing it again
// changes nothing; a Temporal with a new store gets them back.
func (r *Relay) Prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := r.Client.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        r.Namespace,
		SearchAttributes: workflows.SearchAttributes(),
	})
	var there *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &there) {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}
