package sales

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"koppel/db"
	"koppel/linking"
	"koppel/salesdock"
	"koppel/server/service"
	"koppel/states"
)

// saleChecks is what a submission is checked against.
type saleChecks struct {
	flow               linking.Flow
	questions          []linking.Question
	agreements         []linking.Agreement
	validateAgreements bool
	validateSignature  bool
	correcting         bool
	now                time.Time
}

// checkSubmission brings what has a known form into it, and reports everything that is wrong with a sale, field by field.
func checkSubmission(s *linking.Submission, lines []linking.SoldLine, c saleChecks) error {
	wrong := map[string]service.Sentence{}
	say := func(field, key string, args ...any) { wrong[field] = service.Sentence{Key: key, Args: args} }
	types := slices.DeleteFunc(slices.Clone(states.SaleTypes), func(kind states.SaleType) bool {
		return c.flow.TransactionType != states.EverySaleType && c.flow.TransactionType != kind
	})
	if !slices.Contains(types, s.TransactionType) {
		say("transaction_type", "value_of", strings.Join(states.Texts(types...), ", "))
	}
	problems := linking.NormaliseFields(s.Fields)
	if c.correcting { // of what was kept before forms were checked, nobody is asked what cannot be corrected
		problems = slices.DeleteFunc(problems, func(p linking.Problem) bool { return !slices.Contains(linking.CustomerFields(), p.Field) })
	}
	linking.NormaliseAnswers(c.questions, s.Answers)
	checkPerson(s, c, say)
	if c.flow.IBANRequired(s.TransactionType, s.Business) && s.Fields["iban"] == "" {
		say("iban", "field_required")
	}
	if c.validateSignature && c.flow.SignatureRequired(s) && s.Fields["signature"] == "" {
		say("signature", "field_required")
	}
	channels := []string{"d2d", "retail", "telemarketing", "online", "f2f"}
	if channel := s.Fields["sale_channel"]; channel != "" && !slices.Contains(channels, channel) {
		say("sale_channel", "value_of", strings.Join(channels, ", "))
	}
	checkSections(s, c, say)
	facts := linking.NewSaleFacts(s, lines, c.questions)
	problems = append(problems, linking.CheckAnswers(c.questions, lines[0].Content.Type, facts, s.Answers)...)
	if c.validateAgreements {
		problems = append(problems, linking.CheckAgreements(c.agreements, facts, s.Agreements)...)
	}
	if len(wrong) == 0 && len(problems) == 0 {
		return nil
	}
	return &service.Error{Kind: service.KindInvalid, Key: "invalid", Fields: wrong, Problems: problems}
}

func checkPerson(s *linking.Submission, c saleChecks, say func(field, key string, args ...any)) {
	if email := s.Fields["email"]; !linking.ValidEmail(email) {
		say("email", "not_an_email", email)
	}
	if gender := s.Fields["gender"]; gender != "" && gender != "male" && gender != "female" {
		say("gender", "value_of", "male, female")
	}
	born, err := time.Parse("02-01-2006", s.Fields["birthdate"])
	age := ageOn(c.now.In(salesdock.Amsterdam), born)
	switch {
	case err != nil || age < 0:
		say("birthdate", "not_a_birthdate", s.Fields["birthdate"])
	case age < c.flow.MinimumAge:
		say("birthdate", "too_young", c.flow.MinimumAge)
	case c.flow.MaximumAge > 0 && age > c.flow.MaximumAge:
		say("birthdate", "too_old", c.flow.MaximumAge)
	}
}

// ageOn counts birthdays, not days: a leap year does not move one.
func ageOn(day, born time.Time) int {
	age := day.Year() - born.Year()
	if day.Month() < born.Month() || day.Month() == born.Month() && day.Day() < born.Day() {
		age--
	}
	return age
}

// checkSections holds related products against the flow's sections.
func checkSections(s *linking.Submission, c saleChecks, say func(field, key string, args ...any)) {
	for i, related := range s.Related {
		field := fmt.Sprintf("related_products.%d.section_identifier", i)
		section := slices.IndexFunc(c.flow.Sections, func(x linking.Section) bool { return x.Identifier == related.Section })
		if related.Section == "" && len(c.flow.Sections) == 0 {
			continue // a flow of products that are sold together without sections
		}
		if section < 0 {
			say(field, "field_invalid", related.Section)
			continue
		}
		products := c.flow.Sections[section].Products
		offered := slices.IndexFunc(products, func(x linking.SectionProduct) bool { return x.ID == related.ProductID })
		if offered < 0 {
			say(field, "not_in_section", related.ProductID, related.Section)
		} else if limit := products[offered].MaximumQuantity; limit > 0 && related.Quantity > limit {
			say(fmt.Sprintf("related_products.%d.quantity", i), "too_many_values", limit)
		}
	}
}

// sellable says whether a product can be sold now.
func sellable(p db.Product, now time.Time) bool {
	return p.Active && p.DeletedAt == nil && p.Content.ValidOn(now)
}
