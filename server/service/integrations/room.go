// Package integrations is our links towards partners: connection, what is imported, mappings, runs, health.
package integrations

import (
	"koppel/server/service"
	"koppel/server/service/catalogue"
	"koppel/server/service/sales"
)

// Integrations is what people and clients can do with integrations.
type Integrations struct {
	*service.Kernel
	Catalogue *catalogue.Catalogue
	Sales     *sales.Sales
}
