// Package incoming is the links of others towards us: who they are, what they took over, how their sales come in.
package incoming

import (
	"koppel/server/service"
	"koppel/server/service/access"
)

// Incoming is what people and partners can do with incoming links.
type Incoming struct {
	*service.Kernel
	Access *access.Access
}
