package persons

import (
	"context"

	"koppel/db"
	"koppel/server/service"
)

// Kept is for how many days an environment keeps the persons of what came to nothing or to its end; 0: it keeps them.
type Kept struct {
	Concepts int // what a dialer prefilled, and nothing came of
	Refused  int // sales that are cancelled, offers that were refused or expired
	Ended    int // sales that are closed
}

// maxKept is ten years.
const maxKept = 3653

// Kept reads an environment's settings.
func (s *Persons) Kept(ctx context.Context, a service.Actor) (k Kept, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		env, err := tx.EnvironmentByID(ctx, a.EnvironmentID)
		k = keptOf(env)
		return err
	})
	return k, err
}

func keptOf(env db.Environment) Kept {
	days := func(n *int32) int {
		if n == nil {
			return 0
		}
		return int(*n)
	}
	return Kept{days(env.KeepConceptsDays), days(env.KeepRefusedDays), days(env.KeepEndedDays)}
}

// SetKept changes them. Who sets less has what is older erased within an hour.
func (s *Persons) SetKept(ctx context.Context, a service.Actor, k Kept) error {
	wrong := map[string]service.Sentence{}
	days := func(field string, n int) *int32 {
		if n < 0 || n > maxKept {
			wrong[field] = service.Sentence{Key: "kept_days", Args: []any{maxKept}}
		}
		if n == 0 {
			return nil
		}
		return new(int32(n))
	}
	params := db.EnvironmentSetKeptParams{ID: a.EnvironmentID, Concepts: days("concepts_days", k.Concepts), Refused: days("refused_days", k.Refused), Ended: days("ended_days", k.Ended)}
	if len(wrong) > 0 {
		return &service.Error{Kind: service.KindInvalid, Key: "invalid", Fields: wrong}
	}
	return s.Store.WithSystemTx(ctx, func(tx *db.Tx) error {
		env, err := tx.EnvironmentByID(ctx, a.EnvironmentID)
		if err != nil {
			return err
		}
		if err := tx.EnvironmentSetKept(ctx, params); err != nil {
			return err
		}
		was := keptOf(env)
		return s.Audit(ctx, tx, a, "keep", "environment", a.EnvironmentID,
			map[string]any{"concepts_days": was.Concepts, "refused_days": was.Refused, "ended_days": was.Ended},
			map[string]any{"concepts_days": k.Concepts, "refused_days": k.Refused, "ended_days": k.Ended})
	})
}
