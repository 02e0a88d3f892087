// Package access is who may do what in an environment: environments, organisations, users, tokens, sessions, invitations.
package access

import (
	"koppel/server/service"
)

// Access is what people and clients can do about who has access.
type Access struct {
	*service.Kernel
}
