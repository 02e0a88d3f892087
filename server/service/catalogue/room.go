// Package catalogue is what an environment sells, and how: products, flows, questions, agreements, statuses, suppliers, and who is granted what.
package catalogue

import (
	"koppel/server/service"
)

// Catalogue is what people and clients can do with what is sold.
type Catalogue struct {
	*service.Kernel
}
