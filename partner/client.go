package partner

import (
	"context"
	"net/http"
	"time"

	"koppel/db"
	"koppel/internal/tracing"
	"koppel/internal/vault"
	"koppel/salesdock"
	"koppel/states"
)

// Connection is where a partner is reached, and the token that it gave.
type Connection struct {
	AccountName, BaseURL, Token string
}

// Clients makes the clients of partners: where address, token, signature and budget come together.
type Clients struct {
	Store     *db.Store
	Vault     *vault.Vault
	Transport http.RoundTripper
	Budget    *Budget  // nil for a person who waits for the answer: that is not put off
	Known     *Signers // keys that were read before; nil reads them each time
	Now       func() time.Time
}

// ConnectionOf is how an integration's partner is reached.
func (c *Clients) ConnectionOf(i db.Integration) (Connection, error) {
	token, err := c.Vault.Open(vault.TokenRow(i.EnvironmentID, i.LinkKey), i.TokenSealed)
	return Connection{i.AccountName, i.BaseURL, string(token)}, err
}

// Of makes the client of an integration. A partner of ours knows who signs; a stock account looks at the token alone.
func (c *Clients) Of(ctx context.Context, i db.Integration) (*salesdock.Client, error) {
	connection, err := c.ConnectionOf(i)
	if err != nil {
		return nil, err
	}
	transport := c.Transport
	if c.Budget != nil {
		transport = c.Budget.Transport(transport, Asker{i.LimitGroup, i.EnvironmentID, i.ID})
	}
	client := newClient(tracing.Calls(transport, i.PartnerKind == states.PartnerKoppel), connection)
	if i.PartnerKind != states.PartnerKoppel {
		return client, nil
	}
	return c.signed(ctx, i.EnvironmentID, client)
}

// Try makes the client of a connection that is not kept yet: what its partner is, nobody knows, so it is signed.
func (c *Clients) Try(ctx context.Context, environmentID int64, connection Connection) (*salesdock.Client, error) {
	return c.signed(ctx, environmentID, newClient(c.Transport, connection))
}

// Announcer makes the client that tells who links to us of a change. The event carries its own proof.
func (c *Clients) Announcer(link db.IncomingLink) *salesdock.Client {
	return newClient(c.Transport, Connection{AccountName: link.PartnerAccount, BaseURL: link.PartnerBaseURL})
}

func newClient(transport http.RoundTripper, c Connection) *salesdock.Client {
	return salesdock.NewClient(transport, c.BaseURL, c.AccountName, c.Token)
}

func (c *Clients) signed(ctx context.Context, environmentID int64, client *salesdock.Client) (*salesdock.Client, error) {
	signer, err := c.Known.Signer(environmentID, func() (signer *salesdock.Signer, err error) {
		err = c.Store.WithTx(ctx, environmentID, func(tx *db.Tx) error {
			signer, err = SignerOf(ctx, tx, c.Vault, environmentID, c.Now())
			return err
		})
		return signer, err
	})
	if err != nil {
		return nil, err
	}
	return client.SignedBy(signer), nil
}
