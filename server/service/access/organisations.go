package access

import (
	"cmp"
	"context"
	"fmt"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
	"koppel/states"
)

// OrganisationInput is what can be said of an organisation.
type OrganisationInput struct {
	Name, Identifier, Description, SalesChannel string
	Details                                     linking.OrganisationDetails
	ByPerson                                    bool            `json:"-"` // typed on a page: its identifier is a word, whatever clients of a Salesdock account send
	Logo                                        *service.Upload // nil leaves it; one without content removes it
}

func (in *OrganisationInput) check() error {
	if wrong := cmp.Or(service.Required(map[string]string{"name": in.Name}), service.Fits(map[string]string{"identifier": in.Identifier})); wrong != nil {
		return wrong
	}
	if problems := linking.NormaliseFields(in.Details); len(problems) > 0 {
		return &service.Error{Kind: service.KindInvalid, Key: "invalid", Problems: problems}
	}
	for field, value := range in.Details {
		switch {
		case len(value) > service.MaxField:
			return service.Invalid(field, "field_invalid", fmt.Sprintf("> %d", service.MaxField))
		case field == "contractor" && value != "yes" && value != "no", field == "email" && !linking.ValidEmail(value):
			return service.Invalid(field, "field_invalid", value)
		}
	}
	return nil
}

// wrong is what an organisation cannot be meant to be.
func (in *OrganisationInput) wrong() service.Wrong {
	wrong := service.Wrong{}
	switch {
	case in.ByPerson:
		wrong.Identifier("identifier", in.Identifier)
	case in.Identifier != "" && !linking.ReadableIdentifier(in.Identifier):
		wrong.Say("identifier", "identifier_readable", in.Identifier)
	}
	if website := in.Details["website"]; website != "" && !linking.ValidWebsite(website) {
		wrong.Say("website", "not_an_address", website)
	}
	return wrong
}

// Organisations lists the environment's organisations.
func (s *Access) Organisations(ctx context.Context, a service.Actor) (list []db.Organisation, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		list, err = tx.OrganisationList(ctx, a.EnvironmentID)
		return err
	})
	return list, err
}

// Organisation reads one organisation.
func (s *Access) Organisation(ctx context.Context, a service.Actor, id int64) (o db.Organisation, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		o, err = tx.OrganisationByID(ctx, a.EnvironmentID, id)
		return err
	})
	return o, service.OrNotFound(err)
}

// CreateOrganisation adds an organisation.
func (s *Access) CreateOrganisation(ctx context.Context, a service.Actor, in OrganisationInput) (o db.Organisation, err error) {
	if err := in.check(); err != nil {
		return o, err
	}
	if err := in.wrong().Beyond(nil); err != nil {
		return o, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		o, err = tx.OrganisationInsert(ctx, db.OrganisationInsertParams{
			EnvironmentID: a.EnvironmentID, Name: in.Name, Identifier: in.Identifier, Description: in.Description, SalesChannel: in.SalesChannel, Details: in.Details, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if err := s.KeepFile(ctx, tx, a, states.FileOfOrganisation, o.ID, states.FileLogo, in.Logo); err != nil {
			return err
		}
		in.Logo = nil // not for the audit log
		return s.Audit(ctx, tx, a, "create", "organisation", o.ID, nil, in)
	})
	return o, err
}

// UpdateOrganisation changes an organisation.
func (s *Access) UpdateOrganisation(ctx context.Context, a service.Actor, id int64, in OrganisationInput) (o db.Organisation, err error) {
	if err := in.check(); err != nil {
		return o, err
	}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.OrganisationByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		known := organisationSaid(before)
		known.ByPerson = in.ByPerson
		if err := in.wrong().Beyond(known.wrong()); err != nil {
			return err
		}
		o, err = tx.OrganisationUpdate(ctx, db.OrganisationUpdateParams{
			EnvironmentID: a.EnvironmentID, ID: id, Name: in.Name, Identifier: in.Identifier, Description: in.Description, SalesChannel: in.SalesChannel, Details: in.Details, Now: s.Now(),
		})
		if err != nil {
			return err
		}
		if err := s.KeepFile(ctx, tx, a, states.FileOfOrganisation, id, states.FileLogo, in.Logo); err != nil {
			return err
		}
		in.Logo = nil // not for the audit log
		return s.Audit(ctx, tx, a, "update", "organisation", id, organisationSaid(before), in)
	})
	return o, service.OrNotFound(err)
}

func organisationSaid(o db.Organisation) OrganisationInput {
	return OrganisationInput{Name: o.Name, Identifier: o.Identifier, Description: o.Description, SalesChannel: o.SalesChannel, Details: o.Details}
}

// DeleteOrganisation removes an organisation that has no users.
func (s *Access) DeleteOrganisation(ctx context.Context, a service.Actor, id int64) error {
	return service.OrNotFound(s.Tx(ctx, a, func(tx *db.Tx) error {
		before, err := tx.OrganisationByID(ctx, a.EnvironmentID, id)
		if err != nil {
			return err
		}
		now := s.Now()
		count, err := tx.OrganisationDelete(ctx, db.OrganisationDeleteParams{EnvironmentID: a.EnvironmentID, ID: id, Now: &now})
		if err != nil {
			return err
		}
		if count == 0 {
			return service.Conflict("organisation_in_use")
		}
		return s.Audit(ctx, tx, a, "delete", "organisation", id, organisationSaid(before), nil)
	}))
}

// OrganisationCounts says what is granted to each organisation, and how many users it has.
func (s *Access) OrganisationCounts(ctx context.Context, a service.Actor) (counts map[int64]db.OrganisationCountsRow, err error) {
	counts = map[int64]db.OrganisationCountsRow{}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		rows, err := tx.OrganisationCounts(ctx, a.EnvironmentID)
		for _, r := range rows {
			counts[r.ID] = r
		}
		return err
	})
	return counts, err
}
