// Package salesdock is the wire: the Salesdock API version 1 with our extensions, as openapi.json states it.
// It holds the types both sides share, reads what partners really send, and is the client.
package salesdock

import _ "embed"

// OpenAPI is the contract, as it is served.
//
//go:embed openapi.json
var OpenAPI []byte
