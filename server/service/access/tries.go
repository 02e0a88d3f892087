package access

import (
	"bytes"
	"context"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/server/service"
)

// How long failed tries are remembered after the last, and from where a person has signed in.
const (
	triesRemembered     = time.Hour
	addressesRemembered = 90 * 24 * time.Hour
)

// limit is how often may be tried for a subject: so often without waiting, after that with a wait that doubles with each
// try that fails, up to the longest. A try is counted before the password is looked at: of many at once, no more are
// looked at than of as many one after the other.
type limit struct {
	subject []byte
	free    int32
	longest time.Duration
}

func (l limit) wait(tries int32) time.Duration {
	if tries < l.free {
		return 0
	}
	return min(l.longest, time.Duration(math.Exp2(float64(min(tries-l.free, 20))+1))*time.Second)
}

// signInTries are the limits of signing in. Who has signed in from this address before is held up by what fails for them
// here alone: a stranger who tries their name elsewhere cannot lock them out.
type signInTries struct{ here, address, person limit }

func triesFor(account, email string, remote netip.Addr) signInTries {
	from := house(remote)
	email = strings.ToLower(email)
	return signInTries{
		here:    limit{subject("person", account, email, from.String()), 5, 15 * time.Minute},
		address: limit{subject("address", from.String()), 40, 30 * time.Second},
		person:  limit{subject("person", account, email), 20, time.Minute},
	}
}

// beginSignIn counts a try, or refuses it with how long to wait. It gives what was counted.
func (s *Access) beginSignIn(ctx context.Context, tries signInTries) (counted []limit, err error) {
	err = s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		known, err := tx.SystemSignInKnown(ctx, tries.here.subject)
		if err != nil {
			return err
		}
		counted = []limit{tries.here, tries.address}
		if !known {
			counted = append(counted, tries.person)
		}
		return s.countTry(ctx, tx, counted)
	})
	return counted, err
}

// signedIn takes the try back, and remembers the address.
func (s *Access) signedIn(ctx context.Context, tries signInTries, counted []limit) error {
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		if err := tx.SystemSignInSucceeded(ctx, new(s.Now()), subjects(counted)); err != nil {
			return err
		}
		if err := tx.SystemSignInForget(ctx, tries.here.subject); err != nil {
			return err
		}
		return tx.SystemSignInRemember(ctx, tries.here.subject, s.Now())
	})
}

func subjects(limits []limit) [][]byte {
	list := make([][]byte, len(limits))
	for i, l := range limits {
		list[i] = l.subject
	}
	return list
}

func (s *Access) countTry(ctx context.Context, tx *db.Tx, limits []limit) error {
	now := s.Now()
	if err := tx.SystemSignInBegin(ctx, now, subjects(limits)); err != nil {
		return err
	}
	rows, err := tx.SystemSignInLock(ctx, subjects(limits))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.NextAt != nil && row.NextAt.After(now) { // one of before there were waits has none
			return tooOften(row.NextAt.Sub(now))
		}
	}
	for _, row := range rows {
		if row.NextAt == nil || now.Sub(*row.NextAt) > triesRemembered {
			row.Failures, row.FirstAt = 0, now
		}
		of := limits[slices.IndexFunc(limits, func(l limit) bool { return bytes.Equal(l.subject, row.Subject) })]
		next := now.Add(of.wait(row.Failures + 1))
		if err := tx.SystemSignInCount(ctx, db.SystemSignInCountParams{Subject: row.Subject, Failures: row.Failures + 1, FirstAt: row.FirstAt, NextAt: &next}); err != nil {
			return err
		}
	}
	return nil
}

func tooOften(wait time.Duration) *service.Error {
	if wait > 2*time.Minute {
		return service.Refuse(service.KindTooOften, "sign_in_wait_minutes", int(math.Ceil(wait.Minutes())))
	}
	return service.Refuse(service.KindTooOften, "sign_in_wait_seconds", int(math.Ceil(wait.Seconds())))
}
