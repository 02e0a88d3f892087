// Package overview is the whole of an environment at a glance.
package overview

import (
	"koppel/server/service"
	"koppel/server/service/integrations"
	"koppel/server/service/sales"
)

// Overview reads an environment at a glance.
type Overview struct {
	*service.Kernel
	Sales        *sales.Sales
	Integrations *integrations.Integrations
}
