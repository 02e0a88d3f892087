package sealing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"koppel/db"
)

const (
	batch = 200
	// What somebody writes to at the moment is left, and what others seal meanwhile comes anew: it is looked at again, so many times.
	passes  = 100
	between = 100 * time.Millisecond
)

// Errors of a rotation that left something. Doing it again goes on where it was.
var (
	ErrNotAll     = errors.New("not everything is sealed with the first key yet: something is written to all the while, or a process seals with an earlier key still; run it again")
	ErrUnreadable = errors.New("there are values that none of the encryption keys opens")
)

// Rotated is how many values of a kind were sealed anew.
type Rotated struct {
	Kind   string `json:"kind"`
	Sealed int64  `json:"sealed"`
}

// Rotate seals with the first key what another one sealed, while everything runs: in batches, each value only where it is still the one
// that was read, and waiting for nobody. What a start looks at comes last: until then the earlier keys are asked for.
func (k *Keys) Rotate(ctx context.Context) ([]Rotated, error) {
	done := make([]Rotated, len(kinds))
	for i, kind := range kinds {
		done[i].Kind = kind.name
	}
	last := len(kinds) - 1
	for range passes {
		found, err := k.passOver(ctx, kinds[:last], done)
		if err == nil && found == 0 {
			_, err = k.passOver(ctx, kinds[last:], done[last:])
			return done, err
		}
		if err == nil {
			err = pause(ctx, between)
		}
		if err != nil {
			return done, err
		}
	}
	return done, ErrNotAll
}

// passOver goes once over some kinds, and says how much of them was sealed with another key.
func (k *Keys) passOver(ctx context.Context, some []kind, done []Rotated) (found int, err error) {
	var unreadable error
	for i, kind := range some {
		closed := 0
		for after := int64(0); ; {
			page, err := k.page(ctx, kind, after)
			if err != nil {
				return found, fmt.Errorf("read %s: %w", kind.name, err)
			}
			if len(page) == 0 {
				break
			}
			after = page[len(page)-1].ID
			fresh := k.sealAnew(kind, page)
			closed += len(page) - len(fresh.ids)
			found += len(fresh.ids)
			sealed, err := k.put(ctx, kind, fresh)
			if err != nil {
				return found, fmt.Errorf("seal %s anew: %w", kind.name, err)
			}
			done[i].Sealed += sealed
		}
		if closed > 0 {
			unreadable = errors.Join(unreadable, fmt.Errorf("%w: %d of %s", ErrUnreadable, closed, kind.name))
		}
	}
	if found == 0 {
		return 0, unreadable
	}
	return found, nil
}

// Open opens everything that is sealed, and says how much that is.
func (k *Keys) Open(ctx context.Context) (opened int64, err error) {
	if err := k.Check(ctx, false); err != nil {
		return 0, err
	}
	for _, kind := range kinds {
		closed := 0
		for after := int64(0); ; {
			page, err := k.pageBut(ctx, kind, after, []byte{0}) // no key has this mark
			if err != nil {
				return opened, fmt.Errorf("read %s: %w", kind.name, err)
			}
			if len(page) == 0 {
				break
			}
			after = page[len(page)-1].ID
			for _, value := range page {
				if _, err := k.Vault.Open(kind.row(value), value.Sealed); err != nil {
					closed++
					continue
				}
				opened++
			}
		}
		if closed > 0 {
			return opened, fmt.Errorf("%w: %d of %s", ErrUnreadable, closed, kind.name)
		}
	}
	return opened, nil
}

func (k *Keys) page(ctx context.Context, kind kind, after int64) (page []db.SystemSealedOtherwiseRow, err error) {
	return k.pageBut(ctx, kind, after, k.Vault.Mark())
}

// pageBut is a page of what another key sealed than the one with that mark.
func (k *Keys) pageBut(ctx context.Context, kind kind, after int64, mark []byte) (page []db.SystemSealedOtherwiseRow, err error) {
	err = k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		page, err = tx.SystemSealedOtherwise(ctx, db.SystemSealedOtherwiseParams{Kind: kind.name, AfterID: after, Mark: mark, PageSize: batch})
		return err
	})
	return page, err
}

// sealAnew seals anew what it can open.
func (k *Keys) sealAnew(kind kind, page []db.SystemSealedOtherwiseRow) (fresh replaced) {
	for _, value := range page {
		text, err := k.Vault.Open(kind.row(value), value.Sealed)
		if err != nil {
			continue
		}
		fresh.ids, fresh.was = append(fresh.ids, value.ID), append(fresh.was, value.Sealed)
		fresh.fresh = append(fresh.fresh, k.Vault.Seal(kind.row(value), text))
	}
	return fresh
}

func (k *Keys) put(ctx context.Context, kind kind, fresh replaced) (sealed int64, err error) {
	if len(fresh.ids) == 0 {
		return 0, nil
	}
	err = k.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		sealed, err = kind.put(tx, ctx, fresh)
		return err
	})
	return sealed, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
