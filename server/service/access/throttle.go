package access

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"koppel/db"
	"koppel/server/service"
)

// Throttle counts calls in a sliding minute, for all servers together: a server takes a few calls at a time from the
// shared count, so that few calls wait for the database and the sum stays within a few per cent.
type Throttle struct {
	store *db.Store
	now   func() time.Time
	mu    sync.Mutex
	held  map[[32]byte]*share
}

// share is what a server may still let through of a subject's minute.
type share struct {
	mu     sync.Mutex
	minute int64
	left   int
	used   int // by all servers, as last heard
}

// NewThrottle makes a throttle.
func NewThrottle(store *db.Store, now func() time.Time) *Throttle {
	return &Throttle{store: store, now: now, held: map[[32]byte]*share{}}
}

// Allowance is what a caller is told of its limit.
type Allowance struct {
	Limit, Remaining int
	Wait             time.Duration // 0: go on
}

// sharesOfLimit is how many parts a minute's limit is handed out in: what idle servers hold stays below a few per cent.
const sharesOfLimit = 40

// Subjects are what a call counts for: its user, and the address that it comes from. A partner's calls count by its
// user alone, as our capabilities say.
func Subjects(a service.Actor, remote netip.Addr) [][32]byte {
	subjects := [][32]byte{sha256.Sum256(fmt.Appendf(nil, "user/%d/%d", a.EnvironmentID, a.UserID))}
	if !a.Integration {
		subjects = append(subjects, sha256.Sum256([]byte("address/"+remote.Unmap().String())))
	}
	return subjects
}

// Stranger is what a call counts for whose token was refused: where it comes from, in the network that one house has.
func Stranger(remote netip.Addr) [][32]byte {
	return [][32]byte{sha256.Sum256([]byte("stranger/" + house(remote).String()))}
}

// house is the part of an address that one caller has for themselves: of IPv6 they have as many as they like.
func house(remote netip.Addr) netip.Addr {
	from := remote.Unmap()
	if from.Is6() {
		return netip.PrefixFrom(from, 64).Masked().Addr()
	}
	return from
}

// Take counts one call for every subject. The first that has none left says how long to wait.
func (t *Throttle) Take(ctx context.Context, perMinute int, subjects [][32]byte) (Allowance, error) {
	allowance := Allowance{Limit: perMinute, Remaining: perMinute}
	for _, subject := range subjects {
		one, err := t.take(ctx, perMinute, subject)
		if err != nil || one.Wait > 0 {
			return one, err
		}
		allowance.Remaining = min(allowance.Remaining, one.Remaining)
	}
	return allowance, nil
}

func (t *Throttle) take(ctx context.Context, perMinute int, subject [32]byte) (Allowance, error) {
	now := t.now()
	minute, passed := now.Unix()/60, float64(now.Unix()%60)/60
	have := t.shareOf(subject)
	have.mu.Lock() // while one asks for a share, others of the same subject wait for it
	defer have.mu.Unlock()
	if have.minute != minute || have.left == 0 {
		row, err := t.takeShare(ctx, perMinute, subject, minute, passed)
		if err != nil {
			return Allowance{}, err
		}
		if row.Granted == 0 {
			return Allowance{Limit: perMinute, Wait: service.UntilRoom(perMinute, row, passed)}, nil
		}
		have.minute, have.left = minute, int(row.Granted)
		have.used = int(row.UsedNow) + int(math.Ceil(float64(row.UsedBefore)*(1-passed)))
	}
	have.left--
	return Allowance{Limit: perMinute, Remaining: max(0, perMinute-have.used+have.left)}, nil
}

func (t *Throttle) shareOf(subject [32]byte) *share {
	t.mu.Lock()
	defer t.mu.Unlock()
	have := t.held[subject]
	if have == nil {
		have = &share{}
		t.held[subject] = have
	}
	return have
}

func (t *Throttle) takeShare(ctx context.Context, perMinute int, subject [32]byte, minute int64, passed float64) (row db.SystemRateTakeRow, err error) {
	err = t.store.WithSystemTx(ctx, func(tx *db.Tx) error {
		row, err = tx.SystemRateTake(ctx, db.SystemRateTakeParams{
			Who: subject[:], Minute: minute, Passed: passed, Wanted: int32(max(1, perMinute/sharesOfLimit)), Allowed: int32(perMinute),
		})
		return err
	})
	return row, err
}

// Forget drops what is not of this minute, here and in the shared count.
func (t *Throttle) Forget(ctx context.Context) error {
	minute := t.now().Unix() / 60
	t.mu.Lock()
	clear(t.held) // what was held of this minute is lost to its subject: less than a part in forty
	t.mu.Unlock()
	return t.store.WithSystemTx(ctx, func(tx *db.Tx) error {
		_, err := tx.SystemRatesForget(ctx, minute-1)
		return err
	})
}
