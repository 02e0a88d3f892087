package service

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"time"

	"koppel/db"
)

// Costly is something that takes much to do, here or at a partner, and how often an environment may ask for it in a minute: through
// the API and the interface together, at all servers.
type Costly struct {
	name      string
	perMinute int32
}

// What is costly.
var (
	CostlyTest   = Costly{"test", 30}   // a partner is called while somebody waits
	CostlySync   = Costly{"sync", 300}  // a run that reads a catalogue; a link has one under way and one behind it, however many ask
	CostlyExport = Costly{"export", 10} // every table is read
	CostlyBulk   = Costly{"bulk", 60}   // sales are counted, or set going, by the thousand
)

// Take counts one time, or refuses it with how long to wait. Where calls have no limit, this has none.
func (s *Kernel) Take(ctx context.Context, a Actor, c Costly) error {
	if s.RequestsPerMinute == 0 {
		return nil
	}
	now := s.Now()
	who := sha256.Sum256(fmt.Appendf(nil, "costly/%d/%s", a.EnvironmentID, c.name))
	take := db.SystemRateTakeParams{Who: who[:], Minute: now.Unix() / 60, Passed: float64(now.Unix()%60) / 60, Wanted: 1, Allowed: c.perMinute}
	var row db.SystemRateTakeRow
	err := s.Store.WithSystemTx(ctx, func(tx *db.Tx) (err error) {
		row, err = tx.SystemRateTake(ctx, take)
		return err
	})
	if err != nil || row.Granted > 0 {
		return err
	}
	wait := UntilRoom(int(c.perMinute), row, take.Passed)
	refusal := Refuse(KindTooOften, "costly_throttled", c.perMinute, int(math.Ceil(wait.Seconds())))
	refusal.Wait = wait
	return refusal
}

// UntilRoom works out when the sliding minute has room for one more call; passed is how much of this one has gone by.
func UntilRoom(perMinute int, row db.SystemRateTakeRow, passed float64) time.Duration {
	room := float64(perMinute - 1)
	at := 2.0 // in minutes since this one began
	if used, before := float64(row.UsedNow), float64(row.UsedBefore); used <= room && before > 0 {
		at = 1 - (room-used)/before
	} else if used > 0 {
		at = 2 - room/used
	}
	return max(time.Second, time.Duration((at-passed)*float64(time.Minute)))
}
