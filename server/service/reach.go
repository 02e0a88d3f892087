package service

import (
	"context"

	"koppel/db"
	"koppel/partner"
	"koppel/salesdock"
)

// Connection is what a link to a partner needs.
type Connection = partner.Connection

// clients makes clients for somebody who waits for the answer: they go past the budget.
func (s *Kernel) clients() *partner.Clients {
	return &partner.Clients{Store: s.Store, Vault: s.Vault, Transport: s.Transport, Now: s.Now}
}

// ClientOf makes the client of a connection.
func (s *Kernel) ClientOf(ctx context.Context, a Actor, c Connection) (*salesdock.Client, error) {
	return s.clients().Try(ctx, a.EnvironmentID, c)
}

// Partner calls an integration's partner.
func (s *Kernel) Partner(ctx context.Context, row db.Integration) (*salesdock.Client, error) {
	return s.clients().Of(ctx, row)
}

// Connection is how an integration's partner is reached.
func (s *Kernel) Connection(row db.Integration) (Connection, error) {
	return s.clients().ConnectionOf(row)
}
