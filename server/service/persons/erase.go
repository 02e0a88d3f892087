package persons

import (
	"context"
	"slices"

	"koppel/db"
	"koppel/ledger"
	"koppel/server/service"
)

// Erase takes away everything that is kept of a person, in one transaction: all of it, or nothing where something is still under way.
// It gives what was found, and what others keep.
func (s *Persons) Erase(ctx context.Context, a service.Actor, p Person) (erased Found, err error) {
	if err := p.check(); err != nil {
		return erased, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		found, err := s.find(ctx, tx, a, p)
		if err != nil {
			return err
		}
		if err := mayGo(found); err != nil {
			return err
		}
		for _, sale := range found.Sales { // looked at once more, now that nobody else moves them
			if _, err := ledger.LockToErase(ctx, tx, a.EnvironmentID, sale.ID); err != nil {
				return err
			}
		}
		if found, err = s.find(ctx, tx, a, p); err != nil {
			return err
		}
		if err := mayGo(found); err != nil {
			return err
		}
		found.Sales = slices.DeleteFunc(found.Sales, func(sale FoundSale) bool { return sale.ErasedAt != nil })
		concepts := make([]int64, len(found.Concepts))
		for n, concept := range found.Concepts {
			concepts[n] = concept.ID
		}
		if _, err := tx.ConceptsErase(ctx, a.EnvironmentID, concepts); err != nil {
			return err
		}
		for _, sale := range found.Sales {
			if err := ledger.Erase(ctx, tx, sale.Sale, s.Now()); err != nil {
				return err
			}
		}
		erased = found
		return s.audit(ctx, tx, a, "erase", found)
	})
	return erased, service.OrNotFound(err)
}

// mayGo refuses what is still under way, and what is nothing.
func mayGo(found Found) error {
	if problems := found.UnderWay(); len(problems) > 0 {
		return &service.Error{Kind: service.KindConflict, Key: "person_under_way", Problems: problems}
	}
	if found.Nothing() {
		return service.Conflict("person_nothing")
	}
	return nil
}
