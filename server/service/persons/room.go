// Package persons is what is kept of one person: finding it, giving it, and taking it away.
package persons

import (
	"koppel/server/service"
)

// Persons is what people and clients can do with the data of a person.
type Persons struct {
	*service.Kernel
}
