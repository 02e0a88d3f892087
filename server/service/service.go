// Package service is everything that a person or an API client can do: rights, rules, and one transaction
// with the audit line and the outbox row. The API and the interface only translate.
package service

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"koppel/db"
	"koppel/internal/vault"
	"koppel/salesdock"
	"koppel/states"
)

// Kernel holds what every action needs.
type Kernel struct {
	Store             *db.Store
	Vault             *vault.Vault
	Transport         salesdock.Transport // for calls to partners
	PublicURL         string
	RequestsPerMinute int
	Version           string
	MailConfigured    bool   // there is a mail server
	Standalone        bool   // one process with its data in a folder, which has commands for backups
	Operator          string // who works on the command line; empty: this is no command
	Now               func() time.Time

	look *look // the transaction of a page, while one is drawn
}

type look struct {
	environmentID int64
	tx            *db.Tx
}

// Look gives a service whose reads are all of one moment, in one transaction: what a page shows fits together. An
// action that writes fails there.
func (s *Kernel) Look(ctx context.Context, a Actor, fn func(*Kernel) error) error {
	return s.Store.WithReadTx(ctx, a.EnvironmentID, func(tx *db.Tx) error {
		looking := *s
		looking.look = &look{a.EnvironmentID, tx}
		return fn(&looking)
	})
}

// Actor is who acts, in which environment.
type Actor struct {
	EnvironmentID   int64
	Account         string
	EnvironmentName string
	Language        states.Language
	UserID          int64
	UserName        string
	OrganisationID  *int64
	Role            states.Role
	TokenID         int64
	Integration     bool   // the token is for use between environments
	LinkID          int64  // the incoming link that the user is made for; 0: none
	LinkKey         []byte // the key that the link is pinned to; nil: none yet
	MustSign        bool   // a call without a signature is refused
	SignedBy        []byte // the key that signed this call; nil: none
}

// Admin says whether the actor may use the account scope.
func (a Actor) Admin() bool { return a.Role == states.RoleOwner || a.Role == states.RoleAdmin }

// VisibleTo limits a list to the actor's organisation; nil for the whole account.
func (a Actor) VisibleTo(account bool) *int64 {
	if account && a.Admin() {
		return nil
	}
	if a.OrganisationID != nil {
		return a.OrganisationID
	}
	if a.Admin() {
		return nil
	}
	none := int64(0)
	return &none
}

// Tx runs one transaction in the actor's environment.
func (s *Kernel) Tx(ctx context.Context, a Actor, fn func(*db.Tx) error) error {
	if s.look != nil && s.look.environmentID == a.EnvironmentID {
		return fn(s.look.tx)
	}
	return s.Store.WithTx(ctx, a.EnvironmentID, fn)
}

// Optional is nothing for an empty text.
func Optional[T ~string](text T) *T {
	if text == "" {
		return nil
	}
	return &text
}

// NewReference makes a name that nobody guesses and nothing else has.
func NewReference() string { return rand.Text() }

// MaxField is how long a text may be that nothing else limits.
const MaxField = 4000

// MissingIDs gives those of the wanted ones that are not there.
func MissingIDs(wanted, have []int64) (missing []int64) {
	known := make(map[int64]bool, len(have)) // a selection can be a whole catalogue
	for _, id := range have {
		known[id] = true
	}
	for _, id := range wanted {
		if !known[id] {
			missing = append(missing, id)
		}
	}
	return missing
}

// IntegrationOf reads a link. Nobody waits for it, and it waits for nobody.
func IntegrationOf(ctx context.Context, tx *db.Tx, a Actor, id int64) (db.Integration, error) {
	return present(tx.IntegrationByID(ctx, a.EnvironmentID, id))
}

// LockIntegration reads a link that this transaction writes to, or to what hangs on it: one writer at a time.
func LockIntegration(ctx context.Context, tx *db.Tx, a Actor, id int64) (db.Integration, error) {
	return present(tx.IntegrationLock(ctx, a.EnvironmentID, id))
}

func present(row db.Integration, err error) (db.Integration, error) {
	if err == nil && row.State == states.IntegrationRemoved {
		return row, NotFound()
	}
	return row, OrNotFound(err)
}

// Maybe gives nothing for a row that does not exist.
func Maybe[T any](row T, err error) (*T, error) {
	if errors.Is(err, db.ErrNotFound) {
		return nil, nil //nolint:nilnil // absence is an answer here
	}
	if err != nil {
		return nil, err
	}
	return &row, nil
}

// Minutes is a number of minutes.
func Minutes(n int) time.Duration { return time.Duration(n) * time.Minute }
