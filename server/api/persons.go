package api

import (
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/server/service/persons"
	"koppel/states"
	"koppel/words"
)

// foundPerson is what there is of a person.
type foundPerson struct {
	Sales    []foundSale `json:"sales"`
	Concepts []int64     `json:"concepts"` // what a dialer prefilled, and nothing came of
	UserID   *int64      `json:"user_id"`  // who works here with this address
}

type foundSale struct {
	ID        int64           `json:"id"`
	Type      states.SaleType `json:"type"`
	Status    string          `json:"status_identifier"`
	CreatedAt salesdock.Stamp `json:"created_at"`
	ErasedAt  salesdock.Stamp `json:"erased_at"`
	// AlsoAt are partners that it was sent to (outgoing), and the environment that it came from (incoming): what they keep is theirs.
	AlsoAt   []alsoAt `json:"also_at"`
	Problems []string `json:"problems"` // why it cannot be erased yet, and what to do
}

type alsoAt struct {
	Name      string           `json:"name"`
	Number    *string          `json:"number"`
	Direction states.Direction `json:"direction"`
}

func (c *call) wireFound(f persons.Found) foundPerson {
	found := foundPerson{Sales: []foundSale{}, Concepts: []int64{}}
	for _, sale := range f.Sales {
		found.Sales = append(found.Sales, foundSale{
			ID: sale.ID, Type: sale.Type, Status: sale.Status, CreatedAt: salesdock.Stamp{Time: sale.CreatedAt}, ErasedAt: stamp(sale.ErasedAt),
			AlsoAt:   each(sale.Keepers, func(k persons.Keeper) alsoAt { return alsoAt{k.Name, service.Optional(k.Number), k.Direction} }),
			Problems: each(sale.UnderWay, func(p linking.Problem) string { return words.Problem(c.actor.Language, p) }),
		})
	}
	for _, concept := range f.Concepts {
		found.Concepts = append(found.Concepts, concept.ID)
	}
	if f.User != nil {
		found.UserID = &f.User.ID
	}
	return found
}

func (c *call) person() (persons.Person, error) {
	var in struct {
		Email  salesdock.Text `json:"email"`
		Phone  salesdock.Text `json:"phone"`
		SaleID salesdock.Int  `json:"sale_id"`
	}
	err := c.bind(&in)
	return persons.Person{Email: string(in.Email), Phone: string(in.Phone), SaleID: int64(in.SaleID)}, err
}

func (c *call) findPerson() (reply, error) {
	who, err := c.person()
	if err != nil {
		return reply{}, err
	}
	found, err := c.svc.Persons.Find(c.ctx(), c.actor, who)
	return okOr(c.wireFound(found), err)
}

func (c *call) exportPerson() (reply, error) {
	who, err := c.person()
	if err != nil {
		return reply{}, err
	}
	return okOr(c.svc.Persons.Export(c.ctx(), c.actor, who))
}

func (c *call) erasePerson() (reply, error) {
	who, err := c.person()
	if err != nil {
		return reply{}, err
	}
	erased, err := c.svc.Persons.Erase(c.ctx(), c.actor, who)
	return okOr(c.wireFound(erased), err)
}

// kept is for how many days persons are kept after nothing came of it, or after its end; 0: they are kept.
type kept struct {
	ConceptsDays int `json:"concepts_days"`
	RefusedDays  int `json:"refused_days"`
	EndedDays    int `json:"ended_days"`
}

func (c *call) retention() (reply, error) {
	k, err := c.svc.Persons.Kept(c.ctx(), c.actor)
	return okOr(kept{k.Concepts, k.Refused, k.Ended}, err)
}

func (c *call) setRetention() (reply, error) {
	now, err := c.svc.Persons.Kept(c.ctx(), c.actor)
	if err != nil {
		return reply{}, err
	}
	in := struct {
		Concepts salesdock.Int `json:"concepts_days"`
		Refused  salesdock.Int `json:"refused_days"`
		Ended    salesdock.Int `json:"ended_days"`
	}{salesdock.Int(now.Concepts), salesdock.Int(now.Refused), salesdock.Int(now.Ended)} // what is not given stays
	if err := c.bind(&in); err != nil {
		return reply{}, err
	}
	k := persons.Kept{Concepts: int(in.Concepts), Refused: int(in.Refused), Ended: int(in.Ended)}
	return okOr(kept{k.Concepts, k.Refused, k.Ended}, c.svc.Persons.SetKept(c.ctx(), c.actor, k))
}
