package partner

import (
	"context"
	"errors"
	"time"

	"koppel/db"
	"koppel/states"
)

// floorShare is the part of a group's pace that each kind of request has for itself, whatever else waits: of the three
// kinds that sales may hold up, a fifth together.
const floorShare = 0.07

// FloorTurn takes the next turn of a kind at a group, and says how long it is until then. All workers share the turns,
// so that however many ask, a kind's share is not exceeded, and sales keep the rest.
func (b *Budget) FloorTurn(ctx context.Context, group string, kind states.RequestKind) (wait time.Duration, err error) {
	now := b.Now()
	err = b.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		rate := b.Rate
		known, err := tx.SystemLimitGroup(ctx, group)
		if limit := PerMinute(known.RequestsPerMinute, known.Learned); err == nil && limit > 0 {
			rate = PerSecond(limit)
		} else if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		step := time.Duration(float64(time.Second) / (floorShare * rate))
		next, err := tx.SystemFloorTurn(ctx, db.SystemFloorTurnParams{Name: group, Kind: kind, Now: now, AfterNow: now.Add(step)})
		wait = max(0, next.Add(-step).Sub(now))
		return err
	})
	return wait, err
}
