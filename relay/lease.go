package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"koppel/db"
)

// leaseReconcile is the name of what one process at a time does.
const leaseReconcile = "reconcile"

// leaseFor is how long a holder is believed to live; every page renews it.
const leaseFor = time.Minute

// ErrHeld says that another process does it at this moment.
var ErrHeld = errors.New("another process is reconciling at this moment")

var errLeaseLost = errors.New("the lease ran out and another process has it")

// lease is a turn at something that one process does at a time.
type lease struct {
	store  *db.Store
	name   string
	holder string
}

// takeLease takes it when nobody has it, and it was not done within dueAfter.
func (r *Relay) takeLease(ctx context.Context, name string, dueAfter time.Duration) (l lease, taken bool, err error) {
	l = lease{r.Store, name, rand.Text()}
	err = r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.SystemLeaseTake(ctx, db.SystemLeaseTakeParams{Name: name, Holder: l.holder, Seconds: leaseFor.Seconds(), DueAfter: dueAfter.Seconds()})
		taken = rows > 0
		return err
	})
	return l, taken, err
}

func (l lease) keep(ctx context.Context) error {
	return l.store.WithSystemTx(ctx, func(tx *db.Tx) error {
		rows, err := tx.SystemLeaseKeep(ctx, db.SystemLeaseKeepParams{Seconds: leaseFor.Seconds(), Name: l.name, Holder: l.holder})
		if err == nil && rows == 0 {
			return errLeaseLost
		}
		return err
	})
}

// end gives it back, also when we stop: the next one need not wait for it to run out.
func (l lease) end(ctx context.Context, done bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	return l.store.WithSystemTx(ctx, func(tx *db.Tx) error {
		return tx.SystemLeaseEnd(ctx, db.SystemLeaseEndParams{Done: done, Name: l.name, Holder: l.holder})
	})
}

// doneAge is how long ago it was done last, by whomever.
func (r *Relay) doneAge(ctx context.Context, name string) (age time.Duration, err error) {
	err = r.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		seconds, err := tx.SystemLeaseDoneAge(ctx, name)
		age = time.Duration(seconds * float64(time.Second))
		return err
	})
	return age, err
}
