package persons

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"koppel/db"
	"koppel/ledger"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// Person says whose data is meant, in one way: an address, a telephone number, or the number of a sale. A number means that sale alone:
// who else has the address that is with it, nobody knows.
type Person struct {
	Email, Phone string
	SaleID       int64
}

// Typed reads what somebody typed: what has an @ is an address, what begins as a telephone number is one, the rest is a sale's number.
func Typed(text string) Person {
	text = strings.TrimSpace(text)
	id, err := strconv.ParseInt(text, 10, 64)
	switch {
	case strings.Contains(text, "@"):
		return Person{Email: text}
	case err == nil && !strings.HasPrefix(text, "0") && !strings.HasPrefix(text, "+"):
		return Person{SaleID: id}
	}
	return Person{Phone: text}
}

var digits = regexp.MustCompile(`[0-9]`)

// check refuses what would find nobody, or everybody.
func (p Person) check() error {
	p.Email, p.Phone = strings.TrimSpace(p.Email), strings.TrimSpace(p.Phone)
	given := 0
	for _, is := range []bool{p.Email != "", p.Phone != "", p.SaleID != 0} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		return &service.Error{Kind: service.KindIncomplete, Key: "missing", Fields: map[string]service.Sentence{"email": {Key: "person_one_of"}}}
	case given > 1:
		return service.Invalid("email", "person_one_of")
	case p.Email != "" && !linking.ValidEmail(p.Email):
		return service.Invalid("email", "not_an_email", p.Email)
	case p.Phone != "" && len(digits.FindAllString(p.Phone, -1)) < 9:
		return service.Invalid("phone", "person_phone", p.Phone)
	}
	return nil
}

// Keeper is another environment or partner that has a sale too, and the number it has there. What it keeps is its own to erase.
type Keeper struct {
	Name      string
	Number    string // empty where the sale came from there without one
	Direction states.Direction
}

// FoundSale is a sale of the person.
type FoundSale struct {
	db.Sale
	Keepers  []Keeper
	UnderWay []linking.Problem // why it cannot be erased yet
}

// Found is what there is of a person.
type Found struct {
	Sales    []FoundSale
	Concepts []db.ConceptTransaction
	User     *db.User // who works here with this address; an admin changes or switches off the user, and the sales stay theirs
}

// Nothing says whether there is nothing of the person to erase.
func (f Found) Nothing() bool {
	for _, sale := range f.Sales {
		if sale.ErasedAt == nil {
			return false
		}
	}
	return len(f.Concepts) == 0
}

// UnderWay is why what was found cannot be erased yet.
func (f Found) UnderWay() (problems []linking.Problem) {
	for _, sale := range f.Sales {
		problems = append(problems, sale.UnderWay...)
	}
	return problems
}

// Find looks for what there is of a person.
func (s *Persons) Find(ctx context.Context, a service.Actor, p Person) (found Found, err error) {
	if err := p.check(); err != nil {
		return found, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		found, err = s.find(ctx, tx, a, p)
		return err
	})
	return found, service.OrNotFound(err)
}

func (s *Persons) find(ctx context.Context, tx *db.Tx, a service.Actor, p Person) (found Found, err error) {
	ids := []int64{p.SaleID}
	if p.SaleID == 0 {
		if ids, err = tx.EnvironmentSalesOfPerson(ctx, strings.TrimSpace(p.Email), strings.TrimSpace(p.Phone)); err != nil {
			return found, err
		}
		found.Concepts, err = tx.ConceptsOfPerson(ctx, db.ConceptsOfPersonParams{EnvironmentID: a.EnvironmentID, Email: strings.TrimSpace(p.Email), Phone: strings.TrimSpace(p.Phone)})
		if err != nil {
			return found, err
		}
	}
	for _, id := range ids {
		sale, err := foundSale(ctx, tx, a, id)
		if err != nil {
			return found, err
		}
		found.Sales = append(found.Sales, sale)
	}
	if p.Email == "" {
		return found, nil
	}
	user, err := tx.UserByEmail(ctx, a.EnvironmentID, strings.TrimSpace(p.Email))
	if errors.Is(err, db.ErrNotFound) {
		return found, nil
	}
	found.User = &user
	return found, err
}

func foundSale(ctx context.Context, tx *db.Tx, a service.Actor, id int64) (found FoundSale, err error) {
	if found.Sale, err = tx.SaleByID(ctx, a.EnvironmentID, id); err != nil {
		return found, err
	}
	if found.ErasedAt == nil {
		if found.UnderWay, err = ledger.UnderWay(ctx, tx, a.EnvironmentID, id); err != nil {
			return found, err
		}
	}
	forwardings, err := tx.ForwardingsOfSale(ctx, a.EnvironmentID, id)
	if err != nil {
		return found, err
	}
	for _, f := range forwardings {
		if f.PartnerSaleID == nil {
			continue
		}
		partner, err := tx.IntegrationByID(ctx, a.EnvironmentID, f.IntegrationID)
		if err != nil {
			return found, err
		}
		found.Keepers = append(found.Keepers, Keeper{partner.Name, *f.PartnerSaleID, states.Outgoing})
	}
	if found.LinkID == nil {
		return found, nil
	}
	link, err := tx.LinkByID(ctx, a.EnvironmentID, *found.LinkID)
	if err != nil {
		return found, err
	}
	reference := ""
	if found.ExternalReference != nil {
		reference = *found.ExternalReference
	}
	found.Keepers = append(found.Keepers, Keeper{link.PartnerAccount, reference, states.Incoming})
	return found, nil
}
