// Package services makes everything that people and API clients can do, a room for each subject.
package services

import (
	"context"

	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/service/catalogue"
	"koppel/server/service/incoming"
	"koppel/server/service/integrations"
	"koppel/server/service/overview"
	"koppel/server/service/persons"
	"koppel/server/service/sales"
	"koppel/server/service/webhooks"
)

// Services are the rooms, over one kernel.
type Services struct {
	*service.Kernel
	Access       *access.Access
	Catalogue    *catalogue.Catalogue
	Sales        *sales.Sales
	Integrations *integrations.Integrations
	Incoming     *incoming.Incoming
	Webhooks     *webhooks.Webhooks
	Overview     *overview.Overview
	Persons      *persons.Persons
}

// New makes the rooms over a kernel.
func New(kernel service.Kernel) *Services { return over(&kernel) }

// Look gives services whose reads are all of one moment, in one transaction: what a page shows fits together. An action
// that writes fails there.
func (s *Services) Look(ctx context.Context, a service.Actor, fn func(*Services) error) error {
	return s.Kernel.Look(ctx, a, func(k *service.Kernel) error { return fn(over(k)) })
}

func over(k *service.Kernel) *Services {
	s := &Services{Kernel: k, Access: &access.Access{Kernel: k}, Catalogue: &catalogue.Catalogue{Kernel: k}, Webhooks: &webhooks.Webhooks{Kernel: k}, Persons: &persons.Persons{Kernel: k}}
	s.Sales = &sales.Sales{Kernel: k, Catalogue: s.Catalogue}
	s.Integrations = &integrations.Integrations{Kernel: k, Catalogue: s.Catalogue, Sales: s.Sales}
	s.Incoming = &incoming.Incoming{Kernel: k, Access: s.Access}
	s.Overview = &overview.Overview{Kernel: k, Sales: s.Sales, Integrations: s.Integrations}
	return s
}
