// Package sales is sales: entering, reading, correcting and cancelling them, and their forwarding to partners.
package sales

import (
	"koppel/server/service"
	"koppel/server/service/catalogue"
)

// Sales is what people and clients can do with sales.
type Sales struct {
	*service.Kernel
	Catalogue *catalogue.Catalogue
}
