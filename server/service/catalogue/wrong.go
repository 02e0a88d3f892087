package catalogue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"koppel/db"
	"koppel/linking"
	"koppel/server/service"
)

// maxAge and maxMonths are beyond what anybody means.
const (
	maxAge    = 150
	maxMonths = 1200
)

func flowWrong(f linking.Flow) service.Wrong {
	wrong := service.Wrong{}
	wrong.Identifier("identifier", f.Identifier)
	wrong.Identifier("type", f.Type)
	wrong.Between("minimum_age_customer", f.MinimumAge, 0, maxAge)
	wrong.Between("maximum_age_customer", f.MaximumAge, 0, maxAge)
	if f.MaximumAge > 0 && f.MinimumAge > f.MaximumAge {
		wrong.Say("maximum_age_customer", "ages_reversed", f.MinimumAge, f.MaximumAge)
	}
	for i, section := range f.Sections {
		field := fmt.Sprintf("sections.%d.identifier", i)
		wrong.Identifier(field, section.Identifier)
		if slices.ContainsFunc(f.Sections[:i], func(x linking.Section) bool { return x.Identifier == section.Identifier }) {
			wrong.Say(field, "taken_by", section.Identifier)
		}
	}
	return wrong
}

func questionWrong(q linking.Question, questions []linking.Question) service.Wrong {
	wrong := service.Wrong{}
	wrong.Identifier("identifier", q.Identifier)
	for i, option := range q.Options {
		if slices.Contains(q.Options[:i], option) {
			wrong.Say("options", "option_twice", option)
		}
	}
	if q.InputType == "mc-single" && q.DefaultValue != "" && !slices.Contains(q.Options, q.DefaultValue) {
		wrong.Say("default_value", "not_one_of_options", q.DefaultValue)
	}
	wrong.Rule("rule", q.Rule, questions)
	return wrong
}

func agreementWrong(a linking.Agreement, questions []linking.Question) service.Wrong {
	wrong := service.Wrong{}
	wrong.Identifier("identifier", a.Identifier)
	wrong.Rule("rule", a.Rule, questions)
	return wrong
}

func productWrong(in ProductInput) service.Wrong {
	wrong, c := service.Wrong{}, &in.Content
	wrong.Between("duration", c.Duration, 0, maxMonths)
	wrong.Between("price_monthly_action_value", c.PriceMonthlyActionMonths, 0, maxMonths)
	if c.ValidityReversed() {
		wrong.Say("valid_till", "ends_before_start", c.ValidTill, c.ValidFrom)
	}
	switch {
	case in.ByPerson:
		wrong.Identifier("identifier", c.Identifier)
	case !linking.ReadableIdentifier(c.Identifier):
		wrong.Say("identifier", "identifier_readable", c.Identifier)
	}
	if !linking.ReadableIdentifier(c.Type) {
		wrong.Say("type", "identifier_readable", c.Type)
	}
	for _, document := range c.Documents {
		if !linking.ValidDocumentAddress(document.Location) {
			wrong.Say("documents", "not_an_address", document.Location)
		}
	}
	return wrong
}

// identifierFree refuses an identifier that another product of our own has: what is sold by it would be the one or the other.
// Partners' products may have it.
func identifierFree(ctx context.Context, tx *db.Tx, a service.Actor, id int64, identifier string) error {
	_, err := tx.OwnProductByIdentifier(ctx, db.OwnProductByIdentifierParams{EnvironmentID: a.EnvironmentID, Identifier: identifier, OtherThan: id})
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return service.Taken("identifier", identifier)
}
