// Package webhooks is who is told of changes, and of which.
package webhooks

import (
	"koppel/server/service"
)

// Webhooks is what people and clients can do with webhooks.
type Webhooks struct {
	*service.Kernel
}
